//! Sentences as a weighted graph, and its stationary distribution: what `LexRank` and `TextRank` share.

use std::collections::BTreeMap;

/// Iterations stop when no score moves by more.
const EPSILON: f64 = 1e-9;
const MAX_ITERATIONS: usize = 500;

/// A sentence's words with their weights.
pub type Vector = BTreeMap<String, f64>;

/// TF-IDF vectors, each sentence a document: the term's count over the sentence's largest, times
/// ln(N / (1 + n)). A word of every sentence weighs a little less than nothing.
pub fn tf_idf(sentences: &[Vec<String>]) -> Vec<Vector> {
    let mut containing: BTreeMap<&str, usize> = BTreeMap::new();
    let counts: Vec<BTreeMap<&str, f64>> = sentences
        .iter()
        .map(|sentence| {
            let mut count: BTreeMap<&str, f64> = BTreeMap::new();
            for word in sentence {
                *count.entry(word).or_default() += 1.0;
            }
            for word in count.keys() {
                *containing.entry(word).or_default() += 1;
            }
            count
        })
        .collect();
    let idf = |word: &str| {
        let sentences_with = containing.get(word).copied().unwrap_or(0);
        (sentences.len() as f64 / (1 + sentences_with) as f64).ln()
    };
    counts
        .into_iter()
        .map(|count| {
            let most = count.values().copied().fold(1.0, f64::max);
            count
                .into_iter()
                .map(|(word, n)| (word.to_owned(), n / most * idf(word)))
                .collect()
        })
        .collect()
}

/// The cosine of two vectors; the idf-modified cosine of Erkan & Radev (2004) for those of [`tf_idf`].
pub fn cosine(a: &Vector, b: &Vector) -> f64 {
    let dot: f64 = a.iter().filter_map(|(word, x)| Some(x * b.get(word)?)).sum();
    let norm = |v: &Vector| v.values().map(|x| x * x).sum::<f64>().sqrt();
    let norms = norm(a) * norm(b);
    if norms > 0.0 { dot / norms } else { 0.0 }
}

/// The stationary scores of a random walk over the edges' weights, which jumps anywhere with probability
/// 1 − `damping` (Brin & Page 1998). They sum to 1. `weights[i][j]` is the edge from i to j; a node without one jumps.
pub fn stationary(weights: &[Vec<f64>], damping: f64) -> Vec<f64> {
    let n = weights.len();
    let even = 1.0 / n.max(1) as f64;
    let sums: Vec<f64> = weights.iter().map(|row| row.iter().sum()).collect();
    let mut scores = vec![even; n];
    for _ in 0..MAX_ITERATIONS {
        let mut next = vec![(1.0 - damping) * even; n];
        for ((row, sum), score) in weights.iter().zip(&sums).zip(&scores) {
            for (target, weight) in next.iter_mut().zip(row) {
                let share = if *sum > 0.0 { weight / sum } else { even };
                *target += damping * score * share;
            }
        }
        let moved = next
            .iter()
            .zip(&scores)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        scores = next;
        if moved < EPSILON {
            break;
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_chain_is_visited_half_the_time() {
        // Of a – b – c the walk is at b every second step; jumping makes it converge.
        let chain = [vec![0.0, 1.0, 0.0], vec![1.0, 0.0, 1.0], vec![0.0, 1.0, 0.0]];
        let scores = stationary(&chain, 0.85);
        // b = .05 + .85 (a + c), a = c = .05 + .425 b, so b = .135 / .2775.
        assert!((scores[1] - 0.135 / 0.2775).abs() < 1e-6, "{scores:?}");
        assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn rare_words_weigh_more() {
        let word = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let vectors = tf_idf(&[word("a b"), word("a c"), word("a d"), word("e e")]);
        assert!((vectors[0]["b"] - 2.0_f64.ln()).abs() < 1e-9);
        assert_eq!(vectors[0]["a"], 0.0);
        assert!((vectors[3]["e"] - 2.0_f64.ln()).abs() < 1e-9);
        assert_eq!(cosine(&vectors[0], &vectors[1]), 0.0);
    }
}
