//! The local models: one that writes, one that embeds, and optionally one that judges. Knows tokens, prompts and vectors, and no news words.
//!
//! [`Engine`] is the boundary that the rest of the crate sees. [`local::LocalEngine`] is the engine of this
//! machine: a few threads write the texts of all calls together.

pub mod models;
pub mod gguf;
pub mod tokenizer;
pub mod chat;
pub mod constraint;
pub mod sampler;
pub mod output;
mod adapter;
mod kernels;
mod transformer;
mod bert;
pub mod decoder;
pub mod writer;
mod writing;
mod calls;
mod lanes;
pub mod embedder;
pub mod entailment;
pub mod local;
mod trial;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use constraint::Constraint;

/// What a model writes and reads. Synchronous: call it from a thread that may block.
pub trait Engine: Send + Sync + 'static {
    /// Runs the requests and returns one generation each, in their order. `on_token` is called with the index of
    /// the request and each new piece of its text, and may stop all of them with [`ControlFlow::Break`].
    ///
    /// The same request with the same seed gives the same text, however many run together.
    ///
    /// # Errors
    /// [`EngineError::Busy`] at once when the queue is full; see the other variants. One bad request fails all.
    fn generate(
        &self,
        requests: Vec<GenerateRequest>,
        cancel: &Cancel,
        on_token: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Generation>, EngineError>;

    /// How likely the model finds given answers: for each request, the natural logarithm of the probability of each
    /// token of its answer in turn, at temperature 1. The end of the turn is not counted.
    ///
    /// # Errors
    /// As [`Engine::generate`].
    fn score(&self, requests: Vec<ScoreRequest>, cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError>;

    /// Embeds the texts: one L2-normalised vector each, in their order, all of the embedder's dimension.
    /// A text longer than the embedder's context is cut at the end.
    ///
    /// # Errors
    /// As [`Engine::generate`].
    fn embed(&self, texts: &[&str], cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError>;

    /// For each pair, in their order, how likely the premise entails the hypothesis, 0 to 1. A premise longer than the
    /// model's context is cut at the end.
    ///
    /// # Errors
    /// As [`Engine::generate`]; [`EngineError::Compute`] where there is no such model.
    fn entail(&self, _pairs: Vec<Pair>, _cancel: &Cancel) -> Result<Vec<f32>, EngineError> {
        Err(EngineError::Compute("no entailment model is loaded".to_owned()))
    }

    /// The model that judges; most engines have none.
    fn judge(&self) -> Option<&ModelInfo> {
        None
    }

    /// The model that writes.
    fn writer(&self) -> &ModelInfo;

    /// The model that embeds.
    fn embedder(&self) -> &ModelInfo;
}

/// What is known of a loaded model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Its name in `models/`, or the file's name.
    pub name: String,
    /// SHA-256 (hex) of the weights' file.
    pub sha256: String,
    /// Most tokens of prompt and answer together.
    pub context_tokens: usize,
    /// The prompt that it was taught with, where it was taught one job.
    pub prompt: Option<String>,
}

/// One chat turn. The content is data: control tokens inside it are ordinary text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// Who speaks in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The instructions.
    System,
    /// The request.
    User,
    /// The model.
    Assistant,
}

/// One text to write.
#[derive(Debug, Clone, Default)]
pub struct GenerateRequest {
    /// The chat so far, put into the model's own template.
    pub messages: Vec<Message>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Seeds the choice.
    pub seed: u64,
    /// Most tokens to write.
    pub max_tokens: usize,
    /// Ends the text before any of these strings; the model's own end tokens always do.
    pub stop: Vec<String>,
    /// What may be written; absent: anything.
    pub constraint: Option<Arc<dyn Constraint>>,
    /// Who goes first.
    pub priority: Priority,
}

/// Which texts go first. Those that are on their way stay so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody waits for it.
    #[default]
    Interactive,
    /// Begun when nothing interactive waits.
    Background,
}

/// An engine whose texts go behind those that somebody waits for.
pub struct Background(pub Arc<dyn Engine>);

impl Engine for Background {
    fn generate(
        &self,
        mut requests: Vec<GenerateRequest>,
        cancel: &Cancel,
        on_token: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Generation>, EngineError> {
        for request in &mut requests {
            request.priority = Priority::Background;
        }
        self.0.generate(requests, cancel, on_token)
    }

    fn score(&self, requests: Vec<ScoreRequest>, cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        self.0.score(requests, cancel)
    }

    fn embed(&self, texts: &[&str], cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        self.0.embed(texts, cancel)
    }

    fn entail(&self, pairs: Vec<Pair>, cancel: &Cancel) -> Result<Vec<f32>, EngineError> {
        self.0.entail(pairs, cancel)
    }

    fn judge(&self) -> Option<&ModelInfo> {
        self.0.judge()
    }

    fn writer(&self) -> &ModelInfo {
        self.0.writer()
    }

    fn embedder(&self) -> &ModelInfo {
        self.0.embedder()
    }
}

/// A given answer, whose likelihood is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreRequest {
    /// The chat so far, put into the model's own template.
    pub messages: Vec<Message>,
    /// The answer, an ordinary text.
    pub answer: String,
}

/// Two texts: whether the first entails the second is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// What is known.
    pub premise: String,
    /// What is claimed.
    pub hypothesis: String,
}

/// How tokens are chosen.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// 0 is greedy: the most likely token each time.
    pub temperature: f64,
    /// Nucleus sampling (Holtzman et al. 2020): the smallest set of tokens with this much probability.
    pub top_p: f64,
    /// The most likely tokens considered; 0 considers all.
    pub top_k: usize,
    /// Divides the logits of tokens already written (Keskar et al. 2019); 1 leaves them.
    pub repetition_penalty: f32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_p: 1.0,
            top_k: 0,
            repetition_penalty: 1.0,
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// The text, without end tokens and stop strings.
    pub text: String,
    /// Why it ended.
    pub finish: FinishReason,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens written.
    pub generated_tokens: usize,
    /// The mean natural logarithm of the probability of the tokens written, the end token included, by the model alone:
    /// at temperature 1 and before any constraint. 0 when nothing was written.
    pub mean_log_probability: f64,
    /// The least of these logarithms: how surprised the model was by what it had to write. 0 when nothing was written.
    pub least_log_probability: f64,
}

/// Why a text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// The model ended it, or a stop string did.
    Stop,
    /// `max_tokens` or the context was reached.
    Length,
    /// The caller stopped it.
    Cancelled,
    /// The constraint allowed no token and no end.
    NothingAllowed,
}

/// Stops work that nobody waits for any more. Clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels every clone, for good.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What can go wrong between a request and its answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The queue is full. The caller tries again later.
    #[error("the engine's queue is full ({capacity} requests wait)")]
    Busy {
        /// How many requests may wait.
        capacity: usize,
    },
    /// The prompt does not fit. The caller sends less.
    #[error(
        "the prompt has {prompt_tokens} tokens; with {max_tokens} to write it exceeds the context of {context_tokens}"
    )]
    PromptTooLong {
        /// Tokens of the prompt.
        prompt_tokens: usize,
        /// Tokens asked for.
        max_tokens: usize,
        /// What the model takes.
        context_tokens: usize,
    },
    /// The caller cancelled before an answer was there.
    #[error("cancelled")]
    Cancelled,
    /// The threads that run the models have ended. The process must be restarted.
    #[error("the engine has stopped")]
    Stopped,
    /// A model file cannot be used. The operator replaces it.
    #[error("{file}: {detail}")]
    BadModel {
        /// Which file.
        file: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Tokenizing or computing failed: a defect in the model file or in this crate.
    #[error("the model could not be run: {0}")]
    Compute(String),
}
