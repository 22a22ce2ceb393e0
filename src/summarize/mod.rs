//! Articles in, checked bullets out. This file is the recipe; each step has its own.
//!
//! Everything here is a pure function of its input, the engine's answers and the clock: articles are put in the
//! order of their ids first, and nothing depends on the order of a hash map or of threads.

pub mod language;
pub mod genre;
pub mod families;
pub mod topics;
pub mod passages;
pub mod material;
pub mod points;
pub mod conflicts;
pub mod lens;
pub mod plan;
pub mod prompt;
pub mod abstention;
pub mod grounding;
pub mod parse;
pub mod equals;
pub mod verify;
pub mod scoring;
pub mod dates;
pub mod citing;
pub mod reuse;
pub mod fallback;
pub mod compression;
pub mod candidates;
pub mod writing;
pub mod lede;
pub mod finish;

use serde::{Deserialize, Serialize};
use tracing::trace_span;

use crate::clock::Clock;
use crate::domain::{Analysis, ArticleMeta, Bullet, StoryId, Summary};
use crate::engine::{Cancel, Engine, EngineError, Sampling};

/// An article with what was computed of it once.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What is known of it.
    pub meta: &'a ArticleMeta,
    /// Its stored plain text.
    pub text: &'a str,
    /// Its sentences and their embeddings.
    pub analysis: &'a Analysis,
}

/// What a summary is made from.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Which story.
    pub story_id: &'a StoryId,
    /// The caller's headline.
    pub headline: Option<&'a str>,
    /// The caller's language tag.
    pub language: Option<&'a str>,
    /// The article set that the summary will carry.
    pub article_set_hash: &'a str,
    /// The articles.
    pub sources: &'a [Source<'a>],
    /// The version before: its bullets keep id and text where their evidence did not change.
    pub previous: Option<&'a Summary>,
}

/// How summaries are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Most bullets besides the lede.
    pub max_bullets: usize,
    /// Most bullets of a lens.
    pub max_lens_bullets: usize,
    /// How many further points are kept ready: one that the model can word stands for a lesser one that it cannot.
    pub spare_points: usize,
    /// Most sentences that the model is given for a bullet.
    pub max_evidence: usize,
    /// How many usable sentences of an article are considered, from its beginning: news tells the most important
    /// first, and 405 articles must not take minutes.
    pub max_sentences_per_article: usize,
    /// The longest bullet, in characters, without what our code adds.
    pub max_bullet_chars: usize,
    /// The longest run of words that a bullet may share with an article outside quotation marks (P13).
    pub max_copied_words: usize,
    /// Most tokens that the model writes for a bullet.
    pub max_bullet_tokens: usize,
    /// The languages (BCP 47 primary tags) that model and rules serve; other stories get extracts only.
    pub languages: Vec<String>,
    /// How many candidates the model writes for a bullet at first: the most likely text, and samples.
    pub candidates: usize,
    /// How many more it writes where none of the first passes. With the default model none of 145 such points of 60 stories
    /// got a wording from two more.
    pub more_candidates: usize,
    /// How tokens of samples are chosen.
    pub sampling: Sampling,
    /// The least probability that the cited sentences entail a wording, where the engine has a model to judge it.
    pub min_entailment: f64,
    /// Seeds the sampling; each candidate has a seed of its own.
    pub seed: u64,
    /// What the model may write at all.
    pub grounding: Grounding,
    /// Whether wordings are checked. Only ever switched off to measure what the checks are worth.
    pub gate: Gate,
}

/// What the model may write at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grounding {
    /// What the evidence licenses (see [`grounding`]).
    Evidence,
    /// Anything.
    Off,
}

/// Whether wordings are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// What fails a check is not published.
    On,
    /// The likeliest of the first candidates that tells most is taken as it is, `not_checked`.
    Off,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_bullets: 5,
            spare_points: 20,
            max_lens_bullets: 2,
            max_evidence: 3,
            max_sentences_per_article: 30,
            max_bullet_chars: 320,
            max_copied_words: 14,
            max_bullet_tokens: 96,
            languages: vec!["en".to_owned()],
            candidates: 2,
            more_candidates: 0,
            sampling: Sampling {
                temperature: 0.7,
                top_p: 0.95,
                ..Sampling::default()
            },
            min_entailment: 0.5,
            seed: 0,
            grounding: Grounding::Evidence,
            gate: Gate::On,
        }
    }
}

/// What can go wrong besides a bullet that fails its checks.
#[derive(Debug, thiserror::Error)]
pub enum SummarizeError {
    /// The engine failed, is busy, or was cancelled.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A prompt template is broken: a defect in this crate.
    #[error("prompt `{name}`: {detail}")]
    Prompt {
        /// Which template.
        name: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The manifest of the writing model names a prompt that this program does not have. The operator corrects it.
    #[error("model `{model}` was taught with prompt `{prompt}`; this program has {known}")]
    UnknownPrompt {
        /// The model.
        model: String,
        /// The prompt that its manifest names.
        prompt: String,
        /// The prompts that there are.
        known: String,
    },
}

/// Summarizes a story. `on_bullet` sees each bullet as it passes its checks.
///
/// The same input, models, prompt and seed give the same summary, apart from ids, `made.at` and `made.took_ms`.
///
/// # Errors
/// When the engine cannot be used; text that fails its checks is not an error.
pub fn summarize(
    input: &Input<'_>,
    settings: &Settings,
    engine: &dyn Engine,
    clock: &dyn Clock,
    cancel: &Cancel,
    on_bullet: &mut dyn FnMut(&Bullet),
) -> Result<Summary, SummarizeError> {
    let started = clock.now();
    let prompt = prompt::Prompt::for_model(engine.writer())?;
    let material = trace_span!(target: "profile", "gathering").in_scope(|| material::gather(input, settings));
    let points =
        trace_span!(target: "profile", "finding points").in_scope(|| points::find(&material, settings));
    let disputes =
        trace_span!(target: "profile", "finding conflicts").in_scope(|| conflicts::find(&material));
    let lenses = trace_span!(target: "profile", "finding lenses")
        .in_scope(|| lens::find(&material, &points, &disputes, settings));
    let _span = trace_span!(target: "profile", "writing bullets").entered();
    let desk = plan::Desk {
        settings,
        engine,
        prompt: &prompt,
        clock,
        cancel,
    };
    let plan = plan::Plan {
        points: &points,
        lenses: &lenses,
        disputes: &disputes,
    };
    let written = writing::write(input, &material, &plan, &desk, on_bullet)?;
    let (lede, bullets) = lede::take(&material, written.bullets);
    let statements = finish::Statements {
        lede,
        bullets,
        lenses: written.lenses,
        conflicts: conflicts::told(&material, &disputes),
    };
    Ok(finish::summary(input, &material, statements, &desk, started))
}
