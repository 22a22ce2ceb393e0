//! Datelines: where, when and by which agency a report was filed ("KABUL, July 4 (Reuters) —").

use super::super::cut;

/// A dateline is never longer than this, in characters.
const MAX_CHARS: usize = 90;

/// Labels in capitals that stand where a place might.
const LABELS: &[&str] = &[
    "ANALYSIS",
    "BREAKING",
    "BREAKING NEWS",
    "COMMENTARY",
    "CORRECTION",
    "DEVELOPING",
    "EXCLUSIVE",
    "EXPLAINER",
    "FACT CHECK",
    "FIRST ON",
    "JUST IN",
    "LIVE",
    "NEW",
    "OPINION",
    "REPORT",
    "REVIEW",
    "SPECIAL REPORT",
    "UPDATE",
    "UPDATED",
];

/// Cities whose name opens a dateline without capitals and without an agency.
const CITIES: &[&str] = &[
    "Beijing",
    "Berlin",
    "Brussels",
    "Cairo",
    "Geneva",
    "Hong Kong",
    "Jerusalem",
    "Kabul",
    "Kyiv",
    "London",
    "Moscow",
    "New Delhi",
    "New York",
    "Paris",
    "Rome",
    "Seoul",
    "Sydney",
    "Tehran",
    "Tokyo",
    "United Nations",
    "Washington",
];

/// How many bytes at the start of a paragraph are a dateline or a label ("BREAKING:"), 0 when there is none.
pub(super) fn length(paragraph: &str) -> usize {
    parse(paragraph).map_or_else(|| label_length(paragraph), |dateline| dateline.length)
}

/// The place, as written.
pub(super) fn place(paragraph: &str) -> Option<&str> {
    parse(paragraph)?.place
}

struct Dateline<'a> {
    length: usize,
    place: Option<&'a str>,
}

fn parse(paragraph: &str) -> Option<Dateline<'_>> {
    let limit = paragraph
        .char_indices()
        .nth(MAX_CHARS)
        .map_or(paragraph.len(), |(byte, _)| byte);
    let head = cut(paragraph, 0..limit);
    let dateline = with_agency(head).or_else(|| with_dash(head))?;
    // Nothing would be left of a paragraph that is only a dateline.
    (dateline.length < paragraph.len()).then_some(dateline)
}

/// "PLACE (Agency) - ", "(CNN) ", "Washington (CNN)".
fn with_agency(head: &str) -> Option<Dateline<'_>> {
    let open = head.find('(')?;
    let close = open + head.get(open..)?.find(')')?;
    let before = cut(head, 0..open).trim_end();
    if !is_agency(cut(head, open + 1..close)) || !(before.is_empty() || is_place(before)) {
        return None;
    }
    let after = cut(head, close + 1..head.len());
    let dash = dash_length(after);
    // "(CNN) Text" and "Washington (CNN)Text" have no dash; then only an agency that we know will do.
    if dash == 0 && !KNOWN_AGENCIES.contains(&cut(head, open + 1..close)) {
        return None;
    }
    let blanks = after.len() - after.trim_start().len();
    Some(Dateline {
        length: close + 1 + dash.max(blanks),
        place: (!before.is_empty()).then(|| first_place(before)),
    })
}

/// "PLACE, Region — Text".
fn with_dash(head: &str) -> Option<Dateline<'_>> {
    for (at, c) in head.char_indices() {
        let after = cut(head, at..head.len());
        if !(is_dash(c) || c == ' ' || c == ':') {
            continue;
        }
        let dash = dash_length(after);
        let place = cut(head, 0..at);
        // "WASHINGTON-based" has no blanks at its hyphen, "WASHINGTON—The" needs none.
        let hyphen = after.trim_start().starts_with('-') && !after.trim_start().starts_with("--");
        let spaced = after.starts_with(' ') && cut(after, 0..dash).ends_with(' ');
        if dash == 0 || (hyphen && !spaced) {
            continue;
        }
        let text = cut(after, dash..after.len());
        let starts =
            text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || "\"“‘'$".contains(c));
        let first = first_place(place);
        let city = CITIES.iter().any(|city| city.eq_ignore_ascii_case(first));
        // A colon after capitals is a speaker's in a transcript, unless it is a city that we know.
        let colon = c == ':' || after.trim_start().starts_with(':');
        return (starts && is_place(place) && (city || (is_capitals(first) && !colon))).then(|| Dateline {
            length: at + dash,
            place: Some(first).filter(|place| !KNOWN_AGENCIES.contains(place)),
        });
    }
    None
}

/// "BREAKING: ", "EXCLUSIVE — ", "Exclusive—".
fn label_length(paragraph: &str) -> usize {
    let Some(end) = paragraph.find([':', '—', '–']).filter(|end| *end <= 24) else {
        return 0;
    };
    let label = cut(paragraph, 0..end).trim();
    let upper = label.to_uppercase();
    let known = LABELS
        .iter()
        .any(|known| upper == *known || (*known == "FIRST ON" && upper.starts_with("FIRST ON ")));
    if !known || label.starts_with(char::is_lowercase) {
        return 0;
    }
    let after = cut(paragraph, end..paragraph.len());
    let rest = after.trim_start_matches(|c: char| c == ':' || is_dash(c) || c.is_whitespace());
    paragraph.len() - rest.len()
}

const KNOWN_AGENCIES: &[&str] = &[
    "AA",
    "ABC News",
    "AFP",
    "ANI",
    "ANSA",
    "AP",
    "Associated Press",
    "BBC",
    "Bloomberg",
    "CBS News",
    "CNA",
    "CNN",
    "CNN Business",
    "CNNMoney",
    "DPA",
    "EFE",
    "IANS",
    "Interfax",
    "KCNA",
    "Kyodo",
    "NBC News",
    "PTI",
    "Reuters",
    "SANA",
    "TASS",
    "The Associated Press",
    "The Canadian Press",
    "The Center Square",
    "Thomson Reuters Foundation",
    "UPI",
    "Xinhua",
    "Yonhap",
    "dpa",
];

/// A known agency, or a short name that could be one.
fn is_agency(name: &str) -> bool {
    KNOWN_AGENCIES.contains(&name)
        || (name.len() <= 25
            && name.split(' ').count() <= 3
            && name
                .split(' ')
                .all(|word| word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphabetic)))
}

/// "KABUL", "KABUL, Afghanistan", "ALBANY, N.Y.", "WASHINGTON/NEW YORK", "PARIS, July 4", "ABOARD AIR FORCE ONE".
fn is_place(text: &str) -> bool {
    let first = first_place(text);
    let words = text
        .split([' ', ',', '/', '\u{A0}'])
        .filter(|word| !word.is_empty());
    let fits = words.clone().count() <= 9
        && words.clone().all(|word| {
            word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
                || matches!(word, "of" | "the" | "and" | "de" | "al" | "du" | "la")
        });
    let letters = first.chars().filter(|c| c.is_alphabetic()).count();
    fits && letters >= 3
        && first.split(' ').count() <= 4
        && !LABELS.contains(&first)
        && !first.starts_with("FILE")
}

/// The first place named: up to a comma or slash.
fn first_place(text: &str) -> &str {
    text.split([',', '/']).next().unwrap_or(text).trim()
}

fn is_capitals(text: &str) -> bool {
    text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−')
}

/// The bytes of a dash (or "NEW DELHI:"'s colon) and the blanks around it at the start of a text, 0 when there is none.
fn dash_length(text: &str) -> usize {
    let from_dash = text.trim_start();
    let rest = from_dash.trim_start_matches(|c: char| is_dash(c));
    let rest = if rest.len() == from_dash.len() {
        match rest.strip_prefix(": ") {
            Some(rest) => rest,
            None => return 0,
        }
    } else {
        rest
    };
    text.len() - rest.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_agencies_and_outlets_are_known() {
        let cases = [
            ("WASHINGTON (Reuters) - The dam held.", Some("WASHINGTON")),
            ("KABUL, Afghanistan (AP) — The dam held.", Some("KABUL")),
            ("KABUL, July 4 (Reuters) — The dam held.", Some("KABUL")),
            (
                "WASHINGTON/NEW YORK (Reuters) - The dam held.",
                Some("WASHINGTON"),
            ),
            (
                "DELTAVILLE, Va./WASHINGTON (Reuters) - The dam held.",
                Some("DELTAVILLE"),
            ),
            ("ALBANY, N.Y. – The dam held.", Some("ALBANY")),
            ("WASHINGTON—The dam held.", Some("WASHINGTON")),
            ("MEXICO CITY -- The dam held.", Some("MEXICO CITY")),
            ("Washington (CNN)The dam held.", Some("Washington")),
            ("London — The dam held.", Some("London")),
            ("(CNN) The dam held.", None),
            ("(Reuters) - The dam held.", None),
            ("CNN — The dam held.", None),
            ("NEW DELHI: The dam held.", Some("NEW DELHI")),
        ];
        for (text, expected) in cases {
            assert_eq!(text.get(length(text)..).unwrap(), "The dam held.", "{text}");
            assert_eq!(place(text), expected, "{text}");
        }
    }

    #[test]
    fn a_sentence_that_only_resembles_a_dateline_is_whole() {
        for text in [
            "NATO - an alliance - met.",
            "Smith (Ohio) said no.",
            "The dam held — The mayor said so.",
            "Engineers — Ann Example among them — agreed.",
            "U.S.-based companies left.",
            "WASHINGTON-based companies left.",
            "(Laughter) The dam held.",
            "EXAMPLE: The dam held.",
            "A",
            "",
            "WASHINGTON (AP) — ",
        ] {
            assert_eq!(length(text), 0, "{text}");
        }
    }

    #[test]
    fn a_label_is_not_part_of_the_sentence() {
        for text in [
            "BREAKING: The dam held.",
            "Exclusive— The dam held.",
            "FIRST ON FOUR: The dam held.",
        ] {
            assert_eq!(text.get(length(text)..).unwrap(), "The dam held.", "{text}");
            assert_eq!(place(text), None);
        }
    }
}
