//! Chooses the sentences that the writer is given for a point: the center and a few that add to it, from other outlets
//! first.

use std::collections::{BTreeMap, BTreeSet};

use super::Point;
use super::group::can_join;
use super::rank::Ranked;
use crate::summarize::Settings;
use crate::summarize::material::Material;
use crate::summarize::passages::Passage;
use crate::text::similarity::{cosine, words};

/// Two sentences that share more of the shorter one's words add nothing to each other.
const SAME_WORDS: f64 = 0.85;

/// The most characters of all sentences together: what a small model can keep in mind.
const MAX_EVIDENCE_CHARS: usize = 700;

/// What makes a member of a group its best evidence: that it is like the others, stands early, and reads well.
const LIKENESS_WEIGHT: f32 = 0.5;
const LEAD_WEIGHT: f32 = 0.2;
const APPEAL_WEIGHT: f32 = 0.08;

/// Turns the chosen groups into points: evidence first, then the group's other sentences.
pub fn select<'a>(material: &Material<'a>, chosen: Vec<Ranked<'a>>, settings: &Settings) -> Vec<Point<'a>> {
    chosen
        .into_iter()
        .filter_map(|ranked| {
            let center = *ranked.star.members.first()?;
            let members = best_first(&ranked.star.members);
            let (evidence, rest) = divide(material, members, settings.max_evidence.max(1));
            Some(Point {
                center,
                evidence: evidence.len(),
                passages: [evidence, rest].concat(),
                outlets: ranked.outlets,
                score: ranked.score,
            })
        })
        .collect()
}

/// By what the group itself shows, and nothing else of the story: thus an article about something new leaves the
/// evidence of the other points, and their bullets, as they are.
fn best_first<'a>(members: &[Passage<'a>]) -> Vec<Passage<'a>> {
    let merit = |passage: &Passage<'_>| {
        // Each family counts once, by its closest sentence: an article that says a thing ten times is no majority.
        let mut closest: BTreeMap<usize, f32> = BTreeMap::new();
        for other in members {
            let best = closest.entry(other.family).or_default();
            *best = best.max(cosine(passage.embedding, other.embedding));
        }
        LIKENESS_WEIGHT * closest.values().sum::<f32>() / closest.len().max(1) as f32
            + LEAD_WEIGHT / (1.0 + passage.position as f32)
            + APPEAL_WEIGHT * passage.appeal
    };
    let mut merits: Vec<(Passage<'a>, f32)> = members.iter().map(|one| (*one, merit(one))).collect();
    // Ties are told apart by place: the center of a group may be another one when the story has grown.
    merits.sort_by(|(a, merit_a), (b, merit_b)| {
        let place = |passage: &Passage<'_>| (passage.family, passage.source, passage.start);
        merit_b.total_cmp(merit_a).then_with(|| place(a).cmp(&place(b)))
    });
    merits.into_iter().map(|(passage, _)| passage).collect()
}

fn divide<'a>(
    material: &Material<'a>,
    members: Vec<Passage<'a>>,
    wanted: usize,
) -> (Vec<Passage<'a>>, Vec<Passage<'a>>) {
    let mut rest = members;
    let mut evidence: Vec<Passage<'a>> = Vec::new();
    let mut outlets = BTreeSet::new();
    while evidence.len() < wanted {
        // The first that adds something from a new outlet, else the first that adds something.
        let adding = |passage: &&Passage<'a>| adds_to(&evidence, passage);
        let is_new = |passage: &Passage<'a>| !outlets.contains(&outlet_of(material, passage));
        let next = rest
            .iter()
            .position(|passage| adding(&passage) && is_new(passage))
            .or_else(|| rest.iter().position(|passage| adding(&passage)));
        let Some(next) = next else { break };
        let passage = rest.remove(next);
        outlets.insert(outlet_of(material, &passage));
        evidence.push(passage);
    }
    (evidence, rest)
}

fn outlet_of(material: &Material<'_>, passage: &Passage<'_>) -> String {
    material
        .source(passage)
        .map(|source| source.meta.outlet_key())
        .unwrap_or_default()
}

fn adds_to(evidence: &[Passage<'_>], passage: &Passage<'_>) -> bool {
    let chars: usize = evidence.iter().map(|one| one.text.chars().count()).sum();
    if !evidence.is_empty() && chars + passage.text.chars().count() > MAX_EVIDENCE_CHARS {
        return false;
    }
    evidence
        .iter()
        .all(|one| can_join(one, passage) && !says_the_same(one.text, passage.text))
}

fn says_the_same(a: &str, b: &str) -> bool {
    let a: BTreeSet<String> = words(a).into_iter().collect();
    let b: BTreeSet<String> = words(b).into_iter().collect();
    let shorter = a.len().min(b.len());
    a.intersection(&b).count() as f64 > SAME_WORDS * shorter as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saying_a_thing_often_does_not_make_it_the_best_evidence() {
        let passage = |family, start, embedding| Passage {
            source: family,
            family,
            start,
            end: start,
            text: "",
            embedding,
            position: 0,
            appeal: 0.0,
        };
        let (shared, own): (&[f32], &[f32]) = (&[1.0, 0.0], &[0.8, 0.6]);
        let heard = vec![passage(0, 0, shared), passage(1, 0, shared), passage(2, 0, own)];
        let flood = (1..30).map(|start| passage(2, start, own));
        let flooded: Vec<_> = heard.iter().copied().chain(flood).collect();
        for members in [heard, flooded] {
            assert_eq!(best_first(&members).first().map(|best| best.family), Some(0));
        }
    }
}
