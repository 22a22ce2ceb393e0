//! One pass over a BERT's weights: all tokens of some texts, as rows of one batch.

use tracing::trace_span;

use super::weights::{Bert, Layer, Linear, Norm};
use crate::engine::kernels::{
    Cache, CacheShape, Forms, Lane, MOST_QUERIES, Past, Product, Queries, Rows, Sight, WIDTH, attend, centre,
    error_unit,
};

/// The last layer's states of all tokens, text after text. Each text has tokens of the vocabulary, at most as many as the
/// context; what is beyond either counts as zero.
pub(in crate::engine) fn states(model: &Bert, texts: &[&[u32]]) -> Vec<f32> {
    let shape = model.shape;
    let caches = texts.iter().map(|tokens| {
        let shape = CacheShape {
            layers: 1,
            heads: shape.heads,
            width: shape.width / shape.heads,
        };
        Cache::new(shape, tokens.len())
    });
    let rows = texts.iter().map(|tokens| tokens.len()).sum::<usize>();
    let mut pass = Pass {
        model,
        texts,
        rows,
        caches: caches.collect(),
        states: vec![0.0; rows * shape.width],
        queries: vec![0.0; rows * shape.width],
        attended: vec![0.0; rows * shape.width],
        packed: Rows::default(),
        product: Product::default(),
    };
    pass.embed();
    for layer in &model.layers {
        pass.look_around(layer);
        pass.think(layer);
    }
    pass.states
}

struct Pass<'a> {
    model: &'a Bert,
    texts: &'a [&'a [u32]],
    rows: usize,
    /// Keys and values of the layer at hand, one for each text.
    caches: Vec<Cache>,
    states: Vec<f32>,
    /// Of the layer at hand, scaled.
    queries: Vec<f32>,
    attended: Vec<f32>,
    packed: Rows,
    product: Product,
}

impl Pass<'_> {
    /// Words, positions and types.
    fn embed(&mut self) {
        let (model, width) = (self.model, self.model.shape.width);
        let places = self.texts.iter().flat_map(|tokens| tokens.iter().enumerate());
        for ((place, token), state) in places.zip(self.states.chunks_exact_mut(width)) {
            let word = vector(&model.words, *token as usize, width);
            let position = vector(&model.positions, place, width);
            for ((into, word), position) in state.iter_mut().zip(word).zip(position) {
                *into = word + position;
            }
            let Norm { weights, biases } = &model.norm;
            centre(state, weights, biases, model.shape.epsilon);
        }
        for (cache, tokens) in self.caches.iter_mut().zip(self.texts) {
            cache.advance(tokens.len());
        }
    }

    /// Attention: adds to each state what it finds in those of its text.
    fn look_around(&mut self, layer: &Layer) {
        let width = self.model.shape.width;
        let (states, rows) = (&self.states, self.rows);
        self.packed.pack(rows, width, Forms::FLOATS, |row, into| {
            copy(vector(states, row, width), into);
        });
        let matrices = [&layer.query.matrix, &layer.key.matrix, &layer.value.matrix];
        self.product.multiply(&matrices, &self.packed);
        self.spread(layer);
        self.attend();
        let attended = &self.attended;
        self.packed.pack(rows, width, Forms::FLOATS, |row, into| {
            copy(vector(attended, row, width), into);
        });
        self.product
            .multiply(&[&layer.attention_output.matrix], &self.packed);
        self.add_product(&layer.attention_output, &layer.attention_norm);
    }

    /// Takes queries, keys and values to their places.
    fn spread(&mut self, layer: &Layer) {
        let shape = self.model.shape;
        let (width, head_width) = (shape.width, shape.width / shape.heads);
        let scale = (head_width as f32).sqrt().recip();
        let tiles = width.div_ceil(WIDTH);
        let (mut key, mut value) = (vec![0.0; width], vec![0.0; width]);
        let places = self.texts.iter().enumerate();
        let places = places.flat_map(|(text, tokens)| (0..tokens.len()).map(move |place| (text, place)));
        for ((row, (text, place)), query) in places.enumerate().zip(self.queries.chunks_exact_mut(width)) {
            self.product.copy_row(0, row, query);
            self.product.copy_row(tiles, row, &mut key);
            self.product.copy_row(2 * tiles, row, &mut value);
            for (x, bias) in query.iter_mut().zip(&layer.query.biases) {
                *x = (*x + bias) * scale;
            }
            add(&mut key, &layer.key.biases);
            add(&mut value, &layer.value.biases);
            let Some(cache) = self.caches.get_mut(text) else {
                continue;
            };
            let heads = key.chunks_exact(head_width).zip(value.chunks_exact(head_width));
            for (head, (key, value)) in heads.enumerate() {
                cache.write(0, head, place, key, value);
            }
        }
    }

    /// Fills `attended`.
    fn attend(&mut self) {
        let _span = trace_span!(target: "profile", "kernel: attention").entered();
        let shape = self.model.shape;
        let (width, head_width) = (shape.width, shape.width / shape.heads);
        let mut first_row = 0;
        for (tokens, cache) in self.texts.iter().zip(&self.caches) {
            for first in (0..tokens.len()).step_by(MOST_QUERIES) {
                let positions = MOST_QUERIES.min(tokens.len() - first);
                for head in 0..shape.heads {
                    let place = |position: usize| (first_row + first + position) * width + head * head_width;
                    let queries = &self.queries;
                    let write = |position: usize, _: usize, into: &mut [f32]| {
                        let from = place(position);
                        copy(queries.get(from..from + head_width).unwrap_or_default(), into);
                    };
                    let past = Past {
                        prompt: None,
                        text: cache,
                    };
                    let queries = Queries {
                        layer: 0,
                        head,
                        first,
                        positions,
                        group: 1,
                        width: head_width,
                        sight: Sight::All,
                        write: &write,
                    };
                    let product = Product {
                        rows: positions,
                        lanes: attend(past, &queries),
                    };
                    for position in 0..positions {
                        let from = place(position);
                        let into = self.attended.get_mut(from..from + head_width);
                        product.copy_row(0, position, into.unwrap_or_default());
                    }
                }
            }
            first_row += tokens.len();
        }
    }

    /// The feed-forward part: works on each state alone.
    fn think(&mut self, layer: &Layer) {
        let (width, rows) = (self.model.shape.width, self.rows);
        let states = &self.states;
        self.packed.pack(rows, width, Forms::FLOATS, |row, into| {
            copy(vector(states, row, width), into);
        });
        self.product.multiply(&[&layer.up.matrix], &self.packed);
        add_to_lanes(&mut self.product, &layer.up.biases);
        error_unit(&mut self.product.lanes);
        let product = &self.product;
        let inner = layer.up.matrix.outputs();
        self.packed.pack(rows, inner, Forms::FLOATS, |row, into| {
            product.copy_row(0, row, into);
        });
        self.product.multiply(&[&layer.down.matrix], &self.packed);
        self.add_product(&layer.down, &layer.norm);
    }

    fn add_product(&mut self, linear: &Linear, norm: &Norm) {
        let shape = self.model.shape;
        for (row, state) in self.states.chunks_exact_mut(shape.width).enumerate() {
            self.product.add_row(row, state);
            add(state, &linear.biases);
            centre(state, &norm.weights, &norm.biases, shape.epsilon);
        }
    }
}

/// Adds each output's bias, for all rows.
fn add_to_lanes(product: &mut Product, biases: &[f32]) {
    let tiles = product.lanes.chunks_mut(product.rows.max(1));
    for (lanes, biases) in tiles.zip(biases.chunks(WIDTH)) {
        let mut bias: Lane = [0.0; WIDTH];
        add(&mut bias, biases);
        for lane in lanes {
            add(lane, &bias);
        }
    }
}

fn add(into: &mut [f32], other: &[f32]) {
    for (into, other) in into.iter_mut().zip(other) {
        *into += other;
    }
}

/// One of some vectors; empty where there is none.
fn vector(vectors: &[f32], index: usize, width: usize) -> &[f32] {
    vectors
        .get(index * width..(index + 1) * width)
        .unwrap_or_default()
}

fn copy(from: &[f32], into: &mut [f32]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into = *from;
    }
}
