//! What the model wrote becomes one candidate bullet: preambles, labels, list markers, markdown and quotation marks
//! around everything are taken off. Nothing is added, and what is wrong is left for the checks to find.

use crate::text::sentences;

/// How many sentences a bullet may have.
const MAX_SENTENCES: usize = 2;

/// What small models write before the bullet itself, lower case.
const LABELS: &[&str] = &[
    "bullet",
    "bullet point",
    "summary",
    "news summary",
    "sentence",
    "answer",
    "output",
    "rewrite",
    "rewritten",
    "rewritten sentence",
    "short sentence",
    "news",
    "headline",
    "response",
    "result",
    "revised",
    "assistant",
];

/// How a line begins that only announces what follows, lower case.
const PREAMBLES: &[&str] = &[
    "here is",
    "here's",
    "here are",
    "sure",
    "certainly",
    "of course",
    "okay",
    "the following",
];

/// A longer line is no mere announcement, unless a colon ends it.
const MAX_PREAMBLE_WORDS: usize = 4;

/// The candidate bullet in a model's answer; empty when there is none. Its language is needed to find sentences.
pub fn bullet(answer: &str, language: &str) -> String {
    let line = answer
        .lines()
        .map(strip_line)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    first_sentences(&line, language, MAX_SENTENCES)
}

/// The candidate without its last sentence, when it has more than one: small models often drift after the first.
pub fn shorter(bullet: &str, language: &str) -> Option<String> {
    let first = first_sentences(bullet, language, 1);
    (first.len() < bullet.len()).then_some(first)
}

/// One line without what stands around the bullet; empty when it only announces what follows.
fn strip_line(line: &str) -> String {
    let mut text = line
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(['*', '`'], "");
    loop {
        let before = text.len();
        text = strip_marker(&text).to_owned();
        text = strip_label(&text).to_owned();
        text = strip_quotation(&text).to_owned();
        if text.len() == before {
            return text;
        }
    }
}

/// Without a leading list marker or heading: `- `, `• `, `1. `, `2) `, `## `.
fn strip_marker(text: &str) -> &str {
    let text = text.trim();
    let unmarked = text.trim_start_matches(['-', '•', '–', '—', '#', '>', '_']);
    if unmarked.len() < text.len() {
        return unmarked.trim_start();
    }
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let rest = text.get(digits..).unwrap_or_default();
    match rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")) {
        Some(rest) if (1..=2).contains(&digits) => rest,
        _ => text,
    }
}

/// Without `Bullet:`, or `Here is a summary:` and all that stands before the colon.
fn strip_label(text: &str) -> &str {
    let Some((label, rest)) = text.split_once(':') else {
        let only_announces = is_preamble(text) && text.split_whitespace().count() <= MAX_PREAMBLE_WORDS;
        return if only_announces { "" } else { text };
    };
    let lower = label.trim().to_lowercase();
    if LABELS.contains(&lower.as_str()) || is_preamble(label) {
        return rest.trim_start();
    }
    text
}

fn is_preamble(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    PREAMBLES.iter().any(|preamble| {
        lower
            .strip_prefix(preamble)
            .is_some_and(|rest| rest.starts_with([' ', ',', '!', '.']) || rest.is_empty())
    })
}

/// Without quotation marks around all of it.
fn strip_quotation(text: &str) -> &str {
    for (open, close) in [('"', '"'), ('“', '”'), ('\'', '\''), ('«', '»')] {
        let inner = text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
        if let Some(inner) = inner.filter(|inner| !inner.contains([open, close])) {
            return inner.trim();
        }
    }
    text
}

/// The first sentences; an unfinished last one goes when a finished one stands before it.
fn first_sentences(text: &str, language: &str, most: usize) -> String {
    let whole = 0..text.len();
    let spans = sentences::split(text, std::slice::from_ref(&whole), language);
    let mut end = 0;
    for sentence in spans.iter().take(most) {
        let Some(words) = text.get(sentence.span.clone()) else {
            break;
        };
        if end == 0 || ends_as_sentence(words) {
            end = sentence.span.end;
        }
    }
    text.get(..end).unwrap_or(text).trim().to_owned()
}

/// Whether it ends with a final stop, closing marks aside.
pub fn ends_as_sentence(text: &str) -> bool {
    let bare = text
        .trim_end()
        .trim_end_matches(['"', '”', '’', '\'', ')', ']', '»']);
    let last = bare.rsplit(' ').next().unwrap_or_default();
    bare.ends_with(['.', '!', '?', '。', '！', '？', '।', '۔', '؟'])
        && !bare.ends_with("..")
        && !WANTING_MORE.contains(&last)
}

/// Abbreviations that something always follows.
#[rustfmt::skip]
const WANTING_MORE: [&str; 16] = [
    "v.", "vs.", "Mr.", "Mrs.", "Ms.", "Dr.", "Gov.", "Sen.", "Rep.", "Gen.", "Lt.", "Sgt.", "Col.", "Capt.", "Prof.", "St.",
];

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "The council closed the bridge.";

    #[test]
    fn what_stands_around_a_bullet_is_taken_off() {
        for answer in [
            "The council closed the bridge.",
            "- The council closed the bridge.",
            "1. The council closed the bridge.",
            "\"The council closed the bridge.\"",
            "Here is a one-sentence summary:\n\nThe council closed the bridge.",
            "Here's the rewritten sentence: \"The council closed the bridge.\"",
            "Sure!\n**Bullet:** The council closed the bridge.",
            "Summary: The council\u{a0}closed the bridge.",
            "The council closed the bridge.\n\nIt is made of stone.",
        ] {
            assert_eq!(bullet(answer, "en"), PLAIN, "{answer}");
        }
    }

    #[test]
    fn a_third_sentence_and_an_unfinished_second_one_go() {
        let three = "The council closed the bridge. Cars wait. Boats pass.";
        assert_eq!(bullet(three, "en"), "The council closed the bridge. Cars wait.");
        let cut = "The council closed the bridge. Cars wait in a long";
        assert_eq!(bullet(cut, "en"), PLAIN);
        assert_eq!(
            shorter("The council closed the bridge. Cars wait.", "en").as_deref(),
            Some(PLAIN)
        );
        assert_eq!(shorter(PLAIN, "en"), None);
    }

    #[test]
    fn an_unfinished_only_sentence_stays_for_the_checks_to_refuse() {
        assert_eq!(bullet("The council closed the", "en"), "The council closed the");
        assert!(!ends_as_sentence("The council closed the …"));
        assert!(!ends_as_sentence("The council closed the..."));
        assert!(ends_as_sentence("“The bridge is closed.”"));
    }
}
