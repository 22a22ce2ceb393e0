//! Ranks points: how many independent outlets say it, how near it is to the story's middle, how early it stands, how
//! new it is, and how well its best sentence reads on its own.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::group::Star;
use crate::summarize::material::Material;
use crate::summarize::passages::Passage;
use crate::text::similarity::cosine;

const SUPPORT_WEIGHT: f32 = 0.35;
const CENTRALITY_WEIGHT: f32 = 0.3;
const LEAD_WEIGHT: f32 = 0.2;
const RECENCY_WEIGHT: f32 = 0.05;
const APPEAL_WEIGHT: f32 = 0.2;

/// What several independent outlets say comes before all that one says alone: whoever writes one article, however well
/// it reads, cannot push the others' common ground out (P14, P20). More than the other weights and the likeness that
/// `diversify` takes off can make up for.
const COMMON_GROUND: f32 = 2.0;

/// The position at which a sentence counts half as much as the first.
const LEAD_HALF: f32 = 3.0;

/// A star with its score.
#[derive(Debug, Clone)]
pub struct Ranked<'a> {
    /// The star.
    pub star: Star<'a>,
    /// How many independent outlets say it.
    pub outlets: u32,
    /// How much it belongs into a summary.
    pub score: f32,
}

/// The stars, best first.
pub fn rank<'a>(material: &Material<'a>, stars: Vec<Star<'a>>) -> Vec<Ranked<'a>> {
    let span = time_span(material);
    let most_outlets = material.families.len().max(2) as f32;
    let mut ranked: Vec<Ranked<'a>> = stars
        .into_iter()
        .map(|star| {
            let outlets = material.count_outlets(&star.members);
            let support = (outlets.max(1) as f32).ln() / most_outlets.ln();
            let score = SUPPORT_WEIGHT * support
                + CENTRALITY_WEIGHT * centrality(&star, &material.centroid)
                + LEAD_WEIGHT * lead(&star)
                + RECENCY_WEIGHT * recency(&star, material, span)
                + APPEAL_WEIGHT * star.members.first().map_or(0.0, |center| center.appeal);
            let common = if outlets > 1 { COMMON_GROUND } else { 0.0 };
            Ranked {
                star,
                outlets,
                score: score + common,
            }
        })
        .collect();
    // Stable: among equals the order of families and of reading stays.
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    ranked
}

fn centrality(star: &Star<'_>, centroid: &[f32]) -> f32 {
    star.members
        .first()
        .map_or(0.0, |center| cosine(center.embedding, centroid))
}

/// 1 where every family that says it opens with it. A family counts by where it says it first, however often it does.
fn lead(star: &Star<'_>) -> f32 {
    let Some(center) = star.members.first() else {
        return 0.0;
    };
    let weight = |passage: &Passage<'_>| LEAD_HALF / (LEAD_HALF + passage.position as f32);
    let mut first: BTreeMap<usize, f32> = BTreeMap::new();
    for passage in &star.members {
        let best = first.entry(passage.family).or_default();
        *best = best.max(weight(passage));
    }
    let total: f32 = first.values().sum();
    (weight(center) + total / first.len().max(1) as f32) / 2.0
}

/// 0 for the oldest article's statements, 1 for the newest's; undated ones stand in the middle.
fn recency(star: &Star<'_>, material: &Material<'_>, span: Option<(Timestamp, Timestamp)>) -> f32 {
    let newest = star
        .members
        .iter()
        .filter_map(|passage| published(material, passage))
        .max();
    let (Some(newest), Some((first, last))) = (newest, span) else {
        return 0.5;
    };
    let length = last.as_second().saturating_sub(first.as_second());
    if length <= 0 {
        return 0.5;
    }
    newest.as_second().saturating_sub(first.as_second()) as f32 / length as f32
}

fn time_span(material: &Material<'_>) -> Option<(Timestamp, Timestamp)> {
    let instants = || {
        material
            .passages
            .iter()
            .filter_map(|passage| published(material, passage))
    };
    Some((instants().min()?, instants().max()?))
}

fn published(material: &Material<'_>, passage: &Passage<'_>) -> Option<Timestamp> {
    let published = material.source(passage)?.meta.published_at?;
    Some(published.instant())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saying_a_thing_often_does_not_move_it() {
        let passage = |family, position| Passage {
            source: family,
            family,
            start: 0,
            end: 0,
            text: "",
            embedding: &[],
            position,
            appeal: 0.0,
        };
        let once = vec![passage(0, 0), passage(1, 2), passage(2, 5)];
        let flood = (6..30).map(|position| passage(2, position));
        let flooded = once.iter().copied().chain(flood).collect();
        assert_eq!(lead(&Star { members: once }), lead(&Star { members: flooded }));
    }
}
