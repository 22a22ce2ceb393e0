//! Numbers, amounts, percentages and dates: two ways of writing one thing are equal, and digits are never taken from
//! something else ("455g" is not 455, "France 24" is not 24).

mod units;
mod values;

use std::ops::Range;

use super::tokens::{Kind, Token, tokens};
use units::{
    NAMING, WEEKDAYS, begins_upper, capital_month, is_day, is_unit_word, measure, month_name, scale_of,
};
use values::{in_words, scaled, trimmed_value};

/// A number, date part, amount or percentage, normalised so that two ways of writing it are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Where it is: byte range, the unit included.
    pub span: Range<usize>,
    /// The value: digits without grouping, words as digits, scale applied ("1.5 million" → "1500000"); for a weekday
    /// or a month that stands alone, its name.
    pub value: String,
    /// What it counts, normalised ("percent", "usd", "july", "km"), if that is part of the number.
    pub unit: Option<String>,
}

/// The numbers of a text, digits and words, in order.
pub fn numbers(text: &str) -> Vec<Number> {
    let tokens = tokens(text);
    let mut numbers = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        if let Some((number, next)) = number_at(&tokens, index) {
            numbers.push(number);
            index = next.max(index + 1);
        } else {
            numbers.extend(calendar_word(&tokens, index));
            index += 1;
        }
    }
    numbers
}

/// The numbers of `claim` that no sentence of `evidence` has with the same value and unit. Names are not numbers:
/// "24" is not proven by "France 24", "455" not by "455g".
pub fn unsupported_numbers(claim: &str, evidence: &[&str]) -> Vec<Number> {
    let proven: Vec<Number> = evidence.iter().flat_map(|sentence| numbers(sentence)).collect();
    let mut claimed = numbers(claim);
    claimed.retain(|number| !proven.iter().any(|proof| proves(proof, number)));
    claimed
}

fn proves(proof: &Number, claim: &Number) -> bool {
    if proof.value == claim.value && proof.unit == claim.unit {
        return true;
    }
    // "on July 4" proves "in July".
    claim.unit.as_deref() == Some("month") && proof.unit.as_deref() == Some(claim.value.as_str())
}

/// The number that starts at this token, and the index of the token after it.
fn number_at(tokens: &[Token<'_>], index: usize) -> Option<(Number, usize)> {
    let token = tokens.get(index)?;
    let (mut value, mut next) = match token.kind {
        Kind::Digits => (token.text.replace(',', ""), index + 1),
        Kind::Word => in_words(tokens, index)?,
        Kind::Symbol => return None,
    };
    let mut end = tokens.get(next.checked_sub(1)?)?.end();
    if token.kind == Kind::Digits {
        while let Some(scale) = tokens.get(next).and_then(|t| scale_of(t, tokens.get(next + 1))) {
            value = scaled(&value, scale);
            end = tokens.get(next)?.end();
            next += 1;
        }
    }
    let mut start = token.start;
    let mut unit = None;
    let nth_before = |n: usize| index.checked_sub(n).and_then(|before| tokens.get(before));
    // "Sept. 14": the stop belongs to the month.
    let month_with_stop = nth_before(2).filter(|month| capital_month(month).is_some());
    let before = match nth_before(1) {
        Some(stop) if stop.text == "." && !stop.spaced && month_with_stop.is_some() => month_with_stop,
        other => other,
    };
    if let Some((name, begin)) = before.and_then(|before| unit_before(before, token, &value)) {
        unit = Some(name);
        start = begin;
    }
    if unit.is_none()
        && let Some((name, after)) = unit_after(tokens, next, &value)
    {
        unit = Some(name);
        end = tokens.get(after.checked_sub(1)?)?.end();
        next = after;
    } else if unit.as_deref() == Some("usd") && is_unit_word(tokens.get(next), "usd") {
        next += 1;
    }
    Some((
        Number {
            span: start..end,
            value: trimmed_value(&value),
            unit,
        },
        next,
    ))
}

/// A unit that stands before the number: a currency, a month, a word that makes it a name.
fn unit_before(before: &Token<'_>, token: &Token<'_>, value: &str) -> Option<(String, usize)> {
    let currency = match before.text {
        "$" => Some("usd"),
        "€" => Some("eur"),
        "£" => Some("pound"),
        _ => None,
    };
    if let Some(currency) = currency.filter(|_| !token.spaced) {
        return Some((currency.to_owned(), before.start));
    }
    let word = before.text.trim_end_matches('.').to_lowercase();
    if is_day(value)
        && let Some(month) = month_name(&word).filter(|_| begins_upper(before.text))
    {
        return Some((month.to_owned(), before.start));
    }
    let names = NAMING.contains(&word.as_str()) && begins_upper(before.text);
    (names && token.spaced).then_some((word, before.start))
}

/// A unit that stands after the number: "%", letters without a blank, a month, a word of measure.
fn unit_after(tokens: &[Token<'_>], next: usize, value: &str) -> Option<(String, usize)> {
    let after = tokens.get(next)?;
    if after.text == "%" {
        return Some(("percent".to_owned(), next + 1));
    }
    if after.kind == Kind::Word && !after.spaced {
        let letters = after.text.to_lowercase();
        let ordinal = matches!(letters.as_str(), "st" | "nd" | "rd" | "th");
        if ordinal && is_day(value) {
            let month_at = if tokens.get(next + 1).is_some_and(|t| t.text == "of") {
                next + 2
            } else {
                next + 1
            };
            if let Some(month) = tokens.get(month_at).and_then(capital_month) {
                return Some((month.to_owned(), month_at + 1));
            }
        }
        let name = if ordinal {
            "ordinal".to_owned()
        } else {
            measure(&letters).map_or(letters, ToOwned::to_owned)
        };
        return Some((name, next + 1));
    }
    // "12-metre": the hyphen joins number and measure.
    let joined = if after.text == "-" { next + 1 } else { next };
    let word = tokens.get(joined).filter(|t| t.kind == Kind::Word)?;
    if joined == next
        && is_day(value)
        && let Some(month) = capital_month(word)
    {
        return Some((month.to_owned(), joined + 1));
    }
    let lower = word.text.to_lowercase();
    if lower == "per" && tokens.get(joined + 1).is_some_and(|t| t.text == "cent") {
        return Some(("percent".to_owned(), joined + 2));
    }
    measure(&lower).map(|name| (name.to_owned(), joined + 1))
}

/// A weekday, or a month that stands without a day.
fn calendar_word(tokens: &[Token<'_>], index: usize) -> Option<Number> {
    let token = tokens.get(index).filter(|token| begins_upper(token.text))?;
    let word = token.text.to_lowercase();
    if WEEKDAYS.contains(&word.as_str()) {
        return Some(Number {
            span: token.span(),
            value: word,
            unit: Some("weekday".to_owned()),
        });
    }
    let day_follows = tokens
        .get(index + 1)
        .is_some_and(|t| t.kind == Kind::Digits && is_day(t.text));
    // "May" and "March" begin sentences as verbs; within one, a capital makes them months.
    let month = capital_month(token).filter(|month| index > 0 || !matches!(*month, "may" | "march"))?;
    let stop = tokens.get(index + 1).filter(|t| t.text == "." && !t.spaced);
    let day_after_stop = stop
        .and_then(|_| tokens.get(index + 2))
        .is_some_and(|t| is_day(t.text));
    (!day_follows && !day_after_stop).then(|| Number {
        span: token.span(),
        value: month.to_owned(),
        unit: Some("month".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Option<String>)> {
        numbers(text)
            .into_iter()
            .map(|number| (number.value, number.unit))
            .collect()
    }

    fn one(text: &str) -> (String, Option<String>) {
        let all = read(text);
        assert_eq!(all.len(), 1, "{text}: {all:?}");
        all.into_iter().next().unwrap()
    }

    #[test]
    fn two_ways_of_writing_a_number_are_equal() {
        for (a, b) in [
            ("1,400 residents", "1400 residents"),
            ("$1.5 million", "1.5 million dollars"),
            ("five percent", "5%"),
            ("12 metres", "a 12-metre crack"),
            ("July 4", "4 July"),
            ("the 4th of July", "July 4"),
            ("twenty-one people", "21 people"),
            ("three hundred", "300"),
            ("two million", "2,000,000"),
            ("a dozen", "12"),
            ("3 p.m.", "3pm"),
            ("Sept. 14", "September 14"),
        ] {
            assert_eq!(one(a), one(b), "{a} / {b}");
        }
    }

    #[test]
    fn digits_are_never_taken_from_something_else() {
        for (claim, evidence) in [
            ("It weighs 455.", "It weighs 455g."),
            ("There were 24.", "France 24 reported it."),
            ("Costs rose 5 percent.", "Costs rose 5 points to 50 percent."),
            ("It cost $300.", "It hit 300 people."),
            ("In 2021 it fell.", "It fell in 2020."),
            ("On July 5 it fell.", "On July 4, five fell."),
            ("It fell on Monday.", "It fell on Tuesday."),
        ] {
            assert_eq!(
                unsupported_numbers(claim, &[evidence]).len(),
                1,
                "{claim} / {evidence}"
            );
        }
    }

    #[test]
    fn what_the_evidence_has_is_supported() {
        for (claim, evidence) in [
            ("France 24 reported it.", "As France 24 says."),
            ("One of them left.", "They left."),
            ("In July, 12 died.", "On July 4, a dozen died."),
            ("They may march.", "They might."),
        ] {
            assert!(
                unsupported_numbers(claim, &[evidence]).is_empty(),
                "{claim} / {evidence}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn every_span_is_inside_the_text(text in "\\PC*") {
            for number in numbers(&text) {
                proptest::prop_assert!(text.get(number.span).is_some());
            }
        }
    }
}
