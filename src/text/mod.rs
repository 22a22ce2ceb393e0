//! Pure functions on text; no I/O, no model, no clock. Spans are half-open byte ranges into the stored plain
//! text; [`spans`] turns them into the code points that the API speaks.

pub mod plain;
pub mod clean;
pub mod prose;
pub mod sentences;
pub mod spans;
pub mod similarity;
pub mod facts;
pub mod language;
mod words;

use std::ops::Range;

/// The part of a text; empty when the range is not in it.
fn cut(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// The range without the blanks at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = cut(text, range.clone());
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

/// With a capital in front.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}

/// Without a capital in front.
pub fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|first| first.to_lowercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}

/// Whether a character closes a quotation or a bracket, so that a stop may stand before it.
fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '」' | '』' | '）')
}

/// Whether a character ends a sentence.
fn is_stop(c: char) -> bool {
    matches!(
        c,
        '.' | '!' | '?' | '…' | '。' | '！' | '？' | '।' | '؟' | '۔' | '።' | '։'
    )
}
