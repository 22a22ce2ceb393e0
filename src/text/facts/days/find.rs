//! Finds the days that a text names by their distance from its own, outside quotation marks.

use jiff::civil::Weekday;

use super::tense::{self, Tense};
use super::{Form, RelativeDay, Which};
use crate::text::facts::numbers::{WEEKDAYS, begins_upper, capital_month};
use crate::text::facts::quotes::quotes;
use crate::text::facts::tokens::{Kind, Token, tokens};
use crate::text::similarity::is_function_word;

const PARTS: [&str; 4] = ["morning", "afternoon", "evening", "night"];

const HOURS: [&str; 5] = ["late", "early", "earlier", "later", "only"];

/// Before a weekday they make it a name: "Black Friday".
#[rustfmt::skip]
const NAMING: [&str; 23] = [
    "ash", "black", "bloody", "casual", "cyber", "easter", "fat", "freaky", "giving", "good", "happy", "holy", "joe", "maundy",
    "palm", "red", "ruby", "sheffield", "shrove", "small", "super", "taco", "wednesday",
];

/// Behind a weekday they make it a name: "Sunday Times".
#[rustfmt::skip]
const NAMED: [&str; 14] = [
    "Night", "Morning", "Afternoon", "Evening", "Times", "Mirror", "Mail", "Telegraph", "Express", "Post", "Herald", "Show",
    "Live", "Island",
];

/// Before a weekday they leave open which one is meant, or count several.
#[rustfmt::skip]
const LEAVES_OPEN: [&str; 29] = [
    "a", "an", "the", "every", "each", "any", "one", "some", "another", "following", "previous", "first", "second", "third",
    "final", "same", "that", "ago", "his", "her", "its", "their", "our", "my", "your", "recent", "typical", "given", "fateful",
];

/// Before a day they stand in the place of "on".
#[rustfmt::skip]
const OTHER_PREPOSITIONS: [&str; 18] = [
    "by", "until", "till", "since", "before", "after", "from", "through", "for", "to", "of", "between", "starting", "beginning",
    "than", "and", "or", "effective",
];

/// With a verb in the past, a day behind one of them is still past; behind the others it may be to come.
const PAST_PREPOSITIONS: [&str; 3] = ["since", "after", "of"];

/// A day before one of them is a noun or an adjective of its own.
#[rustfmt::skip]
const MAKES_A_NOUN: [&str; 13] = [
    "is", "are", "was", "were", "be", "has", "had", "have", "will", "would", "a", "an", "before",
];

/// Behind them a day may be followed by an article: "warned Friday a strike is near".
const SPEAKING: [&str; 6] = ["said", "warned", "announced", "told", "reported", "claimed"];

/// The days that a text names by their distance from its own, in order; those in quotation marks aside.
pub fn relative_days(text: &str) -> Vec<RelativeDay> {
    let tokens = tokens(text);
    let quoted = quotes(text);
    let mut days = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let Some((day, next)) = day_at(&tokens, index) else {
            index += 1;
            continue;
        };
        let is_quoted = quoted.iter().any(|quote| quote.span.contains(&day.span.start));
        if !is_quoted {
            days.push(day);
        }
        index = next.max(index + 1);
    }
    days
}

/// The day whose own word ("Monday", "yesterday", the "this" of "this morning") is this token, and the index behind it.
fn day_at(tokens: &[Token<'_>], index: usize) -> Option<(RelativeDay, usize)> {
    let token = tokens.get(index).filter(|token| token.kind == Kind::Word)?;
    let is_first = index == 0;
    let text = token
        .text
        .strip_suffix("'s")
        .or_else(|| token.text.strip_suffix("’s"));
    if let Some(day) = weekday(text.unwrap_or(token.text)) {
        let possessive = text.is_some();
        return weekday_at(tokens, index, day, possessive);
    }
    let word = token.text.to_lowercase();
    if !is_first && begins_upper(token.text) {
        return None;
    }
    let next = word_at(tokens, index + 1);
    let part = PARTS.iter().copied().find(|part| *part == next);
    let (which, part, end) = match (word.as_str(), part) {
        ("yesterday", part) => (Which::Offset(-1), part, index + 1),
        ("tomorrow", part) => (Which::Offset(1), part, index + 1),
        ("today", _) if is_one_day(tokens, index) => (Which::Offset(0), None, index + 1),
        ("tonight", _) => (Which::Offset(0), Some("night"), index + 1),
        ("last", Some("night")) => (Which::Offset(-1), Some("night"), index + 2),
        ("this", Some(part)) if part != "night" => (Which::Offset(0), Some(part), index + 2),
        _ => return None,
    };
    let end = end + usize::from(part.is_some() && matches!(word.as_str(), "yesterday" | "tomorrow"));
    let before = index
        .checked_sub(1)
        .map_or(String::new(), |at| word_at(tokens, at));
    let is_noun = MAKES_A_NOUN.contains(&word_at(tokens, end).as_str())
        || matches!(before.as_str(), "of" | "the" | "than" | "like" | "every");
    (!is_noun).then(|| (built(tokens, index, end, which, part), end))
}

/// "said today", "earlier today", "Today, the council closed …", "will … today"; else it may mean "nowadays".
fn is_one_day(tokens: &[Token<'_>], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|at| tokens.get(at));
    let beside = before.into_iter().chain(tokens.get(index + 1));
    let is_beside_verb = beside.into_iter().any(|token| {
        tense::is_past_verb(token) && !matches!(token.text, "was" | "were" | "have" | "has" | "had")
    });
    let has_hour =
        before.is_some_and(|before| matches!(before.text, "earlier" | "later" | "Earlier" | "Later"));
    let comma = tokens.get(index + 1).is_some_and(|next| next.text == ",");
    let is_front = index == 0 && comma && tense::of_clause(tokens, 0, 1) == Tense::Past;
    is_beside_verb || has_hour || is_front || tense::of_clause(tokens, index, index + 1) == Tense::Future
}

fn weekday_at(
    tokens: &[Token<'_>],
    index: usize,
    day: Weekday,
    possessive: bool,
) -> Option<(RelativeDay, usize)> {
    let nth_before = |n: usize| {
        index
            .checked_sub(n)
            .map_or(String::new(), |at| word_at(tokens, at))
    };
    if is_name(tokens, index) || is_dated(tokens, index + 1) {
        return None;
    }
    let next = word_at(tokens, index + 1);
    let part = PARTS.iter().copied().find(|part| *part == next);
    let end = index + 1 + usize::from(part.is_some());
    let (which, start) = match (nth_before(1).as_str(), nth_before(2).as_str()) {
        ("past", "this") => (Which::Past(day), index - 2),
        ("past", _) => (Which::Past(day), index - 1),
        ("coming", "this") => (Which::Coming(day), index - 2),
        ("coming", _) => (Which::Coming(day), index - 1),
        ("last", _) => (Which::Last(day), index - 1),
        ("next", _) => (Which::Next(day), index - 1),
        ("this", _) => (Which::Plain(day, tense_at(tokens, index - 1, end)), index - 1),
        _ => (Which::Plain(day, tense_at(tokens, index, end)), index),
    };
    let is_open = possessive || leaves_open(tokens, start) || !ends_well(tokens, start, end);
    let which = if is_open { Which::Unclear } else { which };
    Some((built(tokens, start, end, which, part), end))
}

/// The tense of a plain weekday; a preposition may point ahead ("by Friday", "set for Monday").
fn tense_at(tokens: &[Token<'_>], start: usize, end: usize) -> Tense {
    let preposition = start
        .checked_sub(1)
        .map_or(String::new(), |at| word_at(tokens, at));
    let tense = tense::of_clause(tokens, start, end);
    let points_ahead = OTHER_PREPOSITIONS.contains(&preposition.as_str())
        && !PAST_PREPOSITIONS.contains(&preposition.as_str());
    match tense {
        Tense::Past if points_ahead => Tense::Open,
        Tense::Future if preposition == "since" => Tense::Open,
        other => other,
    }
}

/// "Black Friday", "Monday Night Football", "Friday the 13th", "Monday-Friday".
fn is_name(tokens: &[Token<'_>], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|at| tokens.get(at));
    let after = tokens.get(index + 1);
    let is_joined =
        |token: Option<&Token<'_>>| token.is_some_and(|token| matches!(token.text, "-" | "–" | "/"));
    let names = before.is_some_and(|before| {
        begins_upper(before.text) && NAMING.contains(&before.text.to_lowercase().as_str())
    });
    let is_named = after.is_some_and(|after| NAMED.contains(&after.text));
    let thirteenth = after.is_some_and(|after| after.text == "the")
        && tokens.get(index + 2).is_some_and(|day| day.kind == Kind::Digits);
    names || is_named || thirteenth || is_joined(before) || is_joined(after) || is_in_a_name(tokens, index)
}

/// A single capitalised word directly before a weekday may make one name with it; not "in Alder Monday", and not the
/// end of a longer name ("the White House Monday").
fn is_in_a_name(tokens: &[Token<'_>], index: usize) -> bool {
    let nth_before = |n: usize| index.checked_sub(n).and_then(|at| tokens.get(at));
    let Some(before) = nth_before(1) else { return false };
    let is_adverb = HOURS.contains(&before.text.to_lowercase().as_str());
    let is_function = is_function_word(&before.text.to_lowercase());
    if before.kind != Kind::Word || !begins_upper(before.text) || is_adverb || is_function {
        return false;
    }
    let is_acronym = before.text.chars().all(|c| c.is_uppercase() || c == '.');
    let leads = ["in", "told", "to", "near", "with", "from", "of", "at", "by"];
    let is_led = nth_before(2).is_none_or(|lead| leads.contains(&lead.text) || begins_upper(lead.text));
    !(is_acronym || is_led && nth_before(2).is_some())
}

/// "Monday, July 7", "Monday (July 7)", "Monday 7 July": the date stands there already.
fn is_dated(tokens: &[Token<'_>], next: usize) -> bool {
    let at = |index: usize| tokens.get(index);
    let mark = at(next).is_some_and(|mark| matches!(mark.text, "," | "("));
    let first = next + usize::from(mark);
    let is_month = |index: usize| at(index).is_some_and(|token| capital_month(token).is_some());
    let is_day = at(first).is_some_and(|day| day.kind == Kind::Digits);
    is_month(first) || is_day && (is_month(first + 1) || !mark)
}

/// Whether the words before leave open which day is meant, or make an adjective of it.
fn leaves_open(tokens: &[Token<'_>], start: usize) -> bool {
    let nth_before = |n: usize| {
        start
            .checked_sub(n)
            .map_or(String::new(), |at| word_at(tokens, at))
    };
    let before = nth_before(1);
    let possessive = before.ends_with("'s") || before.ends_with("’s") || before.ends_with("s'");
    let counts_weeks = (1..=4).any(|n| matches!(nth_before(n).as_str(), "week" | "weeks"));
    LEAVES_OPEN.contains(&before.as_str()) || possessive || counts_weeks
}

/// Whether the day ends there as an adverb does: what it might be an adjective or a subject of does not follow.
fn ends_well(tokens: &[Token<'_>], start: usize, end: usize) -> bool {
    let Some(next) = tokens.get(end) else { return true };
    let next_word = next.text.to_lowercase();
    if matches!(next.text, "'" | "’" | "-" | "–" | "/") {
        return false;
    }
    if next.kind == Kind::Symbol {
        return true;
    }
    let of_last_week = matches!(next_word.as_str(), "of" | "last" | "week" | "next" | "ago");
    let is_told = start
        .checked_sub(1)
        .is_some_and(|at| SPEAKING.contains(&word_at(tokens, at).as_str()));
    let is_noun =
        MAKES_A_NOUN.contains(&next_word.as_str()) && !(is_told && matches!(next_word.as_str(), "a" | "an"));
    if is_noun || of_last_week || PARTS.iter().any(|part| next_word.starts_with(part)) {
        return false;
    }
    let has_on = start.checked_sub(1).is_some_and(|at| word_at(tokens, at) == "on");
    let goes_on = begins_upper(next.text)
        || is_function_word(&next_word)
        || tense::is_past_verb(next)
        || ["ing", "ly"].iter().any(|ending| next_word.ends_with(ending));
    has_on || start > 0 && goes_on
}

/// The day with what belongs to it in front: "late on".
fn built(
    tokens: &[Token<'_>],
    start: usize,
    end: usize,
    which: Which,
    part: Option<&'static str>,
) -> RelativeDay {
    let before = |index: usize| {
        index
            .checked_sub(1)
            .map_or(String::new(), |at| word_at(tokens, at))
    };
    let mut first = start;
    let preposition = before(first);
    let other = OTHER_PREPOSITIONS.contains(&preposition.as_str());
    first -= usize::from(preposition == "on");
    let hour = before(first);
    let is_hour = HOURS.contains(&hour.as_str()) && !other;
    first -= usize::from(is_hour);
    let begin = tokens.get(first).map_or(0, |token| token.start);
    let stop = end
        .checked_sub(1)
        .and_then(|last| tokens.get(last))
        .map_or(begin, Token::end);
    RelativeDay {
        span: begin..stop,
        which,
        form: Form {
            hour: is_hour.then_some(hour),
            takes_on: !other,
            part,
        },
    }
}

fn word_at(tokens: &[Token<'_>], index: usize) -> String {
    tokens
        .get(index)
        .map_or(String::new(), |token| token.text.to_lowercase())
}

fn weekday(word: &str) -> Option<Weekday> {
    if !begins_upper(word) {
        return None;
    }
    let lower = word.to_lowercase();
    let position = (1_i8..).zip(WEEKDAYS).find(|(_, name)| *name == lower)?.0;
    Weekday::from_monday_one_offset(position).ok()
}
