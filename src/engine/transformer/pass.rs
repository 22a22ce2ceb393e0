//! One pass over a model's weights: the next tokens of any number of texts, as rows of one batch.

use rayon::prelude::*;
use tracing::trace_span;

use super::family::{Pairs, Unit};
use super::weights::{Layer, Transformer};
use crate::engine::EngineError;
use crate::engine::kernels::{
    Cache, Forms, Lane, MOST_QUERIES, Matrix, Past, Product, Queries, Rows, attend, gate, gaussian_gate,
    normalise, rotate, rotate_halves,
};

/// Fewer rows are not worth a thread.
const LEAST_ROWS: usize = 16;

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

/// Runs the tokens of all runs on up to `threads` threads, and returns the logits that are wanted, run by run and token by
/// token.
///
/// # Errors
/// [`EngineError::Compute`] for an unknown token or a cache without room.
pub(in crate::engine) fn forward(
    model: &Transformer,
    runs: &mut [Run<'_>],
    threads: usize,
) -> Result<Vec<Vec<f32>>, EngineError> {
    let mut strands = strands(model, runs, threads)?;
    for (index, layer) in model.layers.iter().enumerate() {
        each(&mut strands, |strand| strand.project(layer));
        for strand in &strands {
            strand.keep(index, layer, runs);
        }
        let runs = &*runs;
        each(&mut strands, |strand| {
            strand.look_back(index, layer, runs);
            strand.think(layer);
        });
    }
    for run in runs.iter_mut() {
        run.text.advance(run.tokens.len());
    }
    each(&mut strands, Strand::conclude);
    Ok(strands.into_iter().flat_map(|strand| strand.logits).collect())
}

/// Works on all strands, each on a thread of its own.
fn each<'m>(strands: &mut [Strand<'m>], work: impl Fn(&mut Strand<'m>) + Send + Sync) {
    match strands {
        [only] => work(only),
        several => several.par_iter_mut().for_each(work),
    }
}

/// Some of the rows, the state of each between two layers, and room for what a layer computes.
struct Strand<'m> {
    model: &'m Transformer,
    rows: Vec<Row>,
    /// One vector a row: the residual stream.
    states: Vec<f32>,
    packed: Rows,
    product: Product,
    /// Rotated and scaled, one vector a row.
    queries: Vec<f32>,
    /// Rotated, one vector a row.
    keys: Vec<f32>,
    attended: Vec<f32>,
    logits: Vec<Vec<f32>>,
}

/// A token, its run, and its place in the run's cache.
struct Row {
    run: usize,
    place: usize,
    /// By the model's rotations: cosine and sine for each pair of a head's values, at the token's position.
    angles: Vec<Vec<(f32, f32)>>,
    /// Whether its logits are returned.
    wanted: bool,
}

/// Rows of one run whose attention is computed at a time, for one head of keys and values.
struct Part {
    run: usize,
    first_row: usize,
    first_place: usize,
    positions: usize,
    head: usize,
}

/// Divides the rows of all runs.
fn strands<'m>(
    model: &'m Transformer,
    runs: &[Run<'_>],
    threads: usize,
) -> Result<Vec<Strand<'m>>, EngineError> {
    let rows = runs.iter().map(|run| run.tokens.len()).sum::<usize>();
    let count = threads.min(rows / LEAST_ROWS).max(1);
    let mut strands: Vec<Strand<'m>> = (0..count).map(|_| Strand::new(model)).collect();
    let mut numbers = 0..rows;
    for (run, of_run) in runs.iter().enumerate() {
        if of_run.tokens.len() > of_run.text.room() {
            return Err(EngineError::Compute("a text outgrew its cache".to_owned()));
        }
        let start = of_run.prompt.map_or(0, Cache::length);
        let first = of_run.text.length();
        for ((offset, token), number) in of_run.tokens.iter().enumerate().zip(&mut numbers) {
            let row = Row {
                run,
                place: first + offset,
                angles: angles(model, start + first + offset),
                wanted: match of_run.wanted {
                    Wanted::Nothing => false,
                    Wanted::Last => offset + 1 == of_run.tokens.len(),
                    Wanted::All => true,
                },
            };
            if let Some(strand) = strands.get_mut(number * count / rows) {
                strand.push(row, *token as usize)?;
            }
        }
    }
    Ok(strands)
}

impl<'m> Strand<'m> {
    fn new(model: &'m Transformer) -> Self {
        Self {
            model,
            rows: Vec::new(),
            states: Vec::new(),
            packed: Rows::default(),
            product: Product::default(),
            queries: Vec::new(),
            keys: Vec::new(),
            attended: Vec::new(),
            logits: Vec::new(),
        }
    }

    fn push(&mut self, row: Row, token: usize) -> Result<(), EngineError> {
        let shape = &self.model.shape;
        if token >= shape.vocabulary {
            return Err(EngineError::Compute(format!("there is no token {token}")));
        }
        self.rows.push(row);
        self.queries.resize(self.rows.len() * shape.query_width(), 0.0);
        self.keys.resize(self.rows.len() * shape.key_width(), 0.0);
        self.attended.resize(self.queries.len(), 0.0);
        let state = self.states.len();
        self.states.resize(state + shape.width, 0.0);
        let state = self.states.get_mut(state..).unwrap_or_default();
        self.model.embeddings.row(token, state);
        let scale = self.model.embedding_scale;
        state.iter_mut().for_each(|value| *value *= scale);
        Ok(())
    }

    /// Makes queries, keys and values of the states.
    fn project(&mut self, layer: &Layer) {
        let matrices = [&layer.query, &layer.key, &layer.value];
        self.pack_normalised(&layer.attention_norm, &matrices);
        self.product.multiply(&matrices, &self.packed);
        let (model, shape) = (self.model, &self.model.shape);
        let ([query_bias, key_bias, _], [query_norm, key_norm]) = (&layer.biases, &layer.head_norms);
        let turn = match model.family.pairs {
            Pairs::Neighbours => rotate,
            Pairs::Halves => rotate_halves,
        };
        let mut raw = vec![0.0; shape.head_width];
        let mut place = |heads: &mut [f32], bias: &[f32], norm: &[f32], angles: &[(f32, f32)], scale: f32| {
            add(bias, heads);
            for head in heads.chunks_exact_mut(shape.head_width) {
                if !norm.is_empty() {
                    raw.copy_from_slice(head);
                    normalise(&raw, norm, shape.epsilon, head);
                }
                turn(head, angles);
                head.iter_mut().for_each(|value| *value *= scale);
            }
        };
        let queries = self.queries.chunks_exact_mut(shape.query_width());
        let keys = self.keys.chunks_exact_mut(shape.key_width());
        for ((index, row), (queries, keys)) in self.rows.iter().enumerate().zip(queries.zip(keys)) {
            let angles = row.angles.get(layer.rotation).map_or(&[][..], Vec::as_slice);
            self.product.copy_row(0, index, queries);
            place(queries, query_bias, query_norm, angles, model.query_scale);
            self.product.copy_row(layer.query.tiles(), index, keys);
            place(keys, key_bias, key_norm, angles, 1.0);
        }
    }

    /// Puts keys and values into the caches of their runs.
    fn keep(&self, index: usize, layer: &Layer, runs: &mut [Run<'_>]) {
        let shape = &self.model.shape;
        let value_tile = layer.query.tiles() + layer.key.tiles();
        let [_, _, bias] = &layer.biases;
        let mut values = vec![0.0; shape.key_width()];
        let keys = self.keys.chunks_exact(shape.key_width());
        for ((number, row), keys) in self.rows.iter().enumerate().zip(keys) {
            let Some(run) = runs.get_mut(row.run) else {
                continue;
            };
            self.product.copy_row(value_tile, number, &mut values);
            add(bias, &mut values);
            let heads = keys
                .chunks_exact(shape.head_width)
                .zip(values.chunks_exact(shape.head_width));
            for (head, (key, value)) in heads.enumerate() {
                run.text.write(index, head, row.place, key, value);
            }
        }
    }

    /// Attention: adds to each state what it finds in those before it.
    fn look_back(&mut self, index: usize, layer: &Layer, runs: &[Run<'_>]) {
        self.attend(index, layer, runs);
        let (attended, width) = (&self.attended, self.model.shape.query_width());
        let matrices = [&layer.attention_output];
        self.packed
            .pack(self.rows.len(), width, Forms::of(&matrices), |row, into| {
                copy(vector(attended, row, width), into);
            });
        self.product.multiply(&matrices, &self.packed);
        let [norm, _] = &layer.post_norms;
        self.add_product(norm);
    }

    /// The feed-forward part: works on each state alone.
    fn think(&mut self, layer: &Layer) {
        let matrices = [&layer.gate, &layer.up];
        self.pack_normalised(&layer.feed_norm, &matrices);
        self.product.multiply(&matrices, &self.packed);
        let half = self.product.lanes.len() / 2;
        let (gates, ups) = self.product.lanes.split_at_mut(half);
        match self.model.family.unit {
            Unit::Sigmoid => gate(gates, ups),
            Unit::Gaussian => gaussian_gate(gates, ups),
        }
        let (product, matrices) = (&self.product, [&layer.down]);
        let (count, width) = (self.rows.len(), self.model.shape.inner_width);
        self.packed.pack(count, width, Forms::of(&matrices), |row, into| {
            product.copy_row(0, row, into);
        });
        self.product.multiply(&matrices, &self.packed);
        let [_, norm] = &layer.post_norms;
        self.add_product(norm);
    }

    /// Fills `attended`.
    fn attend(&mut self, index: usize, layer: &Layer, runs: &[Run<'_>]) {
        let _span = trace_span!(target: "profile", "kernel: attention").entered();
        let shape = &self.model.shape;
        let (group, width) = (shape.heads / shape.kv_heads, shape.head_width);
        let (queries, query_width) = (&self.queries, shape.query_width());
        let parts = self.parts();
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
                sight: layer.sight,
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

    fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut first_row = 0;
        for rows in self.rows.chunk_by(|a, b| a.run == b.run) {
            for (rows, first_row) in rows.chunks(MOST_QUERIES).zip((first_row..).step_by(MOST_QUERIES)) {
                let Some(first) = rows.first() else { continue };
                parts.extend((0..self.model.shape.kv_heads).map(|head| Part {
                    run: first.run,
                    first_row,
                    first_place: first.place,
                    positions: rows.len(),
                    head,
                }));
            }
            first_row += rows.len();
        }
        parts
    }

    /// Packs the normalised states in the forms that these matrices take.
    fn pack_normalised(&mut self, weights: &[f32], matrices: &[&Matrix]) {
        let (states, shape) = (&self.states, &self.model.shape);
        let (count, forms) = (self.rows.len(), Forms::of(matrices));
        self.packed.pack(count, shape.width, forms, |row, into| {
            normalise(vector(states, row, shape.width), weights, shape.epsilon, into);
        });
    }

    /// Adds the product to the states, normalised before where there are weights for it.
    fn add_product(&mut self, norm: &[f32]) {
        let shape = &self.model.shape;
        let states = self.states.chunks_exact_mut(shape.width);
        if norm.is_empty() {
            for (row, state) in states.enumerate() {
                self.product.add_row(row, state);
            }
            return;
        }
        let (mut raw, mut normalised) = (vec![0.0; shape.width], vec![0.0; shape.width]);
        for (row, state) in states.enumerate() {
            self.product.copy_row(0, row, &mut raw);
            normalise(&raw, norm, shape.epsilon, &mut normalised);
            add(&normalised, state);
        }
    }

    /// Makes the logits that are wanted.
    fn conclude(&mut self) {
        let numbered = self.rows.iter().enumerate();
        let wanted: Vec<usize> = numbered
            .filter(|(_, row)| row.wanted)
            .map(|(number, _)| number)
            .collect();
        if wanted.is_empty() {
            return;
        }
        let (states, shape, norm) = (&self.states, &self.model.shape, &self.model.norm);
        let output = self.model.output.as_ref().unwrap_or(&self.model.embeddings);
        let forms = Forms::of(&[output]);
        self.packed.pack(wanted.len(), shape.width, forms, |index, into| {
            let row = wanted.get(index).copied().unwrap_or_default();
            normalise(vector(states, row, shape.width), norm, shape.epsilon, into);
        });
        self.product.multiply(&[output], &self.packed);
        let product = &self.product;
        let logits = (0..wanted.len()).map(|row| {
            let mut logits = vec![0.0; output.outputs()];
            product.copy_row(0, row, &mut logits);
            logits
        });
        self.logits = logits.collect();
    }
}

fn angles(model: &Transformer, position: usize) -> Vec<Vec<(f32, f32)>> {
    let rotations = model.rotations.iter();
    rotations.map(|rotation| rotation.angles(position)).collect()
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

fn add(values: &[f32], into: &mut [f32]) {
    for (into, value) in into.iter_mut().zip(values) {
        *into += value;
    }
}
