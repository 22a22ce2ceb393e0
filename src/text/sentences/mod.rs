//! Splits kept paragraphs into sentences, and judges them. The splitting is `sentencex`'s, with its known errors
//! repaired.

mod complete;
mod repair;

use std::ops::Range;

use super::{cut, trimmed};

pub use complete::{is_complete, stands_alone};

/// One sentence: where it is in the text, and in which of the given paragraphs (index).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceSpan {
    /// Half-open byte range in the text, without blanks at its ends.
    pub span: Range<usize>,
    /// Index into the paragraphs given.
    pub paragraph: usize,
}

/// The sentences of the paragraphs, in order, not overlapping, none empty. `language` is a BCP 47 tag.
pub fn split(text: &str, paragraphs: &[Range<usize>], language: &str) -> Vec<SentenceSpan> {
    let primary = language
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mut sentences = Vec::new();
    for (index, paragraph) in paragraphs.iter().enumerate() {
        let spans = split_paragraph(cut(text, paragraph.clone()), &primary);
        sentences.extend(spans.into_iter().map(|span| SentenceSpan {
            span: paragraph.start + span.start..paragraph.start + span.end,
            paragraph: index,
        }));
    }
    sentences
}

/// The sentences of one paragraph: ranges in it.
fn split_paragraph(paragraph: &str, language: &str) -> Vec<Range<usize>> {
    let spans: Vec<Range<usize>> = sentencex::get_sentence_boundaries(language, paragraph)
        .into_iter()
        .filter(|boundary| !boundary.is_paragraph_break)
        .map(|boundary| trimmed(paragraph, boundary.start_byte..boundary.end_byte))
        .filter(|span| !span.is_empty())
        .collect();
    if language == "en" {
        repair::english(paragraph, &spans)
    } else {
        spans
    }
}
