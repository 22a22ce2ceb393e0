//! ROUGE (Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries") as Google's `rouge_score` counts it:
//! runs of ASCII letters and digits, lower case, Porter-stemmed when longer than three characters.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::porter::stem;
use crate::text::similarity::common_subsequence;

/// F1 of the three measures, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Rouge {
    /// Single words.
    pub one: f64,
    /// Pairs of neighbouring words.
    pub two: f64,
    /// The longest common subsequence of the whole texts (`rougeL`, not `rougeLsum`).
    pub longest: f64,
}

/// The words that ROUGE counts.
pub fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            if word.len() > 3 {
                stem(word)
            } else {
                word.to_owned()
            }
        })
        .collect()
}

/// How much of the reference a summary says; both as [`tokens`].
pub fn score(summary: &[String], reference: &[String]) -> Rouge {
    Rouge {
        one: f1_of_grams(summary, reference, 1),
        two: f1_of_grams(summary, reference, 2),
        longest: f1(
            common_subsequence(summary, reference),
            summary.len(),
            reference.len(),
        ),
    }
}

/// ROUGE-N F1; 0 where either side has no n-gram.
pub fn f1_of_grams(summary: &[String], reference: &[String], words: usize) -> f64 {
    let mut left: HashMap<&[String], usize> = HashMap::new();
    for gram in reference.windows(words.max(1)) {
        *left.entry(gram).or_default() += 1;
    }
    let mut shared = 0;
    for gram in summary.windows(words.max(1)) {
        if let Some(count) = left.get_mut(gram).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    let grams = |side: &[String]| (side.len() + 1).saturating_sub(words.max(1));
    f1(shared, grams(summary), grams(reference))
}

fn f1(shared: usize, summary: usize, reference: usize) -> f64 {
    if shared == 0 {
        return 0.0;
    }
    2.0 * shared as f64 / (summary + reference) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_counted_by_hand() {
        let summary = tokens("The dam is closed");
        let reference = tokens("The old dam closed on Monday");
        let rouge = score(&summary, &reference);
        // Shared: the, dam, close(d); no pair; 4 and 6 words.
        assert!((rouge.one - 0.6).abs() < 1e-9);
        assert_eq!(rouge.two, 0.0);
        assert!((rouge.longest - 0.6).abs() < 1e-9);
        assert_eq!(
            score(&summary, &summary),
            Rouge {
                one: 1.0,
                two: 1.0,
                longest: 1.0
            }
        );
        assert_eq!(score(&[], &reference), Rouge::default());
    }

    #[test]
    fn a_repeated_word_counts_as_often_as_the_reference_has_it() {
        let rouge = score(&tokens("dam dam dam"), &tokens("dam"));
        assert!((rouge.one - 0.5).abs() < 1e-9);
    }
}
