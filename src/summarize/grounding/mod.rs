//! Grounded decoding: while a bullet is written, only text that its evidence licenses can be written at all.
//!
//! [`Automaton`] is an automaton over bytes: one sentence of licensed units, parted by blanks and commas, with a final
//! stop. Units are the evidence's words in their forms (`units.rs`, `inflection.rs`), its names, numbers with what they
//! count and quotations as whole spans, and the words of two lists (`lexicon.rs`). Thus no number and no name can be
//! written that the evidence lacks (P2, P3); the checks look all the same, since words can be licensed one by one and
//! still be put together wrongly.

mod trie;
mod units;
mod inflection;
mod lexicon;

use std::collections::BTreeSet;

use crate::engine::constraint::{Constraint, State};
use crate::summarize::verify::meaning::is_hedge;
use crate::text::facts;
use trie::{Kind, MOST_NODES, NodeId, Trie};
use units::{Units, capitalised};

pub use units::straight;

/// Where units hang in the trie: those that open the sentence, those within it, those that may follow a name.
const OPENING: NodeId = 0;
const WITHIN: NodeId = 1;
const AFTER_NAME: NodeId = 2;
const ROOTS: NodeId = 3;

/// Places between units; ids above those of the nodes.
const GAP: NodeId = MOST_NODES as NodeId + 1;
const GAP_AFTER_NAME: NodeId = GAP + 1;
const COMMA: NodeId = GAP + 2;
const APOSTROPHE: NodeId = GAP + 3;
const APOSTROPHE_AFTER_S: NodeId = GAP + 4;
const POSSESSIVE: NodeId = GAP + 5;
const END: NodeId = GAP + 6;
const HYPHEN: NodeId = GAP + 7;
/// No place at all.
const NOWHERE: NodeId = NodeId::MAX;

/// How many places the automaton can be in at once: a blank may go on in a name or part two units.
const MOST_PLACES: usize = 8;

/// What may be written from some evidence.
#[derive(Debug)]
pub struct Automaton {
    units: Trie,
}

impl Automaton {
    /// The automaton of these sentences.
    pub fn new(evidence: &[&str]) -> Self {
        let found = Units::of(evidence);
        let mut units = Trie::new(ROOTS);
        for name in &found.names {
            insert(&mut units, name, Kind::Name);
        }
        for span in &found.spans {
            insert(&mut units, span, Kind::Span);
        }
        for title in &found.titles {
            insert(&mut units, title, Kind::Word);
        }
        for word in words(&found) {
            insert(&mut units, &word, Kind::Word);
        }
        for quotation in &found.quotations {
            insert(&mut units, &format!("\"{quotation}\""), Kind::Span);
            insert(&mut units, &format!("\"{quotation},\""), Kind::Span);
            insert(&mut units, &format!("\"{quotation}.\""), Kind::Last);
        }
        Self { units }
    }

    /// The places that a byte leads to from one place.
    fn follow(&self, place: NodeId, byte: u8, reached: &mut Places) {
        match place {
            GAP => reached.extend(self.units.child(WITHIN, byte)),
            GAP_AFTER_NAME => reached.extend(self.units.child(AFTER_NAME, byte)),
            COMMA => reached.extend((byte == b' ').then_some(GAP)),
            APOSTROPHE | APOSTROPHE_AFTER_S => {
                reached.extend((byte == b's').then_some(POSSESSIVE));
                if place == APOSTROPHE_AFTER_S {
                    reached.extend(behind(Kind::Word, byte));
                }
            }
            POSSESSIVE => reached.extend(behind(Kind::Word, byte)),
            HYPHEN => reached.extend(self.units.child(WITHIN, byte)),
            END => {}
            node => {
                reached.extend(self.units.child(node, byte));
                for kind in self.units.ends(node) {
                    self.follow_unit(node, *kind, byte, reached);
                }
            }
        }
    }

    /// The places behind a unit that ends at a node.
    fn follow_unit(&self, node: NodeId, kind: Kind, byte: u8, reached: &mut Places) {
        let last = self.units.last_byte(node);
        match byte {
            b'\'' if kind != Kind::Last && (last.is_ascii_alphabetic() || last == b'.') => {
                reached.extend([if last == b's' {
                    APOSTROPHE_AFTER_S
                } else {
                    APOSTROPHE
                }]);
            }
            b'-' if kind != Kind::Last && last.is_ascii_alphabetic() => reached.extend([HYPHEN]),
            b'.' if last == b'.' => {}
            _ => reached.extend(behind(kind, byte)),
        }
    }
}

impl Constraint for Automaton {
    fn start(&self) -> State {
        Places::of([OPENING]).state()
    }

    fn step(&self, state: State, byte: u8) -> Option<State> {
        let mut reached = Places::default();
        for place in Places::from_state(state).all() {
            self.follow(place, byte, &mut reached);
        }
        (!reached.is_empty()).then(|| reached.state())
    }

    fn may_end(&self, state: State) -> bool {
        Places::from_state(state).all().any(|place| {
            let ends = self.units.ends(place);
            // "U.S." ends a sentence with its own stop.
            place == END
                || ends.contains(&Kind::Last)
                || !ends.is_empty() && self.units.last_byte(place) == b'.'
        })
    }
}

/// What may stand behind a unit of this kind, besides another of its letters.
fn behind(kind: Kind, byte: u8) -> Option<NodeId> {
    match (kind, byte) {
        (Kind::Last, _) => None,
        (Kind::Name, b' ') => Some(GAP_AFTER_NAME),
        (_, b' ') => Some(GAP),
        (_, b',' | b';' | b':') => Some(COMMA),
        (_, b'.') => Some(END),
        _ => None,
    }
}

fn insert(units: &mut Trie, unit: &str, kind: Kind) {
    units.insert(OPENING, &capitalised(unit), kind);
    units.insert(WITHIN, unit, kind);
    if kind != Kind::Name {
        units.insert(AFTER_NAME, unit, kind);
    }
}

/// The evidence's words in their forms, and those of the lists.
fn words(found: &Units) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = found.words.clone();
    words.extend(found.words.iter().flat_map(|word| inflection::forms(word)));
    words.extend(found.words.iter().map(|word| format!("{word}ly")));
    words.extend(lexicon::words().iter().map(|word| (*word).to_owned()));
    words.extend(lexicon::words().iter().flat_map(|word| inflection::forms(word)));
    if found.words.iter().any(|word| is_hedge(word)) {
        words.extend(lexicon::MODALS.map(ToOwned::to_owned));
    }
    if found.words.iter().any(|word| !facts::negations(word).is_empty()) {
        words.extend(lexicon::NEGATIONS.map(ToOwned::to_owned));
    }
    words
}

/// The places that the automaton is in at once, sorted, each once: a [`State`].
#[derive(Debug, Default)]
struct Places(Vec<NodeId>);

impl Places {
    fn of(places: impl IntoIterator<Item = NodeId>) -> Self {
        let mut all = Self::default();
        all.extend(places);
        all
    }

    fn extend(&mut self, places: impl IntoIterator<Item = NodeId>) {
        for place in places {
            if let Err(at) = self.0.binary_search(&place) {
                self.0.insert(at, place);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn all(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.0.iter().copied()
    }

    /// Packed; places beyond the first eight are given up.
    fn state(&self) -> State {
        let padded = self.0.iter().copied().chain(std::iter::repeat(NOWHERE));
        State(
            padded
                .take(MOST_PLACES)
                .fold(0, |packed, place| packed << 16 | u128::from(place)),
        )
    }

    fn from_state(state: State) -> Self {
        let slots = (0..MOST_PLACES).rev();
        let place = |slot: usize| NodeId::try_from(state.0 >> (16 * slot) & 0xffff).unwrap_or(NOWHERE);
        Self(slots.map(place).filter(|place| *place != NOWHERE).collect())
    }
}
