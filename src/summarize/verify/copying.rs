//! P13: the longest run of words that a bullet shares with any article of the story, outside quotation marks.

use super::{Candidate, reason_if};
use crate::domain::CheckReason;
use crate::summarize::Source;
use crate::summarize::families::hash_run;
use crate::text::facts;
use crate::text::similarity::words;

/// Every run of one word more than may be shared, of every article, as sorted hashes: 405 articles of 800 words make
/// 2.6 MB, and a bullet is looked up in microseconds.
#[derive(Debug)]
pub struct CopyIndex {
    run: usize,
    hashes: Vec<u64>,
}

impl CopyIndex {
    /// Indexes the articles' whole texts; `max_copied_words` words in a row may be shared.
    pub fn new(sources: &[Source<'_>], max_copied_words: usize) -> Self {
        let run = max_copied_words.saturating_add(1);
        let mut hashes = Vec::new();
        for source in sources {
            hashes.extend(words(source.text).windows(run).map(hash_run));
        }
        hashes.sort_unstable();
        hashes.dedup();
        Self { run, hashes }
    }

    /// Whether a run of words that is too long stands in an article.
    fn contains_run_of(&self, words: &[String]) -> bool {
        words
            .windows(self.run)
            .any(|run| self.hashes.binary_search(&hash_run(run)).is_ok())
    }
}

/// Refuses a wording that copies. Quotations are copied on purpose; they part a run in two.
pub fn copied_run(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let mut copies = false;
    let mut from = 0;
    for quote in facts::quotes(candidate.text) {
        copies |= is_copied(candidate, from, quote.span.start);
        from = quote.span.end;
    }
    copies |= is_copied(candidate, from, candidate.text.len());
    reason_if(copies, CheckReason::CopiedRun)
}

fn is_copied(candidate: &Candidate<'_>, from: usize, to: usize) -> bool {
    let part = candidate.text.get(from..to).unwrap_or_default();
    candidate.rules.copies.contains_run_of(&words(part))
}
