//! All features of a claim, under their names, in one order.

use super::answers::{Cosines, Likelihood};
use super::claim::Claim;
use super::likelihood::{mean, minimum};
use super::{likelihood, overlap, rules};
use crate::text::facts;

/// What the embedder finds of a sentence: its closest source, and the mean of the two closest.
const CLOSENESS: [&str; 2] = ["cosine", "cosine_two"];

/// What a claim is like, whatever its sources.
const SHAPE: [&str; 5] = ["words", "sentences", "sources", "own_names", "own_numbers"];

/// A feature, and what it may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// Its name in the weights file.
    pub name: String,
    /// Whether a higher value may only speak for a claim (1) or against it (−1), or either (0).
    pub direction: i8,
    /// Whether the writing model must be asked for it, which takes longer than all others together.
    pub needs_likelihood: bool,
}

/// All features, in the order of [`of_claim`].
pub fn all() -> Vec<Feature> {
    let feature = |name: &str, direction| Feature {
        name: name.to_owned(),
        direction,
        needs_likelihood: likelihood::NAMES.contains(&name),
    };
    let by_sentence = overlap::NAMES.iter().chain(&CLOSENESS);
    let both = by_sentence.flat_map(|name| [format!("{name}.mean"), format!("{name}.min")]);
    let mut features: Vec<Feature> = both.map(|name| feature(&name, 1)).collect();
    features.extend(rules::NAMES.iter().map(|name| feature(name, -1)));
    features.extend(likelihood::NAMES.iter().map(|name| {
        let is_of_the_claim_alone = *name == "alone_mean";
        feature(name, i8::from(!is_of_the_claim_alone))
    }));
    features.extend(SHAPE.iter().map(|name| feature(name, 0)));
    features
}

/// The features of a claim, in the order of [`all`].
pub fn of_claim(claim: &Claim, cosines: &Cosines, likelihood: &Likelihood) -> Vec<f64> {
    let matches = claim.matches(cosines);
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for (index, sentence) in claim.sentences.iter().enumerate() {
        let matched = matches.get(index).map(Vec::as_slice).unwrap_or_default();
        let mut row = overlap::of_sentence(claim, sentence, matched).to_vec();
        row.extend(closeness(
            cosines.get(index).map(Vec::as_slice).unwrap_or_default(),
        ));
        rows.push(row);
    }
    let mut values = Vec::new();
    for column in 0..overlap::NAMES.len() + CLOSENESS.len() {
        let column: Vec<f64> = rows.iter().filter_map(|row| row.get(column).copied()).collect();
        values.push(mean(&column));
        values.push(minimum(&column));
    }
    values.extend(rules::of_claim(claim, &matches));
    values.extend(likelihood::of_claim(likelihood));
    values.extend(shape(claim));
    values.into_iter().map(rounded).collect()
}

/// Six digits, so that a weights file is short and its numbers are read back as they were.
pub fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn closeness(cosines: &[f32]) -> [f64; CLOSENESS.len()] {
    let mut sorted: Vec<f64> = cosines.iter().copied().map(f64::from).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let two = sorted.get(..2).unwrap_or(&sorted);
    [sorted.first().copied().unwrap_or(0.0), mean(two)]
}

fn shape(claim: &Claim) -> [f64; SHAPE.len()] {
    let words: usize = claim.sentences.iter().map(|sentence| sentence.words.len()).sum();
    [
        (words as f64 + 1.0).ln(),
        claim.sentences.len() as f64,
        (claim.sources.len() as f64 + 1.0).ln(),
        facts::names(&claim.text).len() as f64,
        facts::numbers(&claim.text).len() as f64,
    ]
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// Of the features that the shipped weights were fitted on.
    const FITTED_ON: &str = "cdea47ec3ba84e83223430ba6f41d382b023dd0b1ae43b50808c74369c7a6ffd";

    #[test]
    fn the_features_are_those_that_the_weights_were_fitted_on() {
        let sources = [
            "Mayor Ada Reyes slammed the council on Monday for its plan to close the old bridge.",
            "About 3,200 residents did not leave, officials said.",
        ];
        let claims = [
            "Reyes criticized the council. 3,200 inhabitants stayed.",
            "The council slammed Ada Reyes, who had nearly 3,300 residents leave.",
            "\"Nobody knew,\" the mayor said.",
        ];
        let mut hash = Sha256::new();
        for text in claims {
            let claim = Claim::new(text, &sources);
            let cosines = vec![vec![0.5, 0.25]; claim.sentences.len()];
            let likelihood = Likelihood {
                given: vec![-1.0, -2.5],
                alone: vec![-4.0, -2.0],
            };
            hash.update(format!("{:?}", of_claim(&claim, &cosines, &likelihood)));
        }
        let found = hex::encode(hash.finalize());
        assert_eq!(
            found, FITTED_ON,
            "a feature changed: fit the weights again (docs/quality.md), then note the new hash here"
        );
    }
}
