//! Attention of some rows of one text over its cache (Vaswani et al. 2017), where several heads of queries share one of
//! keys and values (Ainslie et al. 2023): scores, their weights, and the weighted sum of values, each a product of the
//! kernel. A row's result does not depend on the rows beside it.

use std::ops::Range;

use super::cache::Cache;
use super::floats::{Lane, WIDTH, weigh};
use super::matrix::{Forms, Rows};

/// Positions whose queries are computed together: bounds the scores in memory.
pub(in crate::engine) const MOST_QUERIES: usize = 16;

/// What is looked back at: the positions of the prompt, where it is not what is being read, then those of the text.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Past<'a> {
    /// All of its positions are seen, unless a window is narrower.
    pub(in crate::engine) prompt: Option<&'a Cache>,
    /// Written up to the last query's position, or, where all is seen, to its length.
    pub(in crate::engine) text: &'a Cache,
}

/// What a position sees of its own text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Sight {
    /// Itself and what came before it: a decoder.
    Before,
    /// The last so many positions up to itself, those of the prompt included: a sliding window (Beltagy et al. 2020).
    Last(usize),
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

impl Queries<'_> {
    /// What a position (from 0) sees, counted from the beginning of the prompt.
    fn seen(&self, past: Past<'_>, position: usize) -> Range<usize> {
        let prompt = past.prompt.map_or(0, Cache::length);
        let own = prompt + self.first + position;
        match self.sight {
            Sight::Before => 0..own + 1,
            Sight::Last(most) => (own + 1).saturating_sub(most)..own + 1,
            Sight::All => 0..prompt + past.text.length(),
        }
    }
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
    // What the first position does not see any more, none of them does.
    let start = queries.seen(past, 0).start;
    let end = queries.seen(past, queries.positions.saturating_sub(1)).end;
    let prompt = Stretch::of(past.prompt, 0, start..prompt_length);
    let text = Stretch::of(Some(past.text), prompt_length, start..end);
    let mut scores = Vec::new();
    prompt.score(queries, &packed, &mut scores);
    let text_starts = scores.len();
    text.score(queries, &packed, &mut scores);
    let mut sums = Vec::with_capacity(rows);
    for row in 0..rows {
        let seen = queries.seen(past, row / queries.group);
        let (of_prompt, of_text) = scores.split_at_mut(text_starts);
        hide(of_prompt, rows, row, prompt.within(&seen));
        hide(of_text, rows, row, text.within(&seen));
        let row_scores = scores.get_mut(row..).unwrap_or_default();
        sums.push(weigh(row_scores, rows));
    }
    packed.pack(
        rows,
        prompt.length() + text.length(),
        Forms::FLOATS,
        |row, into| {
            let (of_prompt, of_text) = scores.split_at(text_starts);
            let (into_prompt, into_text) = into.split_at_mut(prompt.length());
            lay_out(of_prompt, rows, row, into_prompt);
            lay_out(of_text, rows, row, into_text);
        },
    );
    let tiles = queries.width.div_ceil(WIDTH);
    let mut attended = vec![[0.0; WIDTH]; tiles * rows];
    for (tile, lanes) in attended.chunks_mut(rows.max(1)).enumerate() {
        packed.multiply(0, prompt.values(queries, tile), lanes);
        packed.multiply(prompt.length(), text.values(queries, tile), lanes);
        for (lane, sum) in lanes.iter_mut().zip(&sums) {
            lane.iter_mut().for_each(|value| *value /= sum);
        }
    }
    attended
}

/// The places of a cache that are looked at.
struct Stretch<'a> {
    cache: Option<&'a Cache>,
    /// Position of the cache's first place.
    start: usize,
    /// The first is a multiple of 16.
    places: Range<usize>,
}

impl<'a> Stretch<'a> {
    /// Those of a cache, which begins at `start`, that hold these positions, and a few before them.
    fn of(cache: Option<&'a Cache>, start: usize, positions: Range<usize>) -> Self {
        let last = positions.end.saturating_sub(start);
        let first = positions.start.saturating_sub(start);
        let first = if first < last { first / WIDTH * WIDTH } else { last };
        Self {
            cache,
            start,
            places: first..last,
        }
    }

    fn length(&self) -> usize {
        self.places.len()
    }

    /// Positions, as places of the stretch.
    fn within(&self, positions: &Range<usize>) -> Range<usize> {
        let first = self.start + self.places.start;
        let place = |position: usize| position.saturating_sub(first).min(self.length());
        place(positions.start)..place(positions.end)
    }

    /// Appends the scores: for each 16 places, one lane a row.
    fn score(&self, queries: &Queries<'_>, packed: &Rows, scores: &mut Vec<Lane>) {
        let rows = queries.positions * queries.group;
        let keys = self
            .cache
            .map_or(&[][..], |cache| cache.keys(queries.layer, queries.head));
        let panels = keys.chunks_exact(queries.width).skip(self.places.start / WIDTH);
        for panel in panels.take(self.length().div_ceil(WIDTH)) {
            let first = scores.len();
            scores.resize(first + rows, [0.0; WIDTH]);
            packed.multiply(0, panel, scores.get_mut(first..).unwrap_or_default());
        }
    }

    /// 16 values of the head, one lane a place.
    fn values(&self, queries: &Queries<'_>, tile: usize) -> &'a [Lane] {
        let values = self
            .cache
            .map_or(&[][..], |cache| cache.values(queries.layer, queries.head, tile));
        values.get(self.places.clone()).unwrap_or_default()
    }
}

/// Makes the row blind for places that it does not see.
fn hide(scores: &mut [Lane], rows: usize, row: usize, seen: Range<usize>) {
    let lanes = scores.iter_mut().skip(row).step_by(rows);
    for (start, lane) in (0..).step_by(WIDTH).zip(lanes) {
        if seen.start <= start && start + WIDTH <= seen.end {
            continue;
        }
        for (place, score) in (start..).zip(lane.iter_mut()) {
            if !seen.contains(&place) {
                *score = f32::NEG_INFINITY;
            }
        }
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

    fn cache(positions: Range<usize>) -> Cache {
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
        exact_among(position, head, 0..position + 1)
    }

    /// In those that are seen.
    fn exact_among(position: usize, head: usize, seen: Range<usize>) -> Vec<f64> {
        let query = vector(position, 4.0 + head as f32);
        let score = |p: usize| -> f64 {
            query
                .iter()
                .zip(vector(p, 0.0))
                .map(|(a, b)| f64::from(a * b))
                .sum()
        };
        let weights: Vec<f64> = seen.clone().map(|p| score(p).exp()).collect();
        let total: f64 = weights.iter().sum();
        let value = |i: usize| {
            let weighted = weights
                .iter()
                .zip(seen.clone())
                .map(|(w, p)| w * f64::from(number(p, i, 2.0)));
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
    fn a_window_hides_what_came_long_before_be_it_of_the_prompt_or_of_the_text() {
        let whole = cache(0..70);
        let (prompt, text) = (cache(0..37), cache(37..70));
        let one = Past {
            prompt: None,
            text: &whole,
        };
        let two = Past {
            prompt: Some(&prompt),
            text: &text,
        };
        for window in [1, 5, 16, 23, 40] {
            // The last 20 positions, at once and one by one, behind a prompt that is kept apart and without one.
            let sight = Sight::Last(window);
            let together = attended(one, sight, 50, 20, 0);
            let apart = attended(two, sight, 13, 20, 37);
            for (row, (together, apart)) in together.iter().zip(&apart).enumerate() {
                let position = 50 + row / 2;
                let exact = exact_among(position, row % 2, position + 1 - window..position + 1);
                for ((value, other), exact) in together.iter().zip(apart).zip(exact) {
                    assert!(
                        (f64::from(*value) - exact).abs() < 1e-5,
                        "{window}: {value} {exact}"
                    );
                    assert!(
                        (f64::from(*other) - exact).abs() < 1e-5,
                        "{window}: {other} {exact}"
                    );
                }
                let alone = attended(one, sight, position, 1, 0);
                assert_eq!(*together, alone[row % 2], "row {row} depends on the others");
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
                for (value, exact) in values.iter().zip(exact_among(first + row / 2, row % 2, 0..21)) {
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
