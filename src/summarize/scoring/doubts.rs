//! Features of doubt: what the cross-encoder finds in a sentence of a claim that its evidence does not say.

use super::likelihood::mean;
use crate::engine::Doubt;

/// Values of a sentence; all are higher for one with less doubt.
pub const NAMES: [&str; 6] = [
    "doubt_whole",
    "doubt_worst",
    "doubt_worst_three",
    "doubt_worst_six",
    "doubt_mean",
    "doubt_count",
];

/// The values of a sentence, in the order of [`NAMES`]: log-odds that it is supported, its worst tokens, the mean of
/// all, and about how many tokens are wrong, counted down from 0.
pub fn of_sentence(doubt: &Doubt) -> [f64; NAMES.len()] {
    let mut worst: Vec<f64> = doubt.tokens.iter().copied().map(f64::from).collect();
    worst.sort_by(|a, b| b.total_cmp(a));
    let worst_of = |count: usize| mean(worst.get(..count).unwrap_or(&worst));
    let wrong: f64 = worst.iter().map(|doubt| super::model::logistic(*doubt)).sum();
    [
        -f64::from(doubt.whole),
        -worst_of(1),
        -worst_of(3),
        -worst_of(6),
        -mean(&worst),
        -wrong,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_tokens_count() {
        let doubt = Doubt {
            whole: 1.5,
            tokens: vec![-4.0, 2.0, 0.0, -2.0],
        };
        let found = of_sentence(&doubt);
        assert_eq!(found[..5], [-1.5, -2.0, 0.0, 1.0, 1.0]);
        assert!((found[5] + 1.518).abs() < 0.001, "{found:?}");
    }
}
