//! Bytes inside, Unicode code points in the API: conversions between the two.

use std::ops::Range;

/// Turns byte offsets of one text into code point offsets and back, in O(log n) after O(n) to build.
///
/// Only the characters of more than one byte are kept, since everywhere else the two offsets move together: English
/// text costs almost nothing.
#[derive(Debug, Clone)]
pub struct CodePointIndex {
    wide: Vec<WideChar>,
    total_bytes: usize,
    total_code_points: usize,
}

/// A character of more than one byte.
#[derive(Debug, Clone, Copy)]
struct WideChar {
    byte: usize,
    code_point: usize,
    bytes: usize,
}

impl CodePointIndex {
    /// Indexes a text.
    pub fn new(text: &str) -> Self {
        let mut wide = Vec::new();
        let mut total_code_points = 0;
        for (code_point, (byte, c)) in text.char_indices().enumerate() {
            total_code_points = code_point + 1;
            if c.len_utf8() > 1 {
                wide.push(WideChar {
                    byte,
                    code_point,
                    bytes: c.len_utf8(),
                });
            }
        }
        Self {
            wide,
            total_bytes: text.len(),
            total_code_points,
        }
    }

    /// The code points of a byte range; `None` when an end is no character boundary or is outside the text.
    pub fn code_points(&self, bytes: Range<usize>) -> Option<Range<u32>> {
        if bytes.start > bytes.end {
            return None;
        }
        Some(self.code_point_at(bytes.start)?..self.code_point_at(bytes.end)?)
    }

    /// The bytes of a code point range; `None` when it is outside the text.
    pub fn bytes(&self, code_points: Range<u32>) -> Option<Range<usize>> {
        if code_points.start > code_points.end {
            return None;
        }
        Some(self.byte_at(code_points.start)?..self.byte_at(code_points.end)?)
    }

    fn code_point_at(&self, byte: usize) -> Option<u32> {
        if byte > self.total_bytes {
            return None;
        }
        let wide_before = self.wide.partition_point(|wide| wide.byte < byte);
        let code_point = match wide_before.checked_sub(1).and_then(|last| self.wide.get(last)) {
            None => byte,
            // Inside that character when the subtraction fails.
            Some(last) => last.code_point + 1 + byte.checked_sub(last.byte + last.bytes)?,
        };
        u32::try_from(code_point).ok()
    }

    fn byte_at(&self, code_point: u32) -> Option<usize> {
        let code_point = usize::try_from(code_point).ok()?;
        if code_point > self.total_code_points {
            return None;
        }
        let wide_before = self.wide.partition_point(|wide| wide.code_point < code_point);
        match wide_before.checked_sub(1).and_then(|last| self.wide.get(last)) {
            None => Some(code_point),
            Some(last) => Some(last.byte + last.bytes + (code_point - last.code_point - 1)),
        }
    }
}

/// The slice of a text at a code point range: what a citation's `quote` is.
pub fn slice(text: &str, code_points: Range<u32>) -> Option<&str> {
    if code_points.start > code_points.end {
        return None;
    }
    let start = byte_of(text, code_points.start)?;
    let rest = text.get(start..)?;
    let length = byte_of(rest, code_points.end - code_points.start)?;
    rest.get(..length)
}

/// The byte at which a code point starts, the text's end included.
fn byte_of(text: &str, code_point: u32) -> Option<usize> {
    let code_point = usize::try_from(code_point).ok()?;
    text.char_indices()
        .map(|(byte, _)| byte)
        .chain(std::iter::once(text.len()))
        .nth(code_point)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn offsets_inside_a_character_or_outside_the_text_are_refused() {
        let index = CodePointIndex::new("añb");
        assert_eq!(index.code_points(1..3), Some(1..2));
        assert_eq!(index.code_points(1..2), None);
        assert_eq!(index.code_points(0..5), None);
        assert_eq!(index.bytes(0..4), None);
        assert_eq!(index.bytes(2..3), Some(3..4));
        assert_eq!(slice("añb", 1..2), Some("ñ"));
        assert_eq!(slice("añb", 3..3), Some(""));
        assert_eq!(slice("añb", 2..4), None);
    }

    proptest! {
        #[test]
        fn bytes_to_code_points_and_back_is_the_same_range(text in "\\PC{0,60}", a in 0usize..80, b in 0usize..80) {
            let index = CodePointIndex::new(&text);
            let range = a.min(b)..a.max(b);
            let at_boundaries = text.get(range.clone()).is_some();
            match index.code_points(range.clone()) {
                None => prop_assert!(!at_boundaries),
                Some(points) => {
                    prop_assert_eq!(index.bytes(points.clone()), Some(range.clone()));
                    prop_assert_eq!(slice(&text, points), text.get(range));
                }
            }
        }

        #[test]
        fn code_points_to_bytes_agrees_with_counting(text in any::<String>(), a in 0u32..90, b in 0u32..90) {
            let index = CodePointIndex::new(&text);
            let points = a.min(b)..a.max(b);
            let counted: Option<String> = (text.chars().count() >= points.end as usize)
                .then(|| text.chars().skip(points.start as usize).take((points.end - points.start) as usize).collect());
            prop_assert_eq!(slice(&text, points.clone()).map(str::to_owned), counted.clone());
            prop_assert_eq!(index.bytes(points).and_then(|bytes| text.get(bytes)).map(str::to_owned), counted);
        }
    }
}
