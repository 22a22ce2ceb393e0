//! P1 in its strict reading: the cited sentences are the source of what the bullet says, not only of its names.

use std::collections::BTreeSet;

use super::{Candidate, reason_if};
use crate::domain::CheckReason;
use crate::summarize::equals;
use crate::text::similarity::{is_function_word, words};

/// The share of a bullet's content words that the cited sentences must have. Editors who rewrite a sentence keep
/// about four fifths of them.
const MIN_SUPPORTED: f64 = 0.7;

/// Words that report or connect and say nothing themselves, as stems.
const NEUTRAL: &[&str] = &[
    "say", "said", "accord", "told", "tell", "report", "state", "announc", "add", "includ", "also", "new",
    "now", "after", "amid", "follow", "due", "which", "who", "while", "despit", "us", "one", "make", "made",
];

/// `not_supported` when too few of the bullet's content words are in the cited sentences.
pub fn support(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let is_thin = supported_share(candidate.text, candidate.evidence) < MIN_SUPPORTED;
    reason_if(is_thin, CheckReason::NotSupported)
}

/// The share (0 to 1) of a text's content words that the sentences have; 0 for a text without content words.
pub fn supported_share(text: &str, evidence: &[&str]) -> f64 {
    let own: BTreeSet<String> = content_words(text).into_iter().collect();
    let theirs: BTreeSet<String> = evidence
        .iter()
        .flat_map(|sentence| content_words(sentence))
        .collect();
    if own.is_empty() {
        return 0.0;
    }
    own.intersection(&theirs).count() as f64 / own.len() as f64
}

/// The stems of the words that carry meaning, in order; of words that say the same, one stands for both.
pub fn content_words(text: &str) -> Vec<String> {
    words(text)
        .iter()
        .filter(|word| !is_function_word(word))
        .map(|word| stem(equals::plain(word)))
        .filter(|stem| !NEUTRAL.contains(&stem.as_str()))
        .collect()
}

/// A word without its inflection, roughly: the S-stemmer (Harman 1991) with `ed`, `ing` and `ly` besides.
pub fn stem(word: &str) -> String {
    const ENDINGS: &[&str] = &["ing", "edly", "ed", "ies", "es", "ly", "s", "e", "y"];
    /// Shorter stems would join unrelated words.
    const MIN_STEM: usize = 3;
    for ending in ENDINGS {
        let Some(stem) = word.strip_suffix(ending) else {
            continue;
        };
        if stem.chars().count() >= MIN_STEM {
            // "planned" → "plan", as "plans" does.
            let mut letters = stem.chars().rev();
            let (last, before) = (letters.next(), letters.next());
            let is_doubled = last == before && last.is_some_and(|c| !matches!(c, 'l' | 's' | 'z' | 'e'));
            let single = stem
                .strip_suffix(|_: char| true)
                .filter(|_| is_doubled && ending.len() > 1);
            return single.unwrap_or(stem).to_owned();
        }
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflected_forms_have_one_stem() {
        for group in [
            ["plan", "plans", "planned", "planning"],
            ["vote", "votes", "voted", "voting"],
            ["close", "closes", "closed", "closing"],
            ["party", "parties", "party", "party"],
        ] {
            let stems: BTreeSet<String> = group.iter().map(|word| stem(word)).collect();
            assert_eq!(stems.len(), 1, "{stems:?}");
        }
    }

    #[test]
    fn support_is_the_share_of_content_words() {
        let evidence = ["The council closed the old bridge on Monday."];
        assert!(supported_share("The bridge was closed by the council.", &evidence) > 0.99);
        assert!(supported_share("Firefighters rescued a painter.", &evidence) < 0.01);
        assert!(supported_share("", &evidence) < 0.01);
    }
}
