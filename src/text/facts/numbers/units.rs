//! The words that numbers are read with: months, weekdays, scales, units of measure.

use crate::text::facts::tokens::{Kind, Token};

const MONTHS: [(&str, &str); 12] = [
    ("january", "jan"),
    ("february", "feb"),
    ("march", "mar"),
    ("april", "apr"),
    ("may", "may"),
    ("june", "jun"),
    ("july", "jul"),
    ("august", "aug"),
    ("september", "sept"),
    ("october", "oct"),
    ("november", "nov"),
    ("december", "dec"),
];

/// The days of the week, in lower case.
pub const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

pub(super) const SCALES: [(&str, u32); 11] = [
    ("hundred", 2),
    ("thousand", 3),
    ("million", 6),
    ("billion", 9),
    ("trillion", 12),
    ("k", 3),
    ("m", 6),
    ("bn", 9),
    ("b", 9),
    ("tn", 12),
    ("mn", 6),
];

const UNITS: [(&str, &[&str]); 30] = [
    ("percent", &["percent", "pc", "pct"]),
    ("point", &["point", "points"]),
    ("usd", &["dollar", "dollars"]),
    ("eur", &["euro", "euros"]),
    ("pound", &["pound", "pounds"]),
    ("cent", &["cent", "cents"]),
    (
        "km",
        &["km", "kilometre", "kilometres", "kilometer", "kilometers"],
    ),
    ("m", &["metre", "metres", "meter", "meters"]),
    (
        "cm",
        &["cm", "centimetre", "centimetres", "centimeter", "centimeters"],
    ),
    ("mile", &["mile", "miles"]),
    ("foot", &["foot", "feet", "ft"]),
    ("inch", &["inch", "inches"]),
    ("kg", &["kg", "kilogram", "kilograms", "kilo", "kilos"]),
    ("tonne", &["tonne", "tonnes"]),
    ("ton", &["ton", "tons"]),
    ("degree", &["degree", "degrees"]),
    ("mph", &["mph"]),
    ("acre", &["acre", "acres"]),
    ("hectare", &["hectare", "hectares"]),
    ("am", &["a.m.", "am"]),
    ("pm", &["p.m.", "pm"]),
    ("magnitude", &["magnitude"]),
    ("third", &["thirds"]),
    // "Second" is an ordinal too, and "month" is the unit of a month's name.
    ("seconds", &["seconds"]),
    ("minute", &["minute", "minutes"]),
    ("hour", &["hour", "hours"]),
    ("day", &["day", "days"]),
    ("week", &["week", "weeks"]),
    ("months", &["month", "months"]),
    ("year", &["year", "years"]),
];

/// Words that make a following number part of a name: "France 24", "Boeing 737", "Route 66".
pub(super) const NAMING: [&str; 16] = [
    "france",
    "channel",
    "nbc",
    "abc",
    "cbs",
    "fox",
    "boeing",
    "airbus",
    "route",
    "interstate",
    "highway",
    "flight",
    "formula",
    "article",
    "section",
    "title",
];

/// Signs of money, and what they count.
const CURRENCIES: [(&str, &str); 8] = [
    ("$", "usd"),
    ("€", "eur"),
    ("£", "pound"),
    ("¥", "yen"),
    ("₹", "rupee"),
    ("₽", "rouble"),
    ("₩", "won"),
    ("₪", "shekel"),
];

/// Before a hyphen and a number they make no name: "mid-2020".
const PREFIXES: [&str; 8] = ["mid", "pre", "post", "early", "late", "non", "anti", "since"];

/// The currency whose sign stands directly before the number at this index, and where it begins: "$5", "HK$5".
pub(super) fn currency_before(tokens: &[Token<'_>], index: usize) -> Option<(String, usize)> {
    tokens.get(index).filter(|number| !number.spaced)?;
    let sign = tokens.get(index.checked_sub(1)?)?;
    let (_, name) = CURRENCIES.iter().find(|(known, _)| *known == sign.text)?;
    let country = index
        .checked_sub(2)
        .and_then(|at| tokens.get(at))
        .filter(|country| country.kind == Kind::Word && !sign.spaced && country.text != "US");
    Some(match country {
        Some(country) => (
            format!("{}{}", country.text.to_lowercase(), sign.text),
            country.start,
        ),
        None => ((*name).to_owned(), sign.start),
    })
}

/// The name that digits are a part of: "G20", "COVID-19".
pub(super) fn name_before(tokens: &[Token<'_>], index: usize) -> Option<String> {
    tokens.get(index).filter(|number| !number.spaced)?;
    let before = tokens.get(index.checked_sub(1)?)?;
    if before.kind == Kind::Word {
        return Some(before.text.to_lowercase());
    }
    if before.text != "-" || before.spaced {
        return None;
    }
    let word = tokens.get(index.checked_sub(2)?)?;
    let lower = word.text.to_lowercase();
    (word.kind == Kind::Word && begins_upper(word.text) && !PREFIXES.contains(&lower.as_str()))
        .then_some(lower)
}

pub(in crate::text::facts) fn capital_month(token: &Token<'_>) -> Option<&'static str> {
    month_name(&without_possessive(token.text).to_lowercase()).filter(|_| begins_upper(token.text))
}

/// "Monday" of "Monday's".
pub(super) fn without_possessive(word: &str) -> &str {
    word.strip_suffix("'s")
        .or_else(|| word.strip_suffix("’s"))
        .unwrap_or(word)
}

pub(super) fn month_name(word: &str) -> Option<&'static str> {
    let named = |(name, short): &&(&'static str, &str)| {
        word == *name || word == *short || (word == "sep" && *short == "sept")
    };
    MONTHS.iter().find(named).map(|(name, _)| *name)
}

/// Whether a (lower-case) word is the name of a month.
pub fn is_month(word: &str) -> bool {
    month_name(word).is_some()
}

pub(super) fn measure(word: &str) -> Option<&'static str> {
    UNITS
        .iter()
        .find(|(_, words)| words.contains(&word))
        .map(|(name, _)| *name)
}

/// A noun in the singular, as far as what numbers count: "families" → "family", "men" → "man".
pub(super) fn singular(noun: &str) -> String {
    match noun {
        "men" => "man".to_owned(),
        "women" => "woman".to_owned(),
        "children" => "child".to_owned(),
        "people" => "person".to_owned(),
        _ => {
            if let Some(stem) = noun.strip_suffix("ies").filter(|stem| stem.len() > 1) {
                return format!("{stem}y");
            }
            let plural = noun.strip_suffix('s').filter(|stem| !stem.ends_with('s'));
            plural.unwrap_or(noun).to_owned()
        }
    }
}

pub(super) fn is_unit_word(token: Option<&Token<'_>>, unit: &str) -> bool {
    token.is_some_and(|token| measure(&token.text.to_lowercase()) == Some(unit))
}

pub(super) fn is_day(value: &str) -> bool {
    value.parse::<u32>().is_ok_and(|day| (1..=31).contains(&day))
}

pub(in crate::text::facts) fn begins_upper(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
}

/// The power of ten of a scale word after digits; letters only without a blank ("$5bn", "300k").
pub(super) fn scale_of(token: &Token<'_>, after: Option<&Token<'_>>) -> Option<u32> {
    let word = token.text.to_lowercase();
    let (_, power) = SCALES.iter().find(|(name, _)| *name == word)?;
    let letters = word.len() <= 2;
    // "5 m" is a length; "5m" is read as one too unless it ends there.
    let glued = !token.spaced && after.is_none_or(|after| after.spaced || after.kind == Kind::Symbol);
    (!letters || (glued && word != "m")).then_some(*power)
}

/// The power of ten of the "m" of "$5m": after an amount of money it is no length.
pub(super) fn scale_of_money(token: &Token<'_>) -> Option<u32> {
    (!token.spaced && token.text.eq_ignore_ascii_case("m")).then_some(6)
}
