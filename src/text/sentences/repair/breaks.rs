//! Where one sentence of English ends and the next begins: from the last word of the one and the first of the other.

use super::{after, before};
use crate::text::{is_closing, is_stop};

/// Longer words are no abbreviations.
const WINDOW_BYTES: usize = 32;

/// Abbreviations that a name or number follows, so that they never end a sentence.
#[rustfmt::skip]
const LEADING: [&str; 46] = [
    "Adm", "Amb", "Asst", "Atty", "Brig", "Capt", "Cmdr", "Col", "Cpl", "Det", "Dr", "Drs", "Fr", "Gen",
    "Gens", "Gov", "Govs", "Hon", "Insp", "Lt", "Maj", "Messrs", "Mme", "Mr", "Mrs", "Ms", "Mt", "Pfc",
    "Pres", "Prof", "Pvt", "Rep", "Reps", "Rev", "Rt", "Sen", "Sens", "Sgt", "Sr", "St", "Ste", "Sup",
    "Supt", "Vol", "vs", "v",
];

/// Abbreviations that a number follows.
#[rustfmt::skip]
const BEFORE_NUMBERS: [&str; 26] = [
    "Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sept", "Sep", "Oct", "Nov", "Dec", "No", "Nos",
    "no", "nos", "Art", "Ch", "Fig", "Sec", "SEC", "para", "pp", "p", "approx", "ca",
];

/// Other abbreviations: whether they end a sentence is `sentencex`'s to say.
#[rustfmt::skip]
const OTHERS: [&str; 95] = [
    "Ala", "Ariz", "Ark", "Assn", "Assoc", "Ave", "Blvd", "Bros", "Calif", "Cir", "Co", "Colo", "Comm",
    "Conn", "Corp", "Ct", "Del", "Dept", "Dist", "Div", "Esq", "Est", "Fla", "Fri", "Ft", "Ga", "Gmbh",
    "Ill", "Inc", "Ind", "Inst", "Intl", "Jr", "Kan", "Ky", "La", "Ltd", "Mass", "Md", "Mfg", "Mich",
    "Minn", "Miss", "Mo", "Mon", "Mont", "Natl", "Neb", "Nev", "Okla", "Ore", "Pa", "Penn", "Ph", "Pl",
    "Rd", "Sat", "Sq", "Str", "Sun", "Tenn", "Tex", "Thu", "Thurs", "Tue", "Tues", "Univ", "Va", "Vt",
    "Wash", "Wed", "Wis", "Wyo", "al", "cf", "cm", "dept", "ed", "eds", "est", "etc", "ft", "hr", "hrs",
    "in", "jr", "km", "lb", "lbs", "max", "min", "mph", "op", "oz", "viz",
];

/// What follows "5 p.m." in the same sentence, beside weekdays and months.
#[rustfmt::skip]
const TIME_ZONES: [&str; 31] = [
    "ET", "EDT", "EST", "CT", "CDT", "CST", "MT", "MDT", "MST", "PT", "PDT", "PST", "GMT", "UTC", "BST",
    "CET", "CEST", "IST", "JST", "HKT", "AEST", "AEDT", "Eastern", "Central", "Mountain", "Pacific",
    "Greenwich", "Thanksgiving", "Christmas", "Election", "New",
];

#[rustfmt::skip]
const WEEKDAYS: [&str; 14] = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Mon", "Tue", "Wed",
    "Thu", "Fri", "Sat", "Sun",
];

/// Names that end with a mark of exclamation.
const EXCLAIMED: [&str; 3] = ["Yahoo", "Jeopardy", "Yum"];

/// The places where a sentence begins as its stop and capital say, whatever quotation marks say.
pub(super) fn missed(paragraph: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    // The end of the last stop and of the closing marks after it, while only blanks have followed.
    let mut stop: Option<usize> = None;
    let mut closed = 0;
    let mut blank = false;
    let mut brackets: usize = 0;
    for (at, c) in paragraph.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        if is_stop(c) {
            stop = Some(at);
            closed = at + c.len_utf8();
            blank = false;
        } else if let Some(stop_at) = stop {
            if c.is_whitespace() {
                blank = true;
            } else if !blank && (is_closing(c) || c == '“') {
                closed = at + c.len_utf8();
            } else {
                let inside = brackets > usize::from(matches!(c, '(' | '['));
                if blank && !inside && begins(paragraph, at) && ends(paragraph, stop_at, closed) {
                    starts.push(at);
                }
                stop = None;
            }
        }
    }
    starts
}

/// Whether no sentence can begin at this place.
pub(super) fn is_wrong(paragraph: &str, place: usize) -> bool {
    let rest = after(paragraph, place, WINDOW_BYTES);
    let head = before(paragraph, place, WINDOW_BYTES).trim_end();
    let Some(first) = rest.chars().next() else {
        return true;
    };
    if goes_on(rest) || (is_closing_mark(first) && !rest.chars().any(char::is_alphanumeric)) {
        return true;
    }
    let Some(stopped) = head.strip_suffix('.') else {
        return false;
    };
    let word = last_word(stopped);
    let numeral = rest.starts_with(|c: char| c.is_ascii_digit());
    LEADING.contains(&word)
        || (numeral && BEFORE_NUMBERS.contains(&word))
        || (matches!(word, "a.m" | "p.m" | "am" | "pm") && is_time(rest))
        || (is_initial(word) && is_initial_with_stop(rest))
        || is_list_number(stopped, word)
}

/// Whether the text goes on with a sentence: with a small letter, a mark that never begins one, a dash.
fn goes_on(rest: &str) -> bool {
    let bare = rest.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '[' | '('));
    let address = bare.contains("://") || bare.starts_with("www.") || bare.starts_with("pic.");
    (bare.starts_with(char::is_lowercase) && !address)
        || rest.starts_with([',', ';', ':', '–', '—', ')', ']'])
        || rest.starts_with("--")
        || rest.starts_with("- ")
}

fn is_closing_mark(c: char) -> bool {
    is_closing(c) || c == '"'
}

/// A capital letter, perhaps after opening marks; a digit too.
fn begins(paragraph: &str, at: usize) -> bool {
    let rest = after(paragraph, at, WINDOW_BYTES);
    let bare = rest.trim_start_matches(['"', '“', '‘', '\'', '(', '[', '«']);
    bare.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
}

/// Whether the stop is that of a sentence, and no abbreviation's. Dots are left to `sentencex`.
fn ends(paragraph: &str, stop: usize, closed: usize) -> bool {
    let head = before(paragraph, stop, WINDOW_BYTES);
    let marks = after(paragraph, stop, closed.saturating_sub(stop));
    if head.ends_with(is_stop) || marks.starts_with('…') {
        return false;
    }
    let word = last_word(head);
    if !marks.starts_with('.') {
        return !EXCLAIMED.contains(&word) && !word.is_empty();
    }
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let known = LEADING.contains(&word) || BEFORE_NUMBERS.contains(&word) || OTHERS.contains(&word);
    let party = word
        .split_once(['-', '–'])
        .is_some_and(|(party, _)| party.len() == 1);
    letters >= 3 && !known && !party && !word.contains('.')
}

/// The last word, marks before it left out.
fn last_word(head: &str) -> &str {
    head.rsplit(|c: char| c.is_whitespace() || c == '/' || c == '—')
        .next()
        .unwrap_or_default()
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .trim_end_matches(is_closing)
}

fn is_time(rest: &str) -> bool {
    let word = rest
        .split(|c: char| !c.is_alphanumeric())
        .find(|word| !word.is_empty())
        .unwrap_or_default();
    TIME_ZONES.contains(&word) || WEEKDAYS.contains(&word)
}

/// A single capital, perhaps after a hyphen or other initials: "J", "D-N", "G.T".
fn is_initial(word: &str) -> bool {
    let last = word.rsplit(['.', '-', '–']).next().unwrap_or_default();
    last.len() == 1 && last.starts_with(|c: char| c.is_ascii_uppercase())
}

fn is_initial_with_stop(rest: &str) -> bool {
    let mut characters = rest.chars();
    characters.next().is_some_and(|c| c.is_ascii_uppercase()) && characters.next() == Some('.')
}

/// Whether a word is the number of an item: it stands at the beginning of a paragraph or after a sentence.
fn is_list_number(head: &str, word: &str) -> bool {
    let ahead = head.strip_suffix(word).unwrap_or(head).trim_end();
    let after_sentence = ahead
        .strip_suffix(is_stop)
        .is_some_and(|ahead| !BEFORE_NUMBERS.contains(&last_word(ahead)));
    matches!(word.len(), 1 | 2)
        && word.bytes().all(|byte| byte.is_ascii_digit())
        && (ahead.is_empty() || after_sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_and_a_capital_begin_a_sentence() {
        assert_eq!(
            missed("It held. Then it broke.” Nobody ran! 12 stayed."),
            [9, 27, 39]
        );
    }

    #[test]
    fn an_abbreviation_a_number_or_dots_do_not() {
        for text in [
            "Sen. Smith",
            "the U.S. Army",
            "Jan. 6",
            "D-Calif. Hoyer",
            "Yahoo! News",
            "so... The",
            "3. The",
            "G. T. B.",
        ] {
            assert!(missed(text).is_empty(), "{text}");
        }
    }
}
