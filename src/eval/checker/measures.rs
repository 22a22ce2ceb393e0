//! Measures of a score against labels: area under the curve, balanced accuracy, precision, and the thresholds that serve
//! them.

/// A scored claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Higher for one that seems supported.
    pub score: f64,
    /// Whether it is.
    pub is_supported: bool,
    /// How much it counts.
    pub weight: f64,
}

/// The area under the receiver operating characteristic, 0 to 1: how often a supported claim scores higher than another
/// (ties count half). `None` without both labels.
pub fn area_under_curve(scored: &[Scored]) -> Option<f64> {
    let sorted = sorted(scored);
    let (mut below, mut pairs, mut supported, mut others) = (0.0, 0.0, 0.0, 0.0);
    for ties in sorted.chunk_by(|a, b| a.score == b.score) {
        let weight = |label: bool| -> f64 {
            let of_label = ties.iter().filter(|one| one.is_supported == label);
            of_label.map(|one| one.weight).sum()
        };
        pairs += weight(true) * (below + weight(false) / 2.0);
        below += weight(false);
        supported += weight(true);
        others += weight(false);
    }
    (supported * others > 0.0).then(|| pairs / (supported * others))
}

/// The mean share of right decisions of both labels, for (decision, label). `None` without both labels.
pub fn balanced_accuracy(decided: &[(bool, bool)]) -> Option<f64> {
    let share = |label: bool| {
        let of_label = decided.iter().filter(|(_, is)| *is == label);
        let right = of_label.clone().filter(|(decision, is)| decision == is).count() as f64;
        let all = of_label.count() as f64;
        (all > 0.0).then(|| right / all)
    };
    Some((share(true)? + share(false)?) / 2.0)
}

/// The threshold with the best balanced accuracy, from which on a score counts as supported: between two scores, or
/// above all.
pub fn best_threshold(scored: &[Scored]) -> f64 {
    let sorted = sorted(scored);
    let total = |label: bool| -> f64 {
        let of_label = sorted.iter().filter(|one| one.is_supported == label);
        of_label.map(|one| one.weight).sum::<f64>().max(f64::MIN_POSITIVE)
    };
    let (all_supported, all_others) = (total(true), total(false));
    let (mut kept, mut refused) = (1.0, 0.0);
    let mut best = (0.5, f64::NEG_INFINITY);
    let mut groups = sorted.chunk_by(|a, b| a.score == b.score).peekable();
    while let Some(ties) = groups.next() {
        for one in ties {
            if one.is_supported {
                kept -= one.weight / all_supported;
            } else {
                refused += one.weight / all_others;
            }
        }
        let here = ties.first().map_or(0.0, |one| one.score);
        let next = groups.peek().and_then(|ties| ties.first());
        let between = next.map_or(here + 1.0, |next| (here + next.score) / 2.0);
        let accuracy = (kept + refused) / 2.0;
        if accuracy > best.0 {
            best = (accuracy, between);
        }
    }
    best.1
}

/// The lowest threshold from which on at least this share of the claims is supported, at every higher threshold that
/// still keeps `least` of the weight too. `None` when there is none.
pub fn precise_threshold(scored: &[Scored], precision: f64, least: f64) -> Option<f64> {
    let mut sorted = sorted(scored);
    sorted.reverse();
    let all: f64 = sorted.iter().map(|one| one.weight).sum();
    let (mut right, mut kept) = (0.0, 0.0);
    let mut lowest = None;
    for ties in sorted.chunk_by(|a, b| a.score == b.score) {
        for one in ties {
            kept += one.weight;
            right += if one.is_supported { one.weight } else { 0.0 };
        }
        if kept < least * all {
            continue;
        }
        if right < precision * kept {
            break;
        }
        lowest = ties.first().map(|one| one.score);
    }
    lowest
}

/// The share of supported claims among those from the threshold on; `None` when there are none.
pub fn precision(scored: &[Scored], threshold: f64) -> Option<f64> {
    let kept = scored.iter().filter(|one| one.score >= threshold);
    let all: f64 = kept.clone().map(|one| one.weight).sum();
    let right: f64 = kept.filter(|one| one.is_supported).map(|one| one.weight).sum();
    (all > 0.0).then(|| right / all)
}

fn sorted(scored: &[Scored]) -> Vec<Scored> {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(pairs: &[(f64, bool)]) -> Vec<Scored> {
        let one = |(score, is_supported): &(f64, bool)| Scored {
            score: *score,
            is_supported: *is_supported,
            weight: 1.0,
        };
        pairs.iter().map(one).collect()
    }

    #[test]
    fn the_area_counts_pairs_and_half_of_ties() {
        // Of the four pairs two are right, one is wrong, one is a tie.
        let pairs = scored(&[(0.9, true), (0.5, true), (0.5, false), (0.7, false)]);
        assert_eq!(area_under_curve(&pairs), Some(0.625));
        assert_eq!(area_under_curve(&scored(&[(0.9, true)])), None);
    }

    #[test]
    fn balanced_accuracy_is_the_mean_over_labels() {
        let decided = [
            (true, true),
            (true, true),
            (false, true),
            (true, false),
            (false, false),
        ];
        assert_eq!(balanced_accuracy(&decided), Some((2.0 / 3.0 + 0.5) / 2.0));
        assert_eq!(balanced_accuracy(&[(true, true)]), None);
    }

    #[test]
    fn the_best_threshold_parts_the_labels() {
        let pairs = scored(&[(0.1, false), (0.2, false), (0.4, true), (0.3, false), (0.8, true)]);
        let threshold = best_threshold(&pairs);
        assert!(threshold > 0.3 && threshold < 0.4, "{threshold}");
    }

    #[test]
    fn the_precise_threshold_is_the_lowest_that_holds() {
        let pairs = scored(&[(0.9, true), (0.8, true), (0.7, false), (0.6, true), (0.1, false)]);
        assert_eq!(precise_threshold(&pairs, 0.95, 0.1), Some(0.8));
        assert_eq!(precise_threshold(&pairs, 0.75, 0.7), Some(0.6));
        assert_eq!(precise_threshold(&scored(&[(0.9, false)]), 0.95, 0.0), None);
        assert_eq!(precision(&pairs, 0.7), Some(2.0 / 3.0));
    }
}
