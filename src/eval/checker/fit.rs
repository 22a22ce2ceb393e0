//! Out-of-fold measuring and the final fit. Measured sets count alike, and so do the labels of a set; bullets and edits
//! are learned from, at a lower weight, and choose no threshold of the table; sets that may only be measured teach nothing.

use std::collections::BTreeMap;

use super::boosting::{self, Settings};
use super::folds::FOLDS;
use super::measures::{Scored, best_threshold, precise_threshold};
use super::rows::Row;
use crate::summarize::scoring::features::{self, Feature, rounded};
use crate::summarize::scoring::model::{self, Calibration, Model, Node};

/// The share of claims from the `verified` threshold on that must be right.
pub const PRECISION: f64 = 0.95;

/// A precision of a smaller share of the claims says nothing.
const LEAST_VERIFIED: f64 = 0.05;

/// The least share of a claim's content words that one source has in their order, for the rules to let it pass.
const MIN_FOLLOWED: f64 = 0.95;

/// How much a set counts that is only learned from, next to one that is measured too. Minimal edits of bullets fail in
/// few ways, and bullets follow their evidence more closely than other claims do: at full weight they teach a severity
/// that costs more on the claims of people's labels than it gains.
const LEARNED_ONLY: f64 = 0.3;

/// As found by out-of-fold comparison on the training sets.
const SETTINGS: Settings = Settings {
    trees: 100,
    depth: 3,
    rate: 0.1,
    penalty: 20.0,
    least_leaf: 10.0,
    bins: 24,
};

/// Features that are refusals when they are not zero.
const FAULTS: [&str; 7] = [
    "numbers_matched",
    "names_matched",
    "quotes",
    "negation_added",
    "hedge_added",
    "roles",
    "speakers",
];

/// How a set is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It is learned from and measured.
    Both,
    /// It is only learned from.
    Learn,
    /// It is only measured.
    Measure,
}

/// An example with its features, in the order of those that are fitted on.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// Its set.
    pub set: String,
    /// How that is used.
    pub used: Use,
    /// The fold of its document.
    pub fold: usize,
    /// Whether it is supported.
    pub is_supported: bool,
    /// Whether it is such a claim as the rules let pass: `verified` is a word of those only.
    pub passes_rules: bool,
    /// All features.
    pub all: Vec<f64>,
    /// Those that are fitted on.
    pub chosen: Vec<f64>,
}

/// What was decided of an example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decided {
    /// Its score.
    pub score: f64,
    /// Whether it counts as supported.
    pub is_accepted: bool,
    /// Whether it counts as verified.
    pub is_verified: bool,
}

/// The decisions of a row about all examples, each by what was learned without the example's fold.
pub fn out_of_fold(row: Row, examples: &[Labelled], features: &[Feature]) -> Vec<Decided> {
    let fits = Fits::new(row, examples, features);
    let mut decided = vec![None; examples.len()];
    for fold in 0..FOLDS {
        let inner = fits.inner(examples, |other| other != fold);
        let (threshold, verified) = thresholds(&inner);
        for (example, place) in examples.iter().zip(&mut decided) {
            if example.fold == fold {
                let score = fits.score(example, &[fold]);
                *place = Some(Decided {
                    score,
                    is_accepted: score >= threshold,
                    is_verified: example.passes_rules && score >= verified,
                });
            }
        }
    }
    decided.into_iter().flatten().collect()
}

/// The threshold of a row over all folds, as the weights file keeps it.
pub fn threshold(row: Row, examples: &[Labelled], features: &[Feature]) -> f64 {
    let fits = Fits::new(row, examples, features);
    rounded(thresholds(&fits.inner(examples, |_| true)).0)
}

/// What is fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The trees.
    pub trees: Vec<Node>,
    /// From their sum to a probability.
    pub calibration: Calibration,
    /// The probability from which on a claim counts as supported.
    pub threshold: f64,
    /// The probability from which on it is verified.
    pub verified: f64,
}

/// Fits the shipped classifier on all that may be learned from; calibration and thresholds come of out-of-fold scores.
pub fn fit(examples: &[Labelled], features: &[Feature]) -> Fitted {
    let fits = Fits::new(Row::Ours, examples, features);
    let scored = fits.inner(examples, |_| true);
    let calibration = boosting::calibrate(&scored.iter().map(|(_, one)| *one).collect::<Vec<_>>());
    let (threshold, verified) = thresholds(&scored);
    Fitted {
        trees: train(examples, features, |_| true),
        calibration,
        threshold: rounded(calibration.probability(threshold)),
        verified: rounded(calibration.probability(verified)),
    }
}

/// A row's fits for every set of folds that is left out.
struct Fits {
    row: Row,
    /// By the folds left out, in order.
    trees: BTreeMap<Vec<usize>, Vec<Node>>,
}

impl Fits {
    fn new(row: Row, examples: &[Labelled], features: &[Feature]) -> Self {
        let mut trees = BTreeMap::new();
        if row == Row::Ours {
            for first in 0..FOLDS {
                for second in first..FOLDS {
                    let left_out = if first == second {
                        vec![first]
                    } else {
                        vec![first, second]
                    };
                    let learned = train(examples, features, |fold| !left_out.contains(&fold));
                    trees.insert(left_out, learned);
                }
            }
        }
        Self { row, trees }
    }

    fn score(&self, example: &Labelled, left_out: &[usize]) -> f64 {
        match self.row.single(&example.all) {
            Some(score) => score,
            None => {
                let mut left_out = left_out.to_vec();
                left_out.sort_unstable();
                left_out.dedup();
                let trees = self.trees.get(&left_out).map(Vec::as_slice).unwrap_or_default();
                model::sum(trees, &example.chosen)
            }
        }
    }

    /// The scores of the examples of some folds, each by what was learned from none but those folds, and not its own.
    fn inner<'e>(
        &self,
        examples: &'e [Labelled],
        is_in: impl Fn(usize) -> bool,
    ) -> Vec<(&'e Labelled, Scored)> {
        let outer: Vec<usize> = (0..FOLDS).filter(|fold| !is_in(*fold)).collect();
        let known: Vec<&Labelled> = examples
            .iter()
            .filter(|example| is_in(example.fold) && example.used != Use::Measure)
            .collect();
        let weights = weights(&known);
        let scored = known.iter().zip(weights).map(|(example, weight)| {
            let mut left_out = outer.clone();
            left_out.push(example.fold);
            let one = Scored {
                score: self.score(example, &left_out),
                is_supported: example.is_supported,
                weight,
            };
            (*example, one)
        });
        scored.collect()
    }
}

/// Of the table, and of `verified`.
fn thresholds(inner: &[(&Labelled, Scored)]) -> (f64, f64) {
    let of = |counts: fn(&Labelled) -> bool| -> Vec<Scored> {
        let counted = inner.iter().filter(|(example, _)| counts(example));
        counted.map(|(_, one)| *one).collect()
    };
    let measured = of(|example| example.used == Use::Both);
    let passed = of(|example| example.passes_rules);
    let verified = precise_threshold(&passed, PRECISION, LEAST_VERIFIED);
    (best_threshold(&measured), verified.unwrap_or(f64::INFINITY))
}

/// Whether a claim with these features, in the order of [`features::all`], is such as the rules let pass: no fault is
/// found, and one source has nearly all of its content words in their order.
pub fn passes_rules(all: &[f64]) -> bool {
    let known = features::all();
    let value = |name: &str| {
        let place = known.iter().position(|feature| feature.name == name)?;
        all.get(place).copied()
    };
    let is_free_of = |name: &str| value(name).is_some_and(|faults| faults == 0.0);
    FAULTS.iter().all(|name| is_free_of(name))
        && value("order.min").is_some_and(|order| order >= MIN_FOLLOWED)
}

fn train(examples: &[Labelled], features: &[Feature], is_in: impl Fn(usize) -> bool) -> Vec<Node> {
    let known: Vec<&Labelled> = examples
        .iter()
        .filter(|example| is_in(example.fold) && example.used != Use::Measure)
        .collect();
    let weights = weights(&known);
    let rows: Vec<boosting::Row<'_>> = known
        .iter()
        .zip(weights)
        .map(|(example, weight)| boosting::Row {
            features: &example.chosen,
            is_supported: example.is_supported,
            weight,
        })
        .collect();
    let directions: Vec<i8> = features.iter().map(|feature| feature.direction).collect();
    boosting::fit(&rows, &directions, &SETTINGS)
}

/// Every set that is measured counts alike, and in it both labels; one that is only learned from counts less.
fn weights(examples: &[&Labelled]) -> Vec<f64> {
    let mut counts: BTreeMap<(&str, bool), f64> = BTreeMap::new();
    for example in examples {
        *counts.entry((&example.set, example.is_supported)).or_default() += 1.0;
    }
    let weight = |example: &&Labelled| {
        let count = counts.get(&(example.set.as_str(), example.is_supported));
        let of_set = if example.used == Use::Learn {
            LEARNED_ONLY
        } else {
            1.0
        };
        of_set / count.copied().unwrap_or(1.0)
    };
    examples.iter().map(weight).collect()
}

/// The decision that a row of the shipped weights makes about an example. A single feature verifies nothing.
pub fn shipped(row: Row, model: &Model, example: &Labelled) -> Decided {
    match row.single(&example.all) {
        Some(score) => Decided {
            score,
            is_accepted: model
                .single
                .get(row.name())
                .is_some_and(|threshold| score >= *threshold),
            is_verified: false,
        },
        None => {
            let score = model.probability(&example.chosen);
            Decided {
                score,
                is_accepted: score >= model.threshold,
                is_verified: example.passes_rules && score >= model.verified,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(set: &str, used: Use, is_supported: bool) -> Labelled {
        Labelled {
            set: set.to_owned(),
            used,
            fold: 0,
            is_supported,
            passes_rules: true,
            all: Vec::new(),
            chosen: Vec::new(),
        }
    }

    #[test]
    fn labels_and_measured_sets_count_alike_and_a_set_that_only_teaches_counts_less() {
        let examples = [
            example("claims", Use::Both, true),
            example("claims", Use::Both, false),
            example("claims", Use::Both, false),
            example("bullets", Use::Learn, true),
            example("bullets", Use::Learn, false),
        ];
        let found = weights(&examples.iter().collect::<Vec<_>>());
        assert_eq!(found, [1.0, 0.5, 0.5, LEARNED_ONLY, LEARNED_ONLY]);
        const { assert!(LEARNED_ONLY < 1.0) };
    }
}
