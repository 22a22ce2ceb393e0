//! Runs of capitalised words: what is looked at as a name.

use std::ops::Range;

use super::forms::{canonical, plain};
use crate::text::facts::numbers::numbers;
use crate::text::facts::tokens::{Kind, Token, tokens};
use crate::text::similarity::is_function_word;

/// Words that join the parts of one name.
const CONNECTORS: [&str; 14] = [
    "of", "the", "de", "del", "la", "van", "von", "der", "bin", "ibn", "al", "el", "for", "&",
];

/// Shortened titles: their stop ends no sentence and no name.
const TITLES: [&str; 20] = [
    "Mr", "Mrs", "Ms", "Dr", "Sen", "Sens", "Rep", "Reps", "Gov", "Govs", "Gen", "Gens", "Lt", "Col", "Capt",
    "Sgt", "St", "Rev", "Prof", "Maj",
];

/// Function words that are given names or surnames where they have a capital within a sentence.
const NAME_LIKE: [&str; 2] = ["will", "may"];

/// A run of capitalised words.
pub(super) struct Run {
    pub(super) span: Range<usize>,
    /// Its words as written, connectors left out.
    pub(super) words: Vec<String>,
    /// The same words in the form in which they are compared; "UN" is two.
    pub(super) canonical: Vec<String>,
    /// Whether its first word begins a sentence.
    pub(super) begins_sentence: bool,
    /// The canonical word that stands after an "of", the last if there are several.
    pub(super) after_of: Option<usize>,
    /// The canonical words that stand after "for", "the" or "&": another name may begin there.
    pub(super) joints: Vec<usize>,
}

impl Run {
    fn at(span: Range<usize>, begins_sentence: bool) -> Self {
        Self {
            span,
            words: Vec::new(),
            canonical: Vec::new(),
            begins_sentence,
            after_of: None,
            joints: Vec::new(),
        }
    }
}

/// The runs of capitalised words, dates and capitalised function words left out.
pub(super) fn runs(text: &str) -> Vec<Run> {
    let tokens = tokens(text);
    let dates: Vec<Range<usize>> = numbers(text).into_iter().map(|number| number.span).collect();
    let in_date = |token: &Token<'_>| {
        dates
            .iter()
            .any(|date| date.start <= token.start && token.start < date.end)
    };
    let mut runs: Vec<Run> = Vec::new();
    let mut current: Option<Run> = None;
    let mut sentence_begins = true;
    for (index, token) in tokens.iter().enumerate() {
        let begins = std::mem::replace(&mut sentence_begins, ends_sentence(&tokens, index));
        let capital = token.kind == Kind::Word && token.text.starts_with(char::is_uppercase);
        if capital && !is_function(&tokens, index, begins) && !in_date(token) {
            let run = current.get_or_insert_with(|| Run::at(token.span(), begins));
            let base = plain(token.text);
            run.span.end = token.start + base.len();
            run.words.push(base.to_owned());
            run.canonical.extend(canonical(base));
            if base.len() < token.text.trim_end_matches('.').len() {
                // A possessive ends its name: "Biden's White House" is two.
                runs.extend(current.take());
            }
        } else if !goes_on(&tokens, index, current.as_ref()) {
            runs.extend(current.take());
        } else if let Some(run) = current.as_mut() {
            match token.text {
                "of" => run.after_of = Some(run.canonical.len()),
                "for" | "the" | "&" => run.joints.push(run.canonical.len()),
                _ => {}
            }
        }
        // A quotation mark before the first word does not use up the beginning of the sentence.
        sentence_begins |= begins && token.kind == Kind::Symbol;
    }
    runs.extend(current);
    runs
}

/// The words of a text that are no connectors, in the form in which they are compared, each with whether it has a
/// capital.
pub(super) fn all_words(text: &str) -> Vec<(String, bool)> {
    let mut words = Vec::new();
    for token in tokens(text) {
        if token.kind == Kind::Word && !CONNECTORS.contains(&token.text) {
            let capital = token.text.starts_with(char::is_uppercase);
            words.extend(
                canonical(plain(token.text))
                    .into_iter()
                    .map(|word| (word, capital)),
            );
        }
    }
    words
}

/// Whether a capitalised word is none for a name's sake: "The", "We", "I", but neither "US" nor "WHO", and not the
/// "Will" of "Will Smith".
fn is_function(tokens: &[Token<'_>], index: usize, begins: bool) -> bool {
    let Some(token) = tokens.get(index) else {
        return false;
    };
    let lower = token.text.to_lowercase();
    let acronym = token.text.chars().count() > 1 && !token.text.chars().any(char::is_lowercase);
    let name_follows = tokens
        .get(index + 1)
        .is_some_and(|next| next.kind == Kind::Word && next.text.starts_with(char::is_uppercase));
    let name = NAME_LIKE.contains(&lower.as_str()) && (name_follows || !begins);
    is_function_word(&lower) && !acronym && !name
}

/// Whether a token that is no capitalised word stands inside a name: a connector, a hyphen, the stop of a title, the
/// bracket of "President \[Ann\] Example".
fn goes_on(tokens: &[Token<'_>], index: usize, run: Option<&Run>) -> bool {
    let (Some(token), Some(run)) = (tokens.get(index), run) else {
        return false;
    };
    let capital = |index: usize| {
        tokens
            .get(index)
            .is_some_and(|t| t.text.starts_with(char::is_uppercase))
    };
    match token.text {
        "." => {
            let titled = run
                .words
                .last()
                .is_some_and(|word| TITLES.contains(&word.as_str()));
            !token.spaced && titled && capital(index + 1)
        }
        "-" => !token.spaced && capital(index + 1),
        "[" | "]" => capital(index + 1),
        text => {
            let connects = |text: &str| CONNECTORS.contains(&text);
            connects(text)
                && (capital(index + 1)
                    || (tokens.get(index + 1).is_some_and(|t| connects(t.text)) && capital(index + 2)))
        }
    }
}

fn ends_sentence(tokens: &[Token<'_>], index: usize) -> bool {
    let Some(token) = tokens.get(index) else {
        return false;
    };
    let title = index
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|t| TITLES.contains(&t.text));
    matches!(token.text, "." | "!" | "?" | "…" | ":") && !title
}
