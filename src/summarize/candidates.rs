//! What the engine is asked to write for a point, and which of the wordings that pass is the best.
//!
//! First it chooses among compressions of one source sentence, which keep its grammar. Where none passes, a model that was
//! taught to write bullets chooses among shortenings, and any other writes freely within what the evidence licenses. A small
//! model rewrites one sentence better than three, and three say more than one: half of the candidates see all evidence,
//! half the first sentence alone. The first of each half is the most likely text, the others are samples.

use std::sync::Arc;

use tracing::trace_span;

use super::abstention::ABSTENTION;
use super::compression::{self, OneOf};
use super::grounding::{Automaton, straight};
use super::passages::Passage;
use super::plan::Desk;
use super::points::Point;
use super::prompt;
use super::verify::support::content_words;
use super::{Grounding, SummarizeError, dates, material::Material};
use crate::engine::{Constraint, GenerateRequest, Sampling};
use crate::text::similarity::changed_share;

/// A text of which more of the closest source sentence's words were kept is a copy rather than the model's own.
pub const MIN_CHANGED: f64 = 0.2;

/// The share of what the fullest wording tells that another must tell to be chosen.
const MIN_TOLD: f64 = 0.75;

/// The model must find every token of a shortening so likely: what it writes only because nothing else is allowed is seldom
/// right. Of the 17 shortenings above this for points of 60 `train` stories all but one were right, and most of those far below
/// it were not.
pub const MIN_TOKEN_PROBABILITY: f64 = 0.02;

/// So many of a point's sentences are shortened, and the best shortening is taken.
const MOST_SHORTENED: usize = 3;

/// A wording that is chosen from a list ends by itself; no sentence that may be evidence has more tokens.
const MOST_FORCED_TOKENS: usize = 160;

/// How many nats of likelihood a token one evidence word more or less is worth, all of them together.
const COVERAGE_WEIGHT: f64 = 1.0;

/// The request for a point's best compression: the first sentence, in this order, of which some wording is `usable`,
/// and the index of it. Wordings that leave a relative day stand back.
///
/// # Errors
/// When the template is broken.
pub fn compression(
    desk: &Desk<'_>,
    material: &Material<'_>,
    sentences: &[Passage<'_>],
    usable: impl Fn(&str, &Passage<'_>) -> bool,
) -> Result<Option<(usize, GenerateRequest)>, SummarizeError> {
    let settings = desk.settings;
    for (index, passage) in sentences.iter().enumerate() {
        let mut wordings = trace_span!(target: "profile", "compressing")
            .in_scope(|| compression::wordings(&straight(passage.text), settings.max_copied_words));
        wordings.retain(|wording| usable(wording, passage));
        if wordings.is_empty() {
            continue;
        }
        let is_dated =
            |wording: &String| !dates::dated(material, wording, std::slice::from_ref(passage)).is_open;
        if wordings.iter().any(is_dated) {
            wordings.retain(is_dated);
        }
        // The first one tells most.
        let most = wordings.first().map_or(0.0, |wording| compression::told(wording));
        wordings.retain(|wording| compression::told(wording) >= MIN_TOLD * most);
        return Ok(Some((index, choice(desk, material, passage, wordings)?)));
    }
    Ok(None)
}

/// The shortenings of a sentence that the model chooses from.
pub struct Shortenings<'a> {
    /// The sentence.
    pub passage: Passage<'a>,
    wordings: Vec<String>,
}

/// The `usable` shortenings of a point's first sentences that have some. None for a model that was not taught to write bullets: it
/// leaves out what it must not.
pub fn shortenings<'a>(
    desk: &Desk<'_>,
    sentences: &[Passage<'a>],
    usable: impl Fn(&str) -> bool,
) -> Vec<Shortenings<'a>> {
    if !desk.prompt.is_taught() {
        return Vec::new();
    }
    let _span = trace_span!(target: "profile", "shortening").entered();
    let shortened = |passage: &Passage<'a>| {
        let mut wordings = compression::shortenings(&straight(passage.text), desk.settings.max_copied_words);
        wordings.retain(|wording| usable(wording));
        Shortenings {
            passage: *passage,
            wordings,
        }
    };
    let found = sentences.iter().take(MOST_SHORTENED).map(shortened);
    found.filter(|found| !found.wordings.is_empty()).collect()
}

impl Shortenings<'_> {
    /// The request for the best of them.
    ///
    /// # Errors
    /// When the template is broken.
    pub fn request(
        &self,
        desk: &Desk<'_>,
        material: &Material<'_>,
    ) -> Result<GenerateRequest, SummarizeError> {
        choice(desk, material, &self.passage, self.wordings.clone())
    }

    /// The request for the best of them, or for [`ABSTENTION`].
    ///
    /// # Errors
    /// When the template is broken.
    pub fn request_or_nothing(
        &self,
        desk: &Desk<'_>,
        material: &Material<'_>,
    ) -> Result<GenerateRequest, SummarizeError> {
        let texts = [self.wordings.as_slice(), &[ABSTENTION.to_owned()]].concat();
        choice(desk, material, &self.passage, texts)
    }
}

/// The request for one of these texts beside a sentence.
fn choice(
    desk: &Desk<'_>,
    material: &Material<'_>,
    passage: &Passage<'_>,
    texts: Vec<String>,
) -> Result<GenerateRequest, SummarizeError> {
    Ok(GenerateRequest {
        messages: desk.prompt.messages(&[prompt::line(material, passage)])?,
        sampling: Sampling::default(),
        seed: desk.settings.seed,
        max_tokens: MOST_FORCED_TOKENS,
        constraint: Some(Arc::new(OneOf::new(texts))),
        ..GenerateRequest::default()
    })
}

/// Which candidates of a point are written together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// The first ones.
    First,
    /// More, where none of the first passed.
    Second,
}

/// The requests of one round for a point.
///
/// # Errors
/// When the template is broken.
pub fn requests(
    desk: &Desk<'_>,
    material: &Material<'_>,
    point: &Point<'_>,
    round: Round,
) -> Result<Vec<GenerateRequest>, SummarizeError> {
    let settings = desk.settings;
    let (count, drawn_before) = match round {
        Round::First => (settings.candidates.max(1), 0),
        Round::Second => (settings.more_candidates, settings.candidates),
    };
    let lines = prompt::lines(material, point);
    // All sentences, then the first alone; the same where there is only one.
    let views = [lines.as_slice(), lines.get(..1).unwrap_or_default()];
    let views = if lines.len() > 1 {
        views.to_vec()
    } else {
        vec![lines.as_slice()]
    };
    let mut requests = Vec::with_capacity(count);
    let prepared: Vec<_> = views
        .iter()
        .map(|lines| {
            Ok((
                desk.prompt.messages(lines)?,
                constraint(lines, settings.grounding),
            ))
        })
        .collect::<Result<_, SummarizeError>>()?;
    for (number, (messages, constraint)) in prepared.iter().cycle().take(count).enumerate() {
        let is_most_likely = round == Round::First && number < prepared.len();
        let own_seed = u64::try_from(drawn_before + number).unwrap_or_default();
        requests.push(GenerateRequest {
            messages: messages.clone(),
            sampling: if is_most_likely {
                Sampling::default()
            } else {
                settings.sampling
            },
            seed: settings.seed.wrapping_add(own_seed),
            max_tokens: settings.max_bullet_tokens,
            constraint: constraint.clone(),
            ..GenerateRequest::default()
        });
    }
    Ok(requests)
}

fn constraint(lines: &[prompt::Line], grounding: Grounding) -> Option<Arc<dyn Constraint>> {
    match grounding {
        Grounding::Off => None,
        Grounding::Evidence => {
            let sentences: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
            Some(Arc::new(Automaton::new(&sentences)))
        }
    }
}

/// How good a wording that passed is: likely by the model, and telling much of the evidence. Higher is better; the unit
/// is nats a token.
pub fn quality(text: &str, mean_log_probability: f64, evidence: &[&str]) -> f64 {
    let told = content_words(text);
    let first = evidence
        .first()
        .map(|first| content_words(first))
        .unwrap_or_default();
    let covered = first.iter().filter(|word| told.contains(word)).count() as f64 / first.len().max(1) as f64;
    mean_log_probability + COVERAGE_WEIGHT * covered
}

/// Whether enough of the closest source sentence's words were dropped, moved or replaced.
pub fn is_reworded(text: &str, sources: &[&str]) -> bool {
    sources
        .iter()
        .all(|source| changed_share(text, source) >= MIN_CHANGED)
}
