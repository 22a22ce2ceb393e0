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
        let texts: Vec<&str> = sources.iter().map(|source| source.text).collect();
        Self::of_texts(&texts, max_copied_words)
    }

    /// [`CopyIndex::new`] of texts that are no articles of a story.
    pub fn of_texts(texts: &[&str], max_copied_words: usize) -> Self {
        let run = max_copied_words.saturating_add(1);
        let mut hashes = Vec::new();
        for text in texts {
            let plain = words(text);
            let folded = with_days_folded(&plain);
            for words in [plain, folded] {
                hashes.extend(words.windows(run).map(hash_run));
            }
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
    let plain = words(part);
    let copies = candidate.rules.copies;
    copies.contains_run_of(&plain) || copies.contains_run_of(&with_days_folded(&plain))
}

/// The words with each weekday and each full date, and the "on" before it, as one word: a copy of "closed it on Monday"
/// is a copy still when our code has written the date out.
fn with_days_folded(words: &[String]) -> Vec<String> {
    const DAY: &str = "<day>";
    let mut folded: Vec<String> = Vec::with_capacity(words.len());
    let mut rest = words;
    while let [first, others @ ..] = rest {
        let (is_day, after) = match others {
            [day, year, after @ ..] if is_date(first, day, year) => (true, after),
            _ => (facts::WEEKDAYS.contains(&first.as_str()), others),
        };
        if is_day {
            folded.pop_if(|before| before == "on");
        }
        folded.push(if is_day { DAY.to_owned() } else { first.clone() });
        rest = after;
    }
    folded
}

/// "july 7 2025".
fn is_date(month: &str, day: &str, year: &str) -> bool {
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let ends = day.len() <= 2 && year.len() == 4 && is_number(day) && is_number(year);
    ends && facts::is_month(month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_its_date_fold_alike() {
        let folded = |text: &str| with_days_folded(&words(text));
        assert_eq!(
            folded("They met on July 7, 2025, in May 1968."),
            folded("They met Monday in May 1968.")
        );
        assert_ne!(folded("They met July 7."), folded("They met on Monday."));
    }
}
