//! Repairs what `sentencex` gets wrong in English news: splits after abbreviations, inside quotations and before
//! "she said"; stops that it passed over because a quotation mark had no partner.
//!
//! A sentence out of the middle of a quotation would read as the outlet's own statement. Therefore a quotation is
//! never split, at the price of a long sentence.

mod breaks;
mod quotations;
mod speaker;

use std::iter::Peekable;
use std::ops::Range;
use std::vec::IntoIter;

use crate::text::{cut, trimmed};

/// The sentences of a paragraph, from those that were found in it.
pub(super) fn english(paragraph: &str, spans: &[Range<usize>]) -> Vec<Range<usize>> {
    let quotations = quotations::of(paragraph);
    let mut single = quotations::single(paragraph).into_iter().peekable();
    let mut starts = breaks::missed(paragraph);
    starts.extend(
        spans
            .iter()
            .map(|span| quotations::before_opening(paragraph, span.start)),
    );
    starts.sort_unstable();
    starts.dedup();
    let mut quotations = quotations.into_iter().peekable();
    starts.retain(|start| {
        !is_inside(&mut quotations, *start)
            && !is_inside(&mut single, *start)
            && !breaks::is_wrong(paragraph, *start)
            && !speaker::follows(paragraph, *start)
    });
    pieces(paragraph, &starts)
}

/// Whether a place is in one of the quotations; the places come in order.
fn is_inside(quotations: &mut Peekable<IntoIter<Range<usize>>>, place: usize) -> bool {
    while quotations.next_if(|quotation| quotation.end <= place).is_some() {}
    quotations.peek().is_some_and(|quotation| quotation.start < place)
}

/// The text between the starts, without blanks. Marks alone ("”") go with the sentence before them.
fn pieces(paragraph: &str, starts: &[usize]) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::with_capacity(starts.len() + 1);
    let mut begin = 0;
    for end in starts.iter().copied().chain([paragraph.len()]) {
        let piece = trimmed(paragraph, begin..end);
        begin = end;
        if piece.is_empty() {
            continue;
        }
        let marks_only = !cut(paragraph, piece.clone()).contains(char::is_alphanumeric);
        match pieces.last_mut() {
            Some(last) if marks_only => last.end = piece.end,
            _ => pieces.push(piece),
        }
    }
    pieces
}

/// The last `bytes` bytes before a place, or a little less: rules look no further, so that the whole takes linear time.
fn before(text: &str, place: usize, bytes: usize) -> &str {
    let from = text.ceil_char_boundary(place.saturating_sub(bytes));
    cut(text, from..place)
}

/// The first `bytes` bytes from a place on, or a little less.
fn after(text: &str, place: usize, bytes: usize) -> &str {
    cut(text, place..text.floor_char_boundary(place.saturating_add(bytes)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::split_paragraph;

    fn sentences(paragraph: &str) -> Vec<&str> {
        split_paragraph(paragraph, "en")
            .into_iter()
            .map(|span| paragraph.get(span).unwrap())
            .collect()
    }

    #[track_caller]
    fn splits(expected: &[&str]) {
        assert_eq!(sentences(&expected.join(" ")), expected);
    }

    #[test]
    fn an_abbreviation_ends_no_sentence() {
        for sentence in [
            "The dam is watched by Ms. Kest and by Sen. Ann Example.",
            "Work starts on Jan. 6 at dam No. 10 of the U.S. Army.",
            "It opened at 9 a.m. Monday and shut at 5 p.m. EDT on Tuesday.",
            "Ann Example, D-N. Y., and Bob Sample, R-S. C., voted no.",
            "Sens. Ann Example, D-Conn. ; Bob Sample, R-Ore. ; and Eve Probe, D-Wis., voted no.",
            "Bob Sample, R-Calif. — a friend of the dam — voted yes.",
            "J. K. Example wrote it for Sample Inc. of Ohio.",
            "The bill, H. R. 12, passed.",
            "No. 1 of the list is the dam.",
        ] {
            splits(&[sentence]);
        }
    }

    #[test]
    fn an_abbreviation_can_end_a_sentence() {
        splits(&["The dam is the largest in the U.S.", "It was built in 1960."]);
        splits(&["They met at 5 p.m.", "The mayor spoke first."]);
        splits(&["“The dam is safe,” said Ann Example, D-Va.", "“We looked at it.”"]);
        splits(&["Was it safe?", "No.", "There were cracks."]);
    }

    #[test]
    fn a_quotation_is_one_sentence_with_its_speaker() {
        for sentence in [
            "“We won. Now we work,” she said.",
            "'We won. Now we work,' she said.",
            "He said: ‘We won. They’re gone. Now we work.’",
            "\"We won. Now we work,” she said.",
            "“Is the dam safe?” Ann Example asked.",
            "“The dam is safe!“ she wrote.",
            "“The dam is safe!” Mr. Sample told reporters on Monday.",
            "“Nobody asked us. It broke.” — Ann Example",
            "Example wrote: “Nobody asked us. It broke. ‘Why?’ ”",
            "“Nobody asked us. It broke, and we ran.",
            "She said: ‘The dam is safe.’ “",
        ] {
            splits(&[sentence]);
        }
    }

    #[test]
    fn what_follows_a_quotation_is_a_sentence_of_its_own() {
        splits(&["She said: “We won. We work.”", "The council met on Friday."]);
        splits(&["“We won,” she said.", "“We work. We mend it.”"]);
        splits(&["“We won,” she said.", "“We work. We mend it, and we"]);
        splits(&["“Is the dam safe?”", "The council said that it was."]);
        splits(&[
            "“Is it safe?\" she asked.",
            "Engineers said “yes.\"",
            "It was not.",
        ]);
        splits(&["It broke in 1963.", "“We ran. We hid,“ she said."]);
        splits(&["It held.", "(Nobody knew why.)", "Then it broke."]);
        splits(&["They wrote the 'rules.", "Nobody read them,' he said."]);
    }

    #[test]
    fn a_sentence_does_not_begin_with_a_small_letter_or_a_dash() {
        splits(&["The question -- is the dam safe? -- had no answer."]);
        splits(&["Nobody asked … and nobody knew... or so it seemed."]);
        splits(&["Former Mayor Bob Sample, I-Conn. and now a judge, agreed."]);
    }

    #[test]
    fn a_bracket_is_not_split() {
        splits(&["The mayor left (the vote was over. Nobody stayed) at noon."]);
    }

    #[test]
    fn a_number_of_a_list_stands_with_its_item() {
        splits(&[
            "There are two reasons.",
            "1. The dam is old.",
            "2. The lake is full.",
        ]);
    }

    #[test]
    fn long_and_odd_input_is_cut_once() {
        for part in [
            "“", "\"", "a. ", "A. ", "? ", ". “", "…” ", ".\" A", "no. 1 ", "。",
        ] {
            let text = part.repeat(100_000 / part.len());
            let spans = super::english(&text, &[]);
            assert!(spans.iter().map(ExactSizeIterator::len).sum::<usize>() <= text.len());
        }
    }

    proptest! {
        #[test]
        fn sentences_are_in_order_and_cut_the_paragraph(
            text in "([a-z]{1,4}|[A-Z][a-z]{0,3}|[“”\"'’(). ]|[.!?…]| |said|Ms\\.|[0-9]|—|é|\\PC){0,60}"
        ) {
            let mut end = 0;
            let mut kept = String::new();
            for span in split_paragraph(&text, "en") {
                prop_assert!(span.start >= end && span.start < span.end);
                end = span.end;
                let sentence = text.get(span);
                prop_assert!(sentence.is_some_and(|sentence| sentence.trim() == sentence));
                kept.push_str(sentence.unwrap_or_default());
            }
            let solid = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(solid(&kept), solid(&text));
        }

        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = split_paragraph(&text, "en");
        }
    }
}
