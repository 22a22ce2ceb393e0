//! Whether a sentence can be shown by itself. English; other languages are judged by their form alone.

use crate::text::clean::is_furniture;
use crate::text::{is_closing, is_stop};

/// Fewer words than this are a fragment.
const MIN_WORDS: usize = 5;

/// More characters than this are a list or a run-on, not a sentence.
const MAX_CHARS: usize = 600;

/// First words that point back to a sentence before.
const POINTING_BACK: [&str; 34] = [
    "he",
    "she",
    "it",
    "they",
    "his",
    "her",
    "its",
    "their",
    "him",
    "them",
    "this",
    "that",
    "these",
    "those",
    "such",
    "but",
    "and",
    "or",
    "so",
    "yet",
    "also",
    "still",
    "however",
    "meanwhile",
    "moreover",
    "instead",
    "then",
    "therefore",
    "otherwise",
    "additionally",
    "nevertheless",
    "furthermore",
    "i",
    "we",
];

/// Whether it reads as a whole sentence: starts as one does, ends as one does, has a plausible number of words,
/// and is not a headline, a list, a fragment or furniture of the page.
pub fn is_complete(sentence: &str) -> bool {
    let sentence = sentence.trim();
    let first = sentence.chars().find(|c| c.is_alphanumeric());
    let starts = first.is_some_and(|c| !c.is_lowercase());
    let ends = sentence
        .trim_end_matches(is_closing)
        .ends_with(|c| is_stop(c) && c != '…')
        && !sentence.ends_with("...");
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let letters: Vec<char> = sentence.chars().filter(|c| c.is_alphabetic()).collect();
    // Scripts without blanks (Chinese, Japanese) are counted by their letters.
    let long_enough =
        words.len() >= MIN_WORDS || (!sentence.is_ascii() && letters.len() >= 10 && words.len() <= 2);
    let shouted = letters.len() > 3 && letters.iter().all(|c| c.is_uppercase());
    starts
        && ends
        && long_enough
        && !shouted
        && sentence.chars().count() <= MAX_CHARS
        && !sentence.contains('\n')
        && !is_furniture(sentence)
}

/// Whether it can be understood without the sentences before it: no leading "He said", "That", "But it", "Meanwhile".
pub fn stands_alone(sentence: &str) -> bool {
    let first = sentence
        .split(|c: char| !c.is_alphanumeric())
        .find(|word| !word.is_empty())
        .unwrap_or_default();
    !POINTING_BACK.contains(&first.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_headlines_and_questions_cut_off_are_not_complete() {
        assert!(is_complete("Engineers found a crack in the dam."));
        assert!(is_complete("“We will not gamble with lives,” said Maria Kest."));
        for fragment in [
            "Read more",
            "and the dam held until the evening.",
            "A crack in the dam",
            "THE DAM HAS NOW FAILED TODAY.",
            "The dam held until…",
            "Mayor Ann Example Ann J. ExampleDam holds after flood.",
            "Sign up for our newsletter about dams.",
        ] {
            assert!(!is_complete(fragment), "{fragment}");
        }
    }

    #[test]
    fn a_sentence_that_points_back_does_not_stand_alone() {
        assert!(stands_alone("The county said the dam held."));
        for pointing in [
            "He said the dam held.",
            "But the dam held.",
            "“It held,” he said.",
        ] {
            assert!(!stands_alone(pointing), "{pointing}");
        }
    }
}
