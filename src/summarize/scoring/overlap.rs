//! Features of words: how much of each sentence of a claim its sources say, in which order, how close together.

use std::collections::BTreeSet;

use super::claim::{Claim, Sentence};
use crate::text::similarity::{common_subsequence, longest_shared_run};

/// How far apart two words of a claim may stand in a source and still belong together, content words.
const NEAR: usize = 6;

/// Values of one sentence of a claim; all of them are higher for one that its sources say.
pub const NAMES: [&str; 12] = [
    "stems",
    "stems_matched",
    "stems_best",
    "unseen",
    "bigrams",
    "bigrams_matched",
    "trigrams",
    "order",
    "run",
    "pairs",
    "pairs_near",
    "rare",
];

/// The values of a sentence, in the order of [`NAMES`]; `matches` are the sources that prove it best.
pub fn of_sentence(claim: &Claim, sentence: &Sentence, matches: &[usize]) -> [f64; NAMES.len()] {
    let sources: Vec<&Sentence> = claim.sources.iter().collect();
    let matched: Vec<&Sentence> = matches
        .iter()
        .filter_map(|index| claim.sources.get(*index))
        .collect();
    let all_stems = stems_of(&sources);
    let best =
        |value: &dyn Fn(&Sentence) -> f64| sources.iter().map(|source| value(source)).fold(0.0, f64::max);
    let length = sentence.stems.len().max(1) as f64;
    let unseen = sentence
        .stems
        .iter()
        .filter(|stem| !all_stems.contains(stem.as_str()));
    [
        share(&sentence.stems, &all_stems),
        share(&sentence.stems, &stems_of(&matched)),
        best(&|source| share(&sentence.stems, &stems_of(&[source]))),
        -(unseen.count().min(5) as f64),
        run_share(sentence, &sources, 2),
        run_share(sentence, &matched, 2),
        run_share(sentence, &sources, 3),
        best(&|source| common_subsequence(&sentence.stems, &source.stems) as f64 / length),
        best(&|source| longest_shared_run(&sentence.words, &source.words) as f64)
            / sentence.words.len().max(1) as f64,
        pairs(sentence, &sources, usize::MAX),
        pairs(sentence, &sources, NEAR),
        rare(claim, sentence, &matched),
    ]
}

fn stems_of<'a>(sources: &[&'a Sentence]) -> BTreeSet<&'a str> {
    let stems = sources.iter().flat_map(|source| &source.stems);
    stems.map(String::as_str).collect()
}

/// The share of stems that are among others; 1 of nothing.
fn share(stems: &[String], others: &BTreeSet<&str>) -> f64 {
    if stems.is_empty() {
        return 1.0;
    }
    let known = stems.iter().filter(|stem| others.contains(stem.as_str()));
    known.count() as f64 / stems.len() as f64
}

/// The share of runs of so many words that stand in a source.
pub fn run_share(sentence: &Sentence, sources: &[&Sentence], length: usize) -> f64 {
    let theirs: BTreeSet<&[String]> = sources
        .iter()
        .flat_map(|source| source.words.windows(length))
        .collect();
    let own: Vec<&[String]> = sentence.words.windows(length).collect();
    if own.is_empty() {
        return 1.0;
    }
    own.iter().filter(|run| theirs.contains(*run)).count() as f64 / own.len() as f64
}

/// The share of neighbouring content words that one source has in the same order and no farther apart.
fn pairs(sentence: &Sentence, sources: &[&Sentence], near: usize) -> f64 {
    let own: Vec<&[String]> = sentence.stems.windows(2).collect();
    if own.is_empty() {
        return 1.0;
    }
    let has = |source: &Sentence, first: &String, second: &String| {
        let places = |stem: &String| {
            let stems = source.stems.iter().enumerate();
            let found: Vec<usize> = stems
                .filter(|(_, other)| *other == stem)
                .map(|(at, _)| at)
                .collect();
            found
        };
        let seconds = places(second);
        places(first)
            .iter()
            .any(|at| seconds.iter().any(|other| other > at && other - at <= near))
    };
    let told = own.iter().filter(|pair| match pair {
        [first, second] => sources.iter().any(|source| has(source, first, second)),
        _ => false,
    });
    told.count() as f64 / own.len() as f64
}

/// The share of a sentence's stems in its matches, rare ones counting more, unknown ones most.
fn rare(claim: &Claim, sentence: &Sentence, matched: &[&Sentence]) -> f64 {
    let weights = claim.weights();
    let highest = (claim.sources.len() as f64 + 1.0).ln();
    let known = stems_of(matched);
    let (mut sum, mut told) = (0.0, 0.0);
    for stem in &sentence.stems {
        let weight = weights.get(stem.as_str()).copied().unwrap_or(highest);
        sum += weight;
        if known.contains(stem.as_str()) {
            told += weight;
        }
    }
    if sum > 0.0 { told / sum } else { 1.0 }
}
