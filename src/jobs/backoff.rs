//! How long a failed job waits before it is tried again. Pure: the random number is a parameter.

/// The wait after the `failed_tries`-th failed try (counted from 1), milliseconds: evenly distributed between 0 and
/// `base_ms` doubled with each further failure, at most `max_ms`. `random` is from `[0, 1)`.
///
/// This is "full jitter" of Marc Brooker, *Exponential Backoff And Jitter*, AWS Architecture Blog, 2015: jobs that
/// failed together are not tried again together.
pub fn full_jitter_ms(failed_tries: u32, base_ms: u64, max_ms: u64, random: f64) -> u64 {
    let doublings = failed_tries.saturating_sub(1).min(u64::BITS - 1);
    let longest = base_ms.saturating_mul(1u64 << doublings).min(max_ms);
    // Exact up to 2^53 ms; the cast rounds down.
    (longest as f64 * random.clamp(0.0, 1.0)) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_wait_doubles_with_each_failure_up_to_the_maximum() {
        let longest: Vec<u64> = (1..=6)
            .map(|tries| full_jitter_ms(tries, 2_000, 20_000, 1.0))
            .collect();
        assert_eq!(longest, [2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
    }

    #[test]
    fn the_wait_is_spread_evenly_from_nothing_to_the_longest() {
        assert_eq!(full_jitter_ms(3, 1_000, 60_000, 0.0), 0);
        assert_eq!(full_jitter_ms(3, 1_000, 60_000, 0.5), 2_000);
        assert_eq!(full_jitter_ms(3, 1_000, 60_000, 0.75), 3_000);
    }

    proptest! {
        #[test]
        fn no_input_overflows_or_waits_longer_than_the_maximum(
            tries: u32, base_ms: u64, max_ms in 0u64..1 << 53, random in 0.0f64..1.0,
        ) {
            prop_assert!(full_jitter_ms(tries, base_ms, max_ms, random) <= max_ms);
        }
    }
}
