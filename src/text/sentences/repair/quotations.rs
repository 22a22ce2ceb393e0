//! Where the quotations of a paragraph are, also when its marks are of mixed kinds or one of them is missing.

use std::ops::Range;

use super::{before, cut};
use crate::text::is_stop;

/// The double quotation marks.
const MARKS: [char; 6] = ['"', '“', '”', '„', '«', '»'];

/// What a mark does, from the characters around it.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Opens,
    Closes,
    /// Blanks or letters on both sides.
    Either,
}

/// A quotation that is being read.
struct Open {
    start: usize,
    /// Whether another quotation stands open in it ("He called it “safe” today").
    inner: bool,
}

impl Open {
    fn at(start: usize) -> Self {
        Self { start, inner: false }
    }
}

/// The quotations, in order, marks included. One that is never closed reaches to the end of the paragraph when it
/// begins as quotations do: the next paragraph goes on with it.
pub(super) fn of(paragraph: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<Open> = None;
    let mut previous = None;
    let mut characters = paragraph.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, c)| *c);
        if MARKS.contains(&c) {
            let role = role(c, previous, next);
            match (&mut open, role) {
                (None, Role::Closes) => {}
                (None, _) => open = Some(Open::at(at)),
                (Some(quotation), Role::Opens) if has_kind(paragraph, quotation.start, c) => {
                    // The first was never closed.
                    *quotation = Open::at(at);
                }
                (Some(quotation), Role::Opens) => quotation.inner = true,
                (Some(quotation), _) if quotation.inner => quotation.inner = false,
                (Some(quotation), _) => {
                    found.push(quotation.start..at + c.len_utf8());
                    open = None;
                }
            }
        }
        previous = Some(c);
    }
    if let Some(quotation) = open.filter(|quotation| begins_statement(paragraph, quotation.start)) {
        found.push(quotation.start..paragraph.len());
    }
    found
}

/// Quotations in single marks, as far as they begin as statements do and end with a stop or comma: elsewhere the
/// marks might be apostrophes.
pub(super) fn single(paragraph: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = None;
    let mut previous = None;
    let mut characters = paragraph.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, c)| *c);
        let begins = previous.is_none_or(|c: char| c.is_whitespace() || is_opener(c) || MARKS.contains(&c));
        let ends = previous.is_some_and(|c| is_stop(c) || c == ',');
        match (c, open) {
            ('‘' | '\'', None) if begins && next.is_some_and(char::is_alphabetic) => {
                open = Some(at).filter(|at| begins_statement(paragraph, *at));
            }
            ('’' | '\'', Some(start)) if ends => {
                found.push(start..at + c.len_utf8());
                open = None;
            }
            _ => {}
        }
        previous = Some(c);
    }
    found
}

/// The place before the opening quotation marks and brackets that stand directly before a place.
pub(super) fn before_opening(paragraph: &str, place: usize) -> usize {
    let head = before(paragraph, place, 16);
    let bare = head.trim_end_matches(['"', '“', '‘', '\'', '(', '[', '«', '„']);
    // A mark at a word is a closing one.
    if bare.is_empty() || bare.ends_with(char::is_whitespace) {
        place - (head.len() - bare.len())
    } else {
        place
    }
}

fn role(mark: char, previous: Option<char>, next: Option<char>) -> Role {
    let solid_before = previous.is_some_and(|c| !c.is_whitespace() && !is_opener(c));
    let solid_after = next.is_some_and(|c| c.is_alphanumeric() || is_opener(c));
    match (solid_before, solid_after) {
        (false, true) => Role::Opens,
        (true, false) => Role::Closes,
        _ => match mark {
            '“' | '„' | '«' => Role::Opens,
            '”' | '»' => Role::Closes,
            _ => Role::Either,
        },
    }
}

/// What stands between a blank and an opening mark, or between an opening mark and its first word.
fn is_opener(c: char) -> bool {
    matches!(
        c,
        '(' | '[' | '‘' | '\'' | '—' | '–' | '-' | '$' | '#' | '@' | '…'
    )
}

fn has_kind(paragraph: &str, at: usize, mark: char) -> bool {
    let straight = |c: char| c == '"';
    cut(paragraph, at..paragraph.len())
        .chars()
        .next()
        .is_some_and(|first| straight(first) == straight(mark))
}

/// Whether a mark stands where a statement begins: at the head of the paragraph or after a stop, comma or colon.
fn begins_statement(paragraph: &str, at: usize) -> bool {
    let head = before(paragraph, at, 32).trim_end();
    (at <= 32 && head.is_empty())
        || head.ends_with(|c: char| is_stop(c) || matches!(c, ',' | ':' | '”' | '"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(paragraph: &str) -> Vec<&str> {
        of(paragraph)
            .into_iter()
            .map(|range| paragraph.get(range).unwrap())
            .collect()
    }

    #[test]
    fn marks_are_paired_by_what_stands_around_them() {
        for (paragraph, expected) in [
            (
                "“It held,\" she said. “It will.”",
                vec!["“It held,\"", "“It will.”"],
            ),
            ("\"It held,” she said.", vec!["\"It held,”"]),
            ("“It held!“ she said.", vec!["“It held!“"]),
            (
                "“She called it \"safe\" today,” he said.",
                vec!["“She called it \"safe\" today,”"],
            ),
            ("It is 6\" wide.", vec![]),
        ] {
            assert_eq!(read(paragraph), expected, "{paragraph}");
        }
    }

    #[test]
    fn a_quotation_that_is_never_closed_goes_on_to_the_end() {
        assert_eq!(read("He said: “It held. We ran."), ["“It held. We ran."]);
        assert_eq!(read("“It held. “It broke.” We ran."), ["“It broke.”"]);
        assert!(read("The “dam held. We ran.").is_empty());
    }

    #[test]
    fn an_opening_mark_belongs_to_what_follows() {
        assert_eq!(before_opening("No. “We won.", 7), 4);
        assert_eq!(before_opening("No.” We won.", 7), 7);
        assert_eq!(before_opening("“We won.", 3), 0);
    }
}
