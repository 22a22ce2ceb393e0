//! The classifier: a sum of small decision trees (gradient boosting, Friedman 2001), made a probability by Platt scaling
//! (Platt 1999). Reading and using one; fitting is `eval::checker`'s.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::features;

/// The weights that this version is built with.
const SHIPPED: &str = include_str!("weights.v1.json");

static MODEL: LazyLock<Result<Model, ModelError>> = LazyLock::new(|| Model::from_json(SHIPPED));

/// A fitted classifier, as the weights file holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The names of the features that it was fitted on, in their order.
    pub features: Vec<String>,
    /// The version of what the models were asked.
    pub answers: String,
    /// SHA-256 (hex) of the files of the models that were asked.
    pub asked: Vec<String>,
    /// From the sum of the trees to a probability.
    pub calibration: Calibration,
    /// From this probability on a claim counts as supported: the best balance of both errors.
    pub threshold: f64,
    /// From this probability on a claim is `verified`: so many of those are right that the stated precision is reached.
    pub verified: f64,
    /// The thresholds of the single features that the table compares with, by row.
    pub single: BTreeMap<String, f64>,
    /// The trees, whose values are added.
    pub trees: Vec<Node>,
}

/// Weights that cannot be used: a defect of the file that this crate was built with, or of one that was made by another
/// version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the weights of the checker: {0}")]
pub struct ModelError(String);

/// The classifier that this version is built with.
///
/// # Errors
/// When the file is broken or knows other features.
pub fn shipped() -> Result<&'static Model, &'static ModelError> {
    MODEL.as_ref()
}

/// Platt scaling: the logistic function of `slope` × sum + `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// What the sum is multiplied with.
    pub slope: f64,
    /// What is added.
    pub offset: f64,
}

/// A decision tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Node {
    /// The value.
    Leaf(f64),
    /// Where a feature is at most `at`, the tree goes on with `low`, else with `high`.
    Split {
        /// Its place among the features.
        feature: usize,
        /// The highest value that goes low.
        at: f64,
        /// The tree of the lower values.
        low: Box<Node>,
        /// The tree of the higher ones.
        high: Box<Node>,
    },
}

impl Node {
    /// The value for these features.
    pub fn value(&self, features: &[f64]) -> f64 {
        match self {
            Self::Leaf(value) => *value,
            Self::Split {
                feature,
                at,
                low,
                high,
            } => {
                let goes_low = features.get(*feature).is_some_and(|value| value <= at);
                if goes_low { low } else { high }.value(features)
            }
        }
    }
}

/// The sum of trees for these features.
pub fn sum(trees: &[Node], features: &[f64]) -> f64 {
    trees.iter().map(|tree| tree.value(features)).sum()
}

impl Calibration {
    /// The probability of a sum.
    pub fn probability(self, sum: f64) -> f64 {
        logistic(self.slope * sum + self.offset)
    }
}

/// 1 / (1 + e^−x).
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Model {
    /// Reads a weights file.
    ///
    /// # Errors
    /// When it is no such file, or has a feature that this version does not compute.
    pub fn from_json(json: &str) -> Result<Self, ModelError> {
        let model: Self = serde_json::from_str(json).map_err(|error| ModelError(error.to_string()))?;
        let known = features::all();
        let is_unknown = |name: &&String| !known.iter().any(|feature| feature.name == **name);
        match model.features.iter().find(is_unknown) {
            Some(name) => Err(ModelError(format!("`{name}` is no feature"))),
            None => Ok(model),
        }
    }

    /// Writes a weights file, a line for each tree.
    ///
    /// # Errors
    /// When a number is not finite.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let head = serde_json::to_string(&Self {
            trees: Vec::new(),
            ..self.clone()
        })?;
        let trees: Vec<String> = self
            .trees
            .iter()
            .map(serde_json::to_string)
            .collect::<Result<_, _>>()?;
        let head = head.strip_suffix("[]}").unwrap_or(&head);
        Ok(format!("{head}[\n{}\n]}}\n", trees.join(",\n")))
    }

    /// The features that it goes by, of all of them in the order of [`features::all`].
    pub fn choose(&self, all: &[f64]) -> Vec<f64> {
        let known = features::all();
        let value = |name: &String| {
            let place = known.iter().position(|feature| feature.name == *name)?;
            all.get(place).copied()
        };
        self.features.iter().filter_map(value).collect()
    }

    /// Whether the writing model must be asked about a claim.
    pub fn needs_likelihood(&self) -> bool {
        let mut features = features::all().into_iter();
        features.any(|feature| feature.needs_likelihood && self.features.contains(&feature.name))
    }

    /// The probability that a claim with these features is supported.
    pub fn probability(&self, features: &[f64]) -> f64 {
        self.calibration.probability(sum(&self.trees, features))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_weights_are_read_and_written_as_they_are() {
        let shipped = shipped().unwrap();
        assert_eq!(shipped.to_json().unwrap(), SHIPPED);
        assert!(!shipped.trees.is_empty() && shipped.threshold < shipped.verified);
        assert_eq!(
            shipped.answers,
            super::super::answers::VERSION,
            "fit the weights again"
        );
    }

    #[test]
    fn a_feature_that_is_not_computed_is_an_error() {
        let json = SHIPPED.replacen("\"stems.mean\"", "\"stems.mode\"", 1);
        assert!(
            Model::from_json(&json)
                .unwrap_err()
                .to_string()
                .contains("stems.mode")
        );
    }

    #[test]
    fn a_tree_is_followed_to_its_leaf() {
        let tree = Node::Split {
            feature: 1,
            at: 0.5,
            low: Box::new(Node::Leaf(-1.0)),
            high: Box::new(Node::Leaf(2.0)),
        };
        assert_eq!(sum(std::slice::from_ref(&tree), &[9.0, 0.5]), -1.0);
        assert_eq!(sum(&[tree.clone(), tree], &[9.0, 0.6]), 4.0);
    }
}
