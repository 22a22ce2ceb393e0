//! P7: a wording follows one cited sentence. Words of several sentences can each be true and make a false statement when
//! they are put together; a small model does so often, and it puts the words of one sentence into another order.

use super::support::content_words;
use super::{Candidate, reason_if};
use crate::domain::CheckReason;
use crate::text::facts;
use crate::text::similarity::common_subsequence;

/// The least share of a wording's content words that stand in one cited sentence in the same order. Careful editors
/// stay above it where they rewrite one sentence; a mixture of two does not.
const MIN_FOLLOWED: f64 = 0.8;

/// `facts_mixed` when no one cited sentence has its names and most of its words in their order.
pub fn mixed(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let own = content_words(candidate.text);
    let follows = |sentence: &&str| {
        let shared = common_subsequence(&own, &content_words(sentence));
        let has_names = facts::unsupported_names(candidate.text, &[sentence]).is_empty();
        has_names && shared as f64 >= MIN_FOLLOWED * own.len() as f64
    };
    let is_mixed =
        !candidate.evidence.is_empty() && !candidate.evidence.iter().any(|sentence| follows(&sentence));
    reason_if(is_mixed, CheckReason::FactsMixed)
}
