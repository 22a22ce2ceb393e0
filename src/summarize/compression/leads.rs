//! What stands before the subject of a sentence and can go.

use super::cuts::{APPOSITIONS, Edit, MIN_LEFT, MOST_PHRASE, SPEECH, cut};
use super::words::{Word, attribute, have_verb};
use crate::text::facts::WEEKDAYS;

/// Prepositions and conjunctions that open a phrase at the beginning of a sentence.
#[rustfmt::skip]
pub(super) const LEADS: [&str; 30] = [
    "meanwhile", "however", "but", "and", "still", "also", "earlier", "later", "after", "amid", "following", "despite",
    "while", "when", "as", "speaking", "citing", "instead", "then", "now", "moreover", "furthermore", "so", "yet", "thus",
    "indeed", "with", "before", "overall", "elsewhere",
];

/// Phrases that only connect a sentence with the one before.
#[rustfmt::skip]
const CONNECTIVES: [&str; 13] = [
    "in other words",
    "in addition", "in turn", "in fact", "in response", "in the end", "at the same time", "of course", "at one point",
    "for now", "once again", "in the meantime", "as a result",
];

/// Participles that open a phrase about the subject.
#[rustfmt::skip]
const PARTICIPLES: [&str; 12] = [
    "asked", "pressed", "faced", "armed", "based", "founded", "flanked", "joined", "surrounded", "dressed", "elected",
    "appointed",
];

/// What looks like a participle and opens a condition, an attribution or a time, or is none.
#[rustfmt::skip]
const NO_PARTICIPLES: [&str; 15] = [
    "during", "according", "pending", "barring", "excluding", "assuming", "providing", "beginning", "starting", "nothing",
    "everything", "something", "anything", "morning", "evening",
];

/// What "earlier" and "later" stand before where they tell a time: "Earlier this week, …".
#[rustfmt::skip]
const TIMES: [&str; 10] = ["this", "that", "in", "on", "today", "yesterday", "last", "during", "at", "than"];

/// Units of the time between two events: "Hours after the vote, …".
const SPANS: [&str; 9] = [
    "minutes", "hours", "days", "weeks", "months", "day", "week", "month", "shortly",
];

/// "After the vote, the senator …": the phrase before the first comma.
pub(super) fn lead(words: &[Word]) -> Option<Edit> {
    let first = words.first()?;
    if first.is(&["but", "and"]) && words.get(1)?.opens_subject() {
        return Some(cut(0..1, false));
    }
    let comma = words.iter().take(MOST_PHRASE).position(Word::has_comma)?;
    let phrase = words.get(..=comma)?;
    let next = words.get(comma + 1)?;
    let is_single = comma == 0 && (first.lower.ends_with("ly") || first.is(&LEADS));
    // "Earlier protests in Denver, Elm and Oak went off peacefully" begins with its subject.
    let second = words.get(1)?;
    let modifies = first.is(&["earlier", "later"]) && !second.is(&TIMES) && !second.is(&WEEKDAYS);
    let is_phrase = comma > 0 && (first.is(&LEADS) && !modifies || is_participial(first));
    let opens =
        is_single || is_phrase || is_day(phrase) || is_speech(phrase) || connects(phrase) || dates(phrase);
    let lists = words.get(comma + 1..comma + 4)?.iter().any(Word::has_comma);
    let explains = explains_lead(words.get(comma + 1..)?);
    let safe = opens
        && !lists
        && !explains
        && next.opens_subject()
        && !attribute(phrase)
        && words.len() - comma > MIN_LEFT
        // "As one of the first" compares, and so on: only with a subject behind the comma that has its verb.
        && have_verb(words.get(comma + 1..)?);
    safe.then(|| cut(0..comma + 1, false))
}

/// "On the levy, the oldest of the town, Ann Example voted", "While many met in Alder, Elm and Oak, few came to Tolmar":
/// what stands behind the first comma belongs before it.
fn explains_lead(rest: &[Word]) -> bool {
    let Some(comma) = rest.iter().position(Word::has_comma) else {
        return false;
    };
    let (phrase, behind) = rest.split_at(comma + 1);
    let explains_subject = behind.first().is_some_and(|first| first.is(&APPOSITIONS));
    !have_verb(phrase) && !explains_subject
}

fn is_participial(first: &Word) -> bool {
    let is_present = first.lower.len() > 5 && first.lower.ends_with("ing") && !first.is(&NO_PARTICIPLES);
    is_present || first.is(&PARTICIPLES)
}

fn is_day(phrase: &[Word]) -> bool {
    let opens = phrase
        .first()
        .is_some_and(|first| first.is(&["on", "late", "early"]));
    opens && phrase.iter().any(|word| word.is(&WEEKDAYS))
}

fn is_speech(phrase: &[Word]) -> bool {
    let opens = phrase
        .first()
        .is_some_and(|first| first.is(&["in", "at", "during", "on"]));
    opens && phrase.iter().any(|word| word.is(&SPEECH))
}

fn connects(phrase: &[Word]) -> bool {
    let lower: Vec<&str> = phrase.iter().map(|word| word.lower.as_str()).collect();
    CONNECTIVES.contains(&lower.join(" ").as_str())
}

/// "Two days after the vote,": when, by another event.
fn dates(phrase: &[Word]) -> bool {
    phrase
        .windows(2)
        .take(4)
        .any(|pair| matches!(pair, [span, then] if span.is(&SPANS) && then.is(&["after", "before"])))
}
