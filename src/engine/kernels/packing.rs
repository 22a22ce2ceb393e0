//! From the tensors of a model file to tiles of weights. `Q8_0`, `Q4_0` and `Q4_1` are multiplied as they are stored, and `Q4_K` as
//! it is but for the scales of its blocks, which are rounded to 16 bits; other quantizations are rounded to 8 bits.

use std::ops::Range;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use half::f16;

use super::floats::WIDTH;
use super::integers::{BLOCK, EightBits, FourBits, OUTPUTS};
use super::matrix::{HALVES, Tiles};

/// How weights are kept that a file has as floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Precision {
    /// As floats of 32 bits.
    Stored,
    /// Rounded to 8 bits, as `Q8_0`.
    EightBits,
}

/// The tiles of some rows of a tensor.
pub(super) fn of_rows(
    tensor: &QTensor,
    rows: Range<usize>,
    depth: usize,
    precision: Precision,
) -> candle_core::Result<Tiles> {
    let kind = tensor.dtype();
    let outputs = rows.len();
    let stored = || -> candle_core::Result<Vec<u8>> {
        let a_row = depth / kind.block_size() * kind.type_size();
        let bytes = tensor.data()?;
        Ok(bytes
            .get(rows.start * a_row..rows.end * a_row)
            .unwrap_or_default()
            .to_vec())
    };
    let floats = || -> candle_core::Result<Vec<f32>> {
        let mut all: Vec<f32> = tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?;
        all.truncate(rows.end * depth);
        all.drain(..rows.start * depth);
        Ok(all)
    };
    let is_float = matches!(kind, GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16);
    Ok(match kind {
        _ if !depth.is_multiple_of(BLOCK) || is_float && precision == Precision::Stored => {
            floats_in_tiles(&floats()?, outputs, depth)
        }
        GgmlDType::Q8_0 => eight(&stored()?, outputs, depth),
        GgmlDType::Q4_0 => four::<18>(&stored()?, outputs, depth),
        GgmlDType::Q4_1 => four::<20>(&stored()?, outputs, depth),
        GgmlDType::Q4K => four::<20>(&of_super_blocks(&stored()?), outputs, depth),
        _ => {
            let floats = Tensor::from_vec(floats()?, (outputs, depth), &Device::Cpu)?;
            let rounded = QTensor::quantize(&floats, GgmlDType::Q8_0)?;
            eight(&rounded.data()?, outputs, depth)
        }
    })
}

/// For each tile, the 16 outputs in it: `None` behind the last one.
fn outputs_in_tiles(outputs: usize) -> impl Iterator<Item = [Option<usize>; WIDTH]> {
    (0..outputs.div_ceil(WIDTH)).map(move |tile| {
        std::array::from_fn(|column| Some(tile * WIDTH + column).filter(|output| *output < outputs))
    })
}

/// The tiles of weights, output after output.
pub(super) fn floats_in_tiles(weights: &[f32], outputs: usize, depth: usize) -> Tiles {
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

/// Blocks of `Q4_1` from super-blocks of `Q4_K`: 256 weights with two scales of 16 bits, and twelve bytes of a scale and an offset of
/// 6 bits each for every 32 of them. Layout: `block_q4_K` of llama.cpp.
fn of_super_blocks(bytes: &[u8]) -> Vec<u8> {
    let (stored, _) = bytes.as_chunks::<144>();
    let mut blocks = Vec::with_capacity(stored.len() * 8 * 20);
    for stored in stored {
        let (scale, offset) = (half_at(stored, 0).to_f32(), half_at(stored, 2).to_f32());
        let six_bits = |at: usize| byte_at(stored, 4 + at);
        for block in 0..8 {
            let (own_scale, own_offset) = if block < 4 {
                (six_bits(block) & 63, six_bits(block + 4) & 63)
            } else {
                let low = six_bits(block + 4);
                (
                    low & 15 | six_bits(block - 4) >> 6 << 4,
                    low >> 4 | six_bits(block) >> 6 << 4,
                )
            };
            blocks.extend(f16::from_f32(scale * f32::from(own_scale)).to_le_bytes());
            blocks.extend(f16::from_f32(-offset * f32::from(own_offset)).to_le_bytes());
            // Two blocks share 32 bytes: one has the low halves, the other the high ones.
            let quant = |at: usize| byte_at(stored, 16 + block / 2 * 32 + at) >> (block % 2 * 4) & 15;
            blocks.extend((0..BLOCK / 2).map(|at| quant(at) | quant(at + BLOCK / 2) << 4));
        }
    }
    blocks
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
pub(super) mod tests {
    use super::super::matrix::Matrix;
    use super::*;

    pub(in super::super) fn numbers(count: usize, seed: f32) -> Vec<f32> {
        (0..count).map(|i| ((i as f32 + seed) * 0.37).sin()).collect()
    }

    pub(in super::super) fn tensor(kind: GgmlDType, outputs: usize, depth: usize) -> QTensor {
        let weights =
            Tensor::from_vec(numbers(outputs * depth, 0.0), (outputs, depth), &Device::Cpu).unwrap();
        QTensor::quantize(&weights, kind).unwrap()
    }

    pub(in super::super) const FLOATS: [GgmlDType; 3] = [GgmlDType::F32, GgmlDType::F16, GgmlDType::BF16];
    /// Kept as they are stored.
    const EXACT: [GgmlDType; 3] = [GgmlDType::Q8_0, GgmlDType::Q4_0, GgmlDType::Q4_1];
    /// Rounded, with the part of the largest weight that the nearest rounded one may be away.
    const ROUNDED: [(GgmlDType, f32); 7] = [
        (GgmlDType::Q4K, 1.0 / 512.0),
        (GgmlDType::Q2K, 0.6 / 127.0),
        (GgmlDType::Q3K, 0.6 / 127.0),
        (GgmlDType::Q5K, 0.6 / 127.0),
        (GgmlDType::Q6K, 0.6 / 127.0),
        (GgmlDType::Q5_0, 0.6 / 127.0),
        (GgmlDType::Q5_1, 0.6 / 127.0),
    ];

    pub(in super::super) fn kinds() -> impl Iterator<Item = GgmlDType> {
        let rounded = ROUNDED.map(|(kind, _)| kind);
        FLOATS.into_iter().chain(EXACT).chain(rounded)
    }

    pub(in super::super) fn matrix(stored: &QTensor) -> Matrix {
        let (outputs, depth) = stored.shape().dims2().unwrap();
        Matrix::of_rows(stored, outputs, 0..outputs, depth, Precision::Stored).unwrap()
    }

    pub(in super::super) fn weights(stored: &QTensor) -> Vec<Vec<f32>> {
        stored.dequantize(&Device::Cpu).unwrap().to_vec2().unwrap()
    }

    fn assert_holds(matrix: &Matrix, weights: &[Vec<f32>], tolerance: f32, what: &str) {
        assert_eq!(matrix.outputs(), weights.len(), "{what}");
        for (output, weights) in weights.iter().enumerate() {
            let mut row = vec![0.0; weights.len()];
            matrix.row(output, &mut row);
            for (held, weight) in row.iter().zip(weights) {
                assert!(
                    (held - weight).abs() <= tolerance,
                    "{what}, output {output}: {held} {weight}"
                );
            }
        }
    }

    #[test]
    fn a_matrix_holds_the_weights_of_the_file() {
        for kind in FLOATS.into_iter().chain(EXACT) {
            let stored = tensor(kind, 37, 512);
            assert_holds(&matrix(&stored), &weights(&stored), 0.0, &format!("{kind:?}"));
        }
        for (kind, tolerance) in ROUNDED {
            let stored = tensor(kind, 37, 512);
            assert_holds(
                &matrix(&stored),
                &weights(&stored),
                tolerance,
                &format!("{kind:?}"),
            );
        }
    }

    #[test]
    fn floats_are_rounded_where_that_is_asked_for() {
        for kind in FLOATS {
            let stored = tensor(kind, 37, 512);
            let matrix = Matrix::of_rows(&stored, 37, 0..37, 512, Precision::EightBits).unwrap();
            assert!(matches!(matrix.tiles, Tiles::Eight(_)), "{kind:?}");
            assert_holds(&matrix, &weights(&stored), 0.6 / 127.0, &format!("{kind:?}"));
        }
    }

    #[test]
    fn some_rows_of_a_tensor_are_a_matrix_of_their_own() {
        for kind in kinds() {
            let stored = tensor(kind, 37, 512);
            let (mut own, mut whole) = (vec![0.0; 512], vec![0.0; 512]);
            let part = Matrix::of_rows(&stored, 37, 11..30, 512, Precision::Stored).unwrap();
            assert_eq!(part.outputs(), 19);
            for output in 0..19 {
                part.row(output, &mut own);
                matrix(&stored).row(11 + output, &mut whole);
                assert_eq!(own, whole, "{kind:?}");
            }
        }
    }
}
