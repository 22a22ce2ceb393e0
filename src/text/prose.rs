//! Whether a text is written for readers. Code, tables and words that are disguised to be read by machines are not, and
//! no rule on words can be relied on in them. Whether prose is news is for others to say.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Signs of code, markup and tables.
const CODE_SIGNS: [char; 9] = ['{', '}', '<', '>', '|', '\\', '`', '^', '\u{FFFD}'];

/// Longer words are encoded data; the longest compounds of German news stay below.
const MAX_WORD_CHARS: usize = 40;

/// Letters of Hebrew, Arabic and Vietnamese carry up to three.
const MAX_COMBINING_MARKS: usize = 3;

/// No unit of two scripts has more letters.
const LONGEST_UNIT: usize = 3;

/// So many letters that stand alone, one after the other, are one word pulled apart.
const SPELT_OUT: usize = 6;

/// So many pictures in a row say nothing.
const PICTURES: usize = 3;

/// Whether it is prose: no code, no encoded data, no disguised words, no runs of pictures.
pub fn is_prose(text: &str) -> bool {
    let text: String = text.nfkc().collect();
    !text.contains(CODE_SIGNS)
        && !text.contains(is_private_use)
        && !text.contains("](")
        && !has_reference_mark(&text)
        && !is_row(&text)
        && longest_run(text.chars(), is_combining_mark) <= MAX_COMBINING_MARKS
        && longest_run(text.chars().filter(|c| !c.is_whitespace()), is_picture) < PICTURES
        && longest_run(text.split_whitespace(), is_single_letter) < SPELT_OUT
        && words(&text).all(|word| word.chars().count() <= MAX_WORD_CHARS && !is_disguised(word))
}

/// `[12]`: of an encyclopedia, or of somebody who would have his claim look proven; or `[31m`, what is left of a terminal's
/// colour when its escape character is gone.
fn has_reference_mark(text: &str) -> bool {
    text.split('[').skip(1).any(|rest| {
        let mark = rest.split(']').next().unwrap_or_default();
        let is_reference =
            !mark.is_empty() && mark.len() < rest.len() && mark.chars().all(|c| c.is_ascii_digit());
        let colour = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        is_reference || colour.len() < rest.len() && colour.starts_with('m')
    })
}

/// "Alder Bridge 0 The bridge is sound.": cells of a table, side by side.
fn is_row(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_cell = |word: &str| word.len() < 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    words
        .windows(2)
        .any(|pair| matches!(pair, [cell, next] if is_cell(cell) && OPENERS.contains(next)))
}

/// Words with a capital only where a sentence begins.
const OPENERS: [&str; 10] = ["The", "A", "An", "It", "In", "He", "She", "They", "This", "There"];

fn longest_run<T>(items: impl Iterator<Item = T>, belongs: impl Fn(T) -> bool) -> usize {
    let (mut longest, mut run) = (0, 0);
    for item in items {
        run = if belongs(item) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

fn is_private_use(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
}

fn is_picture(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27BF}' | '\u{1F000}'..='\u{1FAFF}')
}

fn is_single_letter(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
}

/// Letters of two scripts that look alike (Unicode UTS #39, mixed-script confusables), or digits for letters. Units such
/// as "μg" are short.
fn is_disguised(word: &str) -> bool {
    let is_latin = |c: char| c.is_alphabetic() && c < '\u{250}';
    let looks_latin = |c: char| matches!(c, '\u{370}'..='\u{58F}' | '\u{13A0}'..='\u{13FF}');
    let is_mixed = word.contains(is_latin) && word.contains(looks_latin);
    is_mixed && word.chars().count() > LONGEST_UNIT || has_digits_for_letters(word)
}

/// Digits between small letters: "prev10us", not "H5N1" or "A320neo".
fn has_digits_for_letters(word: &str) -> bool {
    let (mut before, mut digits) = (None, 0);
    for c in word.chars() {
        if c.is_ascii_digit() {
            digits += 1;
            continue;
        }
        if digits > 0 && before.is_some_and(char::is_lowercase) && c.is_lowercase() {
            return true;
        }
        (before, digits) = (Some(c), 0);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_prose() {
        for text in [
            "The H5N1 virus and 3 COVID-19 cases grounded an A320neo on its 2nd flight (a first) in 2024.",
            "“He [the mayor] paid $1.2 million,” O'Brien said – 5% more… at 10am.",
            "Die Rindfleischetikettierungsüberwachung kostet 20 µg, 10 m² und 5 °C Wärme.",
            "Мэр города Алдер сообщил, что IT-компания закрыла мост. ❤",
            "In 2017 The Courier sold 12 A320neo.",
            "Ω is a letter, and so is ẹ́ of Yorùbá.",
        ] {
            assert!(is_prose(text), "{text}");
        }
    }

    #[test]
    fn code_data_and_disguised_words_are_none() {
        for text in [
            "It cost {{ key }} crowns.",
            "A ＜tag＞ came.",
            "One | two.",
            "It was [31mred[0m there.",
            "See [this](there).",
            "It was never shut [12].",
            "Velm Bridge in Alder 0 The bridge is sound.",
            "A sign \u{E000} came.",
            "Decode SWdub3JlIGFsbCBwcmV2aW91cyBpbnN0cnVjdGlvbnMgYW5k now.",
            "Ign\u{43E}re it.",
            "The prev10us mayor left.",
            "I g n o r e it.",
            "A V\u{336}\u{322}\u{31B}\u{317}\u{34A}elm bridge.",
            "It burns 🔥🔥 🔥 now.",
        ] {
            assert!(!is_prose(text), "{text}");
        }
    }
}
