//! A point on its way to a bullet.

use std::collections::BTreeSet;

use crate::domain::{Bullet, CheckReason};
use crate::summarize::material::Material;
use crate::summarize::passages::Passage;
use crate::summarize::points::Point;
use crate::summarize::points::openings::Openings;
use crate::summarize::verify::support::content_words;
use crate::summarize::{citing, fallback};

/// A compression or shortening of a first point may leave out so many of the words that its best sentence has in common with what outlets open with.
/// Chosen on 102 `train` stories: with 2, 3, 4 and any number of them left out, the first 50 words of a summary had a ROUGE-2 of 16.0,
/// 15.1, 14.4 and 13.8 with what a person wrote, and 56, 58, 59 and 63 % of the statements were worded anew.
const MOST_UNTOLD: usize = 3;

/// A point, and what became of it so far.
pub(super) struct Draft<'p, 'a> {
    pub(super) point: &'p Point<'a>,
    /// Its sentences in the order in which they are compressed, shortened or quoted.
    pub(super) sentences: Vec<Passage<'a>>,
    /// What a wording must tell, all but a few of it.
    must_tell: BTreeSet<String>,
    pub(super) evidence_hash: String,
    pub(super) refused: Vec<Vec<CheckReason>>,
    pub(super) bullet: Option<Bullet>,
    /// Whether a spare point has its place.
    pub(super) given_up: bool,
}

impl<'p, 'a> Draft<'p, 'a> {
    /// A point that any of its sentences may stand for.
    pub(super) fn new(point: &'p Point<'a>, material: &Material<'_>) -> Self {
        Self {
            point,
            sentences: fallback::order(material, point),
            must_tell: BTreeSet::new(),
            evidence_hash: citing::evidence_hash(material, point.evidence()),
            refused: Vec::new(),
            bullet: None,
            given_up: false,
        }
    }

    /// One of those that tell what the story is about: by its worthiest sentence first, unless a day in it has no date, and with what
    /// outlets agree that the news is.
    pub(super) fn of_first(point: &'p Point<'a>, material: &Material<'_>, openings: &Openings) -> Self {
        let mut draft = Self::new(point, material);
        if !fallback::leaves_a_day_open(material, &point.center) {
            // Stable: the others stay in their order.
            draft.sentences.sort_by_key(|passage| !passage.is(&point.center));
        }
        if let Some(best) = draft.sentences.first() {
            draft.must_tell = openings.told_by(best.text);
        }
        draft
    }

    /// Whether a wording tells what it must.
    pub(super) fn is_told_by(&self, wording: &str) -> bool {
        let told: BTreeSet<String> = content_words(wording).into_iter().collect();
        self.must_tell.difference(&told).count() <= MOST_UNTOLD
    }
}
