//! AVX-512 VNNI on registers of 256 bits (Intel since 2019, AMD since 2022): multiplies and adds four bytes at a time into 32
//! bits, which takes AVX2 three instructions.
#![expect(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::*;

use super::avx2::{floats, load_each, load_signed, stored};
use super::{Activations, EightBits, FourBits, Sums};

/// Whether this processor has the instructions, and those that they are used with.
fn is_there() -> bool {
    is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
}

/// None where the processor lacks the instructions.
pub(super) fn four_bits<const ROWS: usize>(
    tile: &[FourBits],
    rows: [&[Activations]; ROWS],
) -> Option<[Sums; ROWS]> {
    // SAFETY: the processor has the instructions.
    is_there().then(|| unsafe { four(tile, rows) })
}

/// None where the processor lacks the instructions.
pub(super) fn eight_bits<const ROWS: usize>(
    tile: &[EightBits],
    rows: [&[Activations]; ROWS],
) -> Option<[Sums; ROWS]> {
    // SAFETY: the processor has the instructions.
    is_there().then(|| unsafe { eight(tile, rows) })
}

#[target_feature(enable = "avx2,fma,f16c,avx512vnni,avx512vl")]
fn four<const ROWS: usize>(tile: &[FourBits], rows: [&[Activations]; ROWS]) -> [Sums; ROWS] {
    let low_half = _mm256_set1_epi8(15);
    let mut sums = [_mm256_setzero_ps(); ROWS];
    for (block, weights) in tile.iter().enumerate() {
        let pairs = load_each(&weights.quants);
        let first = pairs.map(|pairs| _mm256_and_si256(pairs, low_half));
        let last = pairs.map(|pairs| _mm256_and_si256(_mm256_srli_epi16::<4>(pairs), low_half));
        let (scales, offsets) = (floats(&weights.scales), floats(&weights.offsets));
        for (sum, row) in sums.iter_mut().zip(rows) {
            let Some(activations) = row.get(block) else {
                continue;
            };
            let [a, b, c, d, e, f, g, h] = activations.quants.map(|four| _mm256_set1_epi32(four));
            let zero = _mm256_setzero_si256();
            let one = _mm256_dpbusd_epi32(_mm256_dpbusd_epi32(zero, first[0], a), first[1], b);
            let two = _mm256_dpbusd_epi32(_mm256_dpbusd_epi32(zero, first[2], c), first[3], d);
            let one = _mm256_dpbusd_epi32(_mm256_dpbusd_epi32(one, last[0], e), last[1], f);
            let two = _mm256_dpbusd_epi32(_mm256_dpbusd_epi32(two, last[2], g), last[3], h);
            let total = _mm256_cvtepi32_ps(_mm256_add_epi32(one, two));
            let scale = _mm256_mul_ps(scales, _mm256_set1_ps(activations.scale));
            *sum = _mm256_fmadd_ps(total, scale, *sum);
            *sum = _mm256_fmadd_ps(offsets, _mm256_set1_ps(activations.sum), *sum);
        }
    }
    sums.map(|sum| stored(sum))
}

#[target_feature(enable = "avx2,fma,f16c,avx512vnni,avx512vl")]
fn eight<const ROWS: usize>(tile: &[EightBits], rows: [&[Activations]; ROWS]) -> [Sums; ROWS] {
    let mut sums = [_mm256_setzero_ps(); ROWS];
    for (block, weights) in tile.iter().enumerate() {
        let scales = floats(&weights.scales);
        let mut totals = [_mm256_setzero_si256(); ROWS];
        for (group, quants) in weights.quants.iter().enumerate() {
            let quants = load_signed(quants);
            let size = _mm256_abs_epi8(quants);
            for (total, row) in totals.iter_mut().zip(rows) {
                let Some(activations) = row.get(block) else {
                    continue;
                };
                let Some(four) = activations.quants.get(group) else {
                    continue;
                };
                // One factor must be without a sign: that of the weights goes to the activations.
                let signed = _mm256_sign_epi8(_mm256_set1_epi32(*four), quants);
                *total = _mm256_dpbusd_epi32(*total, size, signed);
            }
        }
        for ((sum, total), row) in sums.iter_mut().zip(totals).zip(rows) {
            let Some(activations) = row.get(block) else {
                continue;
            };
            let scale = _mm256_mul_ps(scales, _mm256_set1_ps(activations.scale));
            *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(total), scale, *sum);
        }
    }
    sums.map(|sum| stored(sum))
}
