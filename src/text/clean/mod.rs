//! Finds the paragraphs of an article that belong to its story: captions, newsletter and cookie lines, share
//! buttons, bylines, datelines and repeated paragraphs are left out. The text itself is not changed, since citations point
//! into it.
//!
//! A dropped sentence of the story costs little, since other outlets have it too; furniture that stays may become a
//! bullet. The phrases are English; in other languages the rules on form (headings, repeats, links) still hold.

mod boilerplate;
mod dateline;
mod inline;
mod phrases;

use std::collections::HashSet;
use std::ops::Range;

use super::{cut, trimmed};

use boilerplate::is_boilerplate;

/// The version of these rules: part of the key under which analyses are kept.
pub const CLEAN_VERSION: &str = "clean.v3";

/// A dateline opens the story's first paragraph, but a heading or summary that is none of our furniture may stand
/// above it.
const DATELINE_PARAGRAPHS: usize = 3;

/// The kept parts of the text, in order: byte ranges, each within one paragraph, trimmed of blanks; a leading
/// dateline ("KABUL, July 4 (Reuters) —") is outside the range.
pub fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for paragraph in blocks(text) {
        let words = normalized(cut(text, paragraph.clone()));
        if words.is_empty() || !seen.insert(words) {
            continue;
        }
        if is_boilerplate(cut(text, paragraph.clone())) {
            continue;
        }
        let after = match kept.len() {
            0..DATELINE_PARAGRAPHS => dateline::length(cut(text, paragraph.clone())),
            _ => 0,
        };
        let rest = trimmed(text, paragraph.start + after..paragraph.end);
        if !rest.is_empty() {
            kept.push(rest);
        }
    }
    kept
}

/// Whether one sentence of a kept paragraph is furniture after all: the last words of a paragraph are often a photo
/// credit, and links to other stories pop up in the middle of one.
pub(super) fn is_furniture(sentence: &str) -> bool {
    is_boilerplate(sentence) || inline::has_link_card(sentence) || inline::has_ticker(sentence)
}

/// The place of the article's dateline as it is written there ("KABUL", "WASHINGTON"), if it opens with one.
pub fn dateline_place(text: &str) -> Option<&str> {
    blocks(text)
        .into_iter()
        .map(|paragraph| cut(text, paragraph))
        .filter(|paragraph| !is_boilerplate(paragraph))
        .take(DATELINE_PARAGRAPHS)
        .find_map(dateline::place)
}

/// The paragraphs of a text. Between blank lines each line is one of its own, unless the lines look as if they were
/// broken to fit a width.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = trimmed(text, start..start + line.len());
        start += line.len();
        if range.is_empty() {
            end_block(text, &mut lines, &mut blocks);
        } else {
            lines.push(range);
        }
    }
    end_block(text, &mut lines, &mut blocks);
    blocks
}

fn end_block(text: &str, lines: &mut Vec<Range<usize>>, blocks: &mut Vec<Range<usize>>) {
    if is_wrapped(text, lines)
        && let (Some(first), Some(last)) = (lines.first(), lines.last())
    {
        blocks.push(first.start..last.end);
    } else {
        blocks.append(lines);
    }
    lines.clear();
}

/// Whether these lines are one paragraph broken at a width, as in mail and wire feeds: all but the last are about
/// as long, and most end inside a sentence.
fn is_wrapped(text: &str, lines: &[Range<usize>]) -> bool {
    let Some((_, full)) = lines.split_last() else {
        return false;
    };
    let inside = full
        .iter()
        .filter(|line| !ends_sentence(cut(text, (*line).clone())))
        .count();
    let fits = full.iter().all(|line| (40..=100).contains(&line.len()));
    fits && inside * 2 > full.len()
}

/// Whether a text ends with a stop, closing quotes and brackets aside.
fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(|c: char| c.is_whitespace() || super::is_closing(c))
        .ends_with(super::is_stop)
}

/// The words alone, lower case: repeats differ in marks and blanks.
fn normalized(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for word in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        words.extend(word.chars().flat_map(char::to_lowercase));
        words.push(' ');
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(text: &str) -> Vec<&str> {
        paragraphs(text)
            .into_iter()
            .map(|range| text.get(range).unwrap())
            .collect()
    }

    #[test]
    fn furniture_goes_and_the_story_stays() {
        let text = "By Ann Example\n\nImage copyright Getty Images Image caption The dam before the flood\n\n\
            DELTA CITY, July 4 (Newswire) — The dam above Delta City held on Friday, engineers said.\n\n\
            Advertisement\n\nSign up for our newsletter to get the news every morning.\n\n\
            Nobody was hurt, the mayor told reporters.\n\nNobody was hurt, the mayor told reporters!\n\n\
            READ MORE: How dams are built\n\nWhat happens next?\n\n\
            Engineers will lower the lake by two meters this week.\n\n\
            Bob Sample contributed to this report.\n\nCopyright © 2025 The Delta News. All rights reserved.";
        assert_eq!(
            kept(text),
            [
                "The dam above Delta City held on Friday, engineers said.",
                "Nobody was hurt, the mayor told reporters.",
                "Engineers will lower the lake by two meters this week.",
            ]
        );
        assert_eq!(dateline_place(text), Some("DELTA CITY"));
    }

    #[test]
    fn lines_broken_at_a_width_are_one_paragraph() {
        let wrapped = "The council of Delta City voted on Tuesday to close the old\n\
            bridge while engineers look at cracks that were found in the\nsouthern pier.";
        assert_eq!(paragraphs(wrapped), std::slice::from_ref(&(0..wrapped.len())));
        let lines =
            "The council of Delta City voted on Tuesday to close it.\nThe mayor of the city agreed with it.";
        assert_eq!(paragraphs(lines).len(), 2);
    }

    proptest! {
        #[test]
        fn ranges_are_in_order_and_cut_the_text(text in "([A-Za-z ,.—()\n\"”é]{0,20}|\\PC{0,5}|\n\n|WASHINGTON \\(AP\\) — ){0,30}") {
            let mut end = 0;
            for range in paragraphs(&text) {
                prop_assert!(range.start >= end && range.start < range.end);
                let part = text.get(range.clone());
                prop_assert!(part.is_some_and(|part| part.trim() == part && !part.contains("\n\n")));
                end = range.end;
            }
            if let Some(place) = dateline_place(&text) {
                prop_assert!(text.contains(place) && !place.is_empty());
            }
        }

        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = (paragraphs(&text), dateline_place(&text));
        }
    }
}
