//! What families of articles are about: which are about something else, and whether all are about one event.
//!
//! The rules lean towards keeping: a family is off topic only when nearly all others agree with each other and not with
//! it, and a story is several only when its halves agree within and not with each other.

use super::material::Family;
use crate::text::similarity::cosine;

/// With fewer families nobody can say which one is off topic.
const MIN_FAMILIES_FOR_TOPIC: usize = 3;

/// A family is off topic when its mean cosine with the others is below this …
const OFF_TOPIC_BELOW: f32 = 0.15;

/// … and the others' median is above this.
const ON_TOPIC_ABOVE: f32 = 0.4;

/// Two halves of a story are two stories when their mean cosine is below this and each has two families at least …
const APART_BELOW: f32 = 0.33;

/// … whose mean cosine among themselves is above this. Of news stories that were thrown together two by two, half are
/// found with these numbers, and of whole ones fewer than one in a hundred are that far apart.
const TOGETHER_ABOVE: f32 = 0.5;

/// More families are too many to divide: the work grows with the cube. The first ones are looked at.
const MOST_DIVIDED: usize = 60;

/// Takes the families out that are about something else. Never more than a third: then there is no one topic.
pub fn take_off_topic(families: &mut Vec<Family>) -> Vec<Family> {
    if families.len() < MIN_FAMILIES_FOR_TOPIC {
        return Vec::new();
    }
    let agreement = agreement_with_others(families);
    let mut sorted = agreement.clone();
    sorted.sort_by(f32::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let strangers = agreement
        .iter()
        .filter(|cosine| **cosine < OFF_TOPIC_BELOW)
        .count();
    if median < ON_TOPIC_ABOVE || strangers == 0 || strangers * 3 > families.len() {
        return Vec::new();
    }
    let all = std::mem::take(families);
    let (off, on) = all
        .into_iter()
        .zip(agreement)
        .partition::<Vec<_>, _>(|(_, cosine)| *cosine < OFF_TOPIC_BELOW);
    *families = on.into_iter().map(|(family, _)| family).collect();
    off.into_iter().map(|(family, _)| family).collect()
}

/// The family that agrees most with the others.
pub fn most_central(families: &[Family]) -> Option<&Family> {
    let agreement = agreement_with_others(families);
    let mut best: Option<(&Family, f32)> = None;
    for (family, agreement) in families.iter().zip(agreement) {
        if best.is_none_or(|(_, most)| agreement > most) {
            best = Some((family, agreement));
        }
    }
    best.map(|(family, _)| family)
}

/// Whether the families fall into two parts that are about different events: average-link clustering down to two.
pub fn are_several(families: &[Family]) -> bool {
    let topics: Vec<&[f32]> = families
        .iter()
        .take(MOST_DIVIDED)
        .map(|family| family.topic.as_slice())
        .collect();
    let mut parts: Vec<Vec<&[f32]>> = topics.into_iter().map(|topic| vec![topic]).collect();
    while parts.len() > 2 {
        let Some((one, other)) = closest(&parts) else {
            return false;
        };
        let joined = parts.remove(other);
        if let Some(part) = parts.get_mut(one) {
            part.extend(joined);
        }
    }
    let [one, other] = parts.as_slice() else {
        return false;
    };
    one.len() > 1
        && other.len() > 1
        && mean_cosine(one, other) < APART_BELOW
        && cosine_within(one) > TOGETHER_ABOVE
        && cosine_within(other) > TOGETHER_ABOVE
}

/// The two parts with the greatest mean cosine, the earlier one first.
fn closest(parts: &[Vec<&[f32]>]) -> Option<(usize, usize)> {
    let mut best: Option<((usize, usize), f32)> = None;
    let sums: Vec<Vec<f32>> = parts.iter().map(|part| sum_of(part.iter().copied())).collect();
    for (one, (sum, part)) in sums.iter().zip(parts).enumerate() {
        for (other, (other_sum, other_part)) in sums.iter().zip(parts).enumerate().skip(one + 1) {
            let mean = cosine(sum, other_sum) / (part.len() * other_part.len()) as f32;
            if best.is_none_or(|(_, most)| mean > most) {
                best = Some(((one, other), mean));
            }
        }
    }
    best.map(|(pair, _)| pair)
}

/// The mean cosine of the pairs across two parts: one product of their sums.
fn mean_cosine(one: &[&[f32]], other: &[&[f32]]) -> f32 {
    let pairs = (one.len() * other.len()) as f32;
    cosine(&sum_of(one.iter().copied()), &sum_of(other.iter().copied())) / pairs
}

/// The mean cosine of the pairs within a part of two or more.
fn cosine_within(part: &[&[f32]]) -> f32 {
    let sum = sum_of(part.iter().copied());
    let own: f32 = part.iter().map(|topic| cosine(topic, topic)).sum();
    (cosine(&sum, &sum) - own) / (part.len() * (part.len() - 1)) as f32
}

/// The mean cosine of each family with all others: one product with the sum of the others.
fn agreement_with_others(families: &[Family]) -> Vec<f32> {
    let total = sum_of(families.iter().map(|family| family.topic.as_slice()));
    let others = families.len().saturating_sub(1).max(1) as f32;
    families
        .iter()
        .map(|family| (cosine(&family.topic, &total) - cosine(&family.topic, &family.topic)) / others)
        .collect()
}

fn sum_of<'v>(vectors: impl Iterator<Item = &'v [f32]>) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    for vector in vectors {
        sum.resize(sum.len().max(vector.len()), 0.0);
        for (total, x) in sum.iter_mut().zip(vector) {
            *total += x;
        }
    }
    sum
}

/// The L2-normalised mean; zeros stay zeros.
pub fn mean_of<'v>(vectors: impl Iterator<Item = &'v [f32]>) -> Vec<f32> {
    let mut sum = sum_of(vectors);
    let norm = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    if norm > 0.0 {
        for x in &mut sum {
            *x /= norm;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families(topics: &[[f32; 3]]) -> Vec<Family> {
        let family = |topic: &[f32; 3]| Family {
            outlet_key: String::new(),
            members: Vec::new(),
            topic: mean_of(std::iter::once(topic.as_slice())),
        };
        topics.iter().map(family).collect()
    }

    #[test]
    fn two_parts_that_agree_within_and_not_with_each_other_are_two_stories() {
        let near = [[1.0, 0.1, 0.0], [1.0, 0.0, 0.1], [1.0, 0.2, 0.0]];
        let far = [[0.1, 1.0, 0.0], [0.0, 1.0, 0.1]];
        assert!(are_several(&families(&[near.as_slice(), &far].concat())));
        assert!(!are_several(&families(&near)));
        // One stranger is no second story, and neither are parts that lie near each other.
        assert!(!are_several(&families(&[near.as_slice(), &far[..1]].concat())));
        let beside = [[1.0, 1.0, 0.0], [1.0, 1.2, 0.1]];
        assert!(!are_several(&families(&[near.as_slice(), &beside].concat())));
    }
}
