//! The speaker of a sentence, moved from its front to its end or back: "Officials said the road is closed." and "The road
//! is closed, officials said." say the same.

use super::cuts::{PREPOSITIONS, time_at};
use super::leads::LEADS;
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

/// Words that open a speaker or a statement and are no names.
#[rustfmt::skip]
const COMMON: [&str; 81] = [
    "officials", "police", "authorities", "investigators", "prosecutors", "lawmakers", "experts", "critics", "supporters",
    "opponents", "sources", "residents", "witnesses", "researchers", "scientists", "doctors", "advocates", "analysts",
    "activists", "protesters", "leaders", "lawyers", "attorneys", "aides", "people", "state", "local", "federal", "city",
    "county", "senior", "top", "former", "administration", "company", "law", "court", "school", "health", "military",
    "intelligence", "government", "defense", "medical", "fire", "hospital", "campaign", "union", "industry", "foreign",
    "election", "economists", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty",
    "sixty", "seventy", "eighty", "ninety", "dozens", "hundreds", "thousands",
];

/// Verbs of saying besides "said", where "that" follows.
#[rustfmt::skip]
const SAYING: [&str; 12] = [
    "announced", "argued", "warned", "claimed", "confirmed", "reported", "alleged", "testified", "predicted", "estimated",
    "concluded", "suggested",
];

/// "X said (on Monday) (that) S." becomes "S, X said (on Monday)."
pub(super) fn moved_back(words: &[Word]) -> Option<Vec<Word>> {
    let verb = words
        .iter()
        .take(MOST_SPEAKER + 1)
        .position(|word| word.is(&["said", "says"]) || word.is(&SAYING))?;
    let speaker = words.get(..verb).filter(|speaker| !speaker.is_empty())?;
    let mut start = time_at(words, verb + 1).unwrap_or(verb + 1);
    let end_of_verb = start;
    let has_that = words.get(start)?.is(&["that"]);
    if words.get(verb)?.is(&SAYING) && !has_that {
        return None;
    }
    start += usize::from(has_that);
    let statement = words
        .get(start..)
        .filter(|statement| statement.len() >= MIN_STATEMENT)?;
    let first = statement.first()?;
    let is_plain = speaker
        .iter()
        .all(|word| !word.has_comma() && !word.quoted && !word.is_finite_verb())
        && speaker
            .first()
            .is_some_and(|first| first.opens_subject() && is_known_case(first) && !is_lead(first))
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
    put_behind(statement, words.get(..end_of_verb)?)
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
        && speaker.iter().all(|word| !word.quoted && !word.is_finite_verb())
        && !speaker.first()?.is_pronoun()
        && is_known_case(first)
        && !is_lead(first)
        && !speaker
            .iter()
            .any(|word| word.is(&["who", "which", "and", "as", "where"]))
        && !first.quoted
        && first.opens_subject();
    if !is_plain {
        return None;
    }
    put_before(statement, behind, "")
}

/// "According to X, S." becomes "S, according to X."
pub(super) fn source_back(words: &[Word]) -> Option<Vec<Word>> {
    if !words.first()?.is(&["according"]) || !words.get(1)?.is(&["to"]) {
        return None;
    }
    let comma = words.iter().take(MOST_SPEAKER + 3).position(Word::has_comma)?;
    let (source, statement) = words.split_at_checked(comma + 1)?;
    let first = statement.first()?;
    let is_plain = statement.len() >= MIN_STATEMENT
        && first.opens_subject()
        && !first.quoted
        && !source.iter().any(|word| word.quoted || word.is(&["who", "which", "that"]))
        // What follows a second comma would be taken for the source's.
        && !statement.iter().any(Word::has_comma);
    if !is_plain {
        return None;
    }
    put_behind(statement, source)
}

/// "S, according to X." becomes "According to X, S."
pub(super) fn source_front(words: &[Word]) -> Option<Vec<Word>> {
    let comma = words.iter().rposition(Word::has_comma)?;
    let (statement, source) = words.split_at_checked(comma + 1)?;
    let first = statement.first()?;
    let is_plain = source.first()?.is(&["according"])
        && source.get(1)?.is(&["to"])
        && source.len() <= MOST_SPEAKER + 2
        && statement.len() >= MIN_STATEMENT
        && first.opens_subject()
        && is_known_case(first)
        && !is_lead(first)
        && !first.quoted
        && !source
            .iter()
            .any(|word| word.quoted || word.is(&["who", "which", "that", "and", "where"]));
    if !is_plain {
        return None;
    }
    put_before(statement, source, ",")
}

/// "S, who says it."
fn put_behind(statement: &[Word], who: &[Word]) -> Option<Vec<Word>> {
    let mut front = statement.to_vec();
    let last = front.last_mut()?;
    let bare = last.unstopped();
    last.text = match bare.strip_suffix('"') {
        Some(quoted) => format!("{},\"", quoted.trim_end_matches(['.', ','])),
        None => format!("{bare},"),
    };
    one_sentence(front, who)
}

/// "Who says it S.", with a mark between the two.
fn put_before(statement: &[Word], who: &[Word], mark: &str) -> Option<Vec<Word>> {
    let mut front = who.to_vec();
    let last = front.last_mut()?;
    last.text = last.unstopped() + mark;
    one_sentence(front, statement)
}

/// Two parts that change their places: the case of their first words and the last mark follow.
fn one_sentence(front: Vec<Word>, behind: &[Word]) -> Option<Vec<Word>> {
    let start = front.len();
    let mut moved = front;
    moved.extend_from_slice(behind);
    let first = moved.first_mut()?;
    first.text = capitalised(&first.text);
    let opens = moved.get_mut(start)?;
    opens.text = within_a_sentence(opens);
    let last = moved.last_mut()?;
    last.text = last.unmarked();
    Some(moved)
}

/// Whether the first word of a speaker can be written within a sentence: whether "Critics" is a name, nobody knows who is
/// not told.
fn is_known_case(word: &Word) -> bool {
    is_common(word) || !word.lower.ends_with('s') && !word.lower.ends_with("ing") || word.text.contains('\'')
}

/// "But the bridge", "In May, the bridge": it opens a sentence, and no clause behind a speaker.
fn is_lead(word: &Word) -> bool {
    word.is(&LEADS) || word.is(&PREPOSITIONS)
}

fn is_common(word: &Word) -> bool {
    // "US" is no pronoun.
    let is_acronym = word.text.chars().count() > 1 && !word.text.contains(char::is_lowercase);
    let is_known = is_function_word(&word.lower) || COMMON.contains(&word.lower.as_str());
    !is_acronym && is_known || word.is(&["according"])
}

/// A word that opened the sentence as it stands within one: names keep their capital.
fn within_a_sentence(word: &Word) -> String {
    if is_common(word) {
        word.text.to_lowercase()
    } else {
        word.text.clone()
    }
}
