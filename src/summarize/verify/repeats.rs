//! P12: no bullet repeats another, itself, or only the headline.

use std::collections::BTreeSet;

use super::support::content_words;
use super::{Candidate, reason_if};
use crate::domain::CheckReason;

/// The share of the shorter text's content words that the other has too, from which the two say the same.
const SAME_BULLET: f64 = 0.7;

/// The share of a bullet's content words that are in the headline, from which it says nothing else.
const ONLY_HEADLINE: f64 = 0.85;

/// The share of the shorter clause's content words that another clause has too, from which one was written twice.
/// It refuses about one in two hundred of the bullets that editors write.
const SAME_CLAUSE: f64 = 0.6;

/// Clauses that share fewer content words may share a name or a date.
const MIN_SAME_WORDS: usize = 2;

/// Whether it says what another bullet says.
pub fn bullets(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let mut accepted = candidate.accepted.iter();
    let repeats = accepted.any(|other| says_the_same(candidate.text, other));
    reason_if(repeats, CheckReason::RepeatsBullet)
}

/// Whether the shorter of two bullets has most of its content words in common with the other.
pub fn says_the_same(one: &str, other: &str) -> bool {
    let (one, other) = (distinct(one), distinct(other));
    let shorter = one.len().min(other.len());
    shorter > 0 && one.intersection(&other).count() as f64 >= SAME_BULLET * shorter as f64
}

/// Whether two of its clauses say one thing, as small models do when they lose the thread.
pub fn itself(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let clauses: Vec<BTreeSet<String>> = clauses(candidate.text).into_iter().map(distinct).collect();
    let repeats = clauses.iter().enumerate().any(|(index, clause)| {
        clauses.iter().skip(index + 1).any(|other| {
            let shared = clause.intersection(other).count();
            let shorter = clause.len().min(other.len());
            shared >= MIN_SAME_WORDS && shared as f64 >= SAME_CLAUSE * shorter as f64
        })
    });
    reason_if(
        repeats || has_a_word_too_often(candidate),
        CheckReason::RepeatsItself,
    )
}

/// "It won the country's seat for the country's council": a content word stands there twice, and in the cited sentences
/// once.
fn has_a_word_too_often(candidate: &Candidate<'_>) -> bool {
    let own = content_words(candidate.text);
    let sentences = candidate.evidence.iter();
    let theirs: Vec<String> = sentences.flat_map(|sentence| content_words(sentence)).collect();
    let count = |words: &[String], word: &String| words.iter().filter(|other| *other == word).count();
    own.iter().any(|word| {
        let times = count(&own, word);
        times > 1 && count(&theirs, word) < times
    })
}

/// The parts of a text between marks that a blank follows ("51-49" and "1,200" stay whole), and on both sides of
/// "and".
fn clauses(text: &str) -> Vec<&str> {
    const MARKS: [&str; 7] = [", ", "; ", ": ", ". ", " — ", " – ", " and "];
    let mut clauses = vec![text];
    for mark in MARKS {
        clauses = clauses
            .into_iter()
            .flat_map(|clause| clause.split(mark))
            .collect();
    }
    clauses
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

#[cfg(test)]
mod tests {
    use super::*;

    fn repeats_itself(text: &str) -> bool {
        repeats_itself_beside(text, text)
    }

    fn repeats_itself_beside(text: &str, evidence: &str) -> bool {
        !super::super::found_by(itself, text, evidence).is_empty()
    }

    #[test]
    fn a_word_that_the_evidence_has_once_is_not_said_twice() {
        let evidence = "The council has won the vote for the seat of the country's oldest town.";
        let is_refused = |text| repeats_itself_beside(text, evidence);
        assert!(is_refused(
            "The council won the country's vote for the country's seat."
        ));
        assert!(!is_refused(
            "The council won the vote for the seat of the country's oldest town."
        ));
    }

    #[test]
    fn a_bullet_that_says_one_thing_twice_is_refused() {
        for text in [
            "The last full inspection of the dam was carried out in 2017, and the dam was last fully inspected in 2017.",
            "The last full check of the dam was carried out in 2017, and was last fully checked in 2017.",
            "The levy will rise in January 2027, starting in January 2027.",
            "The fire closed the bridge. The bridge was closed by the fire.",
        ] {
            assert!(repeats_itself(text), "{text}");
        }
    }

    #[test]
    fn clauses_about_the_same_people_are_no_repeat() {
        for text in [
            "The council voted 9 to 6 on Thursday, ending a dispute that had lasted for eight years.",
            "Maria Kest, the county engineer, said the dam would hold, and Kest asked residents to wait.",
            "",
        ] {
            assert!(!repeats_itself(text), "{text}");
        }
    }
}
