//! P12: no bullet repeats another, or only repeats the headline.

use std::collections::BTreeSet;

use super::support::content_words;
use super::{Candidate, reason_if};
use crate::domain::CheckReason;

/// The share of the shorter text's content words that the other has too, from which the two say the same.
const SAME_BULLET: f64 = 0.7;

/// The share of a bullet's content words that are in the headline, from which it says nothing else.
const ONLY_HEADLINE: f64 = 0.85;

/// Whether it says what another bullet says.
pub fn bullets(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let own = distinct(candidate.text);
    let repeats = candidate.accepted.iter().any(|other| {
        let other = distinct(other);
        let shorter = own.len().min(other.len());
        shorter > 0 && own.intersection(&other).count() as f64 >= SAME_BULLET * shorter as f64
    });
    reason_if(repeats, CheckReason::RepeatsBullet)
}

/// Whether it says nothing that the headline does not say.
pub fn headline(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let Some(headline) = candidate.rules.headline else {
        return Vec::new();
    };
    let (own, headline) = (distinct(candidate.text), distinct(headline));
    let shared = own.intersection(&headline).count();
    let only_repeats = !own.is_empty() && shared as f64 >= ONLY_HEADLINE * own.len() as f64;
    reason_if(only_repeats, CheckReason::RepeatsHeadline)
}

fn distinct(text: &str) -> BTreeSet<String> {
    content_words(text).into_iter().collect()
}
