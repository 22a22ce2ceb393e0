//! P11: what one side (left, center, right) stresses that the others do not, from its own articles only.
//!
//! A lens needs two independent outlets. Its points are what the side's articles say, ranked by the share of the side's
//! outlets that say it less the share of the others'; what the summary says already is no point, and neither is a value
//! on which outlets differ, since naming the other values takes the other sides' articles.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::Settings;
use super::conflicts::{self, Dispute};
use super::material::{Family, Material};
use super::passages::{Passage, Served};
use super::points::{Point, evidence, group, rank, rank::Ranked};
use crate::domain::{Bias, LensReason};
use crate::text::similarity::cosine;

/// So many independent outlets make a side.
const MIN_OUTLETS: usize = 2;

/// The cosine from which an outlet has the like of a sentence. Lower than for saying one thing: what others nearly say is
/// not distinct.
const HAS_THE_LIKE: f32 = 0.6;

/// The least difference between the share of the side's outlets that say it and that of the others'.
const MIN_DISTINCT: f32 = 0.3;

/// The largest share of the others' outlets that may say it.
const MAX_OTHERS: f32 = 0.25;

/// How many of a side's points, the best by themselves, are compared with the other sides.
const POOL: usize = 120;

/// Points that are this close say the same in other words.
const SAME_POINT: f32 = 0.75;

/// What a lens is to be written from, or why it is omitted.
pub type Plan<'a> = Result<Vec<Point<'a>>, LensReason>;

/// What each side stresses beside the summary's `points`: one point for each bullet of its lens and a spare one.
pub fn find<'a>(
    material: &Material<'a>,
    points: &[Point<'a>],
    disputes: &[Dispute<'_>],
    settings: &Settings,
) -> Vec<(Bias, Plan<'a>)> {
    let own_points = points.iter().take(settings.max_bullets.saturating_add(1));
    let mut taken: Vec<&[f32]> = own_points.filter_map(center).collect();
    let mut plans = Vec::new();
    for side in [Bias::Left, Bias::Center, Bias::Right] {
        let plan = if outlets_of(material, |bias| bias == Some(side)).len() < MIN_OUTLETS {
            Err(LensReason::TooFewOutlets)
        } else if material.served == Served::No {
            Err(LensReason::UnsupportedLanguage)
        } else {
            let chosen = distinct(material, side, disputes, &mut taken, settings);
            match chosen.is_empty() {
                true => Err(LensReason::NothingDistinct),
                false => Ok(evidence::select(material, chosen, settings)),
            }
        };
        plans.push((side, plan));
    }
    plans
}

fn center<'a>(point: &Point<'a>) -> Option<&'a [f32]> {
    point.passages.first().map(|passage| passage.embedding)
}

fn side_of(material: &Material<'_>, passage: &Passage<'_>) -> Option<Bias> {
    material.source(passage)?.meta.bias
}

/// The independent outlets of a side, or of all others: of each family of copies the first on that side.
fn outlets_of(material: &Material<'_>, is_side: impl Fn(Option<Bias>) -> bool) -> BTreeSet<String> {
    let families = material.families.iter();
    families
        .filter_map(|family| outlet_of(material, family, &is_side))
        .collect()
}

fn outlet_of(
    material: &Material<'_>,
    family: &Family,
    is_side: impl Fn(Option<Bias>) -> bool,
) -> Option<String> {
    let metas = family
        .members
        .iter()
        .filter_map(|index| material.sources.get(*index));
    let first = metas.map(|source| source.meta).find(|meta| is_side(meta.bias));
    first.map(crate::domain::ArticleMeta::outlet_key)
}

/// The side's most distinct points, those that say nothing `taken`.
fn distinct<'a>(
    material: &Material<'a>,
    side: Bias,
    disputes: &[Dispute<'_>],
    taken: &mut Vec<&'a [f32]>,
    settings: &Settings,
) -> Vec<Ranked<'a>> {
    let own: Vec<Passage<'a>> = material
        .passages
        .iter()
        .filter(|passage| {
            side_of(material, passage) == Some(side) && !conflicts::is_disputed(disputes, passage)
        })
        .copied()
        .collect();
    let mut pool = rank::rank(material, group::stars(&own, &rank::worth(material, &own)));
    pool.truncate(POOL);
    let shares = Shares {
        material,
        side,
        own: outlets_of(material, |bias| bias == Some(side)).len(),
        others: outlets_of(material, |bias| bias != Some(side)).len(),
    };
    let mut scored: Vec<(f32, Ranked<'a>)> = pool
        .into_par_iter()
        .map(|point| (shares.distinctness(&point), point))
        .collect();
    scored.retain(|(distinct, _)| *distinct >= MIN_DISTINCT);
    // Stable: among equally distinct ones the better point first.
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut chosen = Vec::new();
    for (_, point) in scored {
        let Some(center) = point.star.members.first().map(|passage| passage.embedding) else {
            continue;
        };
        let is_new = taken.iter().all(|other| cosine(center, other) < SAME_POINT);
        if is_new && chosen.len() <= settings.max_lens_bullets {
            taken.push(center);
            chosen.push(point);
        }
    }
    chosen
}

/// How many outlets there are on a side and on the others.
struct Shares<'m, 'a> {
    material: &'m Material<'a>,
    side: Bias,
    own: usize,
    others: usize,
}

impl Shares<'_, '_> {
    /// The share of the side's outlets that have the like of a point, less the share of the others'; nothing where too many
    /// of those have it.
    fn distinctness(&self, point: &Ranked<'_>) -> f32 {
        let Some(center) = point.star.members.first() else {
            return 0.0;
        };
        let (mut own, mut others) = (BTreeSet::new(), BTreeSet::new());
        for passage in &self.material.passages {
            if cosine(center.embedding, passage.embedding) < HAS_THE_LIKE {
                continue;
            }
            let outlet = self
                .material
                .source(passage)
                .map(|source| source.meta.outlet_key());
            if side_of(self.material, passage) == Some(self.side) {
                own.extend(outlet);
            } else {
                others.extend(outlet);
            }
        }
        let share = |some: usize, all: usize| some as f32 / all.max(1) as f32;
        let (own, others) = (share(own.len(), self.own), share(others.len(), self.others));
        if others > MAX_OTHERS { 0.0 } else { own - others }
    }
}
