//! The weights of one linear layer in tiles, and their product with rows of activations. Quantized weights are multiplied as
//! integers of 4 or 8 bits, floats as floats.

use std::ops::Range;

use candle_core::quantized::QTensor;
use tracing::trace_span;

use super::floats::{Lane, MOST_ROWS, WIDTH, multiply};
use super::integers::{self, Activations, BLOCK, EightBits, FourBits, OUTPUTS, Weights};
use super::packing::{self, Precision};

/// Weights of each column that are multiplied at a time: with 16 columns, 24 KB, half of a core's first cache.
const PANEL: usize = 384;
/// Tiles of integers that one of a [`Product`] is made of.
pub(super) const HALVES: usize = WIDTH / OUTPUTS;

/// A matrix of `outputs` rows and `depth` columns, as the file has it.
pub(in crate::engine) struct Matrix {
    outputs: usize,
    depth: usize,
    pub(super) tiles: Tiles,
}

/// Tiles of outputs, the last one filled up with zeros.
pub(super) enum Tiles {
    /// Of 16 outputs; in each, `depth` runs before the outputs.
    Floats(Vec<Lane>),
    /// Of 8 outputs, block after block.
    Eight(Vec<EightBits>),
    /// Of 8 outputs, block after block.
    Four(Vec<FourBits>),
}

/// What some matrices take rows as.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Forms {
    floats: bool,
    integers: bool,
}

/// Rows of activations, in the forms that the matrices take.
#[derive(Default)]
pub(in crate::engine) struct Rows {
    count: usize,
    depth: usize,
    /// In groups of at most six rows, packed side by side for the kernel.
    floats: Vec<f32>,
    /// Row after row.
    integers: Vec<Activations>,
}

/// A product in tiles: 16 outputs of every row, then the next 16.
#[derive(Default)]
pub(in crate::engine) struct Product {
    pub(in crate::engine) rows: usize,
    pub(in crate::engine) lanes: Vec<Lane>,
}

impl Matrix {
    /// Takes some rows of a tensor of the file, which must have `all` of them (see [`packing`]).
    pub(in crate::engine) fn of_rows(
        tensor: &QTensor,
        all: usize,
        rows: Range<usize>,
        depth: usize,
        precision: Precision,
    ) -> candle_core::Result<Self> {
        if tensor.shape().dims() != [all, depth] || rows.is_empty() || rows.end > all || depth == 0 {
            candle_core::bail!("a tensor is {:?}, not [{all}, {depth}]", tensor.shape());
        }
        Ok(Self {
            outputs: rows.len(),
            depth,
            tiles: packing::of_rows(tensor, rows, depth, precision)?,
        })
    }

    /// Takes weights as floats, output after output.
    pub(in crate::engine) fn of_floats(weights: &[f32], outputs: usize, depth: usize) -> Self {
        Self {
            outputs,
            depth,
            tiles: packing::floats_in_tiles(weights, outputs, depth),
        }
    }

    /// Rows of the matrix.
    pub(in crate::engine) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Tiles that its outputs fill in a [`Product`].
    pub(in crate::engine) fn tiles(&self) -> usize {
        self.outputs.div_ceil(WIDTH)
    }

    /// The weights of one output.
    pub(in crate::engine) fn row(&self, output: usize, into: &mut [f32]) {
        let weight = |k: usize| match &self.tiles {
            Tiles::Floats(lanes) => lanes
                .get(output / WIDTH * self.depth + k)
                .and_then(|lane| lane.get(output % WIDTH).copied()),
            Tiles::Eight(blocks) => self.weight(blocks, output, k),
            Tiles::Four(blocks) => self.weight(blocks, output, k),
        };
        for (k, into) in into.iter_mut().enumerate() {
            *into = weight(k).unwrap_or_default();
        }
    }

    fn weight<W: Weights>(&self, blocks: &[W], output: usize, k: usize) -> Option<f32> {
        let block = blocks.get(output / OUTPUTS * (self.depth / BLOCK) + k / BLOCK)?;
        Some(block.weight(output % OUTPUTS, k % BLOCK))
    }

    /// One tile's product with all rows, into one lane a row.
    fn multiply_tile(&self, tile: usize, rows: &Rows, sums: &mut [Lane]) {
        match &self.tiles {
            Tiles::Floats(lanes) => {
                sums.fill([0.0; WIDTH]);
                let first = tile * self.depth;
                let lanes = lanes.get(first..first + self.depth).unwrap_or_default();
                for (start, panel) in (0..).step_by(PANEL).zip(lanes.chunks(PANEL)) {
                    rows.multiply(start, panel, sums);
                }
            }
            Tiles::Eight(blocks) => self.multiply_integers(blocks, tile, rows, sums),
            Tiles::Four(blocks) => self.multiply_integers(blocks, tile, rows, sums),
        }
    }

    fn multiply_integers<W: Weights>(&self, blocks: &[W], tile: usize, rows: &Rows, sums: &mut [Lane]) {
        let depth = self.depth / BLOCK;
        for half in 0..HALVES {
            let first = (tile * HALVES + half) * depth;
            let blocks = blocks.get(first..first + depth).unwrap_or_default();
            integers::multiply(blocks, &rows.integers, half, sums);
        }
    }
}

impl Forms {
    /// For products of floats only, such as those of attention.
    pub(in crate::engine) const FLOATS: Self = Self {
        floats: true,
        integers: false,
    };

    /// What these take.
    pub(in crate::engine) fn of(matrices: &[&Matrix]) -> Self {
        let is_floats = |matrix: &&&Matrix| matches!(matrix.tiles, Tiles::Floats(_));
        let floats = matrices.iter().filter(is_floats).count();
        Self {
            floats: floats > 0,
            integers: floats < matrices.len(),
        }
    }
}

impl Rows {
    /// Packs `count` rows of `depth` values, each written by `write` into the slice that it is given.
    pub(in crate::engine) fn pack(
        &mut self,
        count: usize,
        depth: usize,
        forms: Forms,
        write: impl Fn(usize, &mut [f32]),
    ) {
        self.count = count;
        self.depth = depth;
        self.integers.clear();
        self.floats
            .resize(if forms.floats { count * depth } else { 0 }, 0.0);
        let mut row = vec![0.0; depth];
        let mut rest = self.floats.as_mut_slice();
        for (first, rows) in groups_of(count) {
            let (group, after) = rest.split_at_mut((rows * depth).min(rest.len()));
            for offset in 0..rows {
                write(first + offset, &mut row);
                for (place, value) in group.iter_mut().skip(offset).step_by(rows).zip(&row) {
                    *place = *value;
                }
                if forms.integers {
                    let (blocks, _) = row.as_chunks();
                    self.integers.extend(blocks.iter().map(Activations::of));
                }
            }
            rest = after;
        }
    }

    /// Adds the product of the values from `start` on with a panel: one lane a row.
    pub(in crate::engine) fn multiply(&self, start: usize, panel: &[Lane], sums: &mut [Lane]) {
        let mut values = self.floats.as_slice();
        let mut sums = sums;
        for (_, rows) in groups_of(self.count) {
            let (group, after) = values.split_at((rows * self.depth).min(values.len()));
            let (lanes, others) = sums.split_at_mut(rows.min(sums.len()));
            multiply(group.get(rows * start..).unwrap_or_default(), panel, lanes);
            (values, sums) = (after, others);
        }
    }
}

impl Product {
    /// Multiplies the rows with each of the matrices; their outputs follow one another, each from a new tile on.
    /// All must be as deep as the rows.
    pub(in crate::engine) fn multiply(&mut self, matrices: &[&Matrix], rows: &Rows) {
        let _span = trace_span!(target: "profile", "kernel: products").entered();
        self.rows = rows.count;
        let tiles = matrices.iter().map(|matrix| matrix.tiles()).sum::<usize>();
        self.lanes.resize(tiles * rows.count, [0.0; WIDTH]);
        let tiles = matrices
            .iter()
            .flat_map(|matrix| (0..matrix.tiles()).map(move |tile| (matrix, tile)));
        for (sums, (matrix, tile)) in self.lanes.chunks_mut(rows.count.max(1)).zip(tiles) {
            matrix.multiply_tile(tile, rows, sums);
        }
    }

    /// Copies one row's outputs, from a tile on.
    pub(in crate::engine) fn copy_row(&self, first_tile: usize, row: usize, into: &mut [f32]) {
        let lanes = self.lanes.iter().skip(first_tile * self.rows + row);
        for (into, lane) in into.chunks_mut(WIDTH).zip(lanes.step_by(self.rows.max(1))) {
            for (into, output) in into.iter_mut().zip(lane) {
                *into = *output;
            }
        }
    }

    /// Adds one row's outputs.
    pub(in crate::engine) fn add_row(&self, row: usize, into: &mut [f32]) {
        let lanes = self.lanes.iter().skip(row);
        for (into, lane) in into.chunks_mut(WIDTH).zip(lanes.step_by(self.rows.max(1))) {
            for (into, output) in into.iter_mut().zip(lane) {
                *into += output;
            }
        }
    }
}

/// Groups of at most six rows, as even as can be: the first row and the number of rows of each.
fn groups_of(count: usize) -> impl Iterator<Item = (usize, usize)> {
    let groups = count.div_ceil(MOST_ROWS);
    let (least, larger) = (count / groups.max(1), count % groups.max(1));
    (0..groups).map(move |group| {
        let first = group * least + group.min(larger);
        (first, least + usize::from(group < larger))
    })
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::GgmlDType;

    use super::super::packing::tests::{FLOATS, kinds, matrix, numbers, tensor, weights};
    use super::*;

    #[test]
    fn a_product_is_that_of_the_unpacked_weights_for_any_number_of_rows() {
        for kind in kinds() {
            // Activations beside quantized weights are rounded: 512 roundings by half of 1/127 of a block's largest. Weights that
            // are rounded too repeat themselves here, and so do their errors.
            let chance = 512f64.sqrt() / 254.0;
            let tolerance = match kind {
                _ if FLOATS.contains(&kind) => 1e-3,
                GgmlDType::Q8_0 | GgmlDType::Q4_0 | GgmlDType::Q4_1 => chance,
                _ => 5.0 * chance,
            };
            let stored = tensor(kind, 37, 512);
            let (matrix, weights) = (matrix(&stored), weights(&stored));
            for count in [1, 2, 7, 13, 50] {
                let (mut rows, mut product) = (Rows::default(), Product::default());
                rows.pack(count, 512, Forms::of(&[&matrix]), |row, into| {
                    into.copy_from_slice(&numbers(512, row as f32 * 7.0));
                });
                product.multiply(&[&matrix, &matrix], &rows);
                let mut second = vec![0.0; 37];
                product.copy_row(matrix.tiles(), count - 1, &mut second);
                let row = numbers(512, (count - 1) as f32 * 7.0);
                for (output, weights) in second.iter().zip(&weights) {
                    let exact: f64 = row.iter().zip(weights).map(|(x, w)| f64::from(x * w)).sum();
                    assert!(
                        (f64::from(*output) - exact).abs() < tolerance,
                        "{kind:?}: {output} {exact}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_row_gives_the_same_bits_alone_and_among_others() {
        for kind in kinds() {
            let matrix = matrix(&tensor(kind, 48, 768));
            let outputs = |first: usize, count: usize, row: usize| {
                let (mut rows, mut product) = (Rows::default(), Product::default());
                rows.pack(count, 768, Forms::of(&[&matrix]), |row, into| {
                    into.copy_from_slice(&numbers(768, (first + row) as f32));
                });
                product.multiply(&[&matrix], &rows);
                let mut outputs = vec![0.0; 48];
                product.copy_row(0, row, &mut outputs);
                outputs
            };
            for row in 0..29 {
                assert_eq!(outputs(0, 29, row), outputs(row, 1, 0), "{kind:?}");
            }
        }
    }

    #[test]
    fn another_shape_is_refused() {
        let stored = tensor(GgmlDType::F32, 4, 32);
        for (all, rows, depth) in [(32, 0..32, 4), (4, 0..5, 32), (4, 2..2, 32)] {
            assert!(Matrix::of_rows(&stored, all, rows, depth, Precision::Stored).is_err());
        }
    }
}
