//! Chooses the next token from the model's logits.
//!
//! Order of the steps: repetition penalty (Keskar et al. 2019), temperature, the `top_k` most likely, the smallest
//! set with `top_p` of the probability (Holtzman et al. 2020), one draw. Temperature 0 takes the most likely token.

use std::cmp::Ordering;
use std::collections::HashSet;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::kernels::exponential_sum;
use super::{EngineError, Sampling};

/// So many of the likeliest candidates are sorted first.
const FIRST_SORTED: usize = 64;

/// Chooses the tokens of one text.
#[derive(Debug)]
pub struct Sampler {
    sampling: Sampling,
    random: StdRng,
    written: HashSet<u32>,
}

impl Sampler {
    /// The same seed and logits give the same tokens.
    pub fn new(sampling: Sampling, seed: u64) -> Self {
        Self {
            sampling,
            random: StdRng::seed_from_u64(seed),
            written: HashSet::new(),
        }
    }

    /// The next token's id: an index into `logits`. A logit that is not a number is never chosen.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when no logit is a number.
    pub fn choose(&mut self, logits: &[f32]) -> Result<u32, EngineError> {
        let mut candidates = self.candidates(logits);
        let chosen = if self.sampling.temperature > 0.0 {
            self.draw(&mut candidates)
        } else {
            candidates.into_iter().min_by(most_likely_first)
        };
        let Some((id, _)) = chosen else {
            return Err(EngineError::Compute("no logit is a number".to_owned()));
        };
        self.written.insert(id);
        Ok(id)
    }

    /// Ids and penalised logits of all tokens that have one.
    fn candidates(&self, logits: &[f32]) -> Vec<(u32, f32)> {
        let mut penalised = logits.to_vec();
        for id in &self.written {
            if let Some(logit) = penalised.get_mut(*id as usize) {
                if *logit > 0.0 {
                    *logit /= self.sampling.repetition_penalty;
                } else {
                    *logit *= self.sampling.repetition_penalty;
                }
            }
        }
        (0u32..)
            .zip(penalised)
            .filter(|(_, logit)| !logit.is_nan())
            .map(|(id, logit)| (id, logit.min(f32::MAX)))
            .filter(|(_, logit)| logit.is_finite())
            .collect()
    }

    fn draw(&mut self, candidates: &mut Vec<(u32, f32)>) -> Option<(u32, f32)> {
        let top_k = match self.sampling.top_k {
            0 => candidates.len(),
            top_k => top_k.min(candidates.len()),
        };
        if top_k < candidates.len() {
            candidates.select_nth_unstable_by(top_k, most_likely_first);
            candidates.truncate(top_k);
        }
        let highest = candidates.iter().copied().min_by(most_likely_first)?.1;
        let weight = |logit: f32| (f64::from(logit - highest) / self.sampling.temperature).exp();
        let total: f64 = candidates.iter().map(|(_, logit)| weight(*logit)).sum();
        let mut nucleus = 0.0;
        let mut kept = 0;
        let mut sorted = 0;
        while nucleus < self.sampling.top_p * total || kept == 0 {
            if kept == sorted {
                sorted = sort_more(candidates, sorted);
            }
            let Some((_, logit)) = candidates.get(kept) else {
                break;
            };
            nucleus += weight(*logit);
            kept += 1;
        }
        candidates.truncate(kept);
        let mut left = self.random.random::<f64>() * nucleus;
        for (id, logit) in candidates.iter() {
            left -= weight(*logit);
            if left < 0.0 {
                return Some((*id, *logit));
            }
        }
        candidates.last().copied()
    }
}

/// Sorts some more of the candidates, the first `sorted` of which are. Returns how many are then: a nucleus is a few
/// out of 50,000.
fn sort_more(candidates: &mut [(u32, f32)], sorted: usize) -> usize {
    let more = FIRST_SORTED.max(3 * sorted);
    let (_, rest) = candidates.split_at_mut(sorted);
    if more < rest.len() {
        rest.select_nth_unstable_by(more, most_likely_first);
    }
    let more = more.min(rest.len());
    let (next, _) = rest.split_at_mut(more);
    next.sort_unstable_by(most_likely_first);
    sorted + more
}

/// The natural logarithm of a token's probability: its logit less the logarithm of the sum of all exponentials.
pub(super) fn log_probability(logits: &[f32], id: u32) -> f64 {
    let highest = logits.iter().fold(f32::MIN, |highest, logit| highest.max(*logit));
    let sum = exponential_sum(logits, highest);
    let own = logits.get(id as usize).copied().unwrap_or(f32::NEG_INFINITY);
    f64::from(own - highest) - sum.ln()
}

/// Higher logits first; among equals the lower id, so that the order never depends on the sort.
fn most_likely_first(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(sampling: Sampling, seed: u64, logits: &[f32], times: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(sampling, seed);
        (0..times).map(|_| sampler.choose(logits).unwrap()).collect()
    }

    fn warm() -> Sampling {
        Sampling {
            temperature: 1.0,
            ..Sampling::default()
        }
    }

    #[test]
    fn temperature_zero_takes_the_most_likely_token_and_the_first_of_equals() {
        assert_eq!(
            chosen(Sampling::default(), 1, &[0.5, 2.0, 2.0, -1.0], 3),
            [1, 1, 1]
        );
    }

    #[test]
    fn a_seed_gives_the_same_tokens_again_and_another_seed_gives_others() {
        let logits: Vec<f32> = (0..50).map(|i| (i as f32 * 0.7).sin()).collect();
        let first = chosen(warm(), 7, &logits, 40);
        assert_eq!(first, chosen(warm(), 7, &logits, 40));
        assert_ne!(first, chosen(warm(), 8, &logits, 40));
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let draws = chosen(warm(), 3, &[0.0, 3f32.ln()], 4000);
        let share = draws.iter().filter(|id| **id == 1).count() as f64 / 4000.0;
        assert!((share - 0.75).abs() < 0.03, "{share}");
    }

    #[test]
    fn top_k_and_top_p_leave_out_the_unlikely() {
        let logits = [1.0, 5.0, 4.9, -3.0];
        let top_k = Sampling {
            top_k: 2,
            temperature: 5.0,
            ..Sampling::default()
        };
        assert!(
            chosen(top_k, 1, &logits, 200)
                .iter()
                .all(|id| [1, 2].contains(id))
        );
        let top_p = Sampling { top_p: 0.3, ..warm() };
        assert_eq!(chosen(top_p, 1, &logits, 20), [1; 20]);
    }

    #[test]
    fn a_top_p_of_zero_still_leaves_the_most_likely() {
        let top_p = Sampling { top_p: 0.0, ..warm() };
        assert_eq!(chosen(top_p, 1, &[0.0, 1.0], 5), [1; 5]);
    }

    #[test]
    fn the_repetition_penalty_makes_written_tokens_less_likely_on_both_sides_of_zero() {
        let penalised = Sampling {
            repetition_penalty: 2.0,
            ..Sampling::default()
        };
        assert_eq!(chosen(penalised, 1, &[3.0, 2.0], 2), [0, 1]);
        assert_eq!(chosen(penalised, 1, &[-1.0, -1.5], 2), [0, 1]);
    }

    #[test]
    fn what_is_not_a_number_is_never_chosen() {
        let logits = [f32::NAN, 1.0, f32::NEG_INFINITY, f32::NAN];
        assert_eq!(chosen(Sampling::default(), 1, &logits, 1), [1]);
        assert_eq!(chosen(warm(), 1, &logits, 10), [1; 10]);
        assert_eq!(chosen(warm(), 1, &[0.0, f32::INFINITY], 3), [1; 3]);
        let mut sampler = Sampler::new(warm(), 1);
        assert!(matches!(
            sampler.choose(&[f32::NAN]),
            Err(EngineError::Compute(_))
        ));
    }
}
