//! Products of integers: weights of 4 or 8 bits, as model files hold them, with activations that are rounded to 8 bits in
//! blocks of 32, each block with a scale of its own (`Q8_0` and `Q8_1` of llama.cpp). The only place with `unsafe` code:
//! vector instructions, chosen at run time. Plain code gives the same bits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod vnni;

use half::f16;

#[cfg(test)]
use super::floats::WIDTH;
use super::floats::{Lane, fused};

/// Weights, and activations, that share a scale.
pub(super) const BLOCK: usize = 32;
/// Outputs whose weights lie side by side: the 32-bit sums of one AVX2 register.
pub(super) const OUTPUTS: usize = 8;
/// Rows that are multiplied with a tile together: with its weights, as many as there are registers.
const MOST_ROWS: usize = 4;

/// One sum for each output of a tile.
type Sums = [f32; OUTPUTS];

/// 32 activations of one row: `scale · quant`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Activations {
    scale: f32,
    /// `scale · Σ quant`: what a weights' offset is multiplied with.
    sum: f32,
    /// Four to a number, the first in its lowest byte; -127 to 127.
    quants: [i32; BLOCK / 4],
}

/// A block of 4-bit weights of each output of a tile: `scale · quant + offset`.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub(super) struct FourBits {
    /// By four weights, by output: four bytes. Their low halves are the first 16 weights of the block, the high ones
    /// its last.
    pub(super) quants: [[u8; 4 * OUTPUTS]; BLOCK / 8],
    pub(super) scales: [f16; OUTPUTS],
    pub(super) offsets: [f16; OUTPUTS],
}

/// A block of 8-bit weights of each output of a tile: `scale · quant`.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub(super) struct EightBits {
    /// By four weights, by output: four weights; -127 to 127.
    pub(super) quants: [[i8; 4 * OUTPUTS]; BLOCK / 4],
    pub(super) scales: [f16; OUTPUTS],
}

/// A block of weights of a tile of outputs.
pub(super) trait Weights: Copy + Sized {
    /// Adds the block's product with the activations to each output's sum: the definition.
    fn add_product(&self, activations: &Activations, sums: &mut Sums);

    /// One weight.
    fn weight(&self, output: usize, place: usize) -> f32;

    /// The same over all blocks of a tile and of each row, with vector instructions; none where the processor lacks them.
    fn multiply_vectors<const ROWS: usize>(
        tile: &[Self],
        rows: [&[Activations]; ROWS],
    ) -> Option<[Sums; ROWS]>;
}

impl Activations {
    /// Rounds a block to the nearest multiples of its largest value's 127th part, ties to even. What is not finite makes
    /// the scale so too, and every product that it is in.
    pub(super) fn of(values: &[f32; BLOCK]) -> Self {
        /// Adding it leaves the nearest integer in the lowest bits.
        const ROUNDER: f32 = 12_582_912.0;
        let (lanes, _) = values.as_chunks::<OUTPUTS>();
        let (mut highest, mut poison) = ([0f32; OUTPUTS], [0f32; OUTPUTS]);
        for lane in lanes {
            for ((highest, poison), value) in highest.iter_mut().zip(&mut poison).zip(lane) {
                *highest = highest.max(value.abs());
                *poison += value * 0.0;
            }
        }
        let highest = highest.into_iter().fold(0.0, f32::max);
        let inverse = if highest > 0.0 { 127.0 / highest } else { 0.0 };
        let scale = highest / 127.0 + poison.into_iter().sum::<f32>();
        let mut quants = [0i32; BLOCK];
        for (quant, value) in quants.iter_mut().zip(values) {
            *quant = ((value * inverse + ROUNDER).to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32);
        }
        let sum = quants.iter().fold(0i32, |sum, quant| sum.wrapping_add(*quant));
        let (fours, _) = quants.as_chunks::<4>();
        let mut packed = [0; BLOCK / 4];
        for (packed, four) in packed.iter_mut().zip(fours) {
            *packed = i32::from_le_bytes(four.map(|quant| quant as u8));
        }
        Self {
            scale,
            sum: scale * sum as f32,
            quants: packed,
        }
    }
}

impl Weights for FourBits {
    fn add_product(&self, activations: &Activations, sums: &mut Sums) {
        let mut totals = [0i32; OUTPUTS];
        let (first, last) = activations.quants.split_at(BLOCK / 8);
        for ((quants, first), last) in self.quants.iter().zip(first).zip(last) {
            let (quants, _) = quants.as_chunks::<4>();
            for (total, quants) in totals.iter_mut().zip(quants) {
                *total += dot(quants.map(|quant| (quant & 15).cast_signed()), *first)
                    + dot(quants.map(|quant| (quant >> 4).cast_signed()), *last);
            }
        }
        let weights = self.scales.iter().zip(&self.offsets);
        for ((sum, total), (scale, offset)) in sums.iter_mut().zip(totals).zip(weights) {
            *sum = fused(total as f32, scale.to_f32() * activations.scale, *sum);
            *sum = fused(offset.to_f32(), activations.sum, *sum);
        }
    }

    fn weight(&self, output: usize, place: usize) -> f32 {
        let at = |of: &[f16; OUTPUTS]| of.get(output).copied().unwrap_or_default().to_f32();
        let (group, half) = (place % (BLOCK / 2), place / (BLOCK / 2));
        let pair = self
            .quants
            .get(group / 4)
            .and_then(|quants| quants.get(output * 4 + group % 4));
        let quant = pair.map_or(0, |pair| if half == 0 { pair & 15 } else { pair >> 4 });
        fused(f32::from(quant), at(&self.scales), at(&self.offsets))
    }

    #[cfg(target_arch = "x86_64")]
    fn multiply_vectors<const ROWS: usize>(
        tile: &[Self],
        rows: [&[Activations]; ROWS],
    ) -> Option<[Sums; ROWS]> {
        vnni::four_bits(tile, rows).or_else(|| avx2::four_bits(tile, rows))
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn multiply_vectors<const ROWS: usize>(_: &[Self], _: [&[Activations]; ROWS]) -> Option<[Sums; ROWS]> {
        None
    }
}

impl Weights for EightBits {
    fn add_product(&self, activations: &Activations, sums: &mut Sums) {
        let mut totals = [0i32; OUTPUTS];
        for (quants, activations) in self.quants.iter().zip(&activations.quants) {
            let (quants, _) = quants.as_chunks::<4>();
            for (total, quants) in totals.iter_mut().zip(quants) {
                *total += dot(*quants, *activations);
            }
        }
        for ((sum, total), scale) in sums.iter_mut().zip(totals).zip(&self.scales) {
            *sum = fused(total as f32, scale.to_f32() * activations.scale, *sum);
        }
    }

    fn weight(&self, output: usize, place: usize) -> f32 {
        let quant = self
            .quants
            .get(place / 4)
            .and_then(|quants| quants.get(output * 4 + place % 4));
        let scale = self.scales.get(output).copied().unwrap_or_default();
        f32::from(quant.copied().unwrap_or_default()) * scale.to_f32()
    }

    #[cfg(target_arch = "x86_64")]
    fn multiply_vectors<const ROWS: usize>(
        tile: &[Self],
        rows: [&[Activations]; ROWS],
    ) -> Option<[Sums; ROWS]> {
        vnni::eight_bits(tile, rows).or_else(|| avx2::eight_bits(tile, rows))
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn multiply_vectors<const ROWS: usize>(_: &[Self], _: [&[Activations]; ROWS]) -> Option<[Sums; ROWS]> {
        None
    }
}

/// Four products, summed.
fn dot(weights: [i8; 4], activations: i32) -> i32 {
    let activations = activations.to_le_bytes().map(u8::cast_signed);
    weights
        .iter()
        .zip(activations)
        .map(|(a, b)| i32::from(*a) * i32::from(b))
        .sum()
}

/// The products of one tile with all rows, into the half of each row's lane that `half` counts. Of `rows`, each row's
/// blocks follow those of the row before, as many as the tile has. A row's sums do not depend on the other rows.
pub(super) fn multiply<W: Weights>(tile: &[W], rows: &[Activations], half: usize, sums: &mut [Lane]) {
    let (mut rows, mut sums) = (rows, sums);
    while !sums.is_empty() {
        let count = sums.len().min(MOST_ROWS);
        let (some, others) = rows.split_at((count * tile.len()).min(rows.len()));
        let (into, left) = sums.split_at_mut(count);
        match count {
            1 => multiply_rows::<W, 1>(tile, some, half, into),
            2 => multiply_rows::<W, 2>(tile, some, half, into),
            3 => multiply_rows::<W, 3>(tile, some, half, into),
            _ => multiply_rows::<W, MOST_ROWS>(tile, some, half, into),
        }
        (rows, sums) = (others, left);
    }
}

fn multiply_rows<W: Weights, const ROWS: usize>(
    tile: &[W],
    rows: &[Activations],
    half: usize,
    into: &mut [Lane],
) {
    let mut each = rows.chunks_exact(tile.len().max(1));
    let rows: [&[Activations]; ROWS] = std::array::from_fn(|_| each.next().unwrap_or_default());
    let sums = W::multiply_vectors(tile, rows).unwrap_or_else(|| multiply_plainly(tile, rows));
    for (lane, sums) in into.iter_mut().zip(sums) {
        let (halves, _) = lane.as_chunks_mut::<OUTPUTS>();
        if let Some(half) = halves.get_mut(half) {
            *half = sums;
        }
    }
}

fn multiply_plainly<W: Weights, const ROWS: usize>(tile: &[W], rows: [&[Activations]; ROWS]) -> [Sums; ROWS] {
    rows.map(|row| {
        let mut sums = [0.0; OUTPUTS];
        for (weights, activations) in tile.iter().zip(row) {
            weights.add_product(activations, &mut sums);
        }
        sums
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn half() -> impl Strategy<Value = f16> {
        (-2f32..2.0).prop_map(f16::from_f32)
    }

    fn four_bits() -> impl Strategy<Value = FourBits> {
        let quants = proptest::array::uniform4(proptest::array::uniform32(any::<u8>()));
        let halves = || proptest::array::uniform8(half());
        (quants, halves(), halves()).prop_map(|(quants, scales, offsets)| FourBits {
            quants,
            scales,
            offsets,
        })
    }

    fn eight_bits() -> impl Strategy<Value = EightBits> {
        let quants = proptest::array::uniform8(proptest::array::uniform32(any::<i8>()));
        (quants, proptest::array::uniform8(half())).prop_map(|(quants, scales)| EightBits { quants, scales })
    }

    fn activations(blocks: usize) -> impl Strategy<Value = Vec<Activations>> {
        let block = proptest::array::uniform32(-3f32..3.0).prop_map(|values| Activations::of(&values));
        proptest::collection::vec(block, blocks)
    }

    /// Every row alone, in plain code.
    fn plainly<W: Weights>(tile: &[W], rows: &[Activations]) -> Vec<Sums> {
        let rows = rows.chunks(tile.len());
        rows.map(|row| multiply_plainly::<W, 1>(tile, [row])[0]).collect()
    }

    fn together<W: Weights>(tile: &[W], rows: &[Activations]) -> Vec<Sums> {
        let mut lanes = vec![[7.0; WIDTH]; rows.len() / tile.len()];
        multiply(tile, rows, 1, &mut lanes);
        assert!(lanes.iter().all(|lane| lane[..OUTPUTS] == [7.0; OUTPUTS]));
        lanes
            .iter()
            .map(|lane| lane[OUTPUTS..].try_into().unwrap())
            .collect()
    }

    /// One block by its weights and activations as 64-bit floats.
    fn exactly<W: Weights>(weights: &W, activations: &Activations, output: usize) -> f64 {
        let quants = activations.quants.iter().flat_map(|four| four.to_le_bytes());
        let products = quants.enumerate().map(|(place, quant)| {
            f64::from(weights.weight(output, place))
                * f64::from(quant.cast_signed())
                * f64::from(activations.scale)
        });
        products.sum()
    }

    /// Each set of vector instructions that this processor has, by its name.
    #[cfg(target_arch = "x86_64")]
    fn sets<const ROWS: usize>(
        four: (&[FourBits], [&[Activations]; ROWS]),
        eight: (&[EightBits], [&[Activations]; ROWS]),
    ) -> Vec<(&'static str, [Sums; ROWS], [Sums; ROWS])> {
        let found = [
            (
                "AVX2",
                avx2::four_bits(four.0, four.1),
                avx2::eight_bits(eight.0, eight.1),
            ),
            (
                "VNNI",
                vnni::four_bits(four.0, four.1),
                vnni::eight_bits(eight.0, eight.1),
            ),
        ];
        found
            .into_iter()
            .filter_map(|(name, four, eight)| Some((name, four?, eight?)))
            .collect()
    }

    #[test]
    fn a_block_is_rounded_to_its_largest_values_127th_parts() {
        let values: [f32; BLOCK] = std::array::from_fn(|at| at as f32 - 12.0);
        let block = Activations::of(&values);
        for (four, values) in block.quants.iter().zip(values.chunks(4)) {
            for (quant, value) in four.to_le_bytes().iter().zip(values) {
                let back = f32::from(quant.cast_signed()) * block.scale;
                assert!(
                    (back - value).abs() <= block.scale / 2.0 + 1e-6,
                    "{value}: {back}"
                );
            }
        }
        assert!((block.sum - values.iter().sum::<f32>()).abs() < 1.0);
        let nothing = Activations::of(&[0.0; BLOCK]);
        assert_eq!((nothing.scale, nothing.sum), (0.0, 0.0));
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut values = [1.0; BLOCK];
            values[17] = wrong;
            assert!(!Activations::of(&values).scale.is_finite(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn vector_instructions_give_the_bits_of_plain_code_for_any_number_of_rows(
            four in proptest::collection::vec(four_bits(), 3),
            eight in proptest::collection::vec(eight_bits(), 3),
            rows in (1usize..11).prop_flat_map(|rows| activations(rows * 3)),
        ) {
            prop_assert_eq!(together(&four, &rows), plainly(&four, &rows));
            prop_assert_eq!(together(&eight, &rows), plainly(&eight, &rows));
        }

        #[cfg(target_arch = "x86_64")]
        #[test]
        fn every_set_of_vector_instructions_gives_the_same_bits(
            four in proptest::collection::vec(four_bits(), 5),
            eight in proptest::collection::vec(eight_bits(), 5),
            rows in activations(3 * 5),
        ) {
            let rows: [&[Activations]; 3] = [&rows[..5], &rows[5..10], &rows[10..]];
            for (name, of_four, of_eight) in sets((&four, rows), (&eight, rows)) {
                prop_assert_eq!(of_four, multiply_plainly(&four, rows), "{}", name);
                prop_assert_eq!(of_eight, multiply_plainly(&eight, rows), "{}", name);
            }
        }

        #[test]
        fn a_product_is_that_of_weights_and_rounded_activations(
            four in four_bits(),
            eight in eight_bits(),
            row in activations(1),
        ) {
            let sums = (together(&[four], &row), together(&[eight], &row));
            for output in 0..OUTPUTS {
                prop_assert!((f64::from(sums.0[0][output]) - exactly(&four, &row[0], output)).abs() < 0.02);
                prop_assert!((f64::from(sums.1[0][output]) - exactly(&eight, &row[0], output)).abs() < 0.02);
            }
        }
    }
}
