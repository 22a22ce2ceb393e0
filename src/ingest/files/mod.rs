//! Story files: `.json` (one story, an array of them, or `{"stories": [...]}`), JSON lines, standard input, or a
//! folder of such files, read one story at a time. A story that can't be read is reported with its place and does
//! not stop the rest. Checking articles is left to [`super::read_story`].

mod document;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use self::document::{LineCounter, is_beginning_of_document, read_one, split_document};
use crate::domain::{StoryId, StoryInput};

/// The most bytes of one JSON document: a line of JSON lines, or a whole file.
const MAX_DOCUMENT_BYTES: u64 = 512 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Why a story could not be read. Whoever made the file corrects it.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file or folder cannot be opened, or reading it broke off.
    #[error("cannot read `{}`: {source}", .path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder without story files.
    #[error("`{}` holds no .json, .jsonl or .ndjson file", .0.display())]
    EmptyFolder(PathBuf),
    /// The line (or the file) is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// It is JSON, but this field is not what it should be.
    #[error("`{field}`: {detail}")]
    Field {
        /// Where in the story: `articles[2].bias`.
        field: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A line or file beyond what is read into memory.
    #[error("longer than {MAX_DOCUMENT_BYTES} bytes")]
    TooLong,
}

/// A story with its id (taken out of the input), or why there is none, and where it stands: `FILE:LINE`, or `FILE`
/// when all of it is meant.
pub type Entry = (String, Result<(StoryId, StoryInput), FileError>);

/// The stories of a file, or of a folder's files in the order of their names; `-` is standard input.
///
/// # Errors
/// [`FileError::Unreadable`] and [`FileError::EmptyFolder`]. What is wrong further on is an [`Entry`] of its own.
pub fn open(path: &Path) -> Result<Stories, FileError> {
    let mut stories = Stories {
        waiting: VecDeque::new(),
        open: None,
        ready: VecDeque::new(),
    };
    if path == Path::new("-") {
        let stdin = BufReader::new(io::stdin());
        stories.open = Some(OpenFile::new(PathBuf::from("stdin"), Box::new(stdin)));
    } else if path.is_dir() {
        stories.waiting = story_files_in(path)?;
    } else {
        stories.open = Some(OpenFile::open(path.to_owned())?);
    }
    Ok(stories)
}

/// The stories of one text, JSON or JSON lines; `name` stands for the file in their places.
pub fn read_text(name: &str, reader: impl BufRead + Send + 'static) -> Stories {
    Stories {
        waiting: VecDeque::new(),
        open: Some(OpenFile::new(PathBuf::from(name), Box::new(reader))),
        ready: VecDeque::new(),
    }
}

/// An iterator over the stories of files.
pub struct Stories {
    waiting: VecDeque<PathBuf>,
    open: Option<OpenFile>,
    // The stories of the document that was read last: one for a line, many for an array.
    ready: VecDeque<Entry>,
}

impl Iterator for Stories {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Some(entry);
            }
            match &mut self.open {
                Some(file) => match file.next_document() {
                    Some(entries) => self.ready.extend(entries),
                    None => self.open = None,
                },
                None => {
                    let path = self.waiting.pop_front()?;
                    let place = path.display().to_string();
                    match OpenFile::open(path) {
                        Ok(file) => self.open = Some(file),
                        Err(error) => return Some((place, Err(error))),
                    }
                }
            }
        }
    }
}

fn story_files_in(folder: &Path) -> Result<VecDeque<PathBuf>, FileError> {
    let unreadable = |source| FileError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_file() && matches!(extension, Some("json" | "jsonl" | "ndjson")) {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(FileError::EmptyFolder(folder.to_owned()));
    }
    files.sort();
    Ok(files.into())
}

/// A file that is being read: line by line, or, when its first line is the beginning of a longer document, at once.
struct OpenFile {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    lines_read: usize,
    at_start: bool,
}

impl OpenFile {
    fn open(path: PathBuf) -> Result<Self, FileError> {
        match File::open(&path) {
            Ok(file) => Ok(Self::new(path, Box::new(BufReader::new(file)))),
            Err(source) => Err(FileError::Unreadable { path, source }),
        }
    }

    fn new(path: PathBuf, reader: Box<dyn BufRead + Send>) -> Self {
        Self {
            path,
            reader,
            lines_read: 0,
            at_start: true,
        }
    }

    /// The stories of the next line that is not blank; `None` at the end.
    fn next_document(&mut self) -> Option<Vec<Entry>> {
        loop {
            let mut bytes = Vec::new();
            match read_line(&mut self.reader, &mut bytes) {
                Ok(LineRead::End) => return None,
                Ok(LineRead::Whole) => self.lines_read += 1,
                Ok(LineRead::TooLong) => {
                    self.lines_read += 1;
                    return Some(self.failure(FileError::TooLong));
                }
                Err(error) => {
                    // What follows can't be read either.
                    self.reader = Box::new(io::empty());
                    return Some(self.failure(self.unreadable(error)));
                }
            }
            if self.lines_read == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
                bytes.drain(..BYTE_ORDER_MARK.len());
            }
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if std::mem::take(&mut self.at_start) && is_beginning_of_document(&bytes) {
                return Some(self.rest_as_document(bytes));
            }
            return Some(self.stories_in(&bytes, self.lines_read));
        }
    }

    fn rest_as_document(&mut self, mut bytes: Vec<u8>) -> Vec<Entry> {
        let first_line = self.lines_read;
        let read = (&mut self.reader)
            .take(MAX_DOCUMENT_BYTES)
            .read_to_end(&mut bytes);
        self.reader = Box::new(io::empty());
        match read {
            Err(error) => self.failure(self.unreadable(error)),
            Ok(_) if bytes.len() as u64 > MAX_DOCUMENT_BYTES => self.failure(FileError::TooLong),
            Ok(_) => self.stories_in(&bytes, first_line),
        }
    }

    /// The stories of a document that begins on `first_line`.
    fn stories_in(&self, bytes: &[u8], first_line: usize) -> Vec<Entry> {
        // JSON that is cut off ends on its own line, not on the one after the line's end.
        let text = match std::str::from_utf8(bytes.trim_ascii_end()) {
            Ok(text) => text,
            Err(error) => {
                let detail = format!("not UTF-8 after byte {}", error.valid_up_to());
                return self.failure(FileError::NotJson(detail));
            }
        };
        let stories = match split_document(text) {
            Ok(stories) => stories,
            Err(wrong) => return vec![self.entry(first_line + wrong.line_offset, Err(wrong.error))],
        };
        let mut counter = LineCounter::new(text);
        let mut entries = Vec::with_capacity(stories.len());
        for raw in stories {
            let line = first_line + counter.lines_before(raw.get());
            entries.push(match read_one(raw.get()) {
                Ok(story) => self.entry(line, Ok(story)),
                Err(wrong) => self.entry(line + wrong.line_offset, Err(wrong.error)),
            });
        }
        entries
    }

    fn entry(&self, line: usize, story: Result<(StoryId, StoryInput), FileError>) -> Entry {
        (format!("{}:{line}", self.path.display()), story)
    }

    fn unreadable(&self, source: io::Error) -> FileError {
        FileError::Unreadable {
            path: self.path.clone(),
            source,
        }
    }

    fn failure(&self, error: FileError) -> Vec<Entry> {
        vec![self.entry(self.lines_read.max(1), Err(error))]
    }
}

enum LineRead {
    Whole,
    TooLong,
    End,
}

/// Reads a line, its end included; of one that is too long, the rest is skipped.
fn read_line(reader: &mut dyn BufRead, bytes: &mut Vec<u8>) -> io::Result<LineRead> {
    let read = reader.take(MAX_DOCUMENT_BYTES).read_until(b'\n', bytes)?;
    if read == 0 {
        return Ok(LineRead::End);
    }
    if read as u64 == MAX_DOCUMENT_BYTES && !bytes.ends_with(b"\n") {
        reader.skip_until(b'\n')?;
        return Ok(LineRead::TooLong);
    }
    Ok(LineRead::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places_and_errors(text: &'static str) -> Vec<(String, String)> {
        read_text("f", text.as_bytes())
            .map(|(place, story)| match story {
                Ok((id, _)) => (place, id.to_string()),
                Err(error) => (place, error.to_string()),
            })
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(place, what)| ((*place).to_owned(), (*what).to_owned()))
            .collect()
    }

    #[test]
    fn a_bad_line_is_reported_with_its_place_and_field_and_the_rest_is_read() {
        let text = "\u{FEFF}{\"id\":\"a\",\"articles\":null}\n\n{\"id\":\"b\",\"articles\":[{\"text\":\"x\",\"bias\":\"up\"}]}\n{oops}\n{\"id\":\"c\"}";
        let found = places_and_errors(text);
        assert_eq!(found[0], ("f:1".to_owned(), "a".to_owned()));
        assert_eq!(found[1].0, "f:3");
        assert!(
            found[1].1.starts_with("`articles[0].bias`: unknown variant `up`"),
            "{}",
            found[1].1
        );
        assert_eq!(found[2].0, "f:4");
        assert!(found[2].1.starts_with("not JSON: "), "{}", found[2].1);
        assert_eq!(found[3], ("f:5".to_owned(), "c".to_owned()));
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn a_document_over_several_lines_gives_each_story_its_own_line() {
        let array = "[\n {\"id\": \"a\"},\n {\"id\": \"b\",\n  \"headline\": 7},\n {\"id\": \"c\"}\n]\n";
        let found = places_and_errors(array);
        assert_eq!(found[0], ("f:2".to_owned(), "a".to_owned()));
        assert_eq!(found[1].0, "f:4");
        assert!(
            found[1].1.starts_with("`headline`: invalid type: integer `7`"),
            "{}",
            found[1].1
        );
        assert_eq!(found[2], ("f:5".to_owned(), "c".to_owned()));
        let envelope = "{\"note\": 1,\n\"stories\": [\n{\"id\": \"a\"}]}";
        assert_eq!(places_and_errors(envelope), pairs(&[("f:3", "a")]));
        assert_eq!(
            places_and_errors("{\n\"id\": \"one\"\n}"),
            pairs(&[("f:1", "one")])
        );
    }

    #[test]
    fn a_story_needs_a_valid_id() {
        let found = places_and_errors("{\"headline\":\"x\"}\n{\"id\":\"a/b\"}\n[]\n7\n");
        assert_eq!(found[0], ("f:1".to_owned(), "`id`: missing".to_owned()));
        assert!(
            found[1].1.starts_with("`id`: an id is 1 to 200"),
            "{}",
            found[1].1
        );
        assert_eq!(found[2].0, "f:4");
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn source_counts_as_outlet_and_unknown_fields_are_ignored() {
        let line = "{\"id\":\"a\",\"split\":\"dev\",\"articles\":[{\"source\":\"The Courier\",\"topic\":\"x\",\"url\":null,\"text\":\"T.\"}]}";
        let (_, story) = read_text("f", line.as_bytes()).next().unwrap();
        let (_, input) = story.unwrap();
        let articles = input.articles.unwrap();
        assert_eq!(articles[0].outlet.as_deref(), Some("The Courier"));
        assert_eq!(articles[0].url, None);
    }

    #[test]
    fn a_folder_is_read_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        for (name, id) in [("b.jsonl", "second"), ("a.json", "first"), ("notes.txt", "never")] {
            std::fs::write(folder.path().join(name), format!("{{\"id\":\"{id}\"}}")).unwrap();
        }
        let found: Vec<Entry> = open(folder.path()).unwrap().collect();
        let ids: Vec<_> = found
            .iter()
            .filter_map(|(_, story)| Some(story.as_ref().ok()?.0.as_str()))
            .collect();
        assert_eq!(ids, ["first", "second"]);
        assert!(found[1].0.ends_with("b.jsonl:1"), "{}", found[1].0);
    }

    #[test]
    fn what_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = open(folder.path()).err().unwrap();
        assert!(matches!(&error, FileError::EmptyFolder(path) if path == folder.path()));
        let missing = folder.path().join("missing.json");
        let error = open(&missing).err().unwrap().to_string();
        assert!(error.contains("missing.json"), "{error}");
    }
}
