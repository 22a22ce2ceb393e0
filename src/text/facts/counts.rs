//! How many people were killed, hurt, arrested …: the counts that outlets report differently, and that can be told
//! apart reliably. Sentences that look back, deny or suppose are passed over, and so are parts of a count ("12 others").

use std::ops::Range;

use super::numbers::{Bound, numbers};
use super::tokens::{Kind, Token, tokens};
use super::wording::negations;

/// A count of people to whom one thing happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Where the number stands: byte range.
    pub span: Range<usize>,
    /// The number.
    pub value: u64,
    /// Whether it is a least one: "at least 12".
    pub is_least: bool,
    /// What is counted: "death toll", "people injured", "children killed".
    pub about: String,
    /// What happened to them: "killed", "injured", …
    pub fate: &'static str,
}

/// What happens to people, the words that say so behind the number, and those before it.
#[rustfmt::skip]
const FATES: [(&str, &[&str], &[&str]); 5] = [
    ("killed", &["killed", "dead", "died", "die", "perished"], &["killed", "killing", "kills", "kill"]),
    ("injured", &["injured", "wounded", "hurt"], &["injured", "injuring", "wounded", "wounding"]),
    ("arrested", &["arrested", "detained"], &["arrested", "arresting", "detained", "detaining"]),
    ("missing", &["missing", "unaccounted"], &[]),
    ("evacuated", &["evacuated", "displaced"], &["evacuated", "displaced", "displacing"]),
];

/// Anybody.
const ANYBODY: [&str; 4] = ["people", "persons", "lives", "victims"];

/// Some of them: a count of its own.
#[rustfmt::skip]
const SOME: [&str; 20] = [
    "children", "students", "civilians", "soldiers", "officers", "women", "men", "passengers", "workers", "protesters",
    "demonstrators", "firefighters", "hostages", "migrants", "troops", "policemen", "fighters", "militants", "journalists",
    "teachers",
];

/// "Crew members" and the like: the first word, and both.
const MEMBERS: [(&str, &str); 3] = [
    ("crew", "crew members"),
    ("family", "family members"),
    ("staff", "staff members"),
];

/// Between the number or its noun and what happened.
#[rustfmt::skip]
const BETWEEN: [&str; 10] = ["have", "has", "had", "were", "was", "are", "been", "also", "confirmed", "being"];

/// Words of sentences that tell of other events, or of what did not happen.
#[rustfmt::skip]
const ELSEWHERE: [&str; 40] = [
    "ago", "annually", "average", "could", "deadliest", "decade", "decades", "each", "estimated", "every", "feared", "history",
    "if", "last", "may", "might", "month", "months", "nationwide", "overnight", "per", "previous", "previously", "projected",
    "should", "since", "so", "statistics", "total", "week", "weeks", "worldwide", "worst", "would", "year", "years", "initially",
    "earlier", "nationally", "daily",
];

/// The counts of a sentence; none where it counts one thing twice.
pub fn counts(text: &str) -> Vec<Count> {
    let tokens = tokens(text);
    let lower: Vec<String> = tokens.iter().map(|token| token.text.to_lowercase()).collect();
    if lower.iter().any(|word| ELSEWHERE.contains(&word.as_str())) || !negations(text).is_empty() {
        return Vec::new();
    }
    let numbers = numbers(text);
    let is_year = |value: &str| value.len() == 4 && (value.starts_with("19") || value.starts_with("20"));
    if numbers
        .iter()
        .any(|number| number.unit.is_none() && is_year(&number.value))
    {
        return Vec::new();
    }
    let mut counts: Vec<Count> = Vec::new();
    for number in numbers {
        let is_plain = number.unit.is_none() && matches!(number.bound, Bound::Exact | Bound::Above);
        let (Ok(value), true) = (number.value.parse(), is_plain) else {
            continue;
        };
        let first = tokens.iter().position(|token| token.start >= number.span.start);
        let after = tokens
            .iter()
            .position(|token| token.start >= number.span.end)
            .unwrap_or(tokens.len());
        if let Some((who, fate)) = first.and_then(|first| subject(&tokens, &lower, first, after)) {
            counts.push(Count {
                span: number.span,
                value,
                is_least: number.bound == Bound::Above,
                about: named(who, fate),
                fate,
            });
        }
    }
    let is_twice = |count: &Count| counts.iter().filter(|other| other.about == count.about).count() > 1;
    if counts.iter().any(is_twice) {
        return Vec::new();
    }
    counts
}

/// Whom the number at the tokens `first..after` counts, and what happened to them.
fn subject(
    tokens: &[Token<'_>],
    lower: &[String],
    first: usize,
    after: usize,
) -> Option<(&'static str, &'static str)> {
    let word = |index: usize| lower.get(index).map_or("", String::as_str);
    let noun = word(after);
    let members = MEMBERS
        .iter()
        .find(|(first, _)| *first == noun && word(after + 1) == "members");
    let (who, behind) = match (noun, members) {
        (_, Some((_, both))) => (*both, after + 2),
        (noun, None) if ANYBODY.contains(&noun) => ("people", after + 1),
        (noun, None) => SOME
            .iter()
            .find(|some| **some == noun)
            .map_or(("", after), |some| (*some, after + 1)),
    };
    let fate = fate_behind(lower, behind).or_else(|| {
        // "killed 12 people", "killing at least 12.": a noun of another kind is no person.
        let ends = tokens.get(after).is_none_or(|token| token.kind == Kind::Symbol)
            || matches!(noun, "and" | "in" | "at" | "on" | "when" | "as");
        let before = before_bound(lower, first)?;
        let leads = FATES.iter().find(|(_, _, leads)| leads.contains(&word(before)));
        leads.filter(|_| !who.is_empty() || ends).map(|(fate, ..)| *fate)
    });
    if let Some(fate) = fate {
        return Some((if who.is_empty() { "people" } else { who }, fate));
    }
    // "the death toll rose to 12"
    let before = before_bound(lower, first)?;
    let toll = (before.saturating_sub(6)..before).any(|at| word(at) == "death" && word(at + 1) == "toll");
    let is_toll = matches!(
        word(before),
        "to" | "at" | "of" | "is" | "was" | "reached" | "hit"
    );
    (toll && is_toll).then_some(("people", "killed"))
}

fn named(who: &str, fate: &str) -> String {
    if (who, fate) == ("people", "killed") {
        return "death toll".to_owned();
    }
    format!("{who} {fate}")
}

/// What happened, directly behind the number and its noun: "12 people were killed", "12 dead".
fn fate_behind(lower: &[String], mut index: usize) -> Option<&'static str> {
    while lower
        .get(index)
        .is_some_and(|word| BETWEEN.contains(&word.as_str()))
    {
        index += 1;
    }
    let word = lower.get(index)?;
    let fate = FATES
        .iter()
        .find(|(_, behind, _)| behind.contains(&word.as_str()));
    fate.map(|(fate, ..)| *fate)
}

/// The word before the number and before "at least" or "more than".
fn before_bound(lower: &[String], first: usize) -> Option<usize> {
    let mut index = first.checked_sub(1)?;
    while lower
        .get(index)
        .is_some_and(|word| matches!(word.as_str(), "at" | "least" | "more" | "than" | "over"))
        && !(lower.get(index).is_some_and(|word| word == "at")
            && lower.get(index + 1).is_none_or(|next| next != "least"))
    {
        index = index.checked_sub(1)?;
    }
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, bool, String)> {
        counts(text)
            .into_iter()
            .map(|count| (count.value, count.is_least, count.about))
            .collect()
    }

    #[test]
    fn people_are_counted_by_what_happened_to_them() {
        for (text, value, is_least, about) in [
            ("The blast killed 12 people in Alder.", 12, false, "death toll"),
            ("Twelve people were killed in Alder.", 12, false, "death toll"),
            ("The blast in Alder left 12 dead.", 12, false, "death toll"),
            ("The death toll in Alder rose to 12.", 12, false, "death toll"),
            (
                "The blast left a death toll of at least 12.",
                12,
                true,
                "death toll",
            ),
            (
                "At least 30 people have been injured.",
                30,
                true,
                "people injured",
            ),
            ("The blast injured 30 people.", 30, false, "people injured"),
            (
                "Two crew members died in the storm.",
                2,
                false,
                "crew members killed",
            ),
            (
                "Police arrested 7 protesters in Alder.",
                7,
                false,
                "protesters arrested",
            ),
            ("A blast killed 5 children in Alder.", 5, false, "children killed"),
        ] {
            assert_eq!(read(text), [(value, is_least, about.to_owned())], "{text}");
        }
        assert_eq!(
            read("The blast killed 12 people and injured 30."),
            [
                (12, false, "death toll".to_owned()),
                (30, false, "people injured".to_owned())
            ]
        );
    }

    #[test]
    fn parts_of_a_count_other_events_and_doubts_are_passed_over() {
        for text in [
            "The blast killed 12 others in Alder.",
            "A blast killed 12 people in Alder in 2015.",
            "A blast killed 12 people two years ago.",
            "Up to 12 people were killed.",
            "Nearly 300 people were killed.",
            "A flood could leave 300 people dead.",
            "It did not kill 12 people.",
            "The blast killed 12 people, 5 people were killed by fire.",
            "He was killed 12 days later.",
            "He died at 73.",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
