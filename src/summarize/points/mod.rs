//! Points: groups of sentences that say one thing, ranked and spread over the story.

pub mod rank;
pub mod group;
pub mod concepts;
pub mod diversify;
pub mod evidence;
pub mod openings;

use concepts::Concepts;

use super::Settings;
use super::material::Material;
use super::passages::Passage;

/// So many points, the first, tell what the story is about: they are chosen by what they are worth alone, and keep their
/// places whoever makes them.
pub const FIRST_POINTS: usize = 2;

/// Something that the articles say.
#[derive(Debug, Clone)]
pub struct Point<'a> {
    /// The sentences that say it, best first; never empty.
    pub passages: Vec<Passage<'a>>,
    /// The worthiest of them, around which the others are grouped.
    pub center: Passage<'a>,
    /// How many of them, from the first, the writer is given.
    pub evidence: usize,
    /// How many independent outlets say it (P14).
    pub outlets: u32,
    /// How much it belongs into a summary.
    pub score: f32,
}

impl<'a> Point<'a> {
    /// The sentences that the writer is given.
    pub fn evidence(&self) -> &[Passage<'a>] {
        self.passages.get(..self.evidence).unwrap_or(&self.passages)
    }
}

/// The story's points, best first: one for the lede and one for each bullet, then the spare ones; fewer where the
/// articles say less.
pub fn find<'a>(material: &Material<'a>, settings: &Settings) -> Vec<Point<'a>> {
    let groups = group::stars(&material.passages, &rank::worth(material, &material.passages));
    let ranked = rank::rank(material, groups);
    let wanted = settings
        .max_bullets
        .saturating_add(1)
        .saturating_add(settings.spare_points);
    let chosen = diversify::choose(ranked, &Concepts::of(material), wanted);
    evidence::select(material, chosen, settings)
}
