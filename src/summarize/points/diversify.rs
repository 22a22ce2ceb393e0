//! Chooses points that say different things. The first tell what the story is about: maximal marginal relevance (Carbonell and
//! Goldstein 1998). For further ones it counts too what they tell, for their length, that no chosen one does: greedy
//! coverage of concepts (Lin and Bilmes 2011).

use std::collections::BTreeMap;

use super::FIRST_POINTS;
use super::concepts::{Concept, Concepts};
use super::rank::Ranked;
use crate::text::similarity::{cosine, words};

/// How much the score counts against the likeness to what is already chosen.
const SCORE_WEIGHT: f32 = 0.9;

/// What telling most that is new counts beside both, behind the first points. Chosen on news stories whose summary a person
/// wrote: 50 words tell as much of what the person told as without it, 220 words more.
const COVERAGE_WEIGHT: f32 = 0.2;

/// A shorter sentence counts as having so many words: a fragment is no bargain.
const MIN_WORDS: usize = 5;

/// Points that are this close say the same in other words; the better one stays.
const SAME_POINT: f32 = 0.75;

/// How many of the best points are looked at, for each one that is wanted.
const POOL: usize = 12;

/// A point that may be chosen.
struct Open<'a> {
    point: Ranked<'a>,
    /// The concepts that it tells and no chosen point does, with the number of outlets that have them.
    untold: BTreeMap<Concept, usize>,
    words: usize,
    /// To the closest point that is chosen.
    likeness: f32,
}

impl<'a> Open<'a> {
    fn new(point: Ranked<'a>, concepts: &Concepts) -> Self {
        let text = point.star.members.first().map_or("", |center| center.text);
        Self {
            untold: concepts.told_by(text),
            words: words(text).len().max(MIN_WORDS),
            likeness: 0.0,
            point,
        }
    }

    /// What it tells that is new, for each of its words.
    fn news(&self) -> f32 {
        self.untold.values().sum::<usize>() as f32 / self.words as f32
    }
}

/// Up to `wanted` points, in the order in which they were chosen: the first is the best of all.
pub fn choose<'a>(ranked: Vec<Ranked<'a>>, concepts: &Concepts, wanted: usize) -> Vec<Ranked<'a>> {
    let pool = ranked.into_iter().take(wanted.saturating_mul(POOL));
    let mut pool: Vec<Open<'a>> = pool.map(|point| Open::new(point, concepts)).collect();
    let most_news = pool.iter().map(Open::news).fold(f32::MIN_POSITIVE, f32::max);
    let mut chosen: Vec<Ranked<'a>> = Vec::new();
    while chosen.len() < wanted {
        let is_first = chosen.len() < FIRST_POINTS;
        let coverage = if is_first { 0.0 } else { COVERAGE_WEIGHT };
        let value = |open: &Open<'_>| {
            SCORE_WEIGHT * open.point.score - (1.0 - SCORE_WEIGHT) * open.likeness
                + coverage * open.news() / most_news
        };
        let Some(best) = first_of_most(pool.iter().map(value)) else {
            break;
        };
        let Open { point, untold, .. } = pool.remove(best);
        for open in &mut pool {
            open.likeness = open.likeness.max(likeness_of(&point, &open.point));
            open.untold.retain(|concept, _| !untold.contains_key(concept));
        }
        pool.retain(|open| open.likeness < SAME_POINT);
        chosen.push(point);
    }
    chosen
}

/// Where the largest value stands; of equal ones the first.
fn first_of_most(values: impl Iterator<Item = f32>) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (index, value) in values.enumerate() {
        if best.is_none_or(|(_, most)| value > most) {
            best = Some((index, value));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summarize::passages::Passage;
    use crate::summarize::points::group::Star;

    const NEITHER: &[f32] = &[];

    fn point(text: &'static str, score: f32) -> Ranked<'static> {
        let center = Passage {
            source: 0,
            family: 0,
            start: 0,
            end: text.len(),
            text,
            embedding: NEITHER,
            position: 0,
            appeal: 0.0,
        };
        let star = Star {
            members: vec![center],
            worth: score,
        };
        Ranked {
            star,
            outlets: 1,
            score,
        }
    }

    fn texts(points: &[Ranked<'static>]) -> Vec<&'static str> {
        points.iter().map(|point| point.star.members[0].text).collect()
    }

    #[test]
    fn behind_the_first_points_what_is_told_already_makes_room_for_what_is_not() {
        let first = "The old bridge closed after deep cracks spread.";
        let second = "A new bridge would cost the city 40 million.";
        let again = "Deep cracks spread before the old bridge closed.";
        let other = "Night ferries carry stranded commuters for free.";
        let concepts = Concepts::in_sentences([first, again, other, other].map(|text| (text, "herald")));
        let points = || {
            vec![
                point(first, 0.50),
                point(second, 0.49),
                point(again, 0.48),
                point(other, 0.40),
            ]
        };
        let chosen = choose(points(), &concepts, 4);
        assert_eq!(texts(&chosen), [first, second, other, again]);
        // Without concepts the score decides alone.
        let chosen = choose(points(), &Concepts::default(), 4);
        assert_eq!(texts(&chosen), [first, second, again, other]);
    }
}
