//! P4, second half: a quotation keeps its speaker.

use std::ops::Range;

use super::{Candidate, reason_if};
use crate::domain::CheckReason;
use crate::text::facts;
use crate::text::similarity::words;

/// How many characters from the quotation its speaker is looked for.
const NEAR_CHARS: usize = 80;

/// A quotation of fewer words is a term rather than somebody's statement.
const MIN_QUOTED_WORDS: usize = 3;

/// `quote_misattributed` when a quotation has a speaker in the bullet and another one in the evidence.
pub fn speakers(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    reason_if(
        are_changed(candidate.text, candidate.evidence),
        CheckReason::QuoteMisattributed,
    )
}

/// Whether a quotation of the text is said by a name that has no word in common with the names that say it in the
/// evidence. Where either has no speaker, nothing is known.
pub fn are_changed(text: &str, evidence: &[&str]) -> bool {
    let theirs: Vec<Spoken> = evidence.iter().flat_map(|sentence| spoken(sentence)).collect();
    spoken(text).iter().any(|own| {
        let mut sources = theirs.iter().filter(|other| other.says(own)).peekable();
        sources.peek().is_some()
            && sources.all(|other| !other.speaker.iter().any(|word| own.speaker.contains(word)))
    })
}

/// A quotation and who says it.
struct Spoken {
    quoted: Vec<String>,
    /// The words of the name, in lower case.
    speaker: Vec<String>,
}

impl Spoken {
    fn says(&self, other: &Self) -> bool {
        let mut runs = self.quoted.windows(other.quoted.len());
        runs.any(|run| run == other.quoted)
    }
}

fn spoken(sentence: &str) -> Vec<Spoken> {
    let quotes = facts::quotes(sentence);
    let is_inside = |span: &Range<usize>| quotes.iter().any(|quote| quote.span.contains(&span.start));
    // Nothing proves a name without evidence: these are all, also the one that opens the sentence.
    let mut names = facts::unsupported_names(sentence, &[]);
    names.retain(|name| !is_inside(&name.span));
    let mut spoken = Vec::new();
    for quote in &quotes {
        let quoted = words(&quote.text);
        let reported = names.iter().filter_map(|name| {
            let (from, to) = if name.span.start >= quote.span.end {
                (quote.span.end, name.span.end)
            } else {
                (name.span.start, quote.span.start)
            };
            // The verb may stand behind the name: "Reyes said".
            let to = to + sentence.get(to..).map_or(0, |rest| first_word(rest).len());
            let reach = sentence.get(from..to)?;
            let is_near = to - from <= NEAR_CHARS && facts::has_attribution(reach);
            is_near.then_some((to - from, name))
        });
        let nearest = reported.min_by_key(|(distance, _)| *distance);
        if let Some((_, name)) = nearest.filter(|_| quoted.len() >= MIN_QUOTED_WORDS) {
            spoken.push(Spoken {
                quoted,
                speaker: name.words.iter().map(|word| word.to_lowercase()).collect(),
            });
        }
    }
    spoken
}

/// The first word of a text with the blank before it; empty when a mark comes first.
fn first_word(text: &str) -> &str {
    let start = text.len() - text.trim_start_matches(' ').len();
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    text.get(..start + length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIDENCE: [&str; 1] = ["“We will not gamble with lives,” Ada Reyes said, and Kest agreed."];

    #[test]
    fn a_quotation_of_somebody_else_is_found() {
        assert!(are_changed(
            "Kest said, \"We will not gamble with lives.\"",
            &EVIDENCE
        ));
        assert!(are_changed(
            "\"We will not gamble with lives,\" said Kest.",
            &EVIDENCE
        ));
    }

    #[test]
    fn the_same_speaker_and_an_unknown_one_pass() {
        assert!(!are_changed(
            "Reyes said she would \"not gamble with lives\".",
            &EVIDENCE
        ));
        assert!(!are_changed(
            "The mayor said, \"We will not gamble with lives.\"",
            &EVIDENCE
        ));
        assert!(!are_changed("Kest said, \"We leave at once.\"", &EVIDENCE));
    }
}
