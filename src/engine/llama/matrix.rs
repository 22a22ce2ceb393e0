//! The weights of one linear layer, as the model's file holds them but in tiles, and their product with rows of
//! activations. 4-bit and 8-bit weights stay so in memory: each tile is unpacked once for all rows of a product, so
//! that a step reads a fifth of what 32-bit floats would take, and computes the same as they would.

use candle_core::quantized::{GgmlDType, QTensor};
use half::f16;

use super::kernels::{BLOCK, Lane, MOST_ROWS, WIDTH, multiply, unpack_eight, unpack_four};

/// Weights of each column unpacked at a time: with 16 columns, 24 KB, half of a core's first cache.
const PANEL: usize = 384;
/// A matrix of `outputs` rows and `depth` columns, as the file has it.
pub(super) struct Matrix {
    outputs: usize,
    depth: usize,
    tiles: Tiles,
}

/// Tiles of 16 outputs, the last one filled up with zeros; in each, `depth` runs before the outputs.
enum Tiles {
    Floats(Vec<Lane>),
    /// `Q8_0`: one scale for 32 weights.
    Eight {
        quants: Vec<[i8; WIDTH]>,
        scales: Vec<Lane>,
    },
    /// `Q4_0` and `Q4_1`: scale and offset for 32 weights. Two weights a byte, 16 apart.
    Four {
        quants: Vec<[u8; WIDTH]>,
        scales: Vec<Lane>,
        offsets: Vec<Lane>,
    },
}

/// Rows of activations in groups of at most six, packed side by side for the kernel.
#[derive(Default)]
pub(super) struct Rows {
    count: usize,
    depth: usize,
    values: Vec<f32>,
}

/// A product in tiles: 16 outputs of every row, then the next 16.
#[derive(Default)]
pub(super) struct Product {
    pub(super) rows: usize,
    pub(super) lanes: Vec<Lane>,
}

impl Matrix {
    /// Takes a tensor of the file, which must be of that shape.
    pub(super) fn new(tensor: &QTensor, outputs: usize, depth: usize) -> candle_core::Result<Self> {
        if tensor.shape().dims() != [outputs, depth] || outputs == 0 || depth == 0 {
            candle_core::bail!("a tensor is {:?}, not [{outputs}, {depth}]", tensor.shape());
        }
        let has_blocks = depth.is_multiple_of(BLOCK);
        let tiles = match tensor.dtype() {
            GgmlDType::Q8_0 if has_blocks => eight(&tensor.data()?, outputs, depth),
            GgmlDType::Q4_0 if has_blocks => four(&tensor.data()?, outputs, depth, |scale, _| -8.0 * scale),
            GgmlDType::Q4_1 if has_blocks => four(&tensor.data()?, outputs, depth, |_, offset| offset),
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

    /// Bytes that a tensor of so many weights takes here.
    pub(super) fn bytes(kind: GgmlDType, weights: u64) -> u64 {
        let bits = match kind {
            GgmlDType::Q8_0 => 9,
            GgmlDType::Q4_0 | GgmlDType::Q4_1 => 6,
            _ => 32,
        };
        (weights / 8).saturating_mul(bits)
    }

    /// Rows of the matrix.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Tiles that its outputs fill in a [`Product`].
    pub(super) fn tiles(&self) -> usize {
        self.outputs.div_ceil(WIDTH)
    }

    /// The weights of one output.
    pub(super) fn row(&self, output: usize, into: &mut [f32]) {
        let column = output % WIDTH;
        let mut panel = vec![[0.0; WIDTH]; PANEL.min(self.depth)];
        let starts = (0..self.depth).step_by(PANEL);
        for (start, into) in starts.zip(into.chunks_mut(PANEL)) {
            let lanes = self.panel(output / WIDTH, start, into.len(), &mut panel);
            for (weight, lane) in into.iter_mut().zip(lanes) {
                *weight = lane.get(column).copied().unwrap_or_default();
            }
        }
    }

    /// One tile's product with all rows, into one lane a row.
    fn multiply_tile(&self, tile: usize, rows: &Rows, panel: &mut [Lane], sums: &mut [Lane]) {
        sums.fill([0.0; WIDTH]);
        for start in (0..self.depth).step_by(PANEL) {
            let length = PANEL.min(self.depth - start);
            let panel = self.panel(tile, start, length, panel);
            rows.multiply(start, panel, sums);
        }
    }

    /// Weights `start..start + length` of a tile as floats, unpacked into `panel` where they are none.
    fn panel<'a>(&'a self, tile: usize, start: usize, length: usize, panel: &'a mut [Lane]) -> &'a [Lane] {
        let first = tile * self.depth + start;
        match &self.tiles {
            Tiles::Floats(lanes) => return lanes.get(first..first + length).unwrap_or_default(),
            Tiles::Eight { quants, scales } => {
                let (blocks, _) = quants.get(first..).unwrap_or_default().as_chunks::<BLOCK>();
                let scales = scales.get(first / BLOCK..).unwrap_or_default();
                let panels = panel.chunks_exact_mut(BLOCK).take(length / BLOCK);
                for ((panel, quants), scales) in panels.zip(blocks).zip(scales) {
                    unpack_eight(quants, scales, panel);
                }
            }
            Tiles::Four {
                quants,
                scales,
                offsets,
            } => {
                let (blocks, _) = quants.get(first / 2..).unwrap_or_default().as_chunks();
                let scales = scales.get(first / BLOCK..).unwrap_or_default();
                let offsets = offsets.get(first / BLOCK..).unwrap_or_default();
                let panels = panel.chunks_exact_mut(BLOCK).take(length / BLOCK);
                for (((panel, quants), scales), offsets) in panels.zip(blocks).zip(scales).zip(offsets) {
                    unpack_four(quants, scales, offsets, panel);
                }
            }
        }
        panel.get(..length).unwrap_or_default()
    }
}

impl Rows {
    /// Packs `count` rows of `depth` values, each written by `write` into the slice that it is given.
    pub(super) fn pack(&mut self, count: usize, depth: usize, write: impl Fn(usize, &mut [f32])) {
        self.count = count;
        self.depth = depth;
        self.values.resize(count * depth, 0.0);
        let mut row = vec![0.0; depth];
        let mut rest = self.values.as_mut_slice();
        for (first, rows) in groups_of(count) {
            let (group, after) = rest.split_at_mut(rows * depth);
            for offset in 0..rows {
                write(first + offset, &mut row);
                for (place, value) in group.iter_mut().skip(offset).step_by(rows).zip(&row) {
                    *place = *value;
                }
            }
            rest = after;
        }
    }

    /// Adds the product of the values from `start` on with a panel: one lane a row.
    pub(super) fn multiply(&self, start: usize, panel: &[Lane], sums: &mut [Lane]) {
        let mut values = self.values.as_slice();
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
    pub(super) fn multiply(&mut self, matrices: &[&Matrix], rows: &Rows) {
        self.rows = rows.count;
        let tiles = matrices.iter().map(|matrix| matrix.tiles()).sum::<usize>();
        self.lanes.resize(tiles * rows.count, [0.0; WIDTH]);
        let mut panel = vec![[0.0; WIDTH]; PANEL.min(rows.depth)];
        let tiles = matrices
            .iter()
            .flat_map(|matrix| (0..matrix.tiles()).map(move |tile| (matrix, tile)));
        for (sums, (matrix, tile)) in self.lanes.chunks_mut(rows.count.max(1)).zip(tiles) {
            matrix.multiply_tile(tile, rows, &mut panel, sums);
        }
    }

    /// Copies one row's outputs, from a tile on.
    pub(super) fn copy_row(&self, first_tile: usize, row: usize, into: &mut [f32]) {
        let lanes = self.lanes.iter().skip(first_tile * self.rows + row);
        for (into, lane) in into.chunks_mut(WIDTH).zip(lanes.step_by(self.rows.max(1))) {
            for (into, output) in into.iter_mut().zip(lane) {
                *into = *output;
            }
        }
    }

    /// Adds one row's outputs.
    pub(super) fn add_row(&self, row: usize, into: &mut [f32]) {
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
    let (mut quants, mut scales) = (Vec::new(), Vec::new());
    for tile in outputs_in_tiles(outputs) {
        for block in 0..depth / BLOCK {
            let stored = tile.map(|output| block_of(blocks, output, depth, block));
            scales.push(stored.map(|block| half_at(&block, 0)));
            for k in 0..BLOCK {
                quants.push(stored.map(|block| byte_at(&block, 2 + k).cast_signed()));
            }
        }
    }
    Tiles::Eight { quants, scales }
}

/// Blocks of `Q4_0` or `Q4_1`: a scale of 16 bits, in `Q4_1` an offset too, then 16 bytes of two quants. `offset_of`
/// gives the offset by scale and stored offset.
fn four(bytes: &[u8], outputs: usize, depth: usize, offset_of: fn(f32, f32) -> f32) -> Tiles {
    let stored_offset = bytes.len() == outputs * depth / BLOCK * 20;
    if stored_offset {
        four_of::<20>(bytes, outputs, depth, offset_of)
    } else {
        four_of::<18>(bytes, outputs, depth, offset_of)
    }
}

fn four_of<const BYTES: usize>(
    bytes: &[u8],
    outputs: usize,
    depth: usize,
    offset_of: fn(f32, f32) -> f32,
) -> Tiles {
    let (blocks, _) = bytes.as_chunks::<BYTES>();
    let (mut quants, mut scales, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
    for tile in outputs_in_tiles(outputs) {
        for block in 0..depth / BLOCK {
            let stored = tile.map(|output| block_of(blocks, output, depth, block));
            scales.push(stored.map(|block| half_at(&block, 0)));
            offsets.push(stored.map(|block| offset_of(half_at(&block, 0), half_at(&block, 2))));
            for k in 0..BLOCK / 2 {
                quants.push(stored.map(|block| byte_at(&block, BYTES - BLOCK / 2 + k)));
            }
        }
    }
    Tiles::Four {
        quants,
        scales,
        offsets,
    }
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

fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([byte_at(block, at), byte_at(block, at + 1)]).to_f32()
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
            let stored = tensor(kind, 37, 416);
            let matrix = Matrix::new(&stored, 37, 416).unwrap();
            let weights = stored.dequantize(&Device::Cpu).unwrap().to_vec2::<f32>().unwrap();
            for count in [1, 2, 7, 13, 50] {
                let (mut rows, mut product) = (Rows::default(), Product::default());
                rows.pack(count, 416, |row, into| {
                    into.copy_from_slice(&numbers(416, row as f32 * 7.0));
                });
                product.multiply(&[&matrix, &matrix], &rows);
                let mut second = vec![0.0; 37];
                product.copy_row(matrix.tiles(), count - 1, &mut second);
                let row = numbers(416, (count - 1) as f32 * 7.0);
                for (output, weights) in second.iter().zip(&weights) {
                    let exact: f64 = row.iter().zip(weights).map(|(x, w)| f64::from(x * w)).sum();
                    assert!(
                        (f64::from(*output) - exact).abs() < 1e-3,
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
                rows.pack(count, 800, |row, into| {
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
