//! Quotations: what stands between double quotation marks.

use std::ops::Range;

use crate::text::similarity::words;

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

/// Whether `claim` tells, outside quotation marks, a run of words that `evidence` has inside them only.
pub fn takes_words_out_of_a_quotation(claim: &str, evidence: &[&str]) -> bool {
    let words_of = |parts: Vec<&str>| parts.into_iter().map(words).collect::<Vec<_>>();
    let inside = words_of(evidence.iter().flat_map(|sentence| quoted(sentence)).collect());
    let outside = words_of(evidence.iter().flat_map(|sentence| unquoted(sentence)).collect());
    let has_run = |parts: &[Vec<String>], run: &[String]| {
        let mut runs = parts.iter().flat_map(|part| part.windows(SPOKEN_WORDS));
        runs.any(|other| other == run)
    };
    let told = words_of(unquoted(claim));
    let mut runs = told.iter().flat_map(|part| part.windows(SPOKEN_WORDS));
    runs.any(|run| has_run(&inside, run) && !has_run(&outside, run))
}

/// What a text quotes: also in curly single marks, and what follows a mark at a word that is never closed, since the
/// quotation goes on in the source's next paragraph.
fn quoted(text: &str) -> Vec<&str> {
    let spans = quoted_spans(text).into_iter();
    spans.filter_map(|span| text.get(span)).collect()
}

/// What stands before, between and behind what a text quotes.
fn unquoted(text: &str) -> Vec<&str> {
    let mut spans = quoted_spans(text);
    spans.sort_by_key(|span| span.start);
    let mut from = 0;
    let mut parts = Vec::new();
    for span in spans {
        parts.extend(text.get(from..span.start));
        from = from.max(span.end);
    }
    parts.extend(text.get(from..));
    parts
}

/// Where the words of [`quoted`] stand, without their marks.
fn quoted_spans(text: &str) -> Vec<Range<usize>> {
    let inside = |quote: Quote| {
        let part = text.get(quote.span.clone())?;
        let words = part.trim_start_matches(is_mark);
        let opens = part.len() > words.len() && words.starts_with(char::is_alphanumeric);
        let start = quote.span.end - words.len();
        let end = start + words.trim_end_matches(is_mark).len();
        (!quote.text.is_empty() || opens).then_some(start..end)
    };
    let double = quotes(text).into_iter().filter_map(inside);
    double.chain(single(text)).collect()
}

/// The quotations in curly single marks; a closing mark that a letter follows is an apostrophe.
fn single(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices('‘').filter_map(|(at, mark)| {
        let start = at + mark.len();
        let inside = text.get(start..)?;
        let close = inside.match_indices('’').find(|(close, mark)| {
            let after = inside
                .get(close + mark.len()..)
                .and_then(|rest| rest.chars().next());
            !after.is_some_and(char::is_alphanumeric)
        });
        close.map(|(close, _)| start..start + close)
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
        let claim = "We will not gamble with lives, it was said at the town hall on Monday.";
        for quoted in [
            "“We will not gamble with lives,” Kest shot back at the town hall on Monday.",
            "‘We will not gamble with lives,’ Kest shot back at the town hall on Monday.",
            "“We will not gamble with lives.",
        ] {
            let notices = |claim: &str, other: &str| takes_words_out_of_a_quotation(claim, &[quoted, other]);
            assert!(notices(claim, "Nobody else spoke."), "{quoted}");
            assert!(!notices(claim, "They say that we will not gamble with lives."));
            assert!(!notices("“We will not gamble with lives,” it went.", ""));
            assert!(!notices("‘We will not gamble with lives,’ it went.", ""));
            assert!(!notices("They will not gamble.", ""));
        }
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
