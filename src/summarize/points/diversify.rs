//! Chooses points that say different things: maximal marginal relevance (Carbonell and Goldstein 1998).

use super::rank::Ranked;
use crate::text::similarity::cosine;

/// How much the score counts against the likeness to what is already chosen.
const SCORE_WEIGHT: f32 = 0.9;

/// Points that are this close say the same in other words; the better one stays.
const SAME_POINT: f32 = 0.75;

/// How many of the best points are looked at, for each one that is wanted.
const POOL: usize = 12;

/// Up to `wanted` points, in the order in which they were chosen: the first is the best of all.
pub fn choose(ranked: Vec<Ranked<'_>>, wanted: usize) -> Vec<Ranked<'_>> {
    let mut pool: Vec<(Ranked<'_>, f32)> = ranked
        .into_iter()
        .take(wanted.saturating_mul(POOL))
        .map(|point| (point, 0.0))
        .collect();
    let mut chosen: Vec<Ranked<'_>> = Vec::new();
    while chosen.len() < wanted {
        pool.retain(|(_, likeness)| *likeness < SAME_POINT);
        let Some(best) = best_of(&pool) else { break };
        let (point, _) = pool.remove(best);
        for (other, likeness) in &mut pool {
            *likeness = likeness.max(likeness_of(&point, other));
        }
        chosen.push(point);
    }
    chosen
}

fn best_of(pool: &[(Ranked<'_>, f32)]) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (index, (point, likeness)) in pool.iter().enumerate() {
        let worth = SCORE_WEIGHT * point.score - (1.0 - SCORE_WEIGHT) * likeness;
        if best.is_none_or(|(_, most)| worth > most) {
            best = Some((index, worth));
        }
    }
    best.map(|(index, _)| index)
}

fn likeness_of(a: &Ranked<'_>, b: &Ranked<'_>) -> f32 {
    let (Some(a), Some(b)) = (a.star.members.first(), b.star.members.first()) else {
        return 0.0;
    };
    cosine(a.embedding, b.embedding)
}
