//! What a row's summaries are worth: the columns of the table, from the kept summaries and the cases.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use super::cases::Case;
use super::extractive::cut_at;
use super::invented::Known;
use super::rouge::{self, Rouge};
use super::rows::{Statement, Written};
use crate::domain::{BulletKind, CheckReason};
use crate::text::similarity::{changed_share, longest_shared_run, words};

/// From here on a bullet is a wording of its own.
const CHANGED_ENOUGH: f64 = 0.20;
const RESAMPLES: usize = 1_000;
const BOOTSTRAP_SEED: u64 = 20_040_725;

/// One row of the table. Shares are 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// The row's name.
    pub row: String,
    /// How many stories it wrote.
    pub stories: usize,
    /// Mean ROUGE over the stories with a reference.
    pub rouge: Option<Rouge>,
    /// The row less `nutgraf`, ROUGE-1, 2 and L: 95 % intervals of a paired bootstrap (Koehn 2004).
    pub difference: Option<[[f64; 2]; 3]>,
    /// Of the statements due: abstractive (and changed by 20 % at least).
    pub abstractive: f64,
    /// Of the statements due: the rest of those that are there.
    pub extractive: f64,
    /// Of the statements due: not there.
    pub omitted: f64,
    /// Wordings refused, by reason.
    pub refused: BTreeMap<CheckReason, usize>,
    /// Mean over summaries of two statements or more of the highest ROUGE-L F1 between two of them.
    pub redundancy: Option<f64>,
    /// Share of statements with a name that no article has.
    pub novel_names: f64,
    /// Share of statements with a number that no article has.
    pub novel_numbers: f64,
    /// The longest run of words shared with an article: mean over statements, and the longest.
    pub copied_words: (f64, usize),
    /// Mean independent outlets of a statement, where the row knows them.
    pub outlets: Option<f64>,
    /// Median and 90th percentile.
    pub seconds: (f64, f64),
    /// By story, for pairing.
    #[serde(skip)]
    pub by_story: BTreeMap<String, Rouge>,
}

/// Scores a row. `written` may miss stories; each is paired with its case by id.
pub fn of(row: &str, written: &[Written], cases: &[Case], budget_words: usize) -> Scores {
    let by_id: BTreeMap<&str, &Case> = cases.iter().map(|case| (case.id.as_str(), case)).collect();
    let (mut by_story, mut refused) = (BTreeMap::new(), BTreeMap::new());
    let (mut own, mut names, mut numbers) = (0, 0, 0);
    let (mut runs, mut repeats, mut outlets, mut seconds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut stories = 0;
    let mut omitted = 0;
    for summary in written {
        let Some(case) = by_id.get(summary.story_id.as_str()) else {
            continue;
        };
        stories += 1;
        omitted += summary.omitted;
        seconds.push(summary.seconds);
        for reason in &summary.refused {
            *refused.entry(*reason).or_insert(0) += 1;
        }
        if let Some(reference) = &case.reference {
            let texts: Vec<String> = summary
                .statements
                .iter()
                .map(|statement| statement.text.clone())
                .collect();
            let text = rouge::tokens(&cut_at(&texts, budget_words).join(" "));
            by_story.insert(
                summary.story_id.clone(),
                rouge::score(&text, &rouge::tokens(reference)),
            );
        }
        repeats.extend(redundancy(&summary.statements));
        let known = Known::of(case.articles.iter().flat_map(|article| {
            [Some(article.text.as_str()), article.meta.title.as_deref()]
                .into_iter()
                .flatten()
        }));
        let articles: Vec<Vec<String>> = case.articles.iter().map(|article| words(&article.text)).collect();
        for statement in &summary.statements {
            own += usize::from(is_own_wording(statement, case));
            let undated = without(&statement.written, &statement.resolved);
            names += usize::from(!known.novel_names(&undated).is_empty());
            numbers += usize::from(!known.novel_numbers(&undated).is_empty());
            let statement_words = words(&statement.written);
            let run = articles
                .iter()
                .map(|article| longest_shared_run(&statement_words, article))
                .max();
            runs.push(run.unwrap_or(0));
            outlets.extend(statement.outlets.map(f64::from));
        }
    }
    let due = (runs.len() + omitted).max(1) as f64;
    let there = runs.len().max(1) as f64;
    Scores {
        row: row.to_owned(),
        stories,
        rouge: mean_rouge(by_story.values()),
        difference: None,
        abstractive: f64::from(own as u32) / due,
        extractive: (runs.len() - own) as f64 / due,
        omitted: omitted as f64 / due,
        refused,
        redundancy: mean(&repeats),
        novel_names: names as f64 / there,
        novel_numbers: numbers as f64 / there,
        copied_words: (
            runs.iter().sum::<usize>() as f64 / there,
            runs.iter().copied().max().unwrap_or(0),
        ),
        outlets: mean(&outlets),
        seconds: (percentile(&mut seconds, 0.5), percentile(&mut seconds, 0.9)),
        by_story,
    }
}

/// The 95 % intervals of (row − base) over the stories that both have; `None` without a common story.
pub fn difference(row: &Scores, base: &Scores) -> Option<[[f64; 2]; 3]> {
    let pairs: Vec<[f64; 3]> = row
        .by_story
        .iter()
        .filter_map(|(id, a)| {
            base.by_story
                .get(id)
                .map(|b| [a.one - b.one, a.two - b.two, a.longest - b.longest])
        })
        .collect();
    if pairs.is_empty() {
        return None;
    }
    let mut random = StdRng::seed_from_u64(BOOTSTRAP_SEED);
    let mut means = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..RESAMPLES {
        let mut sums = [0.0; 3];
        for _ in 0..pairs.len() {
            let drawn = pairs
                .get(random.random_range(0..pairs.len()))
                .copied()
                .unwrap_or_default();
            sums.iter_mut().zip(drawn).for_each(|(sum, x)| *sum += x);
        }
        means
            .iter_mut()
            .zip(sums)
            .for_each(|(means, sum)| means.push(sum / pairs.len() as f64));
    }
    Some(means.map(|mut means| [percentile(&mut means, 0.025), percentile(&mut means, 0.975)]))
}

/// Whether the model worded it, and far enough from every sentence of the story.
fn is_own_wording(statement: &Statement, case: &Case) -> bool {
    statement.kind == BulletKind::Abstractive
        && case
            .sentences
            .iter()
            .flatten()
            .all(|sentence| changed_share(&statement.written, sentence) >= CHANGED_ENOUGH)
}

fn redundancy(statements: &[Statement]) -> Option<f64> {
    let tokens: Vec<Vec<String>> = statements
        .iter()
        .map(|statement| rouge::tokens(&statement.written))
        .collect();
    let pairs = tokens
        .iter()
        .enumerate()
        .flat_map(|(at, a)| tokens.iter().skip(at + 1).map(move |b| (a, b)));
    pairs
        .map(|(a, b)| rouge::score(a, b).longest)
        .max_by(f64::total_cmp)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn mean_rouge<'a>(scores: impl ExactSizeIterator<Item = &'a Rouge>) -> Option<Rouge> {
    let n = scores.len() as f64;
    let mut sum = Rouge::default();
    for score in scores {
        sum.one += score.one / n;
        sum.two += score.two / n;
        sum.longest += score.longest / n;
    }
    (n > 0.0).then_some(sum)
}

/// The nearest-rank percentile; 0 of nothing.
fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (share * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// A text without these parts.
fn without(text: &str, parts: &[String]) -> String {
    parts
        .iter()
        .fold(text.to_owned(), |text, part| text.replace(part.as_str(), ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_there() {
        assert_eq!(percentile(&mut [3.0, 1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(percentile(&mut [3.0, 1.0, 2.0, 4.0], 0.9), 4.0);
        assert_eq!(percentile(&mut [], 0.5), 0.0);
    }
}
