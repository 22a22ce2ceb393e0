//! Near-duplicate articles form families: reprints and wire copies count once.
//!
//! MinHash (Broder 1997) rules out the pairs that share next to nothing; of the others the exact share of the shorter
//! text's shingles in the longer decides, which also finds a short reprint inside a long article.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::text::similarity::MinHash;

/// Words of a shingle: five in a row are rarely shared by chance.
const SHINGLE_WORDS: usize = 5;

/// Below this estimate two texts cannot be copies of each other, unless one is twenty times as long.
const MIN_JACCARD: f64 = 0.03;

/// The share of the shorter text that must stand in the longer. Independent reports of one event share quotations and
/// official wording, up to about a third.
const COPIED_SHARE: f64 = 0.5;

/// A text with fewer shingles says too little to call it a copy.
const MIN_SHINGLES: usize = 4;

/// What is compared of a text.
#[derive(Debug)]
pub struct Fingerprint {
    min_hash: MinHash,
    /// Sorted, each once.
    shingles: Vec<u64>,
}

impl Fingerprint {
    /// The fingerprint of a text's words.
    pub fn of(words: &[String]) -> Self {
        Self {
            min_hash: MinHash::of(words, SHINGLE_WORDS),
            shingles: shingle_hashes(words, SHINGLE_WORDS),
        }
    }

    /// Whether one of the two is, for the most part, a copy of the other.
    fn is_copy_of(&self, other: &Self) -> bool {
        let shorter = self.shingles.len().min(other.shingles.len());
        if shorter < MIN_SHINGLES || self.min_hash.jaccard(&other.min_hash) < MIN_JACCARD {
            return false;
        }
        let shared = count_shared(&self.shingles, &other.shingles);
        shared as f64 >= COPIED_SHARE * shorter as f64
    }
}

/// The family of each text, as the index of the family's first text. A copy of a copy is of the same family.
pub fn group(fingerprints: &[Fingerprint]) -> Vec<usize> {
    let mut families: Vec<usize> = (0..fingerprints.len()).collect();
    for (later, one) in fingerprints.iter().enumerate() {
        for (earlier, other) in fingerprints.iter().enumerate().take(later) {
            let (Some(&from), Some(&into)) = (families.get(later), families.get(earlier)) else {
                continue;
            };
            if from != into && one.is_copy_of(other) {
                let (from, into) = (from.max(into), from.min(into));
                for family in families.iter_mut().filter(|family| **family == from) {
                    *family = into;
                }
            }
        }
    }
    families
}

/// The hashes of all runs of `length` words, sorted, each once. The hasher has fixed keys, so that a run gives the same
/// number everywhere in a process.
pub fn shingle_hashes(words: &[String], length: usize) -> Vec<u64> {
    let mut hashes: Vec<u64> = words.windows(length.max(1)).map(hash_run).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// The hash of one run of words.
pub fn hash_run(words: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// How many numbers two sorted lists share.
fn count_shared(a: &[u64], b: &[u64]) -> usize {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut shared = 0;
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => drop(a.next()),
            std::cmp::Ordering::Greater => drop(b.next()),
            std::cmp::Ordering::Equal => {
                shared += 1;
                a.next();
                b.next();
            }
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::similarity::words;

    const WIRE: &str = "The port of Alder was closed on Monday after a crane fell onto the main quay. \
        Harbour master Ines Vold said that nobody was hurt and that ships were sent to Brenholm. \
        The company that runs the crane said it would inspect its other machines this week.";

    fn families_of(texts: &[&str]) -> Vec<usize> {
        let fingerprints: Vec<_> = texts.iter().map(|text| Fingerprint::of(&words(text))).collect();
        group(&fingerprints)
    }

    #[test]
    fn a_reprint_with_a_changed_word_is_of_the_family() {
        let reprint = WIRE.replace("nobody", "no one");
        let own = "Dock workers in Alder had warned of rusty cranes for two years, their union told this paper. \
            Inspectors came twice in spring, found faults in four machines and gave the owner until autumn.";
        assert_eq!(families_of(&[WIRE, own, &reprint]), [0, 1, 0]);
    }

    #[test]
    fn a_brief_inside_a_long_article_is_of_the_family() {
        let long = format!(
            "{WIRE} Trade through the port fell by a tenth in the year before, and shops in the old town have \
            since complained that fewer sailors come. The town council is to meet on Thursday to talk about a second \
            crane, which it had refused to pay for in spring, and about the road to the quay."
        );
        let brief = "The port of Alder was closed on Monday after a crane fell onto the main quay.";
        assert_eq!(families_of(&[&long, brief]), [0, 0]);
    }

    #[test]
    fn empty_texts_are_nobodys_copies() {
        assert_eq!(families_of(&["", ""]), [0, 1]);
    }
}
