//! Persons, organisations and places: runs of capitalised words.

use std::ops::Range;

use super::numbers::numbers;
use super::tokens::{Kind, Token, tokens};
use crate::text::similarity::is_function_word;

/// A person, organisation or place: a run of capitalised words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Where it is: byte range.
    pub span: Range<usize>,
    /// Its words as written, without possessive `'s`, function words inside it left out.
    pub words: Vec<String>,
}

/// Words that join the parts of one name.
const CONNECTORS: [&str; 14] = [
    "of", "the", "de", "del", "la", "van", "von", "der", "bin", "ibn", "al", "el", "for", "&",
];

/// Shortened titles: their stop ends no sentence and no name.
const TITLES: [&str; 14] = [
    "Mr", "Mrs", "Ms", "Dr", "Sen", "Rep", "Gov", "Gen", "Lt", "Col", "Sgt", "St", "Rev", "Prof",
];

/// A capitalised run, and whether its first word begins a sentence.
struct Run {
    span: Range<usize>,
    words: Vec<String>,
    begins_sentence: bool,
}

/// The names of a text, in order. A capitalised first word of a sentence counts only when it is a name elsewhere or
/// goes on as one.
pub fn names(text: &str) -> Vec<Name> {
    let runs = runs(text);
    let inside: Vec<String> = runs
        .iter()
        .flat_map(|run| run.words.iter().skip(usize::from(run.begins_sentence)))
        .cloned()
        .collect();
    let is_name = |run: &Run| {
        let first = run.words.first().map(String::as_str).unwrap_or_default();
        !run.begins_sentence
            || run.words.len() > 1
            || is_acronym(first)
            || inside.iter().any(|word| word == first)
    };
    runs.into_iter()
        .filter(is_name)
        .map(|run| Name {
            span: run.span,
            words: run.words,
        })
        .collect()
}

/// The names of `claim` that no sentence of `evidence` has: the words of a name must stand in one run of capitalised
/// words, in order ("John Smith" is not proven by "John Doe and Ann Smith"), but not all of them ("Smith" is proven by
/// "John Smith"). A sentence's first word may stand anywhere in the evidence, in any case.
pub fn unsupported_names(claim: &str, evidence: &[&str]) -> Vec<Name> {
    let proofs: Vec<Run> = evidence.iter().flat_map(|sentence| runs(sentence)).collect();
    let proven =
        |words: &[String]| words.is_empty() || proofs.iter().any(|proof| is_in_order(words, &proof.words));
    let plain: Vec<String> = evidence
        .iter()
        .flat_map(|sentence| plain_words(sentence))
        .collect();
    let mut unsupported = Vec::new();
    for run in runs(claim) {
        if proven(&run.words) {
            continue;
        }
        if run.begins_sentence
            && let Some((first, rest)) = run.words.split_first()
            && plain.contains(&first.to_lowercase())
            && proven(rest)
        {
            continue;
        }
        unsupported.push(Name {
            span: run.span,
            words: run.words,
        });
    }
    unsupported
}

fn is_in_order(words: &[String], proof: &[String]) -> bool {
    let mut rest = proof.iter();
    words
        .iter()
        .all(|word| rest.any(|candidate| candidate.to_lowercase() == word.to_lowercase()))
}

fn plain_words(text: &str) -> Vec<String> {
    tokens(text)
        .iter()
        .filter(|token| token.kind == Kind::Word)
        .map(|token| base(token.text).to_lowercase())
        .collect()
}

/// The runs of capitalised words, dates and a sentence's leading function words left out.
fn runs(text: &str) -> Vec<Run> {
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
        let leading = begins && is_function_word(&token.text.to_lowercase());
        let capital = token.kind == Kind::Word && token.text.starts_with(char::is_uppercase);
        if capital && token.text != "I" && !leading && !in_date(token) {
            let run = current.get_or_insert_with(|| Run {
                span: token.span(),
                words: Vec::new(),
                begins_sentence: begins,
            });
            run.span.end = token.start + base(token.text).len();
            run.words.push(base(token.text).to_owned());
            if base(token.text).len() < token.text.trim_end_matches('.').len() {
                // A possessive ends its name: "Biden's White House" is two.
                runs.extend(current.take());
            }
        } else if !goes_on(&tokens, index, current.as_ref()) {
            runs.extend(current.take());
        }
        // A quotation mark before the first word does not use up the beginning of the sentence.
        sentence_begins |= begins && token.kind == Kind::Symbol;
    }
    runs.extend(current);
    runs
}

/// Whether a token that is no capitalised word stands inside a name: a connector, a hyphen, the stop of a title.
fn goes_on(tokens: &[Token<'_>], index: usize, run: Option<&Run>) -> bool {
    let (Some(token), Some(run)) = (tokens.get(index), run) else {
        return false;
    };
    let capital = |index: usize| {
        tokens
            .get(index)
            .is_some_and(|t| t.text.starts_with(char::is_uppercase))
    };
    if token.text == "." {
        return !token.spaced
            && run
                .words
                .last()
                .is_some_and(|word| TITLES.contains(&word.as_str()))
            && capital(index + 1);
    }
    if token.text == "-" {
        return !token.spaced && capital(index + 1);
    }
    let connects = |text: &str| CONNECTORS.contains(&text);
    connects(token.text)
        && (capital(index + 1)
            || (tokens.get(index + 1).is_some_and(|t| connects(t.text)) && capital(index + 2)))
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

fn is_acronym(word: &str) -> bool {
    word.chars().filter(|c| c.is_uppercase()).count() > 1
}

/// Without possessive `'s`, and without the stops of initials ("U.S." and "US" are one).
fn base(word: &str) -> &str {
    word.strip_suffix("'s")
        .or_else(|| word.strip_suffix("’s"))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        names(text).into_iter().map(|name| name.words.join(" ")).collect()
    }

    #[test]
    fn runs_of_capitalised_words_are_names() {
        assert_eq!(
            read("On Monday the Department of Justice sued Sen. John O'Brien's firm in New York."),
            ["Department Justice", "Sen John O'Brien", "New York"]
        );
        assert_eq!(
            read("Residents left. They went to Ohio, and U.S. officials knew."),
            ["Ohio", "U.S."]
        );
    }

    #[test]
    fn a_longer_name_proves_a_shorter_one_and_never_the_other_way() {
        assert!(unsupported_names("Sanders won.", &["Bernie Sanders won."]).is_empty());
        assert_eq!(
            unsupported_names("Bernie Sanders won.", &["Sanders won."]).len(),
            1
        );
        assert_eq!(
            unsupported_names("It was John Smith.", &["John Doe and Ann Smith left."]).len(),
            1
        );
    }

    #[test]
    fn an_invented_name_is_found_also_at_the_head_of_a_sentence() {
        assert_eq!(
            unsupported_names("Smith said no.", &["The mayor said no."]).len(),
            1
        );
        assert_eq!(
            unsupported_names("In Kabul, talks began.", &["Talks began in Doha."]).len(),
            1
        );
    }

    #[test]
    fn a_common_word_at_the_head_of_a_sentence_is_no_name() {
        assert!(
            unsupported_names(
                "Residents left. The dam held.",
                &["About 40 residents left; the dam held."]
            )
            .is_empty()
        );
    }

    proptest::proptest! {
        #[test]
        fn every_span_is_inside_the_text(text in "\\PC*") {
            for name in names(&text) {
                proptest::prop_assert!(text.get(name.span).is_some());
            }
        }

        #[test]
        fn a_text_supports_its_own_names(text in "[A-Za-z .,'-]{0,80}") {
            proptest::prop_assert!(unsupported_names(&text, &[&text]).is_empty());
        }
    }
}
