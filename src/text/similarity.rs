//! How alike two texts or two vectors are. All of it gives the same result on every machine: hashes have fixed seeds.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::words::FUNCTION_WORDS;

/// How many hash functions a signature has: the estimate's standard error is at most 0.5/√128 ≈ 0.044.
const PERMUTATIONS: usize = 128;

/// The words of a text for comparing: Unicode words (UAX #29), lower case, NFKC, curly quotes straightened,
/// possessive `'s` cut off.
pub fn words(text: &str) -> Vec<String> {
    let normal: String = text
        .nfkc()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            '‘' | '’' | 'ʼ' | '′' => '\'',
            '“' | '”' | '″' => '"',
            other => other,
        })
        .collect();
    normal
        .unicode_words()
        .map(|word| word.strip_suffix("'s").unwrap_or(word))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A MinHash signature over word shingles (Broder 1997): estimates the Jaccard similarity of two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinHash {
    /// The smallest hash of any shingle, for each permutation; empty when the text has no shingle.
    minima: Vec<u64>,
}

impl MinHash {
    /// The signature of a text's words, by shingles of `shingle_words` (at least 1).
    pub fn of(words: &[String], shingle_words: usize) -> Self {
        let shingles = shingles(words, shingle_words);
        if shingles.is_empty() {
            return Self { minima: Vec::new() };
        }
        let seeds: Vec<u64> = (0..PERMUTATIONS as u64).map(|seed| mix(seed + 1)).collect();
        let mut minima = vec![u64::MAX; PERMUTATIONS];
        for shingle in &shingles {
            for (minimum, seed) in minima.iter_mut().zip(&seeds) {
                *minimum = (*minimum).min(mix(shingle ^ seed));
            }
        }
        Self { minima }
    }

    /// The estimated Jaccard similarity, 0 to 1; 0 when either text has no shingle.
    pub fn jaccard(&self, other: &Self) -> f64 {
        if self.minima.is_empty() || other.minima.is_empty() {
            return 0.0;
        }
        let equal = self
            .minima
            .iter()
            .zip(&other.minima)
            .filter(|(a, b)| a == b)
            .count();
        equal as f64 / PERMUTATIONS as f64
    }
}

/// The share of `a`'s shingles that `b` has too, 0 to 1: finds a short reprint inside a longer article.
pub fn containment(a: &[String], b: &[String], shingle_words: usize) -> f64 {
    let a = shingles(a, shingle_words);
    let b = shingles(b, shingle_words);
    if a.is_empty() {
        return 0.0;
    }
    let shared = a
        .iter()
        .filter(|shingle| b.binary_search(shingle).is_ok())
        .count();
    shared as f64 / a.len() as f64
}

/// The length of the longest run of words that both have.
pub fn longest_shared_run(a: &[String], b: &[String]) -> usize {
    // Numbers compare faster than strings, and a word of `a` that `b` lacks can only end a run.
    let mut ids: HashMap<&str, usize> = HashMap::new();
    for word in b {
        let next = ids.len() + 1;
        ids.entry(word).or_insert(next);
    }
    let b: Vec<usize> = b
        .iter()
        .filter_map(|word| ids.get(word.as_str()).copied())
        .collect();
    // runs[j]: the length of the run that ends at this word of `a` and at b[j].
    let mut runs = vec![0_usize; b.len()];
    let mut longest = 0;
    for word in a {
        let id = ids.get(word.as_str()).copied().unwrap_or(0);
        let mut before = 0;
        for (run, other) in runs.iter_mut().zip(&b) {
            let here = if id == *other { before + 1 } else { 0 };
            before = std::mem::replace(run, here);
            longest = longest.max(here);
        }
    }
    longest
}

/// The length of the longest common subsequence of two runs of words (Hirschberg 1975 for the two rows).
pub fn common_subsequence(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0_usize; b.len()];
    for word in a {
        let (mut diagonal, mut before) = (0, 0);
        for (cell, other) in row.iter_mut().zip(b) {
            let above = *cell;
            *cell = if word == other {
                diagonal + 1
            } else {
                above.max(before)
            };
            (diagonal, before) = (above, *cell);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The share of the source sentence's words that the bullet dropped, moved or replaced, 0 to 1: one less the longest
/// common subsequence over the source's words. A word that moved is outside the subsequence, and so it counts as
/// changed. A source without words: 1.
pub fn changed_share(bullet: &str, source_sentence: &str) -> f64 {
    let source = words(source_sentence);
    if source.is_empty() {
        return 1.0;
    }
    1.0 - common_subsequence(&words(bullet), &source) as f64 / source.len() as f64
}

/// The dot product, which is the cosine for L2-normalised vectors. Vectors of different lengths: 0.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return 0.0;
    }
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Whether a (lower-case) word is a function word of English: articles, pronouns, prepositions, auxiliaries.
pub fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.binary_search(&word).is_ok()
}

/// The hashes of a text's shingles, sorted, each once.
fn shingles(words: &[String], shingle_words: usize) -> Vec<u64> {
    let mut hashes: Vec<u64> = words
        .windows(shingle_words.max(1))
        .map(|shingle| {
            shingle
                .iter()
                .fold(0, |hash, word| mix(hash ^ fnv1a(word.as_bytes())))
        })
        .collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The finalizer of `SplitMix64` (Steele, Lea, Flood 2014): every input bit moves every output bit, one to one.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbered(range: std::ops::Range<u32>) -> Vec<String> {
        range.map(|number| format!("w{number}")).collect()
    }

    #[test]
    fn words_are_normalised() {
        assert_eq!(
            words("The Mayor’s “ﬁrst” visit — don't ask — to the U.S. in 2024, O'Brien said."),
            [
                "the", "mayor", "first", "visit", "don't", "ask", "to", "the", "u.s", "in", "2024",
                "o'brien", "said"
            ]
        );
    }

    #[test]
    fn minhash_estimates_the_share_of_common_shingles() {
        let a = numbered(0..1_000);
        let b = numbered(250..1_250);
        let (a, b) = (MinHash::of(&a, 1), MinHash::of(&b, 1));
        assert!((a.jaccard(&b) - 0.6).abs() < 0.13, "{}", a.jaccard(&b));
        assert_eq!(a.jaccard(&a), 1.0);
        assert!(a.jaccard(&MinHash::of(&numbered(2_000..3_000), 1)) < 0.05);
        assert_eq!(
            MinHash::of(&numbered(0..2), 3).jaccard(&MinHash::of(&numbered(0..2), 3)),
            0.0
        );
    }

    #[test]
    fn a_reprint_is_contained_in_the_longer_article() {
        let short = numbered(100..200);
        let long = numbered(0..1_000);
        assert_eq!(containment(&short, &long, 3), 1.0);
        assert!(containment(&long, &short, 3) < 0.11);
        assert_eq!(containment(&[], &long, 3), 0.0);
    }

    #[test]
    fn the_longest_shared_run_is_counted_in_words() {
        let a = words("he said the bridge would stay closed until spring at least");
        let b = words("the bridge would stay open, but the tunnel would stay closed until spring");
        assert_eq!(longest_shared_run(&a, &b), 5);
        assert_eq!(longest_shared_run(&a, &[]), 0);
        assert_eq!(longest_shared_run(&a, &a), a.len());
    }

    #[test]
    fn a_word_that_is_dropped_moved_or_replaced_counts_as_changed() {
        let source = "On Monday the council closed the old bridge.";
        for (bullet, changed) in [
            (source, 0.0),
            ("The council closed the bridge.", 3.0 / 8.0),
            ("The council closed the old bridge on Monday.", 2.0 / 8.0),
            ("On Monday the city closed the old bridge.", 1.0 / 8.0),
            ("", 1.0),
        ] {
            assert!((changed_share(bullet, source) - changed).abs() < 1e-9, "{bullet}");
        }
        assert_eq!(changed_share("Anything", ""), 1.0);
    }

    #[test]
    fn cosine_of_unequal_lengths_is_nothing() {
        assert_eq!(cosine(&[1.0, 0.0], &[1.0]), 0.0);
        assert_eq!(cosine(&[0.6, 0.8], &[0.6, 0.8]), 1.0);
    }

    proptest! {
        #[test]
        fn a_shared_run_is_what_a_plain_search_finds(a in prop::collection::vec("[ab]", 0..12), b in prop::collection::vec("[ab]", 0..12)) {
            let mut longest = 0;
            for start in 0..a.len() {
                for end in start + 1..=a.len() {
                    if b.windows(end - start).any(|run| run == &a[start..end]) {
                        longest = longest.max(end - start);
                    }
                }
            }
            prop_assert_eq!(longest_shared_run(&a, &b), longest);
        }

        #[test]
        fn nothing_panics(text in any::<String>(), shingle in 0usize..6) {
            let words = words(&text);
            prop_assert!(words.iter().all(|word| !word.is_empty()));
            let signature = MinHash::of(&words, shingle);
            prop_assert!((0.0..=1.0).contains(&signature.jaccard(&signature)));
            prop_assert!((0.0..=1.0).contains(&containment(&words, &words, shingle)));
        }
    }
}
