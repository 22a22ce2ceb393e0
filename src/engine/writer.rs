//! One model that writes: its tokenizer, its chat template and its decoder, and the loop from messages to text.

use std::path::Path;

use super::chat::ChatTemplate;
use super::constraint::{Constraint, State, VocabularyTrie, read};
use super::decoder::{Decoder, read_head};
use super::gguf::{Metadata, bad_model};
use super::models::ModelFiles;
use super::output::Output;
use super::sampler::{Sampler, log_probability};
use super::tokenizer::{Fragment, Tokenizer};
use super::{EngineError, FinishReason, GenerateRequest, Generation, Message, ModelInfo, ScoreRequest};

/// A loaded model.
pub struct Writer {
    info: ModelInfo,
    tokenizer: Tokenizer,
    template: ChatTemplate,
    decoder: Decoder,
    trie: VocabularyTrie,
}

/// What the caller of a running text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Go on.
    GoOn,
    /// Nobody waits for it.
    Abandon,
}

/// The caller of a running text.
pub(super) trait Listener {
    /// Asked before each step.
    fn wish(&self) -> Wish;
    /// A new piece of the text.
    fn piece(&mut self, piece: String);
}

impl Writer {
    /// Loads everything from the GGUF file.
    ///
    /// # Errors
    /// [`EngineError::BadModel`].
    pub fn load(files: &ModelFiles) -> Result<Self, EngineError> {
        let path = files.weights.as_path();
        let content = read_head(path)?;
        let metadata = Metadata::new(path, &content.metadata);
        let tokenizer = Tokenizer::from_metadata(metadata)?;
        let template = chat_template(path, metadata, &tokenizer)?;
        let wanted = files.context_tokens.unwrap_or(usize::MAX);
        let decoder = Decoder::load(path, content, wanted, tokenizer.vocabulary())?;
        let trie = VocabularyTrie::new(
            (0u32..)
                .take(tokenizer.vocabulary())
                .map(|id| tokenizer.bytes(id)),
        );
        Ok(Self {
            info: ModelInfo {
                name: files.name.clone(),
                sha256: files.sha256.clone(),
                context_tokens: decoder.context_tokens(),
            },
            tokenizer,
            template,
            decoder,
            trie,
        })
    }

    /// What is known of it.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The ids of the prompt that the messages make.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when the template refuses the messages.
    pub fn prompt(&self, messages: &[Message]) -> Result<Vec<u32>, EngineError> {
        let prompt = self.template.render(messages)?;
        self.tokenizer.encode_prompt(&prompt.fragments())
    }

    /// The ids of an ordinary text: control tokens in it are ordinary characters.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when the tokenizer fails.
    pub fn tokenize(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        self.tokenizer.encode(&[Fragment::Content(text)])
    }

    /// Greedy continuation of a prompt, as ids, end token included. For comparing with other implementations.
    ///
    /// # Errors
    /// [`EngineError::Compute`].
    pub fn continue_greedily(&self, prompt: &[u32], tokens: usize) -> Result<Vec<u32>, EngineError> {
        let mut sampler = Sampler::new(super::Sampling::default(), 0);
        let mut pass = self.decoder.pass();
        let mut logits = pass.prefill(prompt, || true)?.unwrap_or_default();
        let mut written = Vec::new();
        while written.len() < tokens {
            let token = sampler.choose(&logits)?;
            written.push(token);
            if self.tokenizer.is_end(token) {
                break;
            }
            logits = pass.step(token)?;
        }
        Ok(written)
    }

    /// How many texts are best written at once.
    pub(super) fn lanes(&self) -> usize {
        self.decoder.lanes()
    }

    /// Writes one text.
    pub(super) fn generate(
        &self,
        request: &GenerateRequest,
        listener: &mut dyn Listener,
    ) -> Result<Generation, EngineError> {
        let prompt = self.prompt(&request.messages)?;
        self.check_length(prompt.len(), request.max_tokens)?;
        let mut output = Output::new(&request.stop, self.tokenizer.opens_with_space());
        let mut mask = request
            .constraint
            .as_deref()
            .map(|constraint| Mask::new(constraint, self));
        let mut log_probabilities = 0.0;
        let mut chosen_tokens = 0.0;
        let mut sampler = Sampler::new(request.sampling, request.seed);
        let mut pass = self.decoder.pass();
        let mut logits = pass.prefill(&prompt, || listener.wish() == Wish::GoOn)?;
        let mut generated_tokens = 0;
        let finish = loop {
            match listener.wish() {
                Wish::Abandon => return Err(EngineError::Cancelled),
                Wish::GoOn => {}
            }
            let Some(next) = logits.take() else {
                break FinishReason::Cancelled;
            };
            if generated_tokens >= request.max_tokens {
                break FinishReason::Length;
            }
            let token = match &mask {
                Some(mask) => match mask.apply(&next) {
                    Some(masked) => sampler.choose(&masked)?,
                    None => break FinishReason::NothingAllowed,
                },
                None => sampler.choose(&next)?,
            };
            log_probabilities += log_probability(&next, token);
            chosen_tokens += 1.0;
            if self.tokenizer.is_end(token) {
                break FinishReason::Stop;
            }
            if let Some(mask) = &mut mask {
                mask.advance(token);
            }
            generated_tokens += 1;
            hand_on(output.push(self.tokenizer.bytes(token)), listener);
            if output.is_stopped() {
                break FinishReason::Stop;
            }
            if generated_tokens < request.max_tokens {
                logits = Some(pass.step(token)?);
            } else {
                break FinishReason::Length;
            }
        };
        hand_on(output.finish(), listener);
        Ok(Generation {
            text: output.into_text(),
            finish,
            prompt_tokens: prompt.len(),
            generated_tokens,
            mean_log_probability: if chosen_tokens > 0.0 {
                log_probabilities / chosen_tokens
            } else {
                0.0
            },
        })
    }

    /// The log probability of each token of a given answer.
    pub(super) fn score(
        &self,
        request: &ScoreRequest,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Vec<f32>, EngineError> {
        let prompt = self.prompt(&request.messages)?;
        let answer = self.tokenize(&request.answer)?;
        self.check_length(prompt.len(), answer.len())?;
        let mut pass = self.decoder.pass();
        let mut logits = pass.prefill(&prompt, &mut go_on)?;
        let mut scores = Vec::with_capacity(answer.len());
        for token in answer {
            let Some(next) = logits.take().filter(|_| go_on()) else {
                return Err(EngineError::Cancelled);
            };
            scores.push(log_probability(&next, token) as f32);
            logits = Some(pass.step(token)?);
        }
        Ok(scores)
    }

    fn check_length(&self, prompt_tokens: usize, max_tokens: usize) -> Result<(), EngineError> {
        let context_tokens = self.info.context_tokens;
        if prompt_tokens.saturating_add(max_tokens) <= context_tokens {
            return Ok(());
        }
        Err(EngineError::PromptTooLong {
            prompt_tokens,
            max_tokens,
            context_tokens,
        })
    }
}

/// The constraint of one text, and how far it was read.
struct Mask<'w> {
    constraint: &'w dyn Constraint,
    writer: &'w Writer,
    state: Option<State>,
    /// SentencePiece opens a text with a space that is not part of it.
    drops_leading_space: bool,
}

impl<'w> Mask<'w> {
    fn new(constraint: &'w dyn Constraint, writer: &'w Writer) -> Self {
        Self {
            constraint,
            writer,
            state: Some(constraint.start()),
            drops_leading_space: writer.tokenizer.opens_with_space(),
        }
    }

    /// The logits with those of forbidden tokens at minus infinity; `None` when nothing is left.
    fn apply(&self, logits: &[f32]) -> Option<Vec<f32>> {
        let state = self.state?;
        let mut allowed = self.writer.trie.allowed(self.constraint, state);
        if self.drops_leading_space {
            self.allow_spaced(&mut allowed, state);
        }
        let may_end = self.constraint.may_end(state);
        let mut left = false;
        let masked = (0u32..)
            .zip(logits.iter().zip(allowed))
            .map(|(id, (logit, allowed))| {
                let keeps = if self.writer.tokenizer.is_end(id) {
                    may_end
                } else {
                    allowed
                };
                left |= keeps && !logit.is_nan();
                if keeps { *logit } else { f32::NEG_INFINITY }
            });
        let masked = masked.collect();
        left.then_some(masked)
    }

    /// The first token may open with the space that is dropped.
    fn allow_spaced(&self, allowed: &mut [bool], state: State) {
        for (id, flag) in (0u32..).zip(allowed) {
            if let Some(rest) = self.writer.tokenizer.bytes(id).strip_prefix(b" ") {
                *flag |= !rest.is_empty() && read(self.constraint, state, rest).is_some();
            }
        }
    }

    fn advance(&mut self, token: u32) {
        let bytes = self.writer.tokenizer.bytes(token);
        let shown = match bytes.strip_prefix(b" ") {
            Some(rest) if self.drops_leading_space => rest,
            _ => bytes,
        };
        self.drops_leading_space &= bytes.is_empty();
        self.state = self.state.and_then(|state| read(self.constraint, state, shown));
    }
}

fn hand_on(piece: String, listener: &mut dyn Listener) {
    if !piece.is_empty() {
        listener.piece(piece);
    }
}

fn chat_template(
    path: &Path,
    metadata: Metadata<'_>,
    tokenizer: &Tokenizer,
) -> Result<ChatTemplate, EngineError> {
    let (bos, eos) = tokenizer.bos_and_eos();
    ChatTemplate::new(metadata.text("tokenizer.chat_template"), bos, eos)
        .map_err(|detail| bad_model(path, detail))
}
