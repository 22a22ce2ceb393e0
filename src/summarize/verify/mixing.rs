//! P7: a wording follows one cited sentence. Words of several sentences can each be true and make a false statement when
//! they are put together; a small model does so often, and it puts the words of one sentence into another order.

use super::support::content_words;
use super::{Candidate, reason_if};
use crate::domain::CheckReason;
use crate::text::facts;
use crate::text::similarity::common_subsequence;

/// The least share of a wording's content words that stand in one cited sentence in the same order. A small
/// model's own words for the rest are wrong too often.
const MIN_FOLLOWED: f64 = 0.95;

/// The longest speaker at the end, words.
const MOST_SPEAKER_WORDS: usize = 8;

/// `facts_mixed` when no one cited sentence has its names and most of its words in their order.
pub fn mixed(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let own = content_words(statement_of(candidate.text));
    let follows = |sentence: &str| {
        let shared = common_subsequence(&own, &content_words(sentence));
        let has_names = facts::unsupported_names(candidate.text, &[sentence]).is_empty();
        has_names && shared as f64 >= MIN_FOLLOWED * own.len() as f64
    };
    let is_mixed =
        !candidate.evidence.is_empty() && !candidate.evidence.iter().any(|sentence| follows(sentence));
    reason_if(is_mixed, CheckReason::FactsMixed)
}

/// Without a speaker at the end (", the council said."), who may stand in another place of the source.
fn statement_of(text: &str) -> &str {
    let Some((statement, speaker)) = text.rsplit_once(", ") else {
        return text;
    };
    let is_speaker = facts::has_attribution(speaker) && speaker.split(' ').count() <= MOST_SPEAKER_WORDS;
    if is_speaker { statement } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_short_speaker_at_the_end_is_left_aside() {
        assert_eq!(
            statement_of("The bridge is closed, the council said."),
            "The bridge is closed"
        );
        let trailing = "The bridge is closed, which drivers of all kinds of cars and trucks said was a pity.";
        assert_eq!(statement_of(trailing), trailing);
        assert_eq!(
            statement_of("The bridge, built in May, is closed."),
            "The bridge, built in May, is closed."
        );
    }
}
