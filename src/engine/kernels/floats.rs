//! The arithmetic of a transformer on the CPU: the product of packed rows with a panel of weights, as floats, and the few
//! functions between products. Products of integers are in `integers`.
//!
//! Each result is a chain of operations on one row of its own, in one order: how many rows are computed together
//! changes no bit of any of them. Loops run over arrays of fixed size, which the compiler turns into vector
//! instructions: 120 GFLOPS on one core of a Xeon at 3.9 GHz with AVX2 and FMA (see `.cargo/config.toml`).

use std::f32::consts::{FRAC_2_SQRT_PI, SQRT_2};

/// Columns of a panel: two AVX2 registers.
pub(in crate::engine) const WIDTH: usize = 16;
/// Most rows multiplied together: with the panel's columns, as many sums as there are registers.
pub(in crate::engine) const MOST_ROWS: usize = 6;

/// One value for each column of a panel.
pub(in crate::engine) type Lane = [f32; WIDTH];

/// Adds the product of some rows with a panel: `sums[r][c] += Σ_k rows[k][r] · panel[k][c]`, k rising. `rows` holds
/// the rows' values side by side for each k, so that there are `rows.len() / panel.len()` rows.
pub(in crate::engine) fn multiply(rows: &[f32], panel: &[Lane], sums: &mut [Lane]) {
    match sums.len() {
        1 => multiply_rows::<1>(rows, panel, sums),
        2 => multiply_rows::<2>(rows, panel, sums),
        3 => multiply_rows::<3>(rows, panel, sums),
        4 => multiply_rows::<4>(rows, panel, sums),
        5 => multiply_rows::<5>(rows, panel, sums),
        _ => multiply_rows::<MOST_ROWS>(rows, panel, sums),
    }
}

// Inlined into other loops, it is no longer vectorised, and ten times slower.
#[inline(never)]
fn multiply_rows<const ROWS: usize>(rows: &[f32], panel: &[Lane], sums: &mut [Lane]) {
    let (rows, _) = rows.as_chunks::<ROWS>();
    let Some(sums) = sums.first_chunk_mut::<ROWS>() else {
        return;
    };
    // A copy stays in registers.
    let mut held = *sums;
    for (values, weights) in rows.iter().zip(panel) {
        for (sum, value) in held.iter_mut().zip(values) {
            for (sum, weight) in sum.iter_mut().zip(weights) {
                *sum = fused(*value, *weight, *sum);
            }
        }
    }
    *sums = held;
}

/// `e^x` within two units in the last place; 0 below -87. Reduction by powers of two and the polynomial of Cephes'
/// `expf` (Moshier 1989).
#[inline(always)]
pub(in crate::engine) fn exponential(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding it leaves the nearest integer in the lowest bits.
    const ROUNDER: f32 = 12_582_912.0;
    let clamped = x.clamp(-87.0, 88.0);
    let rounded = fused(clamped, std::f32::consts::LOG2_E, ROUNDER);
    let power = rounded - ROUNDER;
    let rest = fused(power, -LN_2_LOW, fused(power, -LN_2_HIGH, clamped));
    let mut sum = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        sum = fused(sum, rest, coefficient);
    }
    let fraction = fused(sum, rest * rest, rest) + 1.0;
    let scale = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    if x < -87.0 { 0.0 } else { fraction * scale }
}

/// `Σ e^(x - highest)`; what is not a number counts nothing.
pub(in crate::engine) fn exponential_sum(values: &[f32], highest: f32) -> f64 {
    // Short sums in 32 bits, their sum in 64.
    let part = |values: &[f32]| {
        let (lanes, rest) = values.as_chunks::<WIDTH>();
        let mut sums = [0.0; WIDTH];
        for lane in lanes {
            for (sum, x) in sums.iter_mut().zip(lane) {
                *sum += exponential_or_zero(x - highest);
            }
        }
        let rest = rest.iter().map(|x| exponential_or_zero(x - highest));
        f64::from(sums.into_iter().sum::<f32>() + rest.sum::<f32>())
    };
    values.chunks(1024).map(part).sum()
}

#[inline(always)]
fn exponential_or_zero(x: f32) -> f32 {
    if x.is_nan() { 0.0 } else { exponential(x) }
}

/// Makes weights of one row's scores: `e^(score - highest)`, and returns their sum. The row's scores are every
/// `stride`-th lane; a score of minus infinity weighs nothing, and not all may be that.
pub(in crate::engine) fn weigh(scores: &mut [Lane], stride: usize) -> f32 {
    let mut highest = [f32::NEG_INFINITY; WIDTH];
    for lane in scores.iter().step_by(stride) {
        for (highest, score) in highest.iter_mut().zip(lane) {
            *highest = highest.max(*score);
        }
    }
    let highest = highest.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0; WIDTH];
    for lane in scores.iter_mut().step_by(stride) {
        for (score, sum) in lane.iter_mut().zip(&mut sums) {
            *score = exponential(*score - highest);
            *sum += *score;
        }
    }
    sums.into_iter().sum()
}

/// Root mean square normalisation (Zhang and Sennrich 2019): `x / √(mean(x²) + epsilon) · weights`.
pub(in crate::engine) fn normalise(row: &[f32], weights: &[f32], epsilon: f32, into: &mut [f32]) {
    let (lanes, rest) = row.as_chunks::<WIDTH>();
    let mut sums = [0.0; WIDTH];
    for lane in lanes {
        for (sum, x) in sums.iter_mut().zip(lane) {
            *sum = fused(*x, *x, *sum);
        }
    }
    let sum = sums.into_iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>();
    let scale = (sum / row.len().max(1) as f32 + epsilon).sqrt().recip();
    for ((x, weight), into) in row.iter().zip(weights).zip(into) {
        *into = x * scale * weight;
    }
}

/// Layer normalisation (Ba et al. 2016) in place: `(x - mean(x)) / √(variance(x) + epsilon) · weights + biases`.
pub(in crate::engine) fn centre(row: &mut [f32], weights: &[f32], biases: &[f32], epsilon: f32) {
    let count = row.len().max(1) as f32;
    let mean = sum(row, |x| x) / count;
    let variance = sum(row, |x| (x - mean) * (x - mean)) / count;
    let scale = (variance + epsilon).sqrt().recip();
    for ((x, weight), bias) in row.iter_mut().zip(weights).zip(biases) {
        *x = fused((*x - mean) * scale, *weight, *bias);
    }
}

/// The sum of a function of each value, in lanes.
#[inline(always)]
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (lanes, rest) = row.as_chunks::<WIDTH>();
    let mut sums = [0.0; WIDTH];
    for lane in lanes {
        for (sum, x) in sums.iter_mut().zip(lane) {
            *sum += of(*x);
        }
    }
    sums.into_iter().sum::<f32>() + rest.iter().map(|x| of(*x)).sum::<f32>()
}

/// Gaussian error linear units (Hendrycks and Gimpel 2016): `x · Φ(x)`, in place. Φ by formula 7.1.26 of Abramowitz and Stegun
/// 1964, within 1.5e-7.
pub(in crate::engine) fn error_unit(lanes: &mut [Lane]) {
    for x in lanes.as_flattened_mut() {
        let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
        let t = fused(0.327_591_1, z, 1.0).recip();
        let mut sum = 1.061_405_4;
        for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
            sum = fused(sum, t, coefficient);
        }
        // What lies beyond |x|, of both sides of the distribution.
        let beyond = sum * t * exponential(-z * z);
        let below = if *x < 0.0 {
            0.5 * beyond
        } else {
            1.0 - 0.5 * beyond
        };
        *x *= below;
    }
}

/// The gated unit of `SwiGLU` (Shazeer 2020): `gate · sigmoid(gate) · up`, into `gates`.
pub(in crate::engine) fn gate(gates: &mut [Lane], ups: &[Lane]) {
    for (gates, ups) in gates.iter_mut().zip(ups) {
        for (gate, up) in gates.iter_mut().zip(ups) {
            *gate = *gate / (1.0 + exponential(-*gate)) * up;
        }
    }
}

/// The same with the Gaussian unit in the approximation of Hendrycks and Gimpel 2016: `gate · sigmoid(√(8/π) · (gate + 0.044715 ·
/// gate³)) · up`, into `gates`.
pub(in crate::engine) fn gaussian_gate(gates: &mut [Lane], ups: &[Lane]) {
    const TWICE_ROOT: f32 = FRAC_2_SQRT_PI * SQRT_2;
    for (gates, ups) in gates.iter_mut().zip(ups) {
        for (gate, up) in gates.iter_mut().zip(ups) {
            let x = *gate;
            let z = TWICE_ROOT * fused(0.044_715 * x * x, x, x);
            *gate = x / (1.0 + exponential(-z)) * up;
        }
    }
}

/// Rotates neighbours as a pair (Su et al. 2021), with the angles' cosines and sines; what has no angle stays.
pub(in crate::engine) fn rotate(head: &mut [f32], angles: &[(f32, f32)]) {
    let (pairs, _) = head.as_chunks_mut::<2>();
    for ([x, y], (cosine, sine)) in pairs.iter_mut().zip(angles) {
        (*x, *y) = (*x * cosine - *y * sine, *x * sine + *y * cosine);
    }
}

/// The same with each value of one half and its like in the other as a pair, of as many values as there are angles for.
pub(in crate::engine) fn rotate_halves(head: &mut [f32], angles: &[(f32, f32)]) {
    let Some((first, second)) = head.split_at_mut_checked(angles.len()) else {
        return;
    };
    for ((x, y), (cosine, sine)) in first.iter_mut().zip(second).zip(angles) {
        (*x, *y) = (*x * cosine - *y * sine, *x * sine + *y * cosine);
    }
}

/// `a · b + c`, rounded once where the machine can do so in one instruction.
#[inline(always)]
pub(in crate::engine) fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        a.mul_add(b, c)
    } else {
        a * b + c
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exponentials_are_right_to_the_last_digits_and_nothing_far_below_zero() {
        let mut x = -87.0f32;
        while x < 88.0 {
            let exact = f64::from(x).exp();
            let error = (f64::from(exponential(x)) - exact).abs() / exact;
            assert!(error < 2.5e-7, "e^{x}: off by {error}");
            x += 0.0137;
        }
        assert_eq!(exponential(0.0), 1.0);
        assert_eq!(exponential(f32::NEG_INFINITY), 0.0);
        assert_eq!(exponential(-1000.0), 0.0);
    }

    #[test]
    fn scores_become_weights_that_ignore_the_other_rows_and_what_is_masked() {
        let mut scores = vec![[9.0; WIDTH]; 4];
        scores[1] = std::array::from_fn(|i| i as f32);
        scores[3] = [f32::NEG_INFINITY; WIDTH];
        let sum = weigh(&mut scores[1..], 2);
        let exact: f64 = (0..16).map(|i| f64::from(i - 15).exp()).sum();
        assert!((f64::from(sum) - exact).abs() < 1e-6);
        assert_eq!((scores[0], scores[2]), ([9.0; WIDTH], [9.0; WIDTH]));
        assert_eq!((scores[1][15], scores[3]), (1.0, [0.0; WIDTH]));
    }

    #[test]
    fn a_rotation_keeps_the_length_of_each_pair_and_leaves_the_rest() {
        let mut head = [3.0, 4.0, 1.0, 0.0, 7.0, 7.0];
        rotate(&mut head, &[(0.6, 0.8), (0.0, 1.0)]);
        assert!((head[0].hypot(head[1]) - 5.0).abs() < 1e-6);
        assert_eq!(head[2..], [0.0, 1.0, 7.0, 7.0]);
    }

    #[test]
    fn halves_are_rotated_as_their_neighbours_would_be() {
        let mut head = [3.0, 1.0, 4.0, 0.0, 7.0, 7.0];
        rotate_halves(&mut head, &[(0.6, 0.8), (0.0, 1.0)]);
        let mut neighbours = [3.0, 4.0, 1.0, 0.0];
        rotate(&mut neighbours, &[(0.6, 0.8), (0.0, 1.0)]);
        let [x, y, z, w] = neighbours;
        assert_eq!(head, [x, z, y, w, 7.0, 7.0]);
    }

    #[test]
    fn a_normalised_row_has_a_mean_square_of_one() {
        let row: Vec<f32> = (0..37).map(|i| (i as f32).sin() * 5.0).collect();
        let mut into = vec![0.0; 37];
        normalise(&row, &[1.0; 37], 1e-6, &mut into);
        let square: f32 = into.iter().map(|x| x * x).sum();
        assert!((square / 37.0 - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_centred_row_has_a_mean_of_zero_and_a_variance_of_one_before_weights_and_biases() {
        let row: Vec<f32> = (0..37).map(|i| (i as f32).sin() * 5.0 + 2.0).collect();
        let mut centred = row.clone();
        centre(&mut centred, &[1.0; 37], &[0.0; 37], 0.0);
        let mean: f32 = centred.iter().sum::<f32>() / 37.0;
        let variance: f32 = centred.iter().map(|x| x * x).sum::<f32>() / 37.0;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5);
        let mut moved = row;
        centre(&mut moved, &[2.0; 37], &[3.0; 37], 0.0);
        for (moved, centred) in moved.iter().zip(&centred) {
            assert!((moved - (2.0 * centred + 3.0)).abs() < 1e-5);
        }
    }

    #[test]
    fn an_error_unit_is_the_value_times_the_normal_distribution() {
        // Φ(x), from tables.
        let known = [
            (0.0, 0.5),
            (1.0, 0.841_344_7),
            (-1.0, 0.158_655_25),
            (2.5, 0.993_790_3),
            (-3.0, 0.001_349_898),
            (-20.0, 0.0),
            (20.0, 1.0),
        ];
        for (x, below) in known {
            let mut lanes = [[x; WIDTH]];
            error_unit(&mut lanes);
            for value in lanes.as_flattened() {
                assert!((value - x * below).abs() <= 2e-7 * x.abs(), "{x}: {value}");
            }
        }
    }

    #[test]
    fn a_gate_is_the_sigmoid_linear_unit_times_the_other() {
        let mut gates = [[0.0; WIDTH]; 1];
        gates[0][..3].copy_from_slice(&[1.0, -100.0, 100.0]);
        gate(&mut gates, &[[2.0; WIDTH]]);
        assert!((gates[0][0] - 2.0 / (1.0 + (-1f32).exp())).abs() < 1e-6);
        assert!(gates[0][1].abs() < 1e-30);
        assert_eq!(gates[0][2..4], [200.0, 0.0]);
    }

    #[test]
    fn a_gaussian_gate_is_close_to_the_exact_unit_times_the_other() {
        for x in [-100.0, -3.0, -0.7, 0.0, 0.4, 2.0, 100.0] {
            let (mut gates, mut exact) = ([[x; WIDTH]; 1], [[x; WIDTH]; 1]);
            gaussian_gate(&mut gates, &[[2.0; WIDTH]]);
            error_unit(&mut exact);
            assert!(
                (gates[0][0] - 2.0 * exact[0][0]).abs() < 2e-3,
                "{x}: {}",
                gates[0][0]
            );
        }
    }

    proptest! {
        #[test]
        fn a_product_is_the_sum_of_products_and_the_same_whatever_is_beside_it(
            values in proptest::collection::vec(-1f32..1.0, 8 * MOST_ROWS),
            panel in proptest::collection::vec(proptest::array::uniform16(-1f32..1.0), 8),
            rows in 1..=MOST_ROWS,
        ) {
            let packed: Vec<f32> = values.chunks(MOST_ROWS).flat_map(|values| values[..rows].to_vec()).collect();
            let mut sums = vec![[0.5; WIDTH]; rows];
            multiply(&packed, &panel, &mut sums);
            for (row, sums) in sums.iter().enumerate() {
                let alone: Vec<f32> = values.chunks(MOST_ROWS).map(|values| values[row]).collect();
                let mut sum = [[0.5; WIDTH]];
                multiply(&alone, &panel, &mut sum);
                prop_assert_eq!(*sums, sum[0]);
                for (column, sum) in sums.iter().enumerate() {
                    let exact: f32 = alone.iter().zip(&panel).map(|(x, lane)| x * lane[column]).sum();
                    prop_assert!((sum - 0.5 - exact).abs() < 1e-5);
                }
            }
        }
    }
}
