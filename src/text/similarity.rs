//! How alike two texts or two vectors are.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::words::FUNCTION_WORDS;

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

/// The places of the words that two texts share in their order: of the longest common subsequences, the one that the fewest
/// gaps of the source interrupt, so that "has" is the one beside its verb. An empty word is like no other.
pub fn aligned_words(own: &[&str], source: &[&str]) -> Vec<(usize, usize)> {
    /// What a shared word is worth beside a gap.
    const SHARED: usize = 1_000;
    let is_same = |row: usize, column: usize| {
        let (one, other) = (own.get(row), source.get(column));
        one.zip(other)
            .is_some_and(|(one, other)| !one.is_empty() && one == other)
    };
    // The best value from a pair of places on; the second half: where the source's word before is shared.
    let width = source.len() + 1;
    let at = |row: usize, column: usize, joined: bool| 2 * (row * width + column) + usize::from(joined);
    let mut values = vec![0_usize; 2 * (own.len() + 1) * width];
    let read = |values: &[usize], index: usize| values.get(index).copied().unwrap_or(0);
    let shared_here = |values: &[usize], row: usize, column: usize, joined: bool| {
        let value = read(values, at(row + 1, column + 1, true)) + SHARED - usize::from(!joined);
        is_same(row, column).then_some(value)
    };
    for row in (0..own.len()).rev() {
        for column in (0..source.len()).rev() {
            for joined in [false, true] {
                let skipped =
                    read(&values, at(row + 1, column, joined)).max(read(&values, at(row, column + 1, false)));
                let best =
                    shared_here(&values, row, column, joined).map_or(skipped, |shared| shared.max(skipped));
                if let Some(place) = values.get_mut(at(row, column, joined)) {
                    *place = best;
                }
            }
        }
    }
    let (mut row, mut column, mut joined, mut pairs) = (0, 0, false, Vec::new());
    while row < own.len() && column < source.len() {
        let best = read(&values, at(row, column, joined));
        if shared_here(&values, row, column, joined) == Some(best) {
            pairs.push((row, column));
            (row, column, joined) = (row + 1, column + 1, true);
        } else if read(&values, at(row + 1, column, joined)) == best {
            row += 1;
        } else {
            (column, joined) = (column + 1, false);
        }
    }
    pairs
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
    // Sixteen sums, which the compiler keeps in vector registers: one sum alone would wait for each addition.
    const LANES: usize = 16;
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(x, y)| x * y);
    sums.into_iter().chain(rest).sum()
}

/// Whether a (lower-case) word is a function word of English: articles, pronouns, prepositions, auxiliaries.
pub fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        fn no_word_is_empty(text in any::<String>()) {
            prop_assert!(words(&text).iter().all(|word| !word.is_empty()));
        }
    }
}
