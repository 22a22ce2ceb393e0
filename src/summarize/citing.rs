//! Citations: attached by code, never written by the model (P1).

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::material::Material;
use super::passages::Passage;
use super::verify::support::{content_words, supported_share};
use crate::domain::Citation;
use crate::text::spans::CodePointIndex;

/// The share of a bullet's content words that a further sentence must have to be cited besides the best one.
const MIN_SHARE: f64 = 0.4;

/// Makes citations of passages; keeps one index of code points an article.
#[derive(Debug)]
pub struct Citer<'m, 'a> {
    material: &'m Material<'a>,
    indices: BTreeMap<usize, CodePointIndex>,
}

impl<'m, 'a> Citer<'m, 'a> {
    /// A citer for a story's articles.
    pub fn new(material: &'m Material<'a>) -> Self {
        Self {
            material,
            indices: BTreeMap::new(),
        }
    }

    /// The citation of a passage: where it stands in its article's stored plain text.
    pub fn cite(&mut self, passage: &Passage<'_>) -> Option<Citation> {
        let source = self.material.source(passage)?;
        let index = self
            .indices
            .entry(passage.source)
            .or_insert_with(|| CodePointIndex::new(source.text));
        let code_points = index.code_points(passage.start..passage.end)?;
        Some(Citation {
            article_id: source.meta.id.clone(),
            outlet: source.meta.outlet.clone(),
            url: source.meta.url.clone(),
            start: code_points.start,
            end: code_points.end,
            quote: passage.text.to_owned(),
            resolved: None,
        })
    }
}

/// The evidence that a wording rests on: the sentence nearest to it, and those that share much of it or add to what
/// the others prove.
pub fn supporting<'a>(text: &str, evidence: &[Passage<'a>]) -> Vec<Passage<'a>> {
    let share = |passage: &Passage<'a>| supported_share(text, &[passage.text]);
    let best = evidence.iter().map(share).fold(0.0, f64::max);
    let mut chosen: Vec<Passage<'a>> = Vec::new();
    for passage in evidence {
        let own = share(passage);
        if own >= MIN_SHARE || own >= best {
            chosen.push(*passage);
        }
    }
    let told = content_words(text);
    for passage in evidence {
        let proven: Vec<String> = chosen.iter().flat_map(|one| content_words(one.text)).collect();
        let adds = content_words(passage.text)
            .iter()
            .any(|word| told.contains(word) && !proven.contains(word));
        if adds && !chosen.iter().any(|one| is_same(one, passage)) {
            chosen.push(*passage);
        }
    }
    chosen
}

/// Whether both are one sentence of one article.
pub fn is_same(a: &Passage<'_>, b: &Passage<'_>) -> bool {
    a.source == b.source && a.start == b.start
}

/// SHA-256 (hex) over the sentences that the writer is given: article, outlet, day and words, not where they stand.
pub fn evidence_hash(material: &Material<'_>, evidence: &[Passage<'_>]) -> String {
    let mut hasher = Sha256::new();
    for passage in evidence {
        let meta = material.source(passage).map(|source| source.meta);
        let date = meta
            .and_then(|meta| meta.published_at)
            .map(|at| at.date().to_string());
        for part in [
            meta.map(|meta| meta.id.as_str()).unwrap_or_default(),
            meta.and_then(|meta| meta.outlet.as_deref()).unwrap_or_default(),
            date.as_deref().unwrap_or_default(),
            passage.text,
        ] {
            hasher.update(part);
            hasher.update([0]);
        }
    }
    hex::encode(hasher.finalize())
}
