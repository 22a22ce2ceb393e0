//! Quotations: what stands between double quotation marks.

use std::ops::Range;

use crate::text::similarity::{longest_shared_run, words};

/// So many words in a row that stand inside a source's quotation marks, and nowhere outside them, are the speaker's.
const SPOKEN_WORDS: usize = 5;

/// A quotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Where it is: byte range, the marks included; to the end of the text when the mark is never closed.
    pub span: Range<usize>,
    /// The words between the marks; empty when the mark is never closed.
    pub text: String,
}

/// The quotations of a text: straight and curly double quotes, guillemets; not apostrophes.
pub fn quotes(text: &str) -> Vec<Quote> {
    let mut quotes = Vec::new();
    let mut open: Option<(usize, usize, char)> = None;
    for (at, mark) in text.char_indices().filter(|(_, c)| is_mark(*c)) {
        let after = at + mark.len_utf8();
        match open {
            None => open = Some((at, after, closing(mark))),
            Some((start, inside, close)) if mark == close || (close == '”' && mark == '"') => {
                let inner = text.get(inside..at).unwrap_or_default();
                quotes.push(Quote {
                    span: start..after,
                    text: inner.trim().to_owned(),
                });
                open = None;
            }
            // A mark of another kind inside a quotation belongs to it.
            Some(_) => {}
        }
    }
    if let Some((start, ..)) = open {
        quotes.push(Quote {
            span: start..text.len(),
            text: String::new(),
        });
    }
    quotes
}

/// The quotations of `claim` that no sentence of `evidence` has verbatim, inside quotation marks of its own (marks and
/// blanks normalised, a final comma or stop aside). A mark that is never closed is unsupported.
pub fn unsupported_quotes(claim: &str, evidence: &[&str]) -> Vec<Quote> {
    let proofs: Vec<String> = evidence
        .iter()
        .flat_map(|sentence| quoted(sentence))
        .map(normalised)
        .collect();
    let mut claimed = quotes(claim);
    claimed.retain(|quote| {
        let words = normalised(&quote.text);
        words.is_empty() || !proofs.iter().any(|proof| holds_words(proof, &words))
    });
    claimed
}

/// Whether `claim` tells, outside quotation marks, what every sentence of `evidence` that has these words only quotes.
pub fn takes_words_out_of_a_quotation(claim: &str, evidence: &[&str]) -> bool {
    let told: Vec<_> = outside_quotes(claim).into_iter().map(words).collect();
    let is_told = |part: &str| {
        let part = words(part);
        told.iter()
            .any(|told| longest_shared_run(told, &part) >= SPOKEN_WORDS)
    };
    let mut quoted_parts = evidence.iter().flat_map(|sentence| quoted(sentence));
    let mut other_parts = evidence.iter().flat_map(|sentence| outside_quotes(sentence));
    quoted_parts.any(is_told) && !other_parts.any(is_told)
}

/// What stands before, between and after the quotations of a text.
fn outside_quotes(text: &str) -> Vec<&str> {
    let mut from = 0;
    let mut parts = Vec::new();
    for quote in quotes(text) {
        parts.extend(text.get(from..quote.span.start));
        from = quote.span.end;
    }
    parts.extend(text.get(from..));
    parts
}

/// What a source quotes: also in curly single marks, and what follows a mark at a word that is never closed, since the
/// quotation goes on in the source's next paragraph.
fn quoted(sentence: &str) -> Vec<&str> {
    let inside = |quote: Quote| {
        let part = sentence.get(quote.span)?;
        let words = part.trim_start_matches(is_mark);
        let opens = part.len() > words.len() && words.starts_with(char::is_alphanumeric);
        (!quote.text.is_empty() || opens).then(|| words.trim_end_matches(is_mark))
    };
    let double = quotes(sentence).into_iter().filter_map(inside);
    double.chain(single(sentence)).collect()
}

/// The quotations in curly single marks; a closing mark that a letter follows is an apostrophe.
fn single(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.match_indices('‘').filter_map(|(at, mark)| {
        let inside = sentence.get(at + mark.len()..)?;
        let close = inside.match_indices('’').find(|(close, mark)| {
            let after = inside
                .get(close + mark.len()..)
                .and_then(|rest| rest.chars().next());
            !after.is_some_and(char::is_alphanumeric)
        });
        close.and_then(|(close, _)| inside.get(..close))
    })
}

/// Whether `part` stands in `whole` between word borders.
fn holds_words(whole: &str, part: &str) -> bool {
    whole.match_indices(part).any(|(at, _)| {
        let before = whole.get(..at).and_then(|head| head.chars().next_back());
        let after = whole.get(at + part.len()..).and_then(|tail| tail.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

fn normalised(text: &str) -> String {
    let straight: String = text
        .chars()
        .map(|c| match c {
            '‘' | '’' => '\'',
            '–' | '—' => '-',
            other => other,
        })
        .collect();
    let joined = straight.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.trim_end_matches([',', '.', ';', '!', '?', ' ']).to_owned()
}

fn is_mark(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '＂')
}

fn closing(open: char) -> char {
    match open {
        '“' | '„' | '”' => '”',
        '«' => '»',
        '»' => '«',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_is_verbatim_or_unsupported() {
        let evidence = ["“We will not gamble with lives,” Kest said."];
        assert!(
            unsupported_quotes("Kest said \"we will\" no. ", &evidence).len() == 1,
            "case differs"
        );
        assert!(unsupported_quotes("\"We will not gamble with lives.\"", &evidence).is_empty());
        assert!(unsupported_quotes("She would not \"gamble with lives\".", &evidence).is_empty());
        assert_eq!(
            unsupported_quotes("\"We will gamble with lives\"", &evidence).len(),
            1
        );
        assert_eq!(
            unsupported_quotes("She would not \"gamble with live\".", &evidence).len(),
            1
        );
    }

    #[test]
    fn words_outside_the_sources_quotation_marks_prove_no_quotation() {
        assert_eq!(
            unsupported_quotes("It was \"a disaster\".", &["It was a disaster."]).len(),
            1
        );
    }

    #[test]
    fn a_mark_that_is_never_closed_is_unsupported() {
        assert_eq!(
            unsupported_quotes("She said \"we will.", &["She said \"we will.\""]).len(),
            1
        );
    }

    #[test]
    fn a_source_may_quote_in_single_marks_or_go_on_in_its_next_paragraph() {
        for evidence in [
            "She called it ‘a mayor’s disaster’ today.",
            "“It was a mayor’s disaster. We ran.",
        ] {
            assert!(unsupported_quotes("It was \"a mayor's disaster\".", &[evidence]).is_empty());
            assert_eq!(unsupported_quotes("It was \"today\".", &[evidence]).len(), 1);
        }
        assert_eq!(
            unsupported_quotes("It was \"wide\".", &["It is 6\" wide."]).len(),
            1
        );
    }

    #[test]
    fn a_speakers_words_without_marks_are_noticed() {
        let quoted = "“We will not gamble with lives here,” Kest shot back.";
        let told = "The mayor will not gamble with lives here any longer.";
        let claim = "We will not gamble with lives.";
        assert!(takes_words_out_of_a_quotation(claim, &[quoted]));
        assert!(takes_words_out_of_a_quotation(
            claim,
            &[quoted, "Nobody else spoke."]
        ));
        assert!(!takes_words_out_of_a_quotation(claim, &[quoted, told]));
        assert!(!takes_words_out_of_a_quotation(
            "“We will not gamble with lives.”",
            &[quoted]
        ));
        assert!(!takes_words_out_of_a_quotation(
            "They will not gamble.",
            &[quoted]
        ));
    }

    #[test]
    fn apostrophes_are_no_quotation_marks() {
        assert!(quotes("It's the mayor's 'office'.").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn every_span_is_inside_the_text(text in "[ a“”\"«»é]*") {
            for quote in quotes(&text) {
                proptest::prop_assert!(text.get(quote.span).is_some());
            }
        }
    }
}
