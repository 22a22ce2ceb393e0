//! All features of a claim, under their names, in one order.

use super::answers::Answers;
use super::claim::Claim;
use super::likelihood::{mean, minimum};
use super::{likelihood, overlap, rules};

/// What the embedder finds of a sentence: its closest source, the two closest, the mean of all.
const CLOSENESS: [&str; 2] = ["cosine", "cosine_two"];

/// What a claim is like, whatever its sources.
const SHAPE: [&str; 6] = ["words", "sentences", "sources", "own_names", "own_numbers", "alone_mean"];

/// The names of the features, in the order of [`of_claim`].
pub fn names() -> Vec<String> {
    let by_sentence = overlap::NAMES.iter().chain(&CLOSENESS);
    let both = by_sentence.flat_map(|name| [format!("{name}.mean"), format!("{name}.min")]);
    let by_claim = rules::NAMES.iter().chain(&likelihood::NAMES).chain(&SHAPE);
    both.chain(by_claim.map(|name| (*name).to_owned())).collect()
}

/// The features of a claim, in the order of [`names`].
pub fn of_claim(claim: &Claim, answers: &Answers) -> Vec<f64> {
    let matches = claim.matches(&answers.cosines);
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for (index, sentence) in claim.sentences.iter().enumerate() {
        let matched = matches.get(index).map(Vec::as_slice).unwrap_or_default();
        let cosines = answers.cosines.get(index).map(Vec::as_slice).unwrap_or_default();
        let mut row = overlap::of_sentence(claim, sentence, matched).to_vec();
        row.extend(closeness(cosines));
        rows.push(row);
    }
    let mut values = Vec::new();
    for column in 0..overlap::NAMES.len() + CLOSENESS.len() {
        let column: Vec<f64> = rows.iter().filter_map(|row| row.get(column).copied()).collect();
        values.push(mean(&column));
        values.push(minimum(&column));
    }
    values.extend(rules::of_claim(claim, &matches));
    values.extend(likelihood::of_claim(answers));
    values.extend(shape(claim, answers));
    values
}

fn closeness(cosines: &[f32]) -> [f64; CLOSENESS.len()] {
    let mut sorted: Vec<f64> = cosines.iter().copied().map(f64::from).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let two = sorted.get(..2).unwrap_or(&sorted);
    [sorted.first().copied().unwrap_or(0.0), mean(two)]
}

fn shape(claim: &Claim, answers: &Answers) -> [f64; SHAPE.len()] {
    use crate::text::facts;
    let words: usize = claim.sentences.iter().map(|sentence| sentence.words.len()).sum();
    let alone: Vec<f64> = answers.alone.iter().copied().map(f64::from).collect();
    [
        (words as f64 + 1.0).ln(),
        claim.sentences.len() as f64,
        (claim.sources.len() as f64 + 1.0).ln(),
        facts::names(&claim.text).len() as f64,
        facts::numbers(&claim.text).len() as f64,
        mean(&alone),
    ]
}
