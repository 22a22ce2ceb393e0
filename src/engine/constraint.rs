//! Which text may be written: an automaton over bytes, given by the caller, and the mask over a model's vocabulary that
//! follows from it at each step. What the automaton allows, and why, is the caller's business.
//!
//! A token may be written when all its bytes can be read from the automaton's state, one after the other (Willard and
//! Louf 2023, "Efficient Guided Generation for Large Language Models"). The vocabulary is kept as a trie, so that tokens
//! that begin alike are tried once; nothing is computed ahead for a state, since most states are met once.

use std::fmt;

/// A state of a [`Constraint`]; what the bits mean is known to it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State(pub u128);

/// A set of texts, as a deterministic automaton over their UTF-8 bytes.
///
/// From every state that can be reached some end must be reachable, else a text may get stuck: it then ends where it
/// stands, with [`super::FinishReason::NothingAllowed`].
pub trait Constraint: Send + Sync + fmt::Debug {
    /// Before the first byte.
    fn start(&self) -> State;

    /// After one more byte; `None` where that byte may not stand.
    fn step(&self, state: State, byte: u8) -> Option<State>;

    /// Whether the text may end here.
    fn may_end(&self, state: State) -> bool;

    /// Bytes that every text which goes on from here has next, as far as they are known at once: they are run together
    /// instead of one token after the other. Changes the time only, never what is written.
    fn forced(&self, _state: State) -> &[u8] {
        &[]
    }
}

/// Reads all bytes; `None` where one may not stand.
pub fn read(constraint: &dyn Constraint, state: State, bytes: &[u8]) -> Option<State> {
    bytes
        .iter()
        .try_fold(state, |state, byte| constraint.step(state, *byte))
}

/// Whether the whole text is in the set.
pub fn admits(constraint: &dyn Constraint, text: &str) -> bool {
    read(constraint, constraint.start(), text.as_bytes()).is_some_and(|state| constraint.may_end(state))
}

/// The tokens of a vocabulary by their bytes.
#[derive(Debug)]
pub(super) struct VocabularyTrie {
    /// In depth-first order: the subtree of a node ends where its `next` points.
    nodes: Vec<Node>,
    tokens: usize,
}

#[derive(Debug)]
struct Node {
    byte: u8,
    depth: usize,
    /// Index of the first node after this one's subtree.
    next: usize,
    /// The tokens that these bytes make up: usually none or one.
    ids: Vec<u32>,
}

impl VocabularyTrie {
    /// The trie of all tokens that write something; `bytes` are those of each id in turn.
    pub(super) fn new<'b>(bytes: impl Iterator<Item = &'b [u8]>) -> Self {
        let mut sorted: Vec<(&[u8], u32)> = bytes.zip(0u32..).collect();
        let tokens = sorted.len();
        sorted.retain(|(bytes, _)| !bytes.is_empty());
        sorted.sort_unstable();
        let mut nodes: Vec<Node> = Vec::new();
        // The nodes on the way to the token before.
        let mut path: Vec<usize> = Vec::new();
        let mut before: &[u8] = &[];
        for (bytes, id) in sorted {
            let shared = bytes.iter().zip(before).take_while(|(a, b)| a == b).count();
            for ended in path.drain(shared.min(path.len())..) {
                close(&mut nodes, ended);
            }
            for byte in bytes.iter().skip(shared) {
                path.push(nodes.len());
                nodes.push(Node {
                    byte: *byte,
                    depth: path.len(),
                    next: 0,
                    ids: Vec::new(),
                });
            }
            if let Some(node) = path.last().and_then(|last| nodes.get_mut(*last)) {
                node.ids.push(id);
            }
            before = bytes;
        }
        for ended in path {
            close(&mut nodes, ended);
        }
        Self { nodes, tokens }
    }

    /// Which tokens may be written from this state: one flag an id.
    pub(super) fn allowed(&self, constraint: &dyn Constraint, state: State) -> Vec<bool> {
        let mut allowed = vec![false; self.tokens];
        let mut states = vec![state];
        let mut index = 0;
        while let Some(node) = self.nodes.get(index) {
            states.truncate(node.depth);
            let reached = states.last().and_then(|state| constraint.step(*state, node.byte));
            let Some(reached) = reached else {
                index = node.next;
                continue;
            };
            states.push(reached);
            for id in &node.ids {
                if let Some(flag) = allowed.get_mut(*id as usize) {
                    *flag = true;
                }
            }
            index += 1;
        }
        allowed
    }
}

fn close(nodes: &mut [Node], ended: usize) {
    let next = nodes.len();
    if let Some(node) = nodes.get_mut(ended) {
        node.next = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any number of `ab`, then a stop.
    #[derive(Debug)]
    struct Pairs;

    impl Constraint for Pairs {
        fn start(&self) -> State {
            State(0)
        }

        fn step(&self, state: State, byte: u8) -> Option<State> {
            match (state.0, byte) {
                (0, b'a') => Some(State(1)),
                (1, b'b') => Some(State(0)),
                (0, b'.') => Some(State(2)),
                _ => None,
            }
        }

        fn may_end(&self, state: State) -> bool {
            state.0 == 2
        }
    }

    #[test]
    fn a_token_is_allowed_when_all_its_bytes_are() {
        let tokens: [&[u8]; 9] = [b"a", b"ab", b"abb", b"aba", b"", b"b", b".", b"ab.", b"ab"];
        let trie = VocabularyTrie::new(tokens.into_iter());
        assert_eq!(
            trie.allowed(&Pairs, State(0)),
            [true, true, false, true, false, false, true, true, true]
        );
        let only_b = trie.allowed(&Pairs, State(1));
        assert_eq!(only_b.iter().filter(|flag| **flag).count(), 1);
        assert!(only_b[5]);
        assert!(!trie.allowed(&Pairs, State(2)).contains(&true));
    }

    #[test]
    fn a_text_is_admitted_whole_or_not_at_all() {
        assert!(admits(&Pairs, "abab."));
        assert!(!admits(&Pairs, "abab"));
        assert!(!admits(&Pairs, "aab."));
    }

    proptest::proptest! {
        #[test]
        fn the_trie_agrees_with_reading_each_token(tokens in proptest::collection::vec("[ab.]{0,5}", 0..40), from in 0u128..3) {
            let trie = VocabularyTrie::new(tokens.iter().map(String::as_bytes));
            let allowed = trie.allowed(&Pairs, State(from));
            for (token, allowed) in tokens.iter().zip(allowed) {
                let reads = !token.is_empty() && read(&Pairs, State(from), token.as_bytes()).is_some();
                proptest::prop_assert_eq!(allowed, reads, "{}", token);
            }
        }
    }
}
