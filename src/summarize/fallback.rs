//! When the model's wording fails its checks, the best source sentence stands for the point: as its outlet wrote it but
//! for relative days, openly `extractive`, with the outlet's name behind it.

use super::dates;
use super::material::Material;
use super::passages::Passage;
use super::points::Point;
use super::prompt::{one_line, shown_outlet};
use crate::domain::Added;

/// The most characters of an outlet's name that are shown behind its sentence.
const MAX_OUTLET_CHARS: usize = 80;

/// A source sentence as a bullet shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract {
    /// The sentence, on one line: what the checks look at.
    pub sentence: String,
    /// The sentence with the outlet's name behind it, where the outlet has one.
    pub text: String,
    /// Where that name stands in `text`.
    pub added: Vec<Added>,
}

/// How much less a sentence appeals in which a relative day is left: nobody can tell which Monday it was.
const OPEN_DAY: f32 = 0.3;

/// A point's sentences in the order in which they are tried: those that read well on their own first.
pub fn order<'a>(material: &Material<'_>, point: &Point<'a>) -> Vec<Passage<'a>> {
    let appeal = |passage: &Passage<'a>| {
        let is_open = leaves_a_day_open(material, passage);
        passage.appeal - if is_open { OPEN_DAY } else { 0.0 }
    };
    let mut passages: Vec<(Passage<'a>, f32)> = point
        .passages
        .iter()
        .map(|passage| (*passage, appeal(passage)))
        .collect();
    // Stable: among equals the one that was chosen as evidence first.
    passages.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    passages.into_iter().map(|(passage, _)| passage).collect()
}

/// Whether it tells a day that nobody can tell the date of.
pub fn leaves_a_day_open(material: &Material<'_>, passage: &Passage<'_>) -> bool {
    dates::dated(material, passage.text, std::slice::from_ref(passage)).is_open
}

/// A passage as a bullet shows it.
pub fn extract(material: &Material<'_>, passage: &Passage<'_>) -> Extract {
    let sentence = one_line(&dates::dated_sentence(material, passage));
    let outlet = material
        .source(passage)
        .and_then(|source| shown_outlet(source.meta));
    let Some(outlet) = outlet.filter(|outlet| !outlet.trim().is_empty()) else {
        return Extract {
            text: sentence.clone(),
            sentence,
            added: Vec::new(),
        };
    };
    let outlet: String = outlet.chars().take(MAX_OUTLET_CHARS).collect();
    let credit = format!(" ({outlet})");
    let start = code_points(&sentence);
    let added = Added {
        start,
        end: start.saturating_add(code_points(&credit)),
        text: credit.clone(),
    };
    Extract {
        text: format!("{sentence}{credit}"),
        sentence,
        added: vec![added],
    }
}

fn code_points(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}
