//! Numbers, amounts, percentages and dates: two ways of writing one thing are equal, and digits are never taken from
//! something else ("455g" is not 455, "France 24" is not 24).

mod bounds;
mod units;
mod values;

use std::ops::Range;

use super::tokens::{Kind, Token, tokens};
pub use bounds::Bound;
use units::{
    NAMING, currency_before, is_day, is_unit_word, measure, month_name, name_before, scale_of,
    scale_of_money, singular, without_possessive,
};
pub use units::{WEEKDAYS, is_month};
pub(super) use units::{begins_upper, capital_month};
use values::{in_words, many, ordinal_word, scaled, trimmed_value};

/// A number, date part, amount or percentage, normalised so that two ways of writing it are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Where it is: byte range, the unit included.
    pub span: Range<usize>,
    /// The value: digits without grouping, words as digits, scale applied ("1.5 million" → "1500000"); for a weekday
    /// or a month that stands alone, its name.
    pub value: String,
    /// What it counts, normalised ("percent", "usd", "july", "km", the "page" of "31-page"), if that is part of the
    /// number.
    pub unit: Option<String>,
    /// The words that follow, in the singular: what a number without a unit counts is among them.
    followed_by: Vec<String>,
    /// Whether it is more, less or about as much.
    pub bound: Bound,
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
        } else if let Some((value, next)) = many(&tokens, index) {
            numbers.push(counted(&tokens, index..next, value, "many"));
            index = next;
        } else {
            let ordinal = tokens.get(index).and_then(ordinal_word);
            numbers.extend(ordinal.map(|value| counted(&tokens, index..index + 1, value, "ordinal")));
            numbers.extend(calendar_word(&tokens, index));
            index += 1;
        }
    }
    numbers
}

/// A number that takes up these tokens.
fn counted(tokens: &[Token<'_>], range: Range<usize>, value: String, unit: &str) -> Number {
    let start = tokens.get(range.start).map_or(0, |token| token.start);
    let end = range
        .end
        .checked_sub(1)
        .and_then(|last| tokens.get(last))
        .map_or(start, Token::end);
    Number {
        span: start..end,
        value,
        unit: Some(unit.to_owned()),
        followed_by: Vec::new(),
        bound: Bound::Exact,
    }
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
    let counts_the_same =
        proof.unit == claim.unit || proof.is_followed_by(claim) || claim.is_followed_by(proof);
    if proof.value == claim.value && counts_the_same {
        return proof.bound.proves(claim.bound);
    }
    // "on July 4" proves "in July".
    claim.unit.as_deref() == Some("month") && proof.unit.as_deref() == Some(claim.value.as_str())
}

impl Number {
    /// "300 homes", of which "300-home" is another wording.
    fn is_followed_by(&self, other: &Number) -> bool {
        let unit = other.unit.as_ref();
        self.unit.is_none() && unit.is_some_and(|unit| self.followed_by.contains(unit))
    }
}

/// How many words behind a number may say what it counts: "two more years".
const FOLLOWING_WORDS: usize = 2;

/// The words from this token on, up to the next mark, in the singular.
fn following(tokens: &[Token<'_>], next: usize) -> Vec<String> {
    let words = tokens.get(next..).unwrap_or_default().iter();
    words
        .take_while(|token| token.kind == Kind::Word)
        .take(FOLLOWING_WORDS)
        .map(|token| unit_named(token.text))
        .collect()
}

/// What a word behind a number says that it counts.
fn unit_named(word: &str) -> String {
    let lower = word.to_lowercase();
    measure(&lower).map_or_else(|| singular(&lower), ToOwned::to_owned)
}

/// The number that starts at this token, and the index of the token after it.
fn number_at(tokens: &[Token<'_>], index: usize) -> Option<(Number, usize)> {
    let token = tokens.get(index)?;
    let (mut value, mut next) = match token.kind {
        Kind::Digits => match mixed_fraction(tokens, index) {
            Some(mixed) => (mixed, index + 4),
            None => (token.text.replace(',', ""), index + 1),
        },
        Kind::Word => in_words(tokens, index)?,
        Kind::Symbol => return None,
    };
    let currency = currency_before(tokens, index);
    let mut end = tokens.get(next.checked_sub(1)?)?.end();
    if token.kind == Kind::Digits {
        let scale_at = |next: usize| {
            let scale = tokens.get(next)?;
            scale_of(scale, tokens.get(next + 1))
                .or_else(|| scale_of_money(scale).filter(|_| currency.is_some()))
        };
        while let Some(scale) = scale_at(next) {
            value = scaled(&value, scale);
            end = tokens.get(next)?.end();
            next += 1;
        }
    }
    let mut start = token.start;
    let first = index - usize::from(currency.is_some());
    let mut unit = None;
    if let Some((name, begin)) = currency.or_else(|| unit_before(tokens, index, &value)) {
        next += usize::from(is_unit_word(tokens.get(next), &name));
        unit = Some(name);
        start = begin;
    } else if let Some((name, after)) = unit_after(tokens, next, &value) {
        unit = Some(name);
        end = tokens.get(after.checked_sub(1)?)?.end();
        next = after;
    }
    let number = Number {
        span: start..end,
        value: trimmed_value(&value),
        unit,
        followed_by: following(tokens, next),
        bound: Bound::before(tokens, first),
    };
    Some((number, next))
}

/// "4 1/2": one value, of which "4" is no part.
fn mixed_fraction(tokens: &[Token<'_>], index: usize) -> Option<String> {
    let [whole, over, slash, under] = tokens.get(index..index + 4)? else {
        return None;
    };
    let is_mixed = [whole, over, under].iter().all(|part| part.kind == Kind::Digits)
        && over.spaced
        && slash.text == "/"
        && !slash.spaced
        && !under.spaced;
    is_mixed.then(|| format!("{} {}/{}", whole.text, over.text, under.text))
}

/// A unit that stands before the number: a month, a word that makes it a name.
fn unit_before(tokens: &[Token<'_>], index: usize, value: &str) -> Option<(String, usize)> {
    let token = tokens.get(index)?;
    if let Some(name) = name_before(tokens, index) {
        return Some((name, token.start));
    }
    let nth_before = |n: usize| index.checked_sub(n).and_then(|before| tokens.get(before));
    // "Sept. 14": the stop belongs to the month.
    let month_with_stop = nth_before(2).filter(|month| capital_month(month).is_some());
    let before = match nth_before(1)? {
        stop if stop.text == "." && !stop.spaced && month_with_stop.is_some() => month_with_stop?,
        other => other,
    };
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
    // "12-metre", "31-page": the hyphen joins the number and what it counts.
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
    if matches!(lower.as_str(), "percentage" | "percent") && is_unit_word(tokens.get(joined + 1), "point") {
        return Some(("point".to_owned(), joined + 2));
    }
    if joined > next && !word.spaced && !begins_upper(word.text) {
        return Some((unit_named(word.text), joined + 1));
    }
    measure(&lower).map(|name| (name.to_owned(), joined + 1))
}

/// A weekday, or a month that stands without a day.
fn calendar_word(tokens: &[Token<'_>], index: usize) -> Option<Number> {
    let token = tokens.get(index).filter(|token| begins_upper(token.text))?;
    let day = without_possessive(token.text);
    let word = day.to_lowercase();
    if WEEKDAYS.contains(&word.as_str()) {
        return Some(Number {
            span: token.start..token.start + day.len(),
            value: word,
            unit: Some("weekday".to_owned()),
            followed_by: Vec::new(),
            bound: Bound::Exact,
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
        followed_by: Vec::new(),
        bound: Bound::Exact,
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
            ("$5m", "$5 million"),
            ("$2tn", "$2 trillion"),
            ("a million people", "1,000,000 people"),
            ("half a million", "500,000"),
            ("half-a-million", "half million"),
            ("3:00 p.m.", "3 p.m."),
            ("Monday's vote", "Monday"),
            ("the 1970s.", "the 1970s, she"),
            ("the third term", "the 3rd term"),
            ("5 percentage points", "5 points"),
            ("US$5", "$5"),
            ("31 weeks", "a 31-week wait"),
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
            ("It met 20 leaders.", "It met at the G20."),
            ("It killed 19.", "It was COVID-19."),
            ("It took 10 hours.", "It ended at 10:45 p.m."),
            ("It cost $5.", "It cost A$5."),
            ("It cost $5.", "It cost $5m."),
            ("It hit 300.", "It cost ¥300."),
            ("It fell 5 percent.", "It fell 5 percentage points."),
            ("Thousands fled.", "Hundreds fled."),
            ("Thousands fled.", "Tens of thousands fled."),
            ("A billion fled.", "A million fled."),
            ("A million fled.", "Half a million fled."),
            ("It is her third dam.", "It is her fourth dam."),
            ("It hit 1.5 billion.", "It hit 1.5 million."),
            ("It hit 300.", "It hit nearly 300."),
            ("It hit 300.", "It hit at least 300."),
            ("It hit 300.", "It hit up to 300."),
            ("It hit 300.", "It hit about 300."),
            ("It hit more than 300.", "It hit 300."),
            ("It hit more than 300.", "It hit no more than 300."),
            ("It hit a dozen.", "It hit almost a dozen."),
            ("A 31-week recall.", "A recall after 31 reports."),
            ("A 31-page lawsuit.", "A lawsuit after 31 reports."),
            ("It took 11 years.", "It took 11 days."),
            ("It took 11 years.", "It took 11, two years ago."),
            ("It took 4 minutes.", "It took 4 1/2 minutes."),
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
            (
                "COVID-19 cost $5bn by mid-2020.",
                "By 2020, COVID-19 had cost $5 billion.",
            ),
            ("Mid-2020 was wet.", "It was wet in 2020."),
            ("Some 300 fled.", "300 fled."),
            ("Over 300 fled.", "More than 300 fled."),
            ("Up to 300 fled.", "No more than 300 fled."),
            ("Cases topped 300.", "Cases rose above 300."),
            ("She sued over three laws.", "Three laws were the reason."),
            ("Nearly a dozen fled.", "Almost 12 fled."),
            ("A 19-man crew.", "A crew of 19 men."),
            ("A crew of 19 men.", "A 19-man crew."),
            ("A 300-family camp.", "A camp for 300 Afghan families."),
            ("A four-day strike.", "They strike for four more days."),
            ("A 38-year-old died.", "The 38-year-old man died."),
            ("A 4 1/2 minute video.", "It lasts 4 1/2 minutes."),
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
