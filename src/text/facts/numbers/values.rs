//! Values: number words as digits, scales applied, one form for each.

use super::unit_after;
use super::units::SCALES;
use crate::text::facts::tokens::Token;

/// The first so many scales are words.
const WORDS_OF_SCALE: usize = 5;

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: [&str; 8] = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

/// Ordinals as words; "first" and "second" have too many other meanings.
const ORDINALS: [&str; 10] = [
    "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth",
];

/// Plurals that count without a number.
const MANY: [&str; 7] = [
    "dozens",
    "scores",
    "hundreds",
    "thousands",
    "millions",
    "billions",
    "trillions",
];

/// "third": the value, as digits.
pub(super) fn ordinal_word(token: &Token<'_>) -> Option<String> {
    let word = token.text.to_lowercase();
    let place = ORDINALS.iter().position(|ordinal| *ordinal == word)?;
    Some((place + 3).to_string())
}

/// "thousands", "hundreds of thousands": its words, and the index after them.
pub(super) fn many(tokens: &[Token<'_>], index: usize) -> Option<(String, usize)> {
    let word = |index: usize| tokens.get(index).map(|token| token.text.to_lowercase());
    let of_many = |index: usize| {
        let next = word(index + 1).filter(|next| MANY.contains(&next.as_str()))?;
        (word(index)? == "of").then_some(next)
    };
    let first = word(index)?;
    match of_many(index + 1) {
        Some(second) if first == "tens" || MANY.contains(&first.as_str()) => {
            Some((format!("{first} of {second}"), index + 3))
        }
        _ => MANY.contains(&first.as_str()).then_some((first, index + 1)),
    }
}

/// "a million", "half a million", "half-a-million", "half million": the value, and the index after it.
fn one_of_a_scale(tokens: &[Token<'_>], index: usize) -> Option<(String, usize)> {
    let word = |index: usize| tokens.get(index).map(|token| token.text.to_lowercase());
    let after_hyphen = |index: usize| index + usize::from(tokens.get(index).is_some_and(|t| t.text == "-"));
    let article = |index: usize| matches!(word(index).as_deref(), Some("a" | "an"));
    let (one, at) = match word(index)?.as_str() {
        "half" => ("0.5", after_hyphen(index + 1)),
        _ => ("1", index),
    };
    let at = match article(at) {
        true => after_hyphen(at + 1),
        false if one == "0.5" => at,
        false => return None,
    };
    let name = word(at)?;
    let (_, power) = SCALES
        .iter()
        .take(WORDS_OF_SCALE)
        .find(|(scale, _)| *scale == name)?;
    Some((trimmed_value(&scaled(one, *power)), at + 1))
}

/// Number words from this token on: "twenty-one", "three hundred", "a dozen", "a million"; not the pronoun "one".
pub(super) fn in_words(tokens: &[Token<'_>], index: usize) -> Option<(String, usize)> {
    if let Some(found) = one_of_a_scale(tokens, index) {
        return Some(found);
    }
    let mut total: u64 = 0;
    let mut current: Option<u64> = None;
    let mut next = index;
    while let Some(token) = tokens.get(next) {
        if token.text == "-" && !token.spaced && next > index && !is_blank_after(tokens, next) {
            let follows = tokens.get(next + 1).map(|t| t.text.to_lowercase());
            if follows.as_deref().and_then(small_value).is_some() {
                next += 1;
                continue;
            }
            break;
        }
        let word = token.text.to_lowercase();
        if let Some(value) = small_value(&word) {
            match current {
                None => current = Some(value),
                Some(tens) if tens % 100 >= 20 && tens % 10 == 0 && value < 10 => {
                    current = Some(tens + value);
                }
                Some(hundreds) if hundreds % 100 == 0 && hundreds > 0 && value < 100 => {
                    current = Some(hundreds + value);
                }
                Some(_) => break,
            }
        } else if word == "dozen" {
            current = Some(current.unwrap_or(1) * 12);
        } else if let (Some(value), Some((_, power))) = (
            current,
            SCALES.iter().take(WORDS_OF_SCALE).find(|(name, _)| *name == word),
        ) {
            let scaled = value.checked_mul(10u64.checked_pow(*power)?)?;
            if *power == 2 {
                current = Some(scaled);
            } else {
                total = total.checked_add(scaled)?;
                current = None;
                next += 1;
                if tokens
                    .get(next)
                    .is_none_or(|t| small_value(&t.text.to_lowercase()).is_none())
                {
                    break;
                }
                continue;
            }
        } else {
            break;
        }
        next += 1;
    }
    if next == index {
        return None;
    }
    let value = total.checked_add(current.unwrap_or(0))?;
    let lone_one = next == index + 1 && value == 1;
    (!lone_one || unit_after(tokens, next, "1").is_some()).then_some((value.to_string(), next))
}

fn is_blank_after(tokens: &[Token<'_>], index: usize) -> bool {
    tokens.get(index + 1).is_none_or(|token| token.spaced)
}

fn small_value(word: &str) -> Option<u64> {
    let ones = SMALL
        .iter()
        .position(|name| *name == word)
        .map(|value| value as u64);
    ones.or_else(|| {
        TENS.iter()
            .position(|name| *name == word)
            .map(|tens| (tens as u64 + 2) * 10)
    })
}

/// The decimal point moved by `power` digits to the right.
pub(super) fn scaled(value: &str, power: u32) -> String {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let power = power as usize;
    let moved: String = fraction
        .chars()
        .chain(std::iter::repeat('0'))
        .take(power)
        .collect();
    let rest: String = fraction.chars().skip(power).collect();
    if rest.is_empty() {
        format!("{whole}{moved}")
    } else {
        format!("{whole}{moved}.{rest}")
    }
}

/// Without leading zeros and without a fraction of zeros: "007" and "7.0" are 7.
pub(super) fn trimmed_value(value: &str) -> String {
    // "3:00 p.m." is "3 p.m."
    let value = value.strip_suffix(":00").unwrap_or(value);
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    }
}
