//! P6: who did it to whom. Two names that stand round a verb in one order in every cited sentence do not stand round it in
//! the other order in a bullet, unless the voice changed ("was sued by").

use std::ops::Range;

use super::support::content_words;
use super::{Candidate, reason_if};
use crate::domain::CheckReason;
use crate::text::facts;
use crate::text::similarity::words;

/// Words between which two names may stand; farther apart, the words between them say nothing of both.
const MOST_BETWEEN: usize = 12;

/// `roles_swapped` when two names changed places round a verb.
pub fn roles(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    reason_if(
        are_swapped(candidate.text, candidate.evidence),
        CheckReason::RolesSwapped,
    )
}

/// Whether two names of the text stand the other way round in the evidence, with a word in common between them, and
/// nowhere in the text's order.
pub fn are_swapped(text: &str, evidence: &[&str]) -> bool {
    let theirs: Vec<Between> = evidence.iter().flat_map(|sentence| pairs(sentence)).collect();
    pairs(text).iter().any(|own| {
        let about_the_same = |other: &&Between| own.stems.iter().any(|stem| other.stems.contains(stem));
        let same_order = |other: &Between| own.first == other.first && own.second == other.second;
        let turned = |other: &Between| own.first == other.second && own.second == other.first;
        let mut related = theirs.iter().filter(about_the_same).peekable();
        related.peek().is_some()
            && !theirs.iter().any(same_order)
            && related.any(|other| turned(other) && own.is_passive == other.is_passive)
    })
}

/// Two names of one sentence that follow each other, and what stands between them.
struct Between {
    /// The last word of the first name, in lower case.
    first: String,
    second: String,
    stems: Vec<String>,
    is_passive: bool,
}

fn pairs(sentence: &str) -> Vec<Between> {
    let names: Vec<(Range<usize>, String)> = facts::names(sentence)
        .into_iter()
        .filter_map(|name| Some((name.span, name.words.last()?.to_lowercase())))
        .collect();
    let mut pairs = Vec::new();
    for (index, (first_span, first)) in names.iter().enumerate() {
        for (second_span, second) in names.iter().skip(index + 1) {
            let between = sentence
                .get(first_span.end..second_span.start)
                .unwrap_or_default();
            let said = words(between);
            if said.len() > MOST_BETWEEN || first == second || between.contains(['.', ';', '"', '“', '”'])
            {
                continue;
            }
            let is_passive = said.iter().any(|word| word == "by");
            let stems = content_words(between);
            if !stems.is_empty() {
                pairs.push(Between {
                    first: first.clone(),
                    second: second.clone(),
                    stems,
                    is_passive,
                });
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_changed_places_round_a_verb_are_found() {
        let evidence = ["On Monday Ada Reyes sued the Hill Company over the dam."];
        assert!(are_swapped("The Hill Company sued Ada Reyes.", &evidence));
        assert!(!are_swapped("Ada Reyes sued the Hill Company.", &evidence));
    }

    #[test]
    fn another_voice_another_verb_and_a_second_witness_are_no_exchange() {
        let evidence = ["Ada Reyes sued the Hill Company over the dam."];
        assert!(!are_swapped("The Hill Company was sued by Ada Reyes.", &evidence));
        assert!(!are_swapped("The Hill Company answered Ada Reyes.", &evidence));
        let both = ["Iran attacked Iraq.", "In return Iraq attacked Iran."];
        assert!(!are_swapped("After that, Iraq attacked Iran.", &both));
    }
}
