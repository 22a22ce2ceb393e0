//! Minimal edits: a true sentence becomes an untrue one by a change of one place. By rule and without chance, so that a
//! refit is the same to the last bit.

use crate::text::facts::{self, WEEKDAYS};

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One name stands for another.
    NameSwapped,
    /// A number is another number.
    NumberChanged,
    /// A negation came or went.
    NegationChanged,
    /// Who says it is left out.
    AttributionDropped,
    /// Two names changed places.
    RolesExchanged,
    /// A word became its opposite.
    WordOpposed,
}

/// An edited sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What was changed.
    pub kind: Kind,
    /// The sentence with the change.
    pub text: String,
}

/// One edit of each kind that the sentence allows.
pub fn minimal(text: &str, evidence: &[&str]) -> Vec<Edit> {
    let edits: [(Kind, Option<String>); 6] = [
        (Kind::NameSwapped, swap_name(text, evidence)),
        (Kind::NumberChanged, change_number(text, evidence)),
        (Kind::NegationChanged, change_negation(text)),
        (Kind::AttributionDropped, drop_attribution(text)),
        (Kind::RolesExchanged, exchange_roles(text)),
        (Kind::WordOpposed, oppose_word(text)),
    ];
    let changed = |(kind, edited): (Kind, Option<String>)| {
        let text = edited.filter(|edited| edited != text)?;
        Some(Edit { kind, text })
    };
    edits.into_iter().filter_map(changed).collect()
}

/// The last name of the sentence becomes a name of the evidence that the sentence lacks.
fn swap_name(text: &str, evidence: &[&str]) -> Option<String> {
    let own = spans_of_names(text);
    let span = own.last()?.clone();
    let theirs = evidence.iter().flat_map(|sentence| {
        let spans = spans_of_names(sentence).into_iter();
        spans.filter_map(|span| sentence.get(span))
    });
    let old = text.get(span.clone())?;
    let is_other = |name: &&str| !name.split(' ').any(|word| text.contains(word)) && !name.contains(old);
    let other = theirs
        .filter(is_other)
        .max_by_key(|name| name.split(' ').count())?;
    Some(replaced(text, span, other))
}

/// The last number becomes one of the evidence that the sentence lacks, or its last digit goes up by one to three; a
/// weekday the day after the next.
fn change_number(text: &str, evidence: &[&str]) -> Option<String> {
    let numbers = facts::numbers(text);
    let digits = |range: std::ops::Range<usize>| {
        let part = text.get(range.clone())?;
        let start = part.find(|c: char| c.is_ascii_digit())?;
        let rest = part.get(start..)?;
        let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some(range.start + start..range.start + start + length)
    };
    if let Some(span) = numbers
        .iter()
        .rev()
        .find_map(|number| digits(number.span.clone()))
    {
        let old = text.get(span.clone())?;
        let is_other = |word: &&str| word.len() == old.len() && *word != old && !text.contains(word);
        let mut theirs = evidence
            .iter()
            .flat_map(|sentence| sentence.split(|c: char| !c.is_ascii_digit()));
        let new = theirs
            .find(is_other)
            .map_or_else(|| raised(old), ToOwned::to_owned);
        return Some(replaced(text, span, &new));
    }
    let day = |word: &str| {
        WEEKDAYS
            .iter()
            .position(|day| day.eq_ignore_ascii_case(word.trim_matches(|c: char| !c.is_alphabetic())))
    };
    let (span, index) = spans_of_words(text)
        .into_iter()
        .find_map(|span| Some((span.clone(), day(text.get(span)?)?)))?;
    let other = WEEKDAYS.get((index + 2) % WEEKDAYS.len())?;
    Some(replaced(
        text,
        span,
        &crate::text::capitalised(&other.to_lowercase()),
    ))
}

/// "24" → "27", "39" → "38".
fn raised(digits: &str) -> String {
    let (head, last) = digits.split_at(digits.len().saturating_sub(1));
    let last: u32 = last.parse().unwrap_or(0);
    let new = if last < 7 { last + 3 } else { last - 1 };
    format!("{head}{new}")
}

/// Auxiliaries behind which a sentence is denied.
const AUXILIARIES: [&str; 14] = [
    "will", "would", "can", "could", "should", "must", "is", "are", "was", "were", "has", "have", "had",
    "may",
];

/// A negation goes; where there is none, one comes behind the first auxiliary.
fn change_negation(text: &str) -> Option<String> {
    for (denied, affirmed) in [
        (" cannot ", " can "),
        (" will not ", " will "),
        (" did not ", " did "),
        (" not ", " "),
        (" never ", " always "),
        (" no ", " some "),
        (" without ", " with "),
        ("won't ", "will "),
        ("can't ", "can "),
        ("n't ", " "),
        ("n’t ", " "),
    ] {
        if text.contains(denied) {
            return Some(text.replacen(denied, affirmed, 1));
        }
    }
    let spans = spans_of_words(text).into_iter();
    let auxiliary = spans
        .filter(|span| {
            text.get(span.clone())
                .is_some_and(|word| AUXILIARIES.contains(&word))
        })
        .find(|span| !is_quoted(text, span.start))?;
    Some(format!(
        "{} not{}",
        text.get(..auxiliary.end)?,
        text.get(auxiliary.end..)?
    ))
}

/// ", officials said." goes, or "Officials said that", or "allegedly".
fn drop_attribution(text: &str) -> Option<String> {
    for word in [" allegedly", " reportedly", " apparently"] {
        if text.contains(word) {
            return Some(text.replacen(word, "", 1));
        }
    }
    if let Some((statement, speaker)) = text.rsplit_once(", ")
        && facts::has_attribution(speaker)
        && !facts::has_attribution(statement)
        && speaker.split(' ').count() <= 10
    {
        return Some(format!("{statement}."));
    }
    for verb in [
        " said that ",
        " says that ",
        " claimed that ",
        " alleged that ",
        " said ",
        " says ",
        " claimed ",
    ] {
        if let Some((speaker, statement)) = text.split_once(verb)
            && speaker.split(' ').count() <= 8
            && !speaker.contains(['"', '“', ','])
            && statement.split(' ').count() >= 5
            && !statement.starts_with(['"', '“'])
        {
            return Some(crate::text::capitalised(statement));
        }
    }
    None
}

/// The first two different names change places.
fn exchange_roles(text: &str) -> Option<String> {
    let spans = spans_of_names(text);
    let first = spans.first()?.clone();
    let one = text.get(first.clone())?;
    let second = spans.into_iter().skip(1).find(|span| {
        let other = text.get(span.clone()).unwrap_or_default();
        !other.is_empty() && !one.contains(other) && !other.contains(one)
    })?;
    let other = text.get(second.clone())?;
    Some(replaced(&replaced(text, second, one), first, other))
}

/// Words that say the opposite of each other, either way.
#[rustfmt::skip]
const OPPOSITES: [(&str, &str); 40] = [
    ("increase", "decrease"), ("increased", "decreased"), ("rose", "fell"), ("rise", "fall"), ("rising", "falling"),
    ("more", "less"), ("higher", "lower"), ("before", "after"), ("won", "lost"), ("win", "lose"),
    ("support", "oppose"), ("supported", "opposed"), ("supports", "opposes"), ("approved", "rejected"),
    ("accepted", "refused"), ("allow", "ban"), ("allowed", "banned"), ("against", "for"), ("first", "last"),
    ("best", "worst"), ("men", "women"), ("man", "woman"), ("north", "south"), ("east", "west"), ("opened", "closed"),
    ("began", "ended"), ("start", "end"), ("arrived", "left"), ("strong", "weak"), ("old", "new"), ("large", "small"),
    ("Democratic", "Republican"), ("Democrats", "Republicans"), ("House", "Senate"), ("confirmed", "denied"),
    ("praised", "criticized"), ("raised", "lowered"), ("up", "down"), ("over", "under"), ("all", "some"),
];

fn oppose_word(text: &str) -> Option<String> {
    let opposite = |word: &str| {
        OPPOSITES.iter().find_map(|(a, b)| {
            if word == *a {
                Some(*b)
            } else {
                (word == *b).then_some(*a)
            }
        })
    };
    let (span, other) = spans_of_words(text)
        .into_iter()
        .filter(|span| !is_quoted(text, span.start))
        .find_map(|span| Some((span.clone(), opposite(text.get(span)?)?)))?;
    Some(replaced(text, span, other))
}

/// The names of a text without those that only open it.
fn spans_of_names(text: &str) -> Vec<std::ops::Range<usize>> {
    let is_day = |part: &str| WEEKDAYS.iter().any(|day| part.eq_ignore_ascii_case(day));
    let spans = facts::names(text).into_iter().map(|name| name.span);
    spans
        .filter(|span| text.get(span.clone()).is_some_and(|part| !is_day(part)))
        .collect()
}

fn spans_of_words(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut spans = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
        if !word.is_empty() {
            spans.push(start..start + word.len());
        }
        start += part.len();
    }
    spans
}

fn is_quoted(text: &str, at: usize) -> bool {
    facts::quotes(text).iter().any(|quote| quote.span.contains(&at))
}

fn replaced(text: &str, span: std::ops::Range<usize>, new: &str) -> String {
    let mut edited = text.to_owned();
    if text.get(span.clone()).is_some() {
        edited.replace_range(span, new);
    }
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(kind: Kind, text: &str, evidence: &[&str]) -> Option<String> {
        let mut edits = minimal(text, evidence).into_iter();
        edits.find(|edit| edit.kind == kind).map(|edit| edit.text)
    }

    #[test]
    fn a_name_becomes_another_of_the_evidence() {
        let evidence = ["In Doha, Ada Reyes met Omar Kest on Monday."];
        let found = edited(
            Kind::NameSwapped,
            "In Doha talks were held by Ada Reyes.",
            &evidence,
        );
        assert_eq!(found.as_deref(), Some("In Doha talks were held by Omar Kest."));
        assert_eq!(edited(Kind::NameSwapped, "Nobody was there.", &evidence), None);
    }

    #[test]
    fn a_number_becomes_another_one() {
        let evidence = ["It took 24 hours and 17 people."];
        let of_evidence = edited(Kind::NumberChanged, "It took 24 hours.", &evidence);
        assert_eq!(of_evidence.as_deref(), Some("It took 17 hours."));
        let raised = edited(Kind::NumberChanged, "It took 24 hours.", &[]);
        assert_eq!(raised.as_deref(), Some("It took 27 hours."));
        let day = edited(Kind::NumberChanged, "It began on Monday.", &[]);
        assert_eq!(day.as_deref(), Some("It began on Wednesday."));
    }

    #[test]
    fn a_negation_goes_or_comes() {
        for (text, expected) in [
            ("They did not pay.", "They did pay."),
            ("The road is closed.", "The road is not closed."),
            ("She said, \"It is late\".", ""),
        ] {
            let found = edited(Kind::NegationChanged, text, &[]).unwrap_or_default();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn who_says_it_is_left_out() {
        for text in [
            "The old road will stay closed, officials said.",
            "Officials said that the old road will stay closed.",
            "The old road will allegedly stay closed.",
        ] {
            let found = edited(Kind::AttributionDropped, text, &[]).unwrap();
            assert_eq!(found.to_lowercase(), "the old road will stay closed.");
        }
    }

    #[test]
    fn two_names_change_places_and_a_word_its_meaning() {
        let text = "On Monday the city of Hillford sued Ada Reyes after prices rose.";
        assert_eq!(
            edited(Kind::RolesExchanged, text, &[]).as_deref(),
            Some("On Monday the city of Ada Reyes sued Hillford after prices rose.")
        );
        assert_eq!(
            edited(Kind::WordOpposed, text, &[]).as_deref(),
            Some("On Monday the city of Hillford sued Ada Reyes before prices rose.")
        );
    }
}
