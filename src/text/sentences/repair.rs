use std::ops::Range;
pub(super) fn english(paragraph: &str, spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let _ = paragraph;
    spans
}
