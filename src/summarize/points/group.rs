//! Groups sentences that say one thing: star clustering of the similarity graph (Aslam, Pelekhov and Rus 2004).
//!
//! Every member of a star is close to its center, so that a chain of small steps never joins two statements; and the
//! stars do not depend on the order of the articles.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::summarize::passages::Passage;
use crate::text::{facts, similarity};

/// The cosine from which two sentences may say one thing. Chosen on news stories: below it MiniLM mostly joins
/// sentences about the same people that say different things.
const SAME_STATEMENT: f32 = 0.68;

/// A group of passages around the worthiest of them.
#[derive(Debug, Clone)]
pub struct Star<'a> {
    /// The center, then the others, closest first; never empty.
    pub members: Vec<Passage<'a>>,
    /// What the center is worth (see [`super::rank::worth`]).
    pub worth: f32,
}

/// Divides the passages into stars, the worthiest first; each passage is in exactly one. `worth`: one value a passage.
pub fn stars<'a>(passages: &[Passage<'a>], worth: &[f32]) -> Vec<Star<'a>> {
    let neighbours = find_neighbours(passages);
    let mut order: Vec<(usize, f32)> = worth.iter().copied().enumerate().collect();
    // Passages stand in the order of families and of reading: a stable sort keeps that among equals.
    order.sort_by(|a, b| b.1.total_cmp(&a.1));

    let mut free: BTreeSet<usize> = (0..passages.len()).collect();
    let mut stars = Vec::new();
    for (center, worth) in order {
        let Some(passage) = passages.get(center).filter(|_| free.remove(&center)) else {
            continue;
        };
        let mut near: Vec<(usize, f32)> = neighbours.get(center).cloned().unwrap_or_default();
        near.retain(|(index, _)| free.contains(index));
        near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut members = vec![*passage];
        for (index, _) in near {
            if let Some(other) = passages.get(index).filter(|other| can_join(passage, other)) {
                free.remove(&index);
                members.push(*other);
            }
        }
        stars.push(Star { members, worth });
    }
    stars
}

/// Whether two close sentences may count as one statement: their numbers do not contradict each other, and both deny
/// or neither does.
pub fn can_join(a: &Passage<'_>, b: &Passage<'_>) -> bool {
    facts::negations(a.text).is_empty() == facts::negations(b.text).is_empty()
        && have_consistent_numbers(a.text, b.text)
}

/// Numbers of one unit contradict each other when both sentences have some and share none.
fn have_consistent_numbers(a: &str, b: &str) -> bool {
    let by_unit = |text: &str| {
        let mut values: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
        for number in facts::numbers(text) {
            values.entry(number.unit).or_default().insert(number.value);
        }
        values
    };
    let (a, b) = (by_unit(a), by_unit(b));
    a.iter()
        .filter_map(|(unit, values)| Some((values, b.get(unit)?)))
        .all(|(one, other)| !one.is_disjoint(other))
}

/// For each passage, the others that are close to it, with the cosine.
fn find_neighbours(passages: &[Passage<'_>]) -> Vec<Vec<(usize, f32)>> {
    let pairs: Vec<(usize, usize, f32)> = passages
        .par_iter()
        .enumerate()
        .flat_map_iter(|(index, passage)| {
            let later = passages.iter().enumerate().skip(index + 1);
            later
                .map(move |(other, one)| (index, other, similarity::cosine(passage.embedding, one.embedding)))
                .filter(|(_, _, cosine)| *cosine >= SAME_STATEMENT)
        })
        .collect();
    let mut neighbours = vec![Vec::new(); passages.len()];
    for (one, other, cosine) in pairs {
        for (from, to) in [(one, other), (other, one)] {
            if let Some(near) = neighbours.get_mut(from) {
                near.push((to, cosine));
            }
        }
    }
    neighbours
}
