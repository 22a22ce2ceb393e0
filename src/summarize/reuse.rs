//! A point whose evidence did not change keeps its bullet: id and text, with no call of the model.

use super::Input;
use super::citing;
use super::material::Material;
use super::passages::Passage;
use super::plan::Desk;
use super::points::Point;
use super::verify::entailment;
use crate::domain::{Bias, Bullet, Citation, Summary};

/// The bullets of the version before that may be kept, each once. None, when it was made in another way: by another
/// model, prompt, seed or set of checks.
pub fn candidates<'p>(input: &Input<'p>, desk: &Desk<'_>) -> Vec<&'p Bullet> {
    let Some(previous) = input.previous.filter(|previous| is_made_alike(previous, desk)) else {
        return Vec::new();
    };
    previous.statements().collect()
}

/// Takes the bullet of the same lens that rests on the same evidence as a point.
pub fn take<'p>(
    candidates: &mut Vec<&'p Bullet>,
    material: &Material<'_>,
    point: &Point<'_>,
    lens: Option<Bias>,
) -> Option<&'p Bullet> {
    let hash = citing::evidence_hash(material, point.evidence());
    let found = candidates
        .iter()
        .position(|bullet| bullet.evidence_hash == hash && bullet.lens == lens)?;
    Some(candidates.remove(found))
}

/// The point's passages that a bullet cited, in its order; `None` when one is no longer there. Where they stand in their
/// articles may have changed.
pub fn cited_passages<'a>(
    bullet: &Bullet,
    material: &Material<'a>,
    point: &Point<'a>,
) -> Option<Vec<Passage<'a>>> {
    let find = |citation: &Citation| {
        let mut passages = point.passages.iter();
        passages.find(|passage| {
            let article = material.source(passage).map(|source| &source.meta.id);
            article == Some(&citation.article_id) && passage.text == citation.quote
        })
    };
    let mut cited: Vec<Passage<'a>> = Vec::new();
    for citation in &bullet.citations {
        let passage = find(citation)?;
        // A sentence that names two days is cited for each.
        if !cited.iter().any(|one| citing::is_same(one, passage)) {
            cited.push(*passage);
        }
    }
    Some(cited)
}

fn is_made_alike(previous: &Summary, desk: &Desk<'_>) -> bool {
    let made = &previous.made;
    made.model_sha256 == desk.engine.writer().sha256
        && made.prompt == desk.prompt.name()
        && made.checks == entailment::checks_version(desk.engine)
        && made.seed == desk.settings.seed
}
