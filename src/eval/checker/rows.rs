//! The rows of the table: single features, each with a threshold of its own, and the learned score.

use crate::summarize::scoring::features::{self, Feature};

/// A way to score a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// The share of the claim's content words, as stems, that the document has.
    WordOverlap,
    /// The share of its pairs of neighbouring words that the document has.
    BigramOverlap,
    /// Whether all of its numbers are in the document.
    NumberRule,
    /// The cosine with the closest sentence of the document, mean over its sentences.
    Embedding,
    /// The mean log-probability of its tokens after its evidence.
    Likelihood,
    /// The learned score.
    Ours,
}

/// All rows.
pub const ROWS: [Row; 6] = [
    Row::WordOverlap,
    Row::BigramOverlap,
    Row::NumberRule,
    Row::Embedding,
    Row::Likelihood,
    Row::Ours,
];

impl Row {
    /// Its name in tables and in the weights file.
    pub fn name(self) -> &'static str {
        match self {
            Self::WordOverlap => "word-overlap",
            Self::BigramOverlap => "bigram-overlap",
            Self::NumberRule => "number-rule",
            Self::Embedding => "embedding",
            Self::Likelihood => "likelihood",
            Self::Ours => "ours",
        }
    }

    /// The one feature that it goes by, signed so that more speaks for a claim; `None` for the learned score.
    fn feature(self) -> Option<(&'static str, f64)> {
        match self {
            Self::WordOverlap => Some(("stems.mean", 1.0)),
            Self::BigramOverlap => Some(("bigrams.mean", 1.0)),
            Self::NumberRule => Some(("numbers", -1.0)),
            Self::Embedding => Some(("cosine.mean", 1.0)),
            Self::Likelihood => Some(("given_mean", 1.0)),
            Self::Ours => None,
        }
    }

    /// Its score from the features in the order of [`features::all`]; `None` for the learned score.
    pub fn single(self, values: &[f64]) -> Option<f64> {
        let (name, sign) = self.feature()?;
        let place = features::all().iter().position(|feature| feature.name == name)?;
        values.get(place).map(|value| sign * value)
    }

    /// Whether it can be scored from these features.
    pub fn is_among(self, features: &[Feature]) -> bool {
        self.feature()
            .is_none_or(|(name, _)| features.iter().any(|feature| feature.name == name))
    }
}
