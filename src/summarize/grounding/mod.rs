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
use std::sync::OnceLock;

use crate::engine::constraint::{Constraint, State};
use crate::summarize::verify::meaning::is_hedge;
use crate::text::facts;
use trie::{Kind, NodeId, Trie};
use units::Units;

pub use units::straight;

/// Where the evidence's units hang in its trie: all but names, names, and texts that may be written instead of any other.
/// The common words have one root, the first.
const UNITS: NodeId = 0;
const NAMES: NodeId = 1;
const INSTEAD: NodeId = 2;

/// A place of the automaton: a node of the common words, a node of the evidence's units, or between two units.
type Place = u16;

/// The evidence's nodes come behind so many common ones.
const EVIDENCE: Place = 30_000;
/// Places between units; above those of the nodes.
const OPENING: Place = 60_000;
const GAP: Place = OPENING + 1;
const GAP_AFTER_NAME: Place = OPENING + 2;
const COMMA: Place = OPENING + 3;
const APOSTROPHE: Place = OPENING + 4;
const APOSTROPHE_AFTER_S: Place = OPENING + 5;
const POSSESSIVE: Place = OPENING + 6;
const END: Place = OPENING + 7;
/// No place at all.
const NOWHERE: Place = Place::MAX;

/// How many nodes either trie may have.
const MOST_NODES: usize = 30_000;

/// How many places the automaton can be in at once: a blank may go on in a name or part two units.
const MOST_PLACES: usize = 8;

/// What may be written from some evidence.
#[derive(Debug)]
pub struct Automaton {
    evidence: Trie,
}

impl Automaton {
    /// The automaton of these sentences.
    pub fn new(sentences: &[&str]) -> Self {
        let found = Units::of(sentences);
        let mut evidence = Trie::new(3, MOST_NODES);
        for name in &found.names {
            evidence.insert(NAMES, name, Kind::Name);
        }
        for span in &found.spans {
            evidence.insert(UNITS, span, Kind::Span);
        }
        for title in &found.titles {
            evidence.insert(UNITS, title, Kind::Word);
        }
        for word in words(&found) {
            evidence.insert(UNITS, &word, Kind::Word);
        }
        // Last, since parts of long quotations are what can be done without when there is no room.
        for quotation in &found.quotations {
            evidence.insert(UNITS, &format!("\"{quotation}\""), Kind::Span);
            evidence.insert(UNITS, &format!("\"{quotation},\""), Kind::Span);
            evidence.insert(UNITS, &format!("\"{quotation}.\""), Kind::Last);
        }
        Self { evidence }
    }

    /// This automaton, or the whole of a text that ends with a stop.
    #[must_use]
    pub fn or(mut self, text: &str) -> Self {
        self.evidence.insert(INSTEAD, text, Kind::Last);
        self
    }

    /// The places that a byte leads to from one place.
    fn follow(&self, place: Place, byte: u8, reached: &mut Places) {
        match place {
            OPENING => self.open(byte, reached),
            GAP => {
                self.enter_unit(byte, reached);
                reached.extend(self.child(EVIDENCE + NAMES, byte));
            }
            GAP_AFTER_NAME => self.enter_unit(byte, reached),
            COMMA => reached.extend((byte == b' ').then_some(GAP)),
            APOSTROPHE | APOSTROPHE_AFTER_S => {
                reached.extend((byte == b's').then_some(POSSESSIVE));
                if place == APOSTROPHE_AFTER_S {
                    reached.extend(behind(Kind::Word, byte));
                }
            }
            POSSESSIVE => reached.extend(behind(Kind::Word, byte)),
            END => {}
            node => {
                reached.extend(self.child(node, byte));
                for kind in self.ends(node) {
                    self.follow_unit(node, *kind, byte, reached);
                }
            }
        }
    }

    /// The first byte of the sentence: a capital stands for the small letter of any unit, and for itself.
    fn open(&self, byte: u8, reached: &mut Places) {
        reached.extend(self.child(EVIDENCE + INSTEAD, byte));
        if !byte.is_ascii_lowercase() {
            self.enter_unit(byte.to_ascii_lowercase(), reached);
            self.enter_unit(byte, reached);
            reached.extend(self.child(EVIDENCE + NAMES, byte));
        }
    }

    /// The first byte of a unit that is no name.
    fn enter_unit(&self, byte: u8, reached: &mut Places) {
        reached.extend(self.child(0, byte));
        reached.extend(self.child(EVIDENCE + UNITS, byte));
    }

    /// The places behind a unit that ends at a node.
    fn follow_unit(&self, node: Place, kind: Kind, byte: u8, reached: &mut Places) {
        let last = self.last_byte(node);
        match byte {
            b'\'' if kind != Kind::Last && (last.is_ascii_alphabetic() || last == b'.') => {
                reached.extend([if last == b's' {
                    APOSTROPHE_AFTER_S
                } else {
                    APOSTROPHE
                }]);
            }
            // "Trump-era", "anti-American".
            b'-' if kind != Kind::Last && last.is_ascii_alphabetic() => reached.extend([GAP]),
            b'.' if last == b'.' => {}
            _ => reached.extend(behind(kind, byte)),
        }
    }

    fn child(&self, place: Place, byte: u8) -> Option<Place> {
        match place.checked_sub(EVIDENCE) {
            Some(node) => self.evidence.child(node, byte).map(|child| child + EVIDENCE),
            None => common().child(place, byte),
        }
    }

    fn ends(&self, place: Place) -> &[Kind] {
        match place.checked_sub(EVIDENCE) {
            Some(node) => self.evidence.ends(node),
            None => common().ends(place),
        }
    }

    fn last_byte(&self, place: Place) -> u8 {
        match place.checked_sub(EVIDENCE) {
            Some(node) => self.evidence.last_byte(node),
            None => common().last_byte(place),
        }
    }
}

/// The words that any bullet may use, in their forms: built once.
fn common() -> &'static Trie {
    static COMMON: OnceLock<Trie> = OnceLock::new();
    COMMON.get_or_init(|| {
        let mut common = Trie::new(1, MOST_NODES);
        for word in lexicon::words() {
            common.insert(0, word, Kind::Word);
            for form in inflection::forms(word) {
                common.insert(0, &form, Kind::Word);
            }
        }
        common
    })
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
            let ends = self.ends(place);
            // "U.S." ends a sentence with its own stop.
            place == END || ends.contains(&Kind::Last) || !ends.is_empty() && self.last_byte(place) == b'.'
        })
    }
}

/// What may stand behind a unit of this kind, besides another of its letters.
fn behind(kind: Kind, byte: u8) -> Option<Place> {
    match (kind, byte) {
        (Kind::Last, _) => None,
        (Kind::Name, b' ') => Some(GAP_AFTER_NAME),
        (_, b' ') => Some(GAP),
        (_, b',' | b';' | b':') => Some(COMMA),
        (_, b'.') => Some(END),
        _ => None,
    }
}

/// The evidence's words in their forms, with the words that deny and those that doubt where it has some.
fn words(found: &Units) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = found.words.clone();
    words.extend(found.words.iter().flat_map(|word| inflection::forms(word)));
    words.extend(found.words.iter().map(|word| format!("{word}ly")));
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
struct Places(Vec<Place>);

impl Places {
    fn of(places: impl IntoIterator<Item = Place>) -> Self {
        let mut all = Self::default();
        all.extend(places);
        all
    }

    fn extend(&mut self, places: impl IntoIterator<Item = Place>) {
        for place in places {
            if let Err(at) = self.0.binary_search(&place) {
                self.0.insert(at, place);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn all(&self) -> impl Iterator<Item = Place> + '_ {
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
        let place = |slot: usize| Place::try_from(state.0 >> (16 * slot) & 0xffff).unwrap_or(NOWHERE);
        Self(slots.map(place).filter(|place| *place != NOWHERE).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::constraint::admits;

    #[test]
    fn all_common_words_have_room() {
        assert!(common().len() < MOST_NODES - 2_000, "{}", common().len());
        for word in lexicon::words() {
            let sentence = format!("Ann {word} it.");
            assert!(
                admits(&Automaton::new(&["Mr. Ann left."]), &sentence),
                "{sentence}"
            );
        }
    }

    #[test]
    fn names_and_numbers_are_the_evidences_alone() {
        let automaton =
            Automaton::new(&["Nearly 300 homes in Alder burned on Monday, Mayor Ann Example said."]);
        for (sentence, is_in) in [
            ("Nearly 300 homes burned on Monday, Example said.", true),
            ("On Monday, nearly 300 homes in Alder burned.", true),
            ("Mayor Example said nearly 300 homes burned.", true),
            ("About 300 homes burned.", false),
            ("300 homes burned.", false),
            ("Nearly 30 homes burned.", false),
            ("Nearly 300 people burned.", false),
            ("Homes in Boston burned.", false),
            ("Homes burned on Tuesday.", false),
            ("Example Alder said homes burned.", false),
            ("Homes never burned.", false),
            ("homes burned.", false),
            ("Homes burned", false),
        ] {
            assert_eq!(admits(&automaton, sentence), is_in, "{sentence}");
        }
    }

    #[test]
    fn another_text_stands_alone_or_not_at_all() {
        let automaton = Automaton::new(&["Homes in Alder burned on Monday."]);
        assert!(!admits(&automaton, "None."));
        let automaton = automaton.or("None.");
        for (sentence, is_in) in [
            ("None.", true),
            ("Homes burned.", true),
            ("None", false),
            ("None. Homes burned.", false),
            ("Homes none.", false),
        ] {
            assert_eq!(admits(&automaton, sentence), is_in, "{sentence}");
        }
    }

    #[test]
    fn quotations_are_copied_whole_or_in_part() {
        let automaton = Automaton::new(&["Ann Example called it “a very bad idea,” and left."]);
        assert!(admits(&automaton, "Example called it \"a very bad idea.\""));
        assert!(admits(&automaton, "Example called it \"bad.\""));
        assert!(!admits(&automaton, "Example called it \"a good idea.\""));
    }
}
