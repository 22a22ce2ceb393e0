//! AVX2, FMA and F16C: x86-64 processors since about 2015.
#![expect(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::*;

use half::f16;

use super::{Activations, EightBits, FourBits, OUTPUTS, Sums};

/// Whether this processor has the instructions.
fn is_there() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
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

#[target_feature(enable = "avx2,fma,f16c")]
fn four<const ROWS: usize>(tile: &[FourBits], rows: [&[Activations]; ROWS]) -> [Sums; ROWS] {
    let (ones, low_half) = (_mm256_set1_epi16(1), _mm256_set1_epi8(15));
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
            // Each adds two products of at most 15 · 127: eight of these are less than 2¹⁵.
            let one = add(
                add(
                    _mm256_maddubs_epi16(first[0], a),
                    _mm256_maddubs_epi16(first[1], b),
                ),
                add(
                    _mm256_maddubs_epi16(first[2], c),
                    _mm256_maddubs_epi16(first[3], d),
                ),
            );
            let other = add(
                add(_mm256_maddubs_epi16(last[0], e), _mm256_maddubs_epi16(last[1], f)),
                add(_mm256_maddubs_epi16(last[2], g), _mm256_maddubs_epi16(last[3], h)),
            );
            let total = _mm256_cvtepi32_ps(_mm256_madd_epi16(add(one, other), ones));
            let scale = _mm256_mul_ps(scales, _mm256_set1_ps(activations.scale));
            *sum = _mm256_fmadd_ps(total, scale, *sum);
            *sum = _mm256_fmadd_ps(offsets, _mm256_set1_ps(activations.sum), *sum);
        }
    }
    sums.map(|sum| stored(sum))
}

#[target_feature(enable = "avx2,fma,f16c")]
fn eight<const ROWS: usize>(tile: &[EightBits], rows: [&[Activations]; ROWS]) -> [Sums; ROWS] {
    let ones = _mm256_set1_epi16(1);
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
                // Two products of at most 128 · 127 are less than 2¹⁵.
                let signed = _mm256_sign_epi8(_mm256_set1_epi32(*four), quants);
                let pairs = _mm256_madd_epi16(_mm256_maddubs_epi16(size, signed), ones);
                *total = _mm256_add_epi32(*total, pairs);
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

#[target_feature(enable = "avx2")]
fn add(a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi16(a, b)
}

#[target_feature(enable = "avx2")]
pub(super) fn load_each(quants: &[[u8; 32]; 4]) -> [__m256i; 4] {
    let [a, b, c, d] = quants;
    // SAFETY: each is 32 bytes long; the instruction takes any address.
    unsafe { [a, b, c, d].map(|bytes| _mm256_loadu_si256(bytes.as_ptr().cast())) }
}

#[target_feature(enable = "avx2")]
pub(super) fn load_signed(quants: &[i8; 32]) -> __m256i {
    // SAFETY: it is 32 bytes long; the instruction takes any address.
    unsafe { _mm256_loadu_si256(quants.as_ptr().cast()) }
}

#[target_feature(enable = "avx2,f16c")]
pub(super) fn floats(halves: &[f16; OUTPUTS]) -> __m256 {
    // SAFETY: eight numbers of 16 bits are 16 bytes; the instruction takes any address.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(halves.as_ptr().cast()) })
}

#[target_feature(enable = "avx2")]
pub(super) fn stored(sums: __m256) -> Sums {
    let mut into = [0.0; OUTPUTS];
    // SAFETY: eight numbers of 32 bits are 32 bytes; the instruction takes any address.
    unsafe { _mm256_storeu_ps(into.as_mut_ptr(), sums) };
    into
}
