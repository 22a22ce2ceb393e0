//! The weights of one linear layer in tiles, and their product with rows of activations. Weights of 4 and 8 bits stay so in
//! memory and are multiplied as integers; all others are multiplied as floats.

use candle_core::quantized::{GgmlDType, QTensor};
use half::f16;
use tracing::trace_span;

use super::floats::{Lane, MOST_ROWS, WIDTH, multiply};
use super::integers::{self, Activations, BLOCK, EightBits, FourBits, OUTPUTS, Weights};

/// Weights of each column that are multiplied at a time: with 16 columns, 24 KB, half of a core's first cache.
const PANEL: usize = 384;
/// Tiles of integers that one of a [`Product`] is made of.
const HALVES: usize = WIDTH / OUTPUTS;

/// A matrix of `outputs` rows and `depth` columns, as the file has it.
pub(in crate::engine) struct Matrix {
    outputs: usize,
    depth: usize,
    tiles: Tiles,
}

/// Tiles of outputs, the last one filled up with zeros.
enum Tiles {
    /// Of 16 outputs; in each, `depth` runs before the outputs.
    Floats(Vec<Lane>),
    /// `Q8_0`, of 8 outputs, block after block.
    Eight(Vec<EightBits>),
    /// `Q4_0` and `Q4_1`, of 8 outputs, block after block.
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
    /// Takes a tensor of the file, which must be of that shape.
    pub(in crate::engine) fn new(
        tensor: &QTensor,
        outputs: usize,
        depth: usize,
    ) -> candle_core::Result<Self> {
        if tensor.shape().dims() != [outputs, depth] || outputs == 0 || depth == 0 {
            candle_core::bail!("a tensor is {:?}, not [{outputs}, {depth}]", tensor.shape());
        }
        let has_blocks = depth.is_multiple_of(BLOCK);
        let tiles = match tensor.dtype() {
            GgmlDType::Q8_0 if has_blocks => eight(&tensor.data()?, outputs, depth),
            GgmlDType::Q4_0 if has_blocks => four::<18>(&tensor.data()?, outputs, depth),
            GgmlDType::Q4_1 if has_blocks => four::<20>(&tensor.data()?, outputs, depth),
            _ => {
                let floats = tensor.dequantize(&candle_core::Device::Cpu)?;
                floats_in_tiles(&floats.flatten_all()?.to_vec1()?, outputs, depth)
            }
        };
        Ok(Self {
            outputs,
            depth,
            tiles,
        })
    }

    /// Takes weights as floats, output after output.
    pub(in crate::engine) fn of_floats(weights: &[f32], outputs: usize, depth: usize) -> Self {
        Self {
            outputs,
            depth,
            tiles: floats_in_tiles(weights, outputs, depth),
        }
    }

    /// Bytes that a tensor of so many weights takes here.
    pub(in crate::engine) fn bytes(kind: GgmlDType, weights: u64) -> u64 {
        let bits = match kind {
            GgmlDType::Q8_0 => 9,
            GgmlDType::Q4_0 | GgmlDType::Q4_1 => 5,
            _ => 32,
        };
        (weights / 8).saturating_mul(bits)
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

/// For each tile, the 16 outputs in it: `None` behind the last one.
fn outputs_in_tiles(outputs: usize) -> impl Iterator<Item = [Option<usize>; WIDTH]> {
    (0..outputs.div_ceil(WIDTH)).map(move |tile| {
        std::array::from_fn(|column| Some(tile * WIDTH + column).filter(|output| *output < outputs))
    })
}

fn floats_in_tiles(weights: &[f32], outputs: usize, depth: usize) -> Tiles {
    let mut lanes = Vec::with_capacity(outputs.div_ceil(WIDTH) * depth);
    for tile in outputs_in_tiles(outputs) {
        for k in 0..depth {
            let weight = |output: usize| weights.get(output * depth + k).copied();
            lanes.push(tile.map(|output| output.and_then(weight).unwrap_or_default()));
        }
    }
    Tiles::Floats(lanes)
}

/// Blocks of `Q8_0`: a scale of 16 bits, then 32 quants.
fn eight(bytes: &[u8], outputs: usize, depth: usize) -> Tiles {
    let (blocks, _) = bytes.as_chunks::<34>();
    let tile = |stored: [[u8; 34]; OUTPUTS]| EightBits {
        quants: std::array::from_fn(|group| {
            std::array::from_fn(|at| {
                let block = stored.get(at / 4).map_or(&[][..], |block| block.as_slice());
                byte_at(block, 2 + group * 4 + at % 4).cast_signed()
            })
        }),
        scales: stored.map(|block| half_at(&block, 0)),
    };
    Tiles::Eight(in_tiles(blocks, outputs, depth).map(tile).collect())
}

/// Blocks of `Q4_0` (18 bytes) or `Q4_1` (20): a scale of 16 bits, in `Q4_1` an offset too, then 16 bytes of two quants.
/// `Q4_0` is centered on 8.
fn four<const BYTES: usize>(bytes: &[u8], outputs: usize, depth: usize) -> Tiles {
    let (blocks, _) = bytes.as_chunks::<BYTES>();
    let first = BYTES - BLOCK / 2;
    let tile = |stored: [[u8; BYTES]; OUTPUTS]| FourBits {
        quants: std::array::from_fn(|group| {
            std::array::from_fn(|at| {
                let block = stored.get(at / 4).map_or(&[][..], |block| block.as_slice());
                byte_at(block, first + group * 4 + at % 4)
            })
        }),
        scales: stored.map(|block| half_at(&block, 0)),
        offsets: stored.map(|block| match first {
            2 => f16::from_f32(-8.0 * half_at(&block, 0).to_f32()),
            _ => half_at(&block, 2),
        }),
    };
    Tiles::Four(in_tiles(blocks, outputs, depth).map(tile).collect())
}

/// For each tile of integers, block after block: the stored blocks of its outputs, zeros behind the last one.
fn in_tiles<const BYTES: usize>(
    blocks: &[[u8; BYTES]],
    outputs: usize,
    depth: usize,
) -> impl Iterator<Item = [[u8; BYTES]; OUTPUTS]> {
    let tiles = outputs.div_ceil(WIDTH) * HALVES;
    (0..tiles).flat_map(move |tile| {
        (0..depth / BLOCK).map(move |block| {
            std::array::from_fn(|column| {
                let output = Some(tile * OUTPUTS + column).filter(|output| *output < outputs);
                block_of(blocks, output, depth, block)
            })
        })
    })
}

/// One stored block of an output; zeros, which are weights of zero, where there is none.
fn block_of<const BYTES: usize>(
    blocks: &[[u8; BYTES]],
    output: Option<usize>,
    depth: usize,
    block: usize,
) -> [u8; BYTES] {
    output
        .and_then(|output| blocks.get(output * (depth / BLOCK) + block))
        .copied()
        .unwrap_or([0; BYTES])
}

fn half_at(block: &[u8], at: usize) -> f16 {
    f16::from_le_bytes([byte_at(block, at), byte_at(block, at + 1)])
}

fn byte_at(block: &[u8], at: usize) -> u8 {
    block.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    fn numbers(count: usize, seed: f32) -> Vec<f32> {
        (0..count).map(|i| ((i as f32 + seed) * 0.37).sin()).collect()
    }

    fn tensor(kind: GgmlDType, outputs: usize, depth: usize) -> QTensor {
        let weights =
            Tensor::from_vec(numbers(outputs * depth, 0.0), (outputs, depth), &Device::Cpu).unwrap();
        QTensor::quantize(&weights, kind).unwrap()
    }

    const KINDS: [GgmlDType; 6] = [
        GgmlDType::F32,
        GgmlDType::F16,
        GgmlDType::Q8_0,
        GgmlDType::Q4_0,
        GgmlDType::Q4_1,
        GgmlDType::Q5_0,
    ];

    #[test]
    fn a_matrix_holds_the_weights_of_the_file_exactly() {
        for kind in KINDS {
            let stored = tensor(kind, 37, 416);
            let matrix = Matrix::new(&stored, 37, 416).unwrap();
            let weights = stored.dequantize(&Device::Cpu).unwrap().to_vec2::<f32>().unwrap();
            for (output, weights) in weights.iter().enumerate() {
                let mut row = vec![0.0; 416];
                matrix.row(output, &mut row);
                assert_eq!(&row, weights, "{kind:?}, output {output}");
            }
        }
    }

    #[test]
    fn a_product_is_that_of_the_unpacked_weights_for_any_number_of_rows() {
        for kind in KINDS {
            // Activations beside 8-bit and 4-bit weights are rounded: 416 roundings by half of 1/127 of a block's largest.
            let tolerance = match kind {
                GgmlDType::Q8_0 | GgmlDType::Q4_0 | GgmlDType::Q4_1 => 416f64.sqrt() / 254.0,
                _ => 1e-3,
            };
            let stored = tensor(kind, 37, 416);
            let matrix = Matrix::new(&stored, 37, 416).unwrap();
            let weights = stored.dequantize(&Device::Cpu).unwrap().to_vec2::<f32>().unwrap();
            for count in [1, 2, 7, 13, 50] {
                let (mut rows, mut product) = (Rows::default(), Product::default());
                rows.pack(count, 416, Forms::of(&[&matrix]), |row, into| {
                    into.copy_from_slice(&numbers(416, row as f32 * 7.0));
                });
                product.multiply(&[&matrix, &matrix], &rows);
                let mut second = vec![0.0; 37];
                product.copy_row(matrix.tiles(), count - 1, &mut second);
                let row = numbers(416, (count - 1) as f32 * 7.0);
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
        for kind in KINDS {
            let matrix = Matrix::new(&tensor(kind, 48, 800), 48, 800).unwrap();
            let outputs = |first: usize, count: usize, row: usize| {
                let (mut rows, mut product) = (Rows::default(), Product::default());
                rows.pack(count, 800, Forms::of(&[&matrix]), |row, into| {
                    into.copy_from_slice(&numbers(800, (first + row) as f32));
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
        assert!(Matrix::new(&tensor(GgmlDType::F32, 4, 32), 32, 4).is_err());
    }
}
