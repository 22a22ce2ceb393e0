//! Ranks points by what their best sentence is worth and how many independent outlets say it.
//!
//! A sentence is worth much when it tells what the headlines tell, opens its article, says what other outlets open
//! with, lies near the story's middle, reads well on its own, and is new: the surface, content and relevance features
//! of extractive summarizing (Edmundson 1969; Radev et al. 2004), weighted by least squares against the ROUGE of single
//! sentences on stories whose summary a person wrote, and rounded.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rayon::prelude::*;

use super::group::Star;
use crate::summarize::material::Material;
use crate::summarize::passages::Passage;
use crate::text::similarity::{cosine, is_function_word, words};

const TITLES_WEIGHT: f32 = 0.26;
const HEADLINE_WEIGHT: f32 = 0.15;
const LEAD_WEIGHT: f32 = 0.14;
const CENTRALITY_WEIGHT: f32 = 0.1;
const AGREEMENT_WEIGHT: f32 = 0.09;
const SUPPORT_WEIGHT: f32 = 0.08;
const APPEAL_WEIGHT: f32 = 0.04;
const RECENCY_WEIGHT: f32 = 0.02;

/// How many usable sentences of an article are its opening.
pub const OPENING: usize = 4;

/// What several independent outlets say comes before all that one says alone, where the story has outlets enough: whoever
/// writes one article, however well it reads, cannot push the others' common ground out (P14, P20). More than the other
/// weights and what `diversify` adds can make up for.
const COMMON_GROUND: f32 = 2.0;

/// So many independent outlets are enough. Where there are fewer, most of what makes news stands in one of them only.
const ENOUGH_OUTLETS: usize = 4;

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

/// What each of these passages of the material is worth by itself, in their order: about 0 to 1.
pub fn worth(material: &Material<'_>, passages: &[Passage<'_>]) -> Vec<f32> {
    let span = time_span(material);
    let headline = content_words(material.headline.as_deref().unwrap_or_default());
    let titles = titles(material);
    let openings: Vec<&Passage<'_>> = material
        .passages
        .iter()
        .filter(|passage| passage.position < OPENING)
        .collect();
    passages
        .par_iter()
        .map(|passage| {
            let said = content_words(passage.text);
            TITLES_WEIGHT * mean(titles.iter().map(|title| share_told(title, &said)))
                + HEADLINE_WEIGHT * share_told(&headline, &said)
                + LEAD_WEIGHT / (1.0 + passage.position as f32)
                + CENTRALITY_WEIGHT * cosine(passage.embedding, &material.centroid)
                + AGREEMENT_WEIGHT * agreement(passage, &openings)
                + APPEAL_WEIGHT * passage.appeal
                + RECENCY_WEIGHT * recency(passage, material, span)
        })
        .collect()
}

/// Whether the story has independent outlets enough for what several say to come before what one says.
pub fn has_common_ground(material: &Material<'_>) -> bool {
    let families = material.families.iter();
    let outlets: BTreeSet<&str> = families.map(|family| family.outlet_key.as_str()).collect();
    outlets.len() >= ENOUGH_OUTLETS
}

/// The stars, best first.
pub fn rank<'a>(material: &Material<'a>, stars: Vec<Star<'a>>) -> Vec<Ranked<'a>> {
    let most_outlets = material.families.len().max(2) as f32;
    let has_common_ground = has_common_ground(material);
    let mut ranked: Vec<Ranked<'a>> = stars
        .into_iter()
        .map(|star| {
            let outlets = material.count_outlets(&star.members);
            let support = (outlets.max(1) as f32).ln() / most_outlets.ln();
            let is_common = has_common_ground && outlets > 1;
            let common = if is_common { COMMON_GROUND } else { 0.0 };
            let score = star.worth + SUPPORT_WEIGHT * support + common;
            Ranked { star, outlets, score }
        })
        .collect();
    // Stable: among equals the order of families and of reading stays.
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    ranked
}

/// The content words of each family's title: that of its first article which has one.
fn titles(material: &Material<'_>) -> Vec<BTreeSet<String>> {
    let title_of = |index: &usize| material.sources.get(*index)?.meta.title.as_deref();
    material
        .families
        .iter()
        .filter_map(|family| family.members.iter().find_map(title_of))
        .map(content_words)
        .collect()
}

fn content_words(text: &str) -> BTreeSet<String> {
    let mut content: BTreeSet<String> = words(text).into_iter().collect();
    content.retain(|word| !is_function_word(word));
    content
}

/// The share of a title's content words that a sentence has too.
fn share_told(title: &BTreeSet<String>, said: &BTreeSet<String>) -> f32 {
    title.intersection(said).count() as f32 / title.len().max(1) as f32
}

fn mean(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = values.len().max(1) as f32;
    values.sum::<f32>() / count
}

/// The cosine with the closest sentence that another family opens with.
fn agreement(passage: &Passage<'_>, openings: &[&Passage<'_>]) -> f32 {
    openings
        .iter()
        .filter(|opening| opening.family != passage.family)
        .map(|opening| cosine(passage.embedding, opening.embedding))
        .fold(0.0, f32::max)
}

/// 0 for the oldest article's sentences, 1 for the newest's; undated ones stand in the middle.
fn recency(passage: &Passage<'_>, material: &Material<'_>, span: Option<(Timestamp, Timestamp)>) -> f32 {
    let (Some(published), Some((first, last))) = (published(material, passage), span) else {
        return 0.5;
    };
    let length = last.as_second().saturating_sub(first.as_second());
    if length <= 0 {
        return 0.5;
    }
    published.as_second().saturating_sub(first.as_second()) as f32 / length as f32
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
