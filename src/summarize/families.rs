//! Near-duplicate articles form families: reprints and wire copies count once.
//!
//! Leader clustering (Hartigan 1975) over word shingles (Broder 1997): an article is of a family when it copies the
//! family's first article and most of the others, so that A, B and C are not one family because B lies half-way
//! between A and C. An index of the first articles' shingles finds the candidates, exactly and without comparing all
//! pairs.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Words of a shingle: five in a row are rarely shared by chance.
const SHINGLE_WORDS: usize = 5;

/// The share of the shorter text that must stand in the longer. Independent reports of one event share quotations and
/// official wording, up to about a third.
const COPIED_SHARE: f64 = 0.5;

/// A text with fewer shingles says too little to call it a copy.
const MIN_SHINGLES: usize = 4;

/// How many articles of a family a newcomer is compared with: a family of hundreds of reprints is known by its first.
const MEMBERS_COMPARED: usize = 8;

/// What is compared of a text.
#[derive(Debug)]
pub struct Fingerprint {
    /// Sorted, each once.
    shingles: Vec<u64>,
}

impl Fingerprint {
    /// The fingerprint of a text's words.
    pub fn of(words: &[String]) -> Self {
        Self {
            shingles: shingle_hashes(words, SHINGLE_WORDS),
        }
    }

    /// Whether one of the two is, for the most part, a copy of the other.
    fn is_copy_of(&self, other: &Self) -> bool {
        is_copied(
            count_shared(&self.shingles, &other.shingles),
            self.shingles.len(),
            other.shingles.len(),
        )
    }
}

/// The family of each text, as the index of the family's first text. Give the texts in order of publication: the
/// first of a family is the one that the others are compared with.
pub fn group(fingerprints: &[Fingerprint]) -> Vec<usize> {
    let mut families: Vec<Family<'_>> = Vec::new();
    let mut index: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut first_texts = Vec::with_capacity(fingerprints.len());
    for (text, fingerprint) in fingerprints.iter().enumerate() {
        let mut candidates = candidates(fingerprint, &families, &index);
        // The family whose first text shares most; a stable sort keeps the earlier one among equals.
        candidates.sort_by_key(|(_, shared)| std::cmp::Reverse(*shared));
        let found = candidates.into_iter().map(|(family, _)| family).find(|family| {
            families
                .get(*family)
                .is_some_and(|family| family.takes(fingerprint))
        });
        if let Some(family) = found.and_then(|family| families.get_mut(family)) {
            family.members.push(fingerprint);
            first_texts.push(family.first);
            continue;
        }
        for shingle in &fingerprint.shingles {
            index.entry(*shingle).or_default().push(families.len());
        }
        families.push(Family {
            first: text,
            members: vec![fingerprint],
        });
        first_texts.push(text);
    }
    first_texts
}

/// Texts that are copies of each other.
struct Family<'f> {
    /// Index of its first text.
    first: usize,
    /// In the order in which they came; never empty.
    members: Vec<&'f Fingerprint>,
}

impl Family<'_> {
    /// Whether most of the compared members are copies of a text.
    fn takes(&self, text: &Fingerprint) -> bool {
        let compared = self.members.len().min(MEMBERS_COMPARED);
        let copies = self.members.iter().take(compared);
        let copies = copies.filter(|member| member.is_copy_of(text)).count();
        2 * copies > compared
    }
}

/// The families whose first text is a copy of this one, with the number of shingles they share, in order of families.
fn candidates(
    text: &Fingerprint,
    families: &[Family<'_>],
    index: &HashMap<u64, Vec<usize>>,
) -> Vec<(usize, usize)> {
    let mut shared = vec![0_usize; families.len()];
    for family in text
        .shingles
        .iter()
        .filter_map(|shingle| index.get(shingle))
        .flatten()
    {
        if let Some(count) = shared.get_mut(*family) {
            *count += 1;
        }
    }
    let is_candidate = |(family, shared): &(usize, usize)| {
        let first = families.get(*family).and_then(|family| family.members.first());
        first.is_some_and(|first| is_copied(*shared, first.shingles.len(), text.shingles.len()))
    };
    shared.into_iter().enumerate().filter(is_candidate).collect()
}

/// Whether two texts with so many shingles, of which they share some, are copies.
fn is_copied(shared: usize, one: usize, other: usize) -> bool {
    let shorter = one.min(other);
    shorter >= MIN_SHINGLES && shared as f64 >= COPIED_SHARE * shorter as f64
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

    /// Twelve sentences of one writer's article.
    fn article(writer: &str) -> Vec<String> {
        (0..12)
            .map(|n| format!("The {writer} paper wrote sentence {n} about harbour {writer}{n} and its crane {writer}{n}."))
            .collect()
    }

    #[test]
    fn a_text_between_two_articles_does_not_make_them_one_family() {
        let (a, b, c) = (article("Alder"), article("Brenholm"), article("Coldwick"));
        let between = |one: &[String], other: &[String]| [&one[..6], &other[6..]].concat().join(" ");
        let texts = [
            a.join(" "),
            between(&a, &b),
            b.join(" "),
            between(&b, &c),
            c.join(" "),
        ];
        let found = families_of(&texts.each_ref().map(String::as_str));
        assert_eq!([found[0], found[2], found[4]], [0, 2, 4], "{found:?}");
        let mixed_first = [between(&a, &b), a.join(" "), b.join(" ")];
        let found = families_of(&mixed_first.each_ref().map(String::as_str));
        assert_ne!(found[1], found[2], "{found:?}");
    }

    #[test]
    fn hundreds_of_mixtures_of_three_articles_are_several_families() {
        let sources = [article("Alder"), article("Brenholm"), article("Coldwick")];
        let mixtures: Vec<String> = (0..300)
            .map(|mixture: usize| {
                let sentences = (0..12).map(|n| {
                    let from = &sources[(mixture * 7 + n * (mixture % 5 + 1)) % 3];
                    from[(n + mixture) % 12].clone()
                });
                sentences.collect::<Vec<_>>().join(" ")
            })
            .collect();
        let mut texts: Vec<&str> = mixtures.iter().map(String::as_str).collect();
        let whole: Vec<String> = sources.iter().map(|sentences| sentences.join(" ")).collect();
        texts.splice(0..0, whole.iter().map(String::as_str));
        let found = families_of(&texts);
        assert_eq!(found[..3], [0, 1, 2]);
        let largest = (0..texts.len()).map(|first| found.iter().filter(|family| **family == first).count());
        assert!(largest.max().unwrap() * 2 < texts.len(), "{found:?}");
    }

    #[test]
    fn a_wire_copy_with_another_first_paragraph_is_of_the_family() {
        let (_, rest) = WIRE.split_once(". ").unwrap();
        let copy =
            format!("Nothing moves in Alder harbour: a crane lies across its main quay since Monday. {rest}");
        assert_eq!(families_of(&[WIRE, &copy]), [0, 0]);
    }

    #[test]
    fn empty_texts_are_nobodys_copies() {
        assert_eq!(families_of(&["", ""]), [0, 1]);
    }
}
