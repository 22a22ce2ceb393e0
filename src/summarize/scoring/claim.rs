//! A claim, the sentences that may prove it, and which of them are its evidence. Knows no model.

use std::collections::{BTreeMap, BTreeSet};

use crate::summarize::verify::support::content_words;
use crate::text::sentences;
use crate::text::similarity::words;

/// How many evidence sentences a sentence of a claim is given by the words they have in common.
const MOST_BY_WORDS: usize = 2;

/// The longest evidence that the model reads, in words: a bullet cites fewer; a whole document would take minutes.
const MOST_EVIDENCE_WORDS: usize = 100;

/// A text of one or a few sentences, and what it is to be proven by.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The text.
    pub text: String,
    /// Its sentences.
    pub sentences: Vec<Sentence>,
    /// The sentences that may prove it, in their order.
    pub sources: Vec<Sentence>,
}

/// A sentence as the features see it.
#[derive(Debug, Clone)]
pub struct Sentence {
    /// As it is written.
    pub text: String,
    /// Its words, normalised.
    pub words: Vec<String>,
    /// The stems of those that carry meaning, in order.
    pub stems: Vec<String>,
}

impl Sentence {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            words: words(text),
            stems: content_words(text),
        }
    }
}

impl Claim {
    /// A claim and the sentences that may prove it.
    pub fn new(text: &str, sources: &[&str]) -> Self {
        let whole = 0..text.len();
        let spans = sentences::split(text, std::slice::from_ref(&whole), "en");
        let parts = spans.into_iter().filter_map(|part| text.get(part.span));
        Self {
            text: text.to_owned(),
            sentences: parts.map(Sentence::new).collect(),
            sources: sources.iter().map(|source| Sentence::new(source)).collect(),
        }
    }

    /// For each sentence of the claim the sources that prove it best, as indices, the best first: those that have most
    /// of its words that no better one has, rare words above all, and the one that is closest by `cosines`.
    pub fn matches(&self, cosines: &[Vec<f32>]) -> Vec<Vec<usize>> {
        let weights = self.weights();
        let matched = self.sentences.iter().enumerate().map(|(index, sentence)| {
            let mut chosen = by_words(sentence, &self.sources, &weights);
            let row = cosines.get(index).map(Vec::as_slice).unwrap_or_default();
            let closest = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            if let Some((closest, _)) = closest
                && !chosen.contains(&closest)
            {
                chosen.push(closest);
            }
            chosen
        });
        matched.collect()
    }

    /// What the model is given as evidence: the matches in the order of the sources, the best ones where they are too
    /// many.
    pub fn evidence(&self, matches: &[Vec<usize>]) -> Vec<&str> {
        let deepest = matches.iter().map(Vec::len).max().unwrap_or(0);
        let by_rank = (0..deepest).flat_map(|rank| matches.iter().filter_map(move |one| one.get(rank)));
        let mut taken = BTreeSet::new();
        let mut length = 0;
        for index in by_rank {
            let own = self.sources.get(*index).map_or(0, |source| source.words.len());
            if taken.is_empty() || !taken.contains(index) && length + own <= MOST_EVIDENCE_WORDS {
                length += own;
                taken.insert(*index);
            }
        }
        let texts = taken.into_iter().filter_map(|index| self.sources.get(index));
        texts.map(|source| source.text.as_str()).collect()
    }

    /// How much each stem of the sources tells one source from another (inverse document frequency).
    pub fn weights(&self) -> BTreeMap<&str, f64> {
        let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
        for source in &self.sources {
            for stem in source.stems.iter().map(String::as_str).collect::<BTreeSet<_>>() {
                *counts.entry(stem).or_default() += 1.0;
            }
        }
        let all = self.sources.len() as f64;
        counts
            .values_mut()
            .for_each(|count| *count = ((all + 1.0) / *count).ln());
        counts
    }
}

/// Greedy: each next source is the one with the most weight that those before it lack.
fn by_words(sentence: &Sentence, sources: &[Sentence], weights: &BTreeMap<&str, f64>) -> Vec<usize> {
    let mut open: BTreeSet<&str> = sentence.stems.iter().map(String::as_str).collect();
    let mut chosen = Vec::new();
    while chosen.len() < MOST_BY_WORDS {
        let gain = |source: &Sentence| -> f64 {
            let own: BTreeSet<&str> = source.stems.iter().map(String::as_str).collect();
            let common = own.intersection(&open);
            common.map(|stem| weights.get(stem).copied().unwrap_or(0.0)).sum()
        };
        let gains = sources.iter().map(gain).enumerate();
        let best = gains.reduce(|best, next| if next.1 > best.1 { next } else { best });
        let Some((index, _)) = best.filter(|(_, gain)| *gain > 0.0) else {
            break;
        };
        for stem in sources.get(index).into_iter().flat_map(|source| &source.stems) {
            open.remove(stem.as_str());
        }
        chosen.push(index);
    }
    chosen
}
