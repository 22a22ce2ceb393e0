//! The speaker of a sentence, moved from its front to its end or back: "Officials said the road is closed." and "The road
//! is closed, officials said." say the same.

use super::cuts::time_at;
use super::words::Word;
use crate::text::capitalised;
use crate::text::similarity::is_function_word;

/// The longest speaker that is moved, words.
const MOST_SPEAKER: usize = 7;
/// Fewer words are no statement.
const MIN_STATEMENT: usize = 6;

/// Participles at the end of a statement whose subject is the speaker.
const SPEAKER_GOES_ON: [&str; 10] = [
    "adding",
    "saying",
    "calling",
    "noting",
    "citing",
    "telling",
    "claiming",
    "arguing",
    "insisting",
    "warning",
];

/// "X said (on Monday) (that) S." becomes "S, X said (on Monday)."
pub(super) fn moved_back(words: &[Word]) -> Option<Vec<Word>> {
    let verb = words
        .iter()
        .take(MOST_SPEAKER + 1)
        .position(|word| word.is(&["said", "says"]))?;
    let speaker = words.get(..verb).filter(|speaker| !speaker.is_empty())?;
    let mut start = time_at(words, verb + 1).unwrap_or(verb + 1);
    let end_of_verb = start;
    start += usize::from(words.get(start)?.is(&["that"]));
    let statement = words
        .get(start..)
        .filter(|statement| statement.len() >= MIN_STATEMENT)?;
    let first = statement.first()?;
    let is_plain = speaker.iter().all(|word| !word.has_comma() && !word.quoted)
        && speaker.first().is_some_and(Word::opens_subject)
        && !speaker
            .iter()
            .any(|word| word.is(&["who", "which", "that", "and", "when", "after", "as"]))
        && first.opens_subject()
        && !first.quoted
        && !statement.iter().any(|word| {
            word.is(&SPEAKER_GOES_ON) || word.is(&["he", "she", "they", "his", "her", "their", "it", "its"])
        });
    if !is_plain {
        return None;
    }
    let mut moved: Vec<Word> = statement.to_vec();
    let last = moved.last_mut()?;
    let bare = last.text.trim_end_matches('.').to_owned();
    last.text = match bare.strip_suffix('"') {
        Some(quoted) => format!("{},\"", quoted.trim_end_matches(['.', ','])),
        None => format!("{bare},"),
    };
    if let Some(first) = moved.first_mut() {
        first.text = capitalised(&first.text);
    }
    let mut behind: Vec<Word> = words.get(..end_of_verb)?.to_vec();
    if let Some(first) = behind.first_mut() {
        first.text = within_a_sentence(first);
    }
    moved.extend(behind);
    Some(moved)
}

/// "S, X said (on Monday)." becomes "X said (on Monday) S."
pub(super) fn moved_front(words: &[Word]) -> Option<Vec<Word>> {
    let comma = words.iter().rposition(Word::has_comma)?;
    let (statement, behind) = words.split_at_checked(comma + 1)?;
    let verb = behind.iter().position(|word| word.is(&["said", "says"]))?;
    let speaker = behind
        .get(..verb)
        .filter(|speaker| (1..=MOST_SPEAKER).contains(&speaker.len()))?;
    let end = time_at(behind, verb + 1).unwrap_or(verb + 1);
    let first = statement.first()?;
    let is_plain = end == behind.len()
        && statement.len() >= MIN_STATEMENT
        && speaker.iter().all(|word| !word.quoted)
        && !speaker.first()?.is_pronoun()
        && !speaker
            .iter()
            .any(|word| word.is(&["who", "which", "and", "as", "where"]))
        && !first.quoted
        && first.opens_subject();
    if !is_plain {
        return None;
    }
    let mut moved: Vec<Word> = behind.to_vec();
    let last = moved.last_mut()?;
    last.text = last.text.trim_end_matches('.').to_owned();
    if let Some(first) = moved.first_mut() {
        first.text = capitalised(&first.text);
    }
    let mut rest = statement.to_vec();
    if let Some(first) = rest.first_mut() {
        first.text = within_a_sentence(first);
    }
    if let Some(last) = rest.last_mut() {
        last.text = last.unmarked();
    }
    moved.extend(rest);
    Some(moved)
}

/// A word that opened the sentence as it stands within one: names keep their capital.
fn within_a_sentence(word: &Word) -> String {
    let is_common = is_function_word(&word.lower)
        || [
            "officials",
            "police",
            "authorities",
            "investigators",
            "prosecutors",
            "lawmakers",
            "experts",
        ]
        .contains(&word.lower.as_str());
    if is_common {
        word.text.to_lowercase()
    } else {
        word.text.clone()
    }
}
