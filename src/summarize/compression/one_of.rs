//! The constraint under which the model chooses among wordings.

use crate::engine::constraint::{Constraint, State};

/// The constraint that admits these texts and no others.
#[derive(Debug)]
pub struct OneOf {
    /// Sorted, so that a prefix is a range of them.
    texts: Vec<String>,
}

impl OneOf {
    /// The constraint that admits these texts.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let mut texts: Vec<String> = texts.into_iter().collect();
        texts.sort();
        texts.dedup();
        Self { texts }
    }
}

/// A state is the range of texts that begin with what was read (32 bits each end) and its length (32 bits).
impl Constraint for OneOf {
    fn start(&self) -> State {
        pack(0, self.texts.len(), 0)
    }

    fn step(&self, state: State, byte: u8) -> Option<State> {
        let (from, to, read) = unpack(state);
        let candidates = self.texts.get(from..to)?;
        let at = |text: &String| text.as_bytes().get(read).copied();
        let start = candidates.partition_point(|text| at(text) < Some(byte));
        let end = candidates.partition_point(|text| at(text) <= Some(byte));
        (start < end).then(|| pack(from + start, from + end, read + 1))
    }

    fn may_end(&self, state: State) -> bool {
        let (from, _, read) = unpack(state);
        // A text that ends here sorts before those that go on.
        self.texts.get(from).is_some_and(|text| text.len() == read)
    }

    fn forced(&self, state: State) -> &[u8] {
        let (from, to, read) = unpack(state);
        let candidates = self.texts.get(from..to).unwrap_or_default();
        let (Some(first), Some(last)) = (candidates.first(), candidates.last()) else {
            return &[];
        };
        // What the first and the last of sorted texts have in common, all of them have.
        let [first, last] = [first, last].map(|text| text.as_bytes().get(read..).unwrap_or_default());
        let common = first.iter().zip(last).take_while(|(a, b)| a == b).count();
        first.get(..common).unwrap_or_default()
    }
}

fn pack(from: usize, to: usize, read: usize) -> State {
    let bits = |number: usize| u128::from(u32::try_from(number).unwrap_or(u32::MAX));
    State(bits(from) << 64 | bits(to) << 32 | bits(read))
}

fn unpack(state: State) -> (usize, usize, usize) {
    let part = |shift: u32| usize::try_from(state.0 >> shift & 0xffff_ffff).unwrap_or(usize::MAX);
    (part(64), part(32), part(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::constraint::admits;

    #[test]
    fn what_all_that_is_left_has_next_is_forced() {
        let one_of = OneOf::new([
            "the old bridge".to_owned(),
            "the old town".to_owned(),
            "this".to_owned(),
        ]);
        let after = |text: &str| {
            let state = crate::engine::constraint::read(&one_of, one_of.start(), text.as_bytes());
            one_of.forced(state.unwrap())
        };
        assert_eq!(after(""), b"th");
        assert_eq!(after("the"), b" old ");
        assert_eq!(after("the old b"), b"ridge");
        assert_eq!(after("this"), b"");
    }

    #[test]
    fn one_of_some_texts_is_admitted_and_nothing_else() {
        let one_of = OneOf::new(["ab".to_owned(), "abc".to_owned(), "b".to_owned()]);
        for (text, is_in) in [
            ("ab", true),
            ("abc", true),
            ("b", true),
            ("a", false),
            ("abcd", false),
            ("", false),
        ] {
            assert_eq!(admits(&one_of, text), is_in, "{text}");
        }
    }
}
