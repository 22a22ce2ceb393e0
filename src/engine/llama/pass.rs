//! One pass over a model's weights: the next tokens of any number of texts, as rows of one batch.

use super::attention::{MOST_QUERIES, Past, Queries, attend};
use super::cache::Cache;
use super::kernels::{Lane, gate, normalise, rotate};
use super::matrix::{Product, Rows};
use super::weights::{Layer, Llama};
use crate::engine::EngineError;

/// Tokens of one text that are run next.
pub(in crate::engine) struct Run<'a> {
    /// Kept apart where it is not what is being read.
    pub(in crate::engine) prompt: Option<&'a Cache>,
    /// Takes the tokens' keys and values; must have room for them.
    pub(in crate::engine) text: &'a mut Cache,
    /// What is run.
    pub(in crate::engine) tokens: &'a [u32],
    /// Whose logits are returned.
    pub(in crate::engine) wanted: Wanted,
}

/// Which tokens of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Wanted {
    Nothing,
    Last,
    All,
}

/// Runs the tokens of all runs, and returns the logits that are wanted, run by run and token by token.
///
/// # Errors
/// [`EngineError::Compute`] for an unknown token or a cache without room.
pub(in crate::engine) fn forward(model: &Llama, runs: &mut [Run<'_>]) -> Result<Vec<Vec<f32>>, EngineError> {
    let mut pass = Pass::start(model, runs)?;
    for (index, layer) in model.layers.iter().enumerate() {
        pass.look_back(index, layer, runs);
        pass.think(layer);
    }
    for run in runs.iter_mut() {
        run.text.advance(run.tokens.len());
    }
    Ok(pass.logits(runs))
}

/// The state of all rows between two layers, and room for what a layer computes.
struct Pass<'m> {
    model: &'m Llama,
    rows: Vec<Row>,
    /// One vector a row: the residual stream.
    states: Vec<f32>,
    packed: Rows,
    product: Product,
    /// Rotated and scaled, one vector a row.
    queries: Vec<f32>,
    attended: Vec<f32>,
}

/// A token, its run, and its place in the run's cache.
struct Row {
    run: usize,
    place: usize,
    /// Cosine and sine for each pair of a head's values, at the token's position.
    angles: Vec<(f32, f32)>,
}

/// Rows of one run whose attention is computed at a time, for one head of keys and values.
struct Part {
    run: usize,
    first_row: usize,
    first_place: usize,
    positions: usize,
    head: usize,
}

impl<'m> Pass<'m> {
    fn start(model: &'m Llama, runs: &[Run<'_>]) -> Result<Self, EngineError> {
        let width = model.shape.width;
        let mut rows = Vec::new();
        let mut states = Vec::new();
        for (
            run,
            Run {
                prompt, text, tokens, ..
            },
        ) in runs.iter().enumerate()
        {
            if tokens.len() > text.room() {
                return Err(EngineError::Compute("a text outgrew its cache".to_owned()));
            }
            for (place, token) in (text.length()..).zip(*tokens) {
                let token = *token as usize;
                if token >= model.shape.vocabulary {
                    return Err(EngineError::Compute(format!("there is no token {token}")));
                }
                let position = prompt.map_or(0, Cache::length) + place;
                let angles = angles(&model.frequencies, position);
                rows.push(Row { run, place, angles });
                states.resize(rows.len() * width, 0.0);
                let state = states.len() - width;
                model
                    .embeddings
                    .row(token, states.get_mut(state..).unwrap_or_default());
            }
        }
        let queries = vec![0.0; rows.len() * model.shape.query_width()];
        Ok(Self {
            model,
            rows,
            states,
            packed: Rows::default(),
            product: Product::default(),
            attended: queries.clone(),
            queries,
        })
    }

    /// Attention: adds to each state what it finds in those before it.
    fn look_back(&mut self, index: usize, layer: &Layer, runs: &mut [Run<'_>]) {
        self.pack_normalised(&layer.attention_norm);
        let matrices = [&layer.query, &layer.key, &layer.value];
        self.product.multiply(&matrices, &self.packed);
        self.keep(index, layer, runs);
        self.attend(index, runs);
        let (attended, width) = (&self.attended, self.model.shape.query_width());
        self.packed.pack(self.rows.len(), width, |row, into| {
            copy(vector(attended, row, width), into);
        });
        self.product.multiply(&[&layer.attention_output], &self.packed);
        self.add_product();
    }

    /// The feed-forward part: works on each state alone.
    fn think(&mut self, layer: &Layer) {
        self.pack_normalised(&layer.feed_norm);
        self.product.multiply(&[&layer.gate, &layer.up], &self.packed);
        let half = self.product.lanes.len() / 2;
        let (gates, ups) = self.product.lanes.split_at_mut(half);
        gate(gates, ups);
        let product = &self.product;
        self.packed
            .pack(self.rows.len(), self.model.shape.inner_width, |row, into| {
                product.copy_row(0, row, into);
            });
        self.product.multiply(&[&layer.down], &self.packed);
        self.add_product();
    }

    /// Keeps the keys and values of the product in their caches, and its queries for [`Pass::attend`].
    fn keep(&mut self, index: usize, layer: &Layer, runs: &mut [Run<'_>]) {
        let shape = &self.model.shape;
        let (width, scale) = (shape.head_width, (shape.head_width as f32).sqrt().recip());
        let key_tile = layer.query.tiles();
        let value_tile = key_tile + layer.key.tiles();
        let mut keys = vec![0.0; shape.kv_heads * width];
        let mut values = keys.clone();
        let queries = self.queries.chunks_exact_mut(shape.query_width());
        for (index_of_row, (row, queries)) in self.rows.iter().zip(queries).enumerate() {
            self.product.copy_row(0, index_of_row, queries);
            self.product.copy_row(key_tile, index_of_row, &mut keys);
            self.product.copy_row(value_tile, index_of_row, &mut values);
            for query in queries.chunks_exact_mut(width) {
                rotate(query, &row.angles);
                query.iter_mut().for_each(|value| *value *= scale);
            }
            let Some(run) = runs.get_mut(row.run) else {
                continue;
            };
            let heads = keys.chunks_exact_mut(width).zip(values.chunks_exact(width));
            for (head, (key, value)) in heads.enumerate() {
                rotate(key, &row.angles);
                run.text.write(index, head, row.place, key, value);
            }
        }
    }

    /// Fills `attended`.
    fn attend(&mut self, index: usize, runs: &[Run<'_>]) {
        let shape = &self.model.shape;
        let (group, width) = (shape.heads / shape.kv_heads, shape.head_width);
        let (queries, query_width) = (&self.queries, shape.query_width());
        let parts = self.parts(runs);
        let attend_part = |part: &Part| {
            let write = |position: usize, head: usize, into: &mut [f32]| {
                let row = vector(queries, part.first_row + position, query_width);
                let first = (part.head * group + head) * width;
                copy(row.get(first..first + width).unwrap_or_default(), into);
            };
            let run = runs.get(part.run)?;
            let past = Past {
                prompt: run.prompt,
                text: run.text,
            };
            let queries = Queries {
                layer: index,
                head: part.head,
                first: part.first_place,
                positions: part.positions,
                group,
                width,
                write: &write,
            };
            Some(attend(past, &queries))
        };
        let attended: Vec<Option<Vec<Lane>>> = parts.iter().map(attend_part).collect();
        for (part, lanes) in parts.iter().zip(attended) {
            let product = Product {
                rows: part.positions * group,
                lanes: lanes.unwrap_or_default(),
            };
            for query in 0..product.rows {
                let row = part.first_row + query / group;
                let first = row * query_width + (part.head * group + query % group) * width;
                let into = self.attended.get_mut(first..first + width);
                product.copy_row(0, query, into.unwrap_or_default());
            }
        }
    }

    fn parts(&self, runs: &[Run<'_>]) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut first_row = 0;
        for (run, Run { text, tokens, .. }) in runs.iter().enumerate() {
            for offset in (0..tokens.len()).step_by(MOST_QUERIES) {
                parts.extend((0..self.model.shape.kv_heads).map(|head| Part {
                    run,
                    first_row: first_row + offset,
                    first_place: text.length() + offset,
                    positions: MOST_QUERIES.min(tokens.len() - offset),
                    head,
                }));
            }
            first_row += tokens.len();
        }
        parts
    }

    fn pack_normalised(&mut self, weights: &[f32]) {
        let (states, shape) = (&self.states, &self.model.shape);
        self.packed.pack(self.rows.len(), shape.width, |row, into| {
            normalise(vector(states, row, shape.width), weights, shape.epsilon, into);
        });
    }

    fn add_product(&mut self) {
        let states = self.states.chunks_exact_mut(self.model.shape.width);
        for (row, state) in states.enumerate() {
            self.product.add_row(row, state);
        }
    }

    fn logits(mut self, runs: &[Run<'_>]) -> Vec<Vec<f32>> {
        let mut wanted = Vec::new();
        let mut first = 0;
        for run in runs {
            let end = first + run.tokens.len();
            match run.wanted {
                Wanted::Nothing => {}
                Wanted::Last => wanted.extend((first..end).last()),
                Wanted::All => wanted.extend(first..end),
            }
            first = end;
        }
        if wanted.is_empty() {
            return Vec::new();
        }
        let (states, shape, norm) = (&self.states, &self.model.shape, &self.model.norm);
        self.packed.pack(wanted.len(), shape.width, |index, into| {
            let row = wanted.get(index).copied().unwrap_or_default();
            normalise(vector(states, row, shape.width), norm, shape.epsilon, into);
        });
        let output = self.model.output.as_ref().unwrap_or(&self.model.embeddings);
        self.product.multiply(&[output], &self.packed);
        let product = &self.product;
        (0..wanted.len())
            .map(|row| {
                let mut logits = vec![0.0; output.outputs()];
                product.copy_row(0, row, &mut logits);
                logits
            })
            .collect()
    }
}

fn angles(frequencies: &[f32], position: usize) -> Vec<(f32, f32)> {
    let angle = |frequency: &f32| (position as f32 * frequency).sin_cos();
    frequencies
        .iter()
        .map(angle)
        .map(|(sine, cosine)| (cosine, sine))
        .collect()
}

/// The vector of one row.
fn vector(vectors: &[f32], row: usize, width: usize) -> &[f32] {
    vectors.get(row * width..(row + 1) * width).unwrap_or_default()
}

fn copy(from: &[f32], into: &mut [f32]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into = *from;
    }
}
