//! P5 and P6: what is only reported stays reported; what is denied stays denied, what may be stays a may-be.

use std::collections::BTreeSet;
use std::ops::Range;

use super::support::{content_words, stem};
use super::{Candidate, reason_if};
use crate::domain::CheckReason;
use crate::summarize::compression::has_verb;
use crate::text::{facts, similarity};

/// Words that make a statement less than a fact: it is planned, possible, asked for, or a condition.
const HEDGES: &[&str] = &[
    "may",
    "might",
    "could",
    "would",
    "should",
    "if",
    "unless",
    "plan",
    "plans",
    "planned",
    "planning",
    "aim",
    "aims",
    "aimed",
    "aiming",
    "intend",
    "intends",
    "intended",
    "seek",
    "seeks",
    "sought",
    "seeking",
    "propose",
    "proposes",
    "proposed",
    "proposal",
    "expected",
    "expects",
    "expect",
    "likely",
    "unlikely",
    "possible",
    "possibly",
    "potential",
    "potentially",
    "hope",
    "hopes",
    "hoped",
    "want",
    "wants",
    "wanted",
    "consider",
    "considers",
    "considering",
    "threatened",
    "threatens",
    "alleged",
    "allegedly",
    "accused",
    "suspected",
    "reportedly",
    "attempted",
    "tried",
    "trying",
    "will",
    "shall",
    "poised",
    "vowed",
    "pledged",
    "promised",
    "warrant",
    "appears",
    "appeared",
    "seems",
    "perhaps",
    "probably",
];

/// How many of the words that follow a hedge or a negation it governs.
const SCOPE_WORDS: usize = 4;

/// How many of them a bullet must tell to have told what was hedged or denied.
const TOLD_WORDS: usize = 2;

/// P5: where every cited sentence only reports what somebody says, so does the bullet; and a speaker's words are not
/// told as a fact.
pub fn attribution(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let told: BTreeSet<String> = content_words(candidate.text).into_iter().collect();
    let only_reported = !candidate.evidence.is_empty()
        && candidate
            .evidence
            .iter()
            .all(|sentence| is_reported(sentence, &told));
    let dropped = !facts::has_attribution(candidate.text)
        && (only_reported || facts::takes_words_out_of_a_quotation(candidate.text, candidate.evidence));
    reason_if(dropped, CheckReason::AttributionDropped)
}

/// Whether a sentence only reports what is told of it. A verb of saying that stands behind all of that and opens a clause
/// of its own ("…, and the mayor said it would stay", "…, saying it was old") reports that clause alone.
fn is_reported(sentence: &str, told: &BTreeSet<String>) -> bool {
    let reports_what_is_told = |cue: Range<usize>| {
        let (before, verb, behind) = (
            sentence.get(..cue.start).unwrap_or_default(),
            sentence.get(cue.clone()).unwrap_or_default(),
            sentence.get(cue.end..).unwrap_or_default(),
        );
        let all_before: BTreeSet<String> = content_words(before).into_iter().collect();
        !told.is_subset(&all_before) || !opens_clause(before, verb, behind)
    };
    facts::attributions(sentence)
        .into_iter()
        .any(reports_what_is_told)
}

/// Whether a verb of saying has its own clause behind it.
fn opens_clause(before: &str, verb: &str, behind: &str) -> bool {
    let words = similarity::words(behind);
    if !behind.starts_with(' ') || words.len() < MIN_CLAUSE_WORDS {
        return false;
    }
    if verb.eq_ignore_ascii_case("according") {
        return false;
    }
    if verb.ends_with("ing") {
        return true;
    }
    // "“It is old,” said the mayor, who left" turns the clause round.
    if before.trim_end().ends_with([',', '"', '”']) {
        return false;
    }
    let is_skipped = |word: &&String| *word == "that" || facts::WEEKDAYS.contains(&word.as_str());
    let first = words.iter().find(|word| !is_skipped(word));
    first.is_some_and(|first| SUBJECTS.contains(&first.as_str())) && has_verb(behind)
}

/// A clause has so many words.
const MIN_CLAUSE_WORDS: usize = 3;

/// What opens a clause behind a verb of saying.
#[rustfmt::skip]
const SUBJECTS: [&str; 16] = [
    "the", "a", "an", "he", "she", "it", "they", "we", "his", "her", "its", "their", "there", "this", "these", "such",
];

/// P6: a negation or a hedge that the bullet has is in a cited sentence; one that governs words which the bullet tells
/// is in the bullet.
pub fn polarity(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let appeared = [is_negation, is_hedge].into_iter().any(|is_marker| {
        let has = |text: &str| similarity::words(text).iter().any(|word| is_marker(word));
        has(candidate.text) && !candidate.evidence.iter().any(|sentence| has(sentence))
    });
    let told: BTreeSet<String> = content_words(candidate.text).into_iter().collect();
    let vanished = [is_negation, is_hedge].into_iter().any(|is_marker| {
        let kept = similarity::words(candidate.text)
            .iter()
            .any(|word| is_marker(word));
        !kept
            && candidate
                .evidence
                .iter()
                .all(|sentence| governs_told_words(sentence, is_marker, &told))
    });
    reason_if(
        appeared || vanished && !candidate.evidence.is_empty(),
        CheckReason::PolarityChanged,
    )
}

/// P6: what the cited sentences only mean to do ("opened the gates to lower the lake") is not told as done ("has lowered
/// the lake"). Regular verbs only.
pub fn realised(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let sentences: Vec<Vec<String>> = candidate
        .evidence
        .iter()
        .map(|sentence| similarity::words(sentence))
        .collect();
    let is_only_meant = |past: &String| {
        let verb = stem(past);
        let mut forms = sentences.iter().flat_map(|words| {
            let with_before = std::iter::once(None).chain(words.iter().map(Some)).zip(words);
            with_before.filter(|(_, word)| stem(word) == verb)
        });
        let mut is_there = false;
        let all_meant = forms.all(|(before, word)| {
            is_there = true;
            !word.ends_with("ed") && before.is_some_and(|before| before == "to")
        });
        is_there && all_meant
    };
    let told = similarity::words(candidate.text);
    let mut pasts = told.iter().filter(|word| word.ends_with("ed"));
    reason_if(pasts.any(is_only_meant), CheckReason::PolarityChanged)
}

/// Whether a marker of this kind stands before words that the bullet tells.
fn governs_told_words(sentence: &str, is_marker: fn(&str) -> bool, told: &BTreeSet<String>) -> bool {
    let words = similarity::words(sentence);
    words.iter().enumerate().any(|(index, word)| {
        let scope = || {
            words
                .iter()
                .skip(index + 1)
                .filter(|word| !similarity::is_function_word(word))
                .take(SCOPE_WORDS)
        };
        is_marker(word) && scope().filter(|word| told.contains(&stem(word))).count() >= TOLD_WORDS
    })
}

fn is_negation(word: &str) -> bool {
    !facts::negations(word).is_empty()
}

/// Whether a (lower-case) word makes a statement less than a fact.
pub fn is_hedge(word: &str) -> bool {
    HEDGES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_of_saying_behind_what_is_told_may_report_something_else() {
        for (text, evidence, is_dropped) in [
            (
                "The council asked the state to keep the bridge open.",
                "The council asked the state on Tuesday to keep the bridge open, and its leaders said they could vote on a \
                 levy in May.",
                false,
            ),
            (
                "The council closed the old bridge.",
                "The council closed the old bridge, saying the cracks were too wide.",
                false,
            ),
            (
                "The old bridge is unsafe.",
                "The old bridge is unsafe, state engineers said on Monday.",
                true,
            ),
            (
                "The old bridge is unsafe.",
                "The old bridge is unsafe, said Ann Example, who has seen it.",
                true,
            ),
            (
                "The old bridge is unsafe.",
                "The old bridge is unsafe, he said, and the council agreed.",
                true,
            ),
            (
                "The old bridge is unsafe.",
                "The old bridge is unsafe, according to a report that was leaked.",
                true,
            ),
            (
                "The old bridge is unsafe.",
                "The old bridge is unsafe, officials said after the vote was held.",
                true,
            ),
            (
                "The old bridge is unsafe.",
                "The mayor said the old bridge is unsafe.",
                true,
            ),
            (
                "The old bridge is unsafe.",
                "The bridge shook, and the mayor said the old bridge is unsafe.",
                true,
            ),
        ] {
            let found = super::super::found_by(attribution, text, evidence);
            assert_eq!(!found.is_empty(), is_dropped, "{evidence}");
        }
    }
}
