//! One JSON document: split into the stories that it holds, each read with the field named that is wrong. Where the
//! document comes from is left to the parent.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::FileError;
use crate::domain::{StoryId, StoryInput};

/// Whether JSON begins here that goes on in the next line.
pub(super) fn is_beginning_of_document(line: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(line).is_err_and(|error| error.is_eof())
}

/// What is wrong, and how many lines below the beginning of what was read.
pub(super) struct Wrong {
    pub(super) line_offset: usize,
    pub(super) error: FileError,
}

/// The stories of a document: its elements, the elements of its `stories`, or itself.
pub(super) fn split_document(text: &str) -> Result<Vec<&RawValue>, Wrong> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow, default)]
        stories: Option<Vec<&'a RawValue>>,
    }

    let whole: &RawValue = serde_json::from_str(text).map_err(|error| Wrong {
        line_offset: error.line().saturating_sub(1),
        error: FileError::NotJson(without_line(&error)),
    })?;
    if whole.get().starts_with('[') {
        return read_value(whole.get(), "stories");
    }
    if !whole.get().starts_with('{') {
        return Ok(vec![whole]);
    }
    let envelope: Envelope<'_> = read_value(whole.get(), "stories")?;
    Ok(envelope.stories.unwrap_or_else(|| vec![whole]))
}

/// Reads one story, which must have a valid id; it is taken out.
pub(super) fn read_one(json: &str) -> Result<(StoryId, StoryInput), Wrong> {
    let wrong_id = |detail: String| Wrong {
        line_offset: 0,
        error: FileError::Field {
            field: "id".to_owned(),
            detail,
        },
    };
    let mut story: StoryInput = read_value(json, "story")?;
    let Some(id) = story.id.take() else {
        return Err(wrong_id("missing".to_owned()));
    };
    let id = StoryId::new(id).map_err(|error| wrong_id(error.to_string()))?;
    Ok((id, story))
}

/// Reads JSON that is known to be well-formed; `unnamed` is what to call the place when serde names none.
fn read_value<'de, T: Deserialize<'de>>(json: &'de str, unnamed: &str) -> Result<T, Wrong> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let field = match path.as_str() {
            "." => unnamed.to_owned(),
            _ => path,
        };
        let error = error.into_inner();
        Wrong {
            line_offset: error.line().saturating_sub(1),
            error: FileError::Field {
                field,
                detail: without_line(&error),
            },
        }
    })
}

/// serde's message with the column only: it counts lines from where it began to read, and the place has the line.
fn without_line(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((message, _)) => format!("{message} (column {})", error.column()),
        None => message,
    }
}

/// Counts the lines before parts of a text that are asked for in order.
pub(super) struct LineCounter<'a> {
    text: &'a str,
    counted_to: usize,
    lines: usize,
}

impl<'a> LineCounter<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            counted_to: 0,
            lines: 0,
        }
    }

    /// How many lines end before `part`, which is a slice of the text.
    pub(super) fn lines_before(&mut self, part: &str) -> usize {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let between = self
            .text
            .as_bytes()
            .get(self.counted_to..start)
            .unwrap_or_default();
        self.lines += between.iter().filter(|byte| **byte == b'\n').count();
        self.counted_to = self.counted_to.max(start);
        self.lines
    }
}
