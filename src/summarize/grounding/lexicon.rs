//! The words that a bullet may use whatever its evidence says: function words with neutral reporting verbs, and an open
//! list of neutral common words. Both lists are versioned; neither holds names, numbers, negations or hedges.

use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Articles, pronouns, prepositions, auxiliaries, reporting verbs. Own compilation.
const FUNCTION_WORDS: &str = include_str!("function_words.v1.txt");

/// What editors use though their evidence lacks it: made by `tools/words/open_words.py`.
const OPEN_WORDS: &str = include_str!("open_words.v1.txt");

/// Words that say that something may be, will be or should be: only where the evidence has one of that sort.
pub(super) const MODALS: [&str; 7] = ["may", "might", "could", "would", "should", "will", "if"];

/// Words that deny: only where the evidence denies something.
pub(super) const NEGATIONS: [&str; 14] = [
    "not", "no", "never", "nor", "neither", "cannot", "without", "doesn't", "didn't", "isn't", "wasn't",
    "won't", "hasn't", "don't",
];

/// All words of both lists.
pub(super) fn words() -> &'static BTreeSet<&'static str> {
    static WORDS: OnceLock<BTreeSet<&str>> = OnceLock::new();
    WORDS.get_or_init(|| FUNCTION_WORDS.lines().chain(OPEN_WORDS.lines()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::facts;

    #[test]
    fn the_lists_hold_ordinary_words_only() {
        // "one" of "one of them" is not counted.
        let is_wrong = |word: &&&str| {
            !word.chars().all(|c| c.is_ascii_lowercase())
                || !facts::negations(word).is_empty()
                || **word != "one" && !facts::numbers(word).is_empty()
                || MODALS.contains(*word)
        };
        let wrong: Vec<_> = words().iter().filter(is_wrong).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(words().len() > 1000);
    }
}
