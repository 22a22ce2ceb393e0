//! Splits a text into the tokens that numbers and names are read from.

use std::ops::Range;

/// A word, a number or a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// The token as written.
    pub(super) text: &'a str,
    /// Its first byte in the text.
    pub(super) start: usize,
    /// What it is.
    pub(super) kind: Kind,
    /// Whether a blank stands before it (also at the start of the text).
    pub(super) spaced: bool,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, with apostrophes and the stops of initials ("U.S.") inside.
    Word,
    /// Digits, with grouping commas and a decimal point inside; a time ("10:45").
    Digits,
    /// Any other single character but blanks.
    Symbol,
}

impl Token<'_> {
    /// One past its last byte.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Its bytes in the text.
    pub(super) fn span(&self) -> Range<usize> {
        self.start..self.end()
    }
}

/// The tokens of a text, in order.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    let at = |index: usize| characters.get(index).map(|(_, c)| *c);
    let offset = |index: usize| characters.get(index).map_or(text.len(), |(offset, _)| *offset);
    let mut tokens = Vec::new();
    let mut index = 0;
    let mut spaced = true;
    while let Some(first) = at(index) {
        if first.is_whitespace() {
            spaced = true;
            index += 1;
            continue;
        }
        let begin = index;
        let kind = if first.is_numeric() {
            index = end_of_digits(&at, index);
            Kind::Digits
        } else if first.is_alphabetic() {
            index = end_of_word(&at, index);
            Kind::Word
        } else {
            index += 1;
            Kind::Symbol
        };
        let start = offset(begin);
        let slice = text.get(start..offset(index)).unwrap_or_default();
        tokens.push(Token {
            text: slice,
            start,
            kind,
            spaced,
        });
        spaced = false;
    }
    tokens
}

fn end_of_digits(at: &impl Fn(usize) -> Option<char>, mut index: usize) -> usize {
    let digit = |index: usize| at(index).is_some_and(char::is_numeric);
    let begin = index;
    while digit(index) || (matches!(at(index), Some('.' | ',')) && digit(index + 1)) {
        index += 1;
    }
    let minutes = at(index) == Some(':') && digit(index + 1) && digit(index + 2) && !digit(index + 3);
    if minutes && index - begin <= 2 {
        index + 3
    } else {
        index
    }
}

fn end_of_word(at: &impl Fn(usize) -> Option<char>, begin: usize) -> usize {
    let letter = |index: usize| at(index).is_some_and(char::is_alphabetic);
    let mut index = begin;
    while letter(index) || (matches!(at(index), Some('\'' | '’')) && letter(index + 1)) {
        index += 1;
    }
    // Initials: a single letter and its stop, again and again ("U.S.", "J."); the stop of "$5m." ends the sentence.
    let after_digit = begin.checked_sub(1).and_then(at).is_some_and(char::is_numeric);
    let again = letter(index + 1) && at(index + 2) == Some('.');
    if index == begin + 1 && at(index) == Some('.') && (again || !after_digit) {
        index += 1;
        while letter(index) && at(index + 1) == Some('.') {
            index += 2;
        }
    }
    index
}
