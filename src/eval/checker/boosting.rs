//! Fits the classifier: gradient boosting of small trees on the logistic loss with Newton steps (Friedman 2001; the gain and
//! leaf formulas of Chen & Guestrin 2016), on quantile bins. Without chance: the same rows give the same trees.

use super::measures::Scored;
use crate::summarize::scoring::features::rounded;
use crate::summarize::scoring::model::{Calibration, Node, logistic};

/// How it is fitted.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many trees are added.
    pub trees: usize,
    /// How many splits lie one below another.
    pub depth: usize,
    /// What part of each tree's values is taken.
    pub rate: f64,
    /// L2 penalty on the values, in rows of mean weight.
    pub penalty: f64,
    /// The least weight of a leaf, in rows of mean weight.
    pub least_leaf: f64,
    /// Most values that a feature is split at.
    pub bins: usize,
}

/// A row to learn from.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its features.
    pub features: &'a [f64],
    /// Whether it is supported.
    pub is_supported: bool,
    /// How much it counts.
    pub weight: f64,
}

/// Fits trees to rows. `directions` says for each feature whether a higher value may only speak for (1) or against (−1)
/// a claim, or either (0).
pub fn fit(rows: &[Row<'_>], directions: &[i8], settings: &Settings) -> Vec<Node> {
    let mean_weight = rows.iter().map(|row| row.weight).sum::<f64>() / rows.len().max(1) as f64;
    let weights: Vec<f64> = rows
        .iter()
        .map(|row| row.weight / mean_weight.max(f64::MIN_POSITIVE))
        .collect();
    let columns: Vec<Column> = (0..directions.len())
        .map(|feature| Column::new(rows, feature, settings.bins))
        .collect();
    let mut sums = vec![0.0; rows.len()];
    let mut trees = Vec::with_capacity(settings.trees);
    for _ in 0..settings.trees {
        let slopes = rows.iter().zip(&sums).zip(&weights).map(|((row, sum), weight)| {
            let probability = logistic(*sum);
            let target = f64::from(u8::from(row.is_supported));
            Slope {
                first: weight * (probability - target),
                second: weight * probability * (1.0 - probability),
            }
        });
        let grower = Grower {
            columns: &columns,
            directions,
            slopes: &slopes.collect::<Vec<_>>(),
            settings,
        };
        let tree = grower.grow(&(0..rows.len()).collect::<Vec<_>>(), settings.depth);
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum += tree.value(row.features);
        }
        trees.push(tree);
    }
    trees
}

/// Platt scaling of sums: Newton's method on the weighted logistic loss.
pub fn calibrate(scored: &[Scored]) -> Calibration {
    let (mut slope, mut offset) = (1.0, 0.0);
    for _ in 0..50 {
        let mut gradient = [0.0; 2];
        let mut hessian = [1e-9, 0.0, 1e-9];
        for one in scored {
            let sum = one.score;
            let probability = logistic(slope * sum + offset);
            let error = one.weight * (probability - f64::from(u8::from(one.is_supported)));
            let spread = one.weight * probability * (1.0 - probability);
            gradient = [gradient[0] + error * sum, gradient[1] + error];
            hessian = [
                hessian[0] + spread * sum * sum,
                hessian[1] + spread * sum,
                hessian[2] + spread,
            ];
        }
        let determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
        slope -= (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant;
        offset -= (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant;
    }
    Calibration {
        slope: rounded(slope),
        offset: rounded(offset),
    }
}

/// The derivatives of a row's loss.
#[derive(Debug, Clone, Copy, Default)]
struct Slope {
    first: f64,
    second: f64,
}

impl Slope {
    fn add(&mut self, other: Self) {
        self.first += other.first;
        self.second += other.second;
    }

    /// The step that lessens the loss most.
    fn step(self, penalty: f64) -> f64 {
        -self.first / (self.second + penalty)
    }

    fn gain(self, penalty: f64) -> f64 {
        self.first * self.first / (self.second + penalty)
    }
}

/// A feature in bins.
struct Column {
    /// The highest value of each bin but the last.
    edges: Vec<f64>,
    /// The bin of each row.
    bins: Vec<usize>,
}

impl Column {
    fn new(rows: &[Row<'_>], feature: usize, most: usize) -> Self {
        let values: Vec<f64> = rows
            .iter()
            .map(|row| row.features.get(feature).copied().unwrap_or(0.0))
            .collect();
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let mut edges: Vec<f64> = (1..most)
            .filter_map(|at| sorted.get(at * sorted.len() / most).copied())
            .collect();
        edges.dedup();
        let bin = |value: &f64| edges.partition_point(|edge| edge < value);
        let bins = values.iter().map(bin).collect();
        Self { edges, bins }
    }
}

struct Grower<'a> {
    columns: &'a [Column],
    directions: &'a [i8],
    slopes: &'a [Slope],
    settings: &'a Settings,
}

impl Grower<'_> {
    fn grow(&self, rows: &[usize], depth: usize) -> Node {
        let all = self.total(rows);
        let best = if depth > 0 {
            self.best_split(rows, all)
        } else {
            None
        };
        let Some((feature, bin)) = best else {
            return Node::Leaf(rounded(self.settings.rate * all.step(self.settings.penalty)));
        };
        let column = self.columns.get(feature);
        let is_low = |row: &&usize| {
            column
                .and_then(|column| column.bins.get(**row))
                .is_some_and(|at| *at <= bin)
        };
        let (low, high): (Vec<&usize>, Vec<&usize>) = rows.iter().partition(is_low);
        let owned = |rows: Vec<&usize>| rows.into_iter().copied().collect::<Vec<_>>();
        Node::Split {
            feature,
            at: column
                .and_then(|column| column.edges.get(bin))
                .copied()
                .unwrap_or(0.0),
            low: Box::new(self.grow(&owned(low), depth - 1)),
            high: Box::new(self.grow(&owned(high), depth - 1)),
        }
    }

    fn total(&self, rows: &[usize]) -> Slope {
        let mut total = Slope::default();
        for slope in rows.iter().filter_map(|row| self.slopes.get(*row)) {
            total.add(*slope);
        }
        total
    }

    /// The feature and the last bin that goes low; `None` when no split lessens the loss.
    fn best_split(&self, rows: &[usize], all: Slope) -> Option<(usize, usize)> {
        let penalty = self.settings.penalty;
        let mut best = None;
        let mut highest = all.gain(penalty) + 1e-9;
        for (feature, (column, direction)) in self.columns.iter().zip(self.directions).enumerate() {
            let mut bins = vec![(Slope::default(), 0_usize); column.edges.len() + 1];
            for row in rows {
                let bin = column.bins.get(*row).and_then(|bin| bins.get_mut(*bin));
                if let (Some((bin, count)), Some(slope)) = (bin, self.slopes.get(*row)) {
                    bin.add(*slope);
                    *count += 1;
                }
            }
            let mut low = Slope::default();
            let mut count = 0;
            for (at, (bin, own)) in bins.iter().enumerate().take(column.edges.len()) {
                low.add(*bin);
                count += own;
                let high = Slope {
                    first: all.first - low.first,
                    second: all.second - low.second,
                };
                let least = self.settings.least_leaf;
                let is_small = low.second < least || high.second < least || count == 0 || count == rows.len();
                let rise = high.step(penalty) - low.step(penalty);
                if is_small || rise * f64::from(*direction) < 0.0 {
                    continue;
                }
                let gain = low.gain(penalty) + high.gain(penalty);
                if gain > highest {
                    highest = gain;
                    best = Some((feature, at));
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summarize::scoring::model::sum;

    const SETTINGS: Settings = Settings {
        trees: 40,
        depth: 2,
        rate: 0.3,
        penalty: 1.0,
        least_leaf: 1.0,
        bins: 8,
    };

    /// Supported where exactly one of both features is high, which no single feature tells.
    fn rows(values: &[[f64; 2]]) -> Vec<Row<'_>> {
        values
            .iter()
            .map(|features| Row {
                features,
                is_supported: (features[0] > 0.5) != (features[1] > 0.4),
                weight: 1.0,
            })
            .collect()
    }

    fn grid() -> Vec<[f64; 2]> {
        (0..400)
            .map(|at| [f64::from(at % 20) / 20.0, f64::from(at / 20) / 20.0])
            .collect()
    }

    #[test]
    fn trees_learn_what_no_single_feature_tells() {
        let values = grid();
        let rows = rows(&values);
        let trees = fit(&rows, &[0, 0], &SETTINGS);
        let right = rows
            .iter()
            .filter(|row| (sum(&trees, row.features) > 0.0) == row.is_supported);
        assert!(right.count() > 360);
        assert_eq!(trees, fit(&rows, &[0, 0], &SETTINGS), "a refit is the same");
    }

    #[test]
    fn a_direction_is_kept() {
        let values = grid();
        let rows = rows(&values);
        let trees = fit(&rows, &[1, 0], &SETTINGS);
        for other in [0.0, 0.3, 0.7] {
            let at = |value: f64| sum(&trees, &[value, other]);
            assert!(at(0.1) <= at(0.5) && at(0.5) <= at(0.9));
        }
    }

    #[test]
    fn calibration_gives_the_shares_that_were_seen() {
        let scored: Vec<Scored> = (0..400)
            .map(|at| Scored {
                score: if at % 2 == 0 { 3.0 } else { -1.0 },
                is_supported: at % 8 < if at % 2 == 0 { 6 } else { 2 },
                weight: 1.0,
            })
            .collect();
        let calibration = calibrate(&scored);
        let seen = |score: f64| {
            let of_score: Vec<&Scored> = scored.iter().filter(|one| one.score == score).collect();
            of_score.iter().filter(|one| one.is_supported).count() as f64 / of_score.len() as f64
        };
        for score in [3.0, -1.0] {
            assert!((calibration.probability(score) - seen(score)).abs() < 1e-6);
        }
    }
}
