//! Attention of some rows of one text over its cache (Vaswani et al. 2017), where several heads of queries share one of
//! keys and values (Ainslie et al. 2023): scores, their weights, and the weighted sum of values, each a product of the
//! kernel. A row's result does not depend on the rows beside it.

use super::cache::Cache;
use super::floats::{Lane, WIDTH, weigh};
use super::matrix::{Forms, Rows};

/// Positions whose queries are computed together: bounds the scores in memory.
pub(in crate::engine) const MOST_QUERIES: usize = 16;

/// What is looked back at: the positions of the prompt, where it is not what is being read, then those of the text.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Past<'a> {
    /// All of its positions are seen.
    pub(in crate::engine) prompt: Option<&'a Cache>,
    /// Written up to the last query's position, or, where all is seen, to its length.
    pub(in crate::engine) text: &'a Cache,
}

/// What a position sees of its own text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Sight {
    /// Itself and what came before it: a decoder.
    Before,
    /// All that the cache holds: an encoder.
    All,
}

/// The queries of consecutive positions that share one head of keys and values.
pub(in crate::engine) struct Queries<'a> {
    /// Layer and head of the cache.
    pub(in crate::engine) layer: usize,
    pub(in crate::engine) head: usize,
    /// Place of the first query in the text's cache.
    pub(in crate::engine) first: usize,
    /// How many positions.
    pub(in crate::engine) positions: usize,
    /// Heads of queries a position.
    pub(in crate::engine) group: usize,
    /// Values of a head.
    pub(in crate::engine) width: usize,
    /// What each of them sees of the text.
    pub(in crate::engine) sight: Sight,
    /// Writes the scaled query of a position (from 0) and a head of the group.
    pub(in crate::engine) write: &'a dyn Fn(usize, usize, &mut [f32]),
}

/// The weighted values: tiles of 16 values of the head; in each one lane for each query, position by position, and head
/// by head in each.
pub(in crate::engine) fn attend(past: Past<'_>, queries: &Queries<'_>) -> Vec<Lane> {
    let rows = queries.positions * queries.group;
    let mut packed = Rows::default();
    packed.pack(rows, queries.width, Forms::FLOATS, |row, into| {
        (queries.write)(row / queries.group, row % queries.group, into);
    });
    let prompt_length = past.prompt.map_or(0, Cache::length);
    let text_length = match queries.sight {
        Sight::Before => queries.first + queries.positions,
        Sight::All => past.text.length(),
    };
    let mut scores = Vec::new();
    if let Some(prompt) = past.prompt {
        score(prompt, prompt_length, queries, &packed, &mut scores);
    }
    let text_starts = scores.len();
    score(past.text, text_length, queries, &packed, &mut scores);
    let mut sums = Vec::with_capacity(rows);
    for row in 0..rows {
        let seen = match queries.sight {
            Sight::Before => queries.first + row / queries.group + 1,
            Sight::All => text_length,
        };
        let (prompt, text) = scores.split_at_mut(text_starts);
        hide(prompt, rows, row, prompt_length);
        hide(text, rows, row, seen);
        let row_scores = scores.get_mut(row..).unwrap_or_default();
        sums.push(weigh(row_scores, rows));
    }
    packed.pack(rows, prompt_length + text_length, Forms::FLOATS, |row, into| {
        let (prompt, text) = scores.split_at(text_starts);
        let (into_prompt, into_text) = into.split_at_mut(prompt_length);
        lay_out(prompt, rows, row, into_prompt);
        lay_out(text, rows, row, into_text);
    });
    let tiles = queries.width.div_ceil(WIDTH);
    let mut attended = vec![[0.0; WIDTH]; tiles * rows];
    for (tile, lanes) in attended.chunks_mut(rows.max(1)).enumerate() {
        for (cache, start, length) in [
            (past.prompt, 0, prompt_length),
            (Some(past.text), prompt_length, text_length),
        ] {
            let values = cache.map_or(&[][..], |cache| cache.values(queries.layer, queries.head, tile));
            packed.multiply(start, values.get(..length).unwrap_or_default(), lanes);
        }
        for (lane, sum) in lanes.iter_mut().zip(&sums) {
            lane.iter_mut().for_each(|value| *value /= sum);
        }
    }
    attended
}

/// Appends the scores of the cache's first positions: for each 16 of them, one lane a row.
fn score(cache: &Cache, length: usize, queries: &Queries<'_>, packed: &Rows, scores: &mut Vec<Lane>) {
    let rows = queries.positions * queries.group;
    let keys = cache.keys(queries.layer, queries.head);
    for panel in keys.chunks_exact(queries.width).take(length.div_ceil(WIDTH)) {
        let first = scores.len();
        scores.resize(first + rows, [0.0; WIDTH]);
        packed.multiply(0, panel, scores.get_mut(first..).unwrap_or_default());
    }
}

/// Makes the row blind for positions from `seen` on.
fn hide(scores: &mut [Lane], rows: usize, row: usize, seen: usize) {
    let tile = seen / WIDTH;
    let lanes = scores.iter_mut().skip(tile * rows + row).step_by(rows);
    for (offset, lane) in lanes.enumerate() {
        let first = if offset == 0 { seen % WIDTH } else { 0 };
        lane.iter_mut()
            .skip(first)
            .for_each(|score| *score = f32::NEG_INFINITY);
    }
}

/// The row's weights, position after position.
fn lay_out(weights: &[Lane], rows: usize, row: usize, into: &mut [f32]) {
    let lanes = weights.iter().skip(row).step_by(rows);
    for (into, lane) in into.chunks_mut(WIDTH).zip(lanes) {
        for (into, weight) in into.iter_mut().zip(lane) {
            *into = *weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::CacheShape;

    const SHAPE: CacheShape = CacheShape {
        layers: 1,
        heads: 1,
        width: 24,
    };

    fn number(position: usize, i: usize, seed: f32) -> f32 {
        ((position * 24 + i) as f32 * 0.61 + seed).sin()
    }

    fn vector(position: usize, seed: f32) -> Vec<f32> {
        (0..24).map(|i| number(position, i, seed)).collect()
    }

    fn cache(positions: std::ops::Range<usize>) -> Cache {
        let mut cache = Cache::new(SHAPE, positions.len() + 3);
        for (place, position) in positions.clone().enumerate() {
            cache.write(0, 0, place, &vector(position, 0.0), &vector(position, 2.0));
        }
        cache.advance(positions.len());
        cache
    }

    fn attended(
        past: Past<'_>,
        sight: Sight,
        first: usize,
        positions: usize,
        offset: usize,
    ) -> Vec<Vec<f32>> {
        let write = |position: usize, head: usize, into: &mut [f32]| {
            into.copy_from_slice(&vector(offset + first + position, 4.0 + head as f32));
        };
        let queries = Queries {
            layer: 0,
            head: 0,
            first,
            positions,
            group: 2,
            width: 24,
            sight,
            write: &write,
        };
        let lanes = attend(past, &queries);
        let rows = positions * 2;
        let row = |row: usize| (0..24).map(|i| lanes[i / 16 * rows + row][i % 16]).collect();
        (0..rows).map(row).collect()
    }

    /// The definition, in 64 bits: what a query finds in the positions up to its own.
    fn exact(position: usize, head: usize) -> Vec<f64> {
        exact_among(position, head, position + 1)
    }

    /// In the first so many.
    fn exact_among(position: usize, head: usize, seen: usize) -> Vec<f64> {
        let query = vector(position, 4.0 + head as f32);
        let score = |p: usize| -> f64 {
            query
                .iter()
                .zip(vector(p, 0.0))
                .map(|(a, b)| f64::from(a * b))
                .sum()
        };
        let weights: Vec<f64> = (0..seen).map(|p| score(p).exp()).collect();
        let total: f64 = weights.iter().sum();
        let value = |i: usize| {
            let weighted = weights
                .iter()
                .enumerate()
                .map(|(p, w)| w * f64::from(number(p, i, 2.0)));
            weighted.sum::<f64>() / total
        };
        (0..24).map(value).collect()
    }

    #[test]
    fn each_query_sees_what_came_before_it_and_itself() {
        let text = cache(0..41);
        let past = Past {
            prompt: None,
            text: &text,
        };
        for (first, positions) in [(0, 41), (16, 7), (40, 1)] {
            for (row, values) in attended(past, Sight::Before, first, positions, 0)
                .iter()
                .enumerate()
            {
                for (value, exact) in values.iter().zip(exact(first + row / 2, row % 2)) {
                    assert!((f64::from(*value) - exact).abs() < 1e-5, "{value} {exact}");
                }
            }
        }
    }

    #[test]
    fn in_an_encoder_each_query_sees_the_whole_text() {
        let text = cache(0..21);
        let past = Past {
            prompt: None,
            text: &text,
        };
        for (first, positions) in [(0, 21), (16, 5), (3, 1)] {
            for (row, values) in attended(past, Sight::All, first, positions, 0).iter().enumerate() {
                for (value, exact) in values.iter().zip(exact_among(first + row / 2, row % 2, 21)) {
                    assert!((f64::from(*value) - exact).abs() < 1e-5, "{value} {exact}");
                }
            }
        }
    }

    #[test]
    fn a_prompt_that_is_kept_apart_is_seen_whole() {
        let (prompt, text) = (cache(0..21), cache(21..41));
        let past = Past {
            prompt: Some(&prompt),
            text: &text,
        };
        let rows = attended(past, Sight::Before, 0, 20, 21);
        for (row, values) in rows.iter().enumerate() {
            for (value, exact) in values.iter().zip(exact(21 + row / 2, row % 2)) {
                assert!((f64::from(*value) - exact).abs() < 1e-5, "{value} {exact}");
            }
            let alone = attended(past, Sight::Before, row / 2, 1, 21);
            assert_eq!(*values, alone[row % 2], "row {row} depends on the others");
        }
    }
}
