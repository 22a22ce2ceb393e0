//! Words that turn a statement round, and words that say whose statement it is. Own compilation.

use std::ops::Range;

/// Words that deny, beside those that end in "n't".
const NEGATIONS: [&str; 12] = [
    "not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "cannot", "without", "nowhere",
    "unable",
];

/// Words that say that somebody says it.
const REPORTING: [&str; 49] = [
    "said",
    "says",
    "say",
    "saying",
    "told",
    "tells",
    "added",
    "adds",
    "stated",
    "states",
    "announced",
    "announces",
    "reported",
    "reports",
    "reportedly",
    "claimed",
    "claims",
    "claiming",
    "alleged",
    "alleges",
    "alleging",
    "allegedly",
    "accused",
    "accuses",
    "accusing",
    "suspected",
    "argued",
    "argues",
    "warned",
    "warns",
    "insisted",
    "denied",
    "denies",
    "acknowledged",
    "confirmed",
    "estimated",
    "wrote",
    "writes",
    "tweeted",
    "testified",
    "believes",
    "believed",
    "apparently",
    "purportedly",
    "charged",
    "explained",
    "explains",
    "noted",
    "recalled",
];

/// The words that deny in a text, normalised ("n't" and "cannot" are "not"), in order.
pub fn negations(text: &str) -> Vec<String> {
    lower_words(text)
        .filter_map(|word| match word.as_str() {
            "cannot" => Some("not".to_owned()),
            contracted if contracted.ends_with("n't") => Some("not".to_owned()),
            other => NEGATIONS.contains(&other).then(|| other.to_owned()),
        })
        .collect()
}

/// Whether a text says that somebody says it ("said", "according to", "allegedly", "claimed", "is accused of").
pub fn has_attribution(text: &str) -> bool {
    !attributions(text).is_empty()
}

/// Where a text says so: the places of those words.
pub fn attributions(text: &str) -> Vec<Range<usize>> {
    let words: Vec<(Range<usize>, String)> = placed_words(text).collect();
    let word = |at: Option<usize>| {
        at.and_then(|at| words.get(at))
            .map_or("", |(_, word)| word.as_str())
    };
    let reports = |at: usize| {
        let (before, here, next) = (word(at.checked_sub(1)), word(Some(at)), word(at.checked_add(1)));
        REPORTING.contains(&here) && !is_noun(before, here, next) || here == "according" && next == "to"
    };
    let places = words.iter().enumerate().filter(|(at, _)| reports(*at));
    places.map(|(_, (place, _))| place.clone()).collect()
}

/// "the United States", "267,000 claims", "media reports": words that are verbs of saying elsewhere.
fn is_noun(before: &str, word: &str, next: &str) -> bool {
    match word {
        "states" => next != "that",
        "claims" | "reports" => {
            BEFORE_NOUNS.contains(&before) || before.ends_with(|c: char| c.is_ascii_digit())
        }
        _ => false,
    }
}

/// What stands before a plural noun and not before a verb.
#[rustfmt::skip]
const BEFORE_NOUNS: [&str; 28] = [
    "the", "of", "these", "those", "his", "her", "their", "its", "in", "from", "by", "on", "with", "to", "for", "jobless",
    "unemployment", "initial", "continuing", "weekly", "new", "false", "media", "news", "such", "many", "some", "million",
];

fn lower_words(text: &str) -> impl Iterator<Item = String> + '_ {
    placed_words(text).map(|(_, word)| word)
}

/// The words in lower case, and where they stand.
fn placed_words(text: &str) -> impl Iterator<Item = (Range<usize>, String)> + '_ {
    let is_mark = |c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’');
    let mut start = 0;
    let placed = text.split_inclusive(is_mark).map(move |part| {
        let word = part.trim_end_matches(is_mark);
        let place = start..start + word.len();
        start += part.len();
        (place, word.replace('’', "'").to_lowercase())
    });
    placed.filter(|(_, word)| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negations_are_found_however_they_are_written() {
        assert_eq!(
            negations("They didn’t go, and cannot. No, never."),
            ["not", "not", "no", "never"]
        );
        assert!(negations("A notable note").is_empty());
    }

    #[test]
    fn reporting_words_are_attribution() {
        assert!(has_attribution("It fell, officials said."));
        assert!(has_attribution("According to police, it fell."));
        assert!(!has_attribution("It fell according with rules."));
        assert!(has_attribution("The report states that it fell."));
        assert!(has_attribution("The mayor claims it fell."));
        assert!(!has_attribution(
            "It fell in the United States after 267,000 claims and news reports."
        ));
    }
}
