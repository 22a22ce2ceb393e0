//! The text that a model writes, piece by piece: tokens may end inside a character, and stop strings may begin
//! inside one token and end in another, so a piece is handed on only once nothing can take it back.

/// Gathers one text.
#[derive(Debug)]
pub(super) struct Output {
    stops: Vec<String>,
    drops_leading_space: bool,
    /// Bytes of a character that is not complete yet.
    incomplete: Vec<u8>,
    text: String,
    /// So many bytes of `text` were handed on.
    handed_on: usize,
    stopped: bool,
}

impl Output {
    /// Ends before any of `stops`; empty ones are ignored.
    pub(super) fn new(stops: &[String], drops_leading_space: bool) -> Self {
        Self {
            stops: stops.iter().filter(|stop| !stop.is_empty()).cloned().collect(),
            drops_leading_space,
            incomplete: Vec::new(),
            text: String::new(),
            handed_on: 0,
            stopped: false,
        }
    }

    /// Takes a token's bytes and returns the text that is certain now and was not returned before.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        self.incomplete.extend_from_slice(bytes);
        let complete = complete_bytes(&self.incomplete);
        let rest = self.incomplete.split_off(complete);
        let characters = std::mem::replace(&mut self.incomplete, rest);
        self.append(&String::from_utf8_lossy(&characters));
        self.certain()
    }

    /// Nothing follows: returns what was held back.
    pub(super) fn finish(&mut self) -> String {
        let characters = std::mem::take(&mut self.incomplete);
        self.append(&String::from_utf8_lossy(&characters));
        self.hand_on(self.text.len())
    }

    /// Whether a stop string was met; the text ends before it.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// The whole text.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn append(&mut self, piece: &str) {
        if self.stopped {
            return;
        }
        let shown = match piece.strip_prefix(' ') {
            Some(rest) if self.drops_leading_space => rest,
            _ => piece,
        };
        self.drops_leading_space &= piece.is_empty();
        self.text.push_str(shown);
        let first = self
            .stops
            .iter()
            .filter_map(|stop| self.text.find(stop.as_str()))
            .min();
        if let Some(first) = first {
            self.text.truncate(first);
            self.stopped = true;
        }
    }

    fn certain(&mut self) -> String {
        let end = if self.stopped {
            self.text.len()
        } else {
            self.text.len() - self.held_back()
        };
        self.hand_on(end)
    }

    /// Length of the longest end of the text that could open a stop string.
    fn held_back(&self) -> usize {
        let mut held = 0;
        for stop in &self.stops {
            for (length, _) in stop.char_indices().skip(1) {
                let opens = stop
                    .get(..length)
                    .is_some_and(|opening| self.text.ends_with(opening));
                if opens {
                    held = held.max(length);
                }
            }
        }
        held
    }

    fn hand_on(&mut self, end: usize) -> String {
        let piece = self.text.get(self.handed_on..end).unwrap_or_default().to_owned();
        self.handed_on = self.handed_on.max(end);
        piece
    }
}

/// How many of the bytes are whole characters, or can no longer become one.
fn complete_bytes(bytes: &[u8]) -> usize {
    let mut complete = 0;
    for chunk in bytes.utf8_chunks() {
        complete += chunk.valid().len();
        let invalid = chunk.invalid();
        let is_last = complete + invalid.len() == bytes.len();
        if is_last && is_open(invalid) {
            return complete;
        }
        complete += invalid.len();
    }
    complete
}

/// Whether more bytes could make a character of these. `utf8_chunks` has checked that they open one.
fn is_open(bytes: &[u8]) -> bool {
    let needed = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 0,
    };
    bytes.len() < needed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn streamed(stops: &[&str], tokens: &[&[u8]]) -> (Vec<String>, String, bool) {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut output = Output::new(&stops, false);
        let mut pieces = Vec::new();
        for token in tokens {
            pieces.push(output.push(token));
            if output.is_stopped() {
                break;
            }
        }
        pieces.push(output.finish());
        let stopped = output.is_stopped();
        (pieces, output.into_text(), stopped)
    }

    #[test]
    fn a_character_in_several_tokens_arrives_whole() {
        let emoji = "🦀".as_bytes();
        let (pieces, text, _) = streamed(&[], &[b"a", &emoji[..1], &emoji[1..3], &emoji[3..]]);
        assert_eq!(pieces, ["a", "", "", "🦀", ""]);
        assert_eq!(text, "a🦀");
    }

    #[test]
    fn bytes_that_are_no_text_become_replacement_characters() {
        let (_, text, _) = streamed(&[], &[b"a\xff", b"b\xe2\x82", b"c", b"\xf0"]);
        assert_eq!(text, "a\u{fffd}b\u{fffd}c\u{fffd}");
    }

    #[test]
    fn a_stop_string_across_tokens_is_never_shown() {
        let (pieces, text, stopped) = streamed(&["\n\nUser:"], &[b"Yes.\n", b"\nUs", b"er: no"]);
        assert_eq!(pieces, ["Yes.", "", "", ""]);
        assert_eq!((text.as_str(), stopped), ("Yes.", true));
    }

    #[test]
    fn what_only_looked_like_a_stop_string_is_shown_after_all() {
        let (pieces, text, stopped) = streamed(&["\n\nUser:"], &[b"Yes.\n", b"\nUs", b"ually."]);
        assert_eq!(pieces, ["Yes.", "", "\n\nUsually.", ""]);
        assert_eq!((text.as_str(), stopped), ("Yes.\n\nUsually.", false));
    }

    #[test]
    fn the_first_of_several_stop_strings_ends_the_text() {
        let (_, text, stopped) = streamed(&["zz", "b", ""], &[b"abzz"]);
        assert_eq!((text.as_str(), stopped), ("a", true));
    }

    #[test]
    fn the_space_before_the_first_word_is_dropped_once() {
        let mut output = Output::new(&[], true);
        assert_eq!(output.push(b" "), "");
        assert_eq!(output.push(b" a"), " a");
        assert_eq!(output.push(b" b"), " b");
    }

    proptest! {
        #[test]
        fn the_pieces_make_up_the_text_however_it_is_cut(
            bytes in proptest::collection::vec(any::<u8>(), 0..60),
            cuts in proptest::collection::vec(1usize..5, 60),
            stop in "[a-c]{0,3}",
        ) {
            let mut tokens: Vec<&[u8]> = Vec::new();
            let mut rest = bytes.as_slice();
            for cut in cuts {
                let (token, after) = rest.split_at(cut.min(rest.len()));
                tokens.push(token);
                rest = after;
            }
            let (pieces, text, stopped) = streamed(&[&stop], &tokens);
            prop_assert_eq!(pieces.concat(), text.clone());
            if !stopped {
                let whole = tokens.concat();
                prop_assert_eq!(text, String::from_utf8_lossy(&whole));
            } else {
                prop_assert!(!text.contains(&stop));
            }
        }
    }
}
