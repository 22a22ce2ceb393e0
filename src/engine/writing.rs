//! One text while it is written: logits in, tokens and pieces of text out. What runs the model is in [`super::lanes`].

use std::sync::Arc;

use tracing::trace_span;

use super::constraint::{Constraint, State, read};
use super::output::Output;
use super::sampler::{Sampler, log_probability};
use super::writer::Writer;
use super::{EngineError, FinishReason, GenerateRequest, Generation};

/// Fewer bytes are one or two tokens.
const LEAST_FORCED: usize = 8;
/// Most tokens that are run ahead: one that is not chosen makes those after it useless.
const MOST_DRAFTED: usize = 16;

/// The state of one text.
pub(super) struct Writing<'w> {
    writer: &'w Writer,
    max_tokens: usize,
    prompt_tokens: usize,
    sampler: Sampler,
    mask: Option<Mask<'w>>,
    output: Output,
    generated_tokens: usize,
    /// Tokens chosen, an end token included, and the sum of their log probabilities.
    chosen_tokens: u32,
    log_probabilities: f64,
    least_log_probability: f64,
}

/// What one step brought.
pub(super) struct Step {
    /// A new piece of the text, often empty.
    pub(super) piece: String,
    pub(super) next: Next,
}

/// How a text goes on.
pub(super) enum Next {
    /// This token is to be run.
    Token(u32),
    /// It ended.
    End(FinishReason),
}

impl<'w> Writing<'w> {
    pub(super) fn new(writer: &'w Writer, request: &GenerateRequest, prompt_tokens: usize) -> Self {
        let constraint = request.constraint.clone();
        Self {
            writer,
            max_tokens: request.max_tokens,
            prompt_tokens,
            sampler: Sampler::new(request.sampling, request.seed),
            mask: constraint.map(|constraint| Mask::new(constraint, writer)),
            output: Output::new(&request.stop, writer.tokenizer.opens_with_space()),
            generated_tokens: 0,
            chosen_tokens: 0,
            log_probabilities: 0.0,
            least_log_probability: 0.0,
        }
    }

    /// Chooses the next token.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when no logit is a number.
    pub(super) fn step(&mut self, logits: &[f32]) -> Result<Step, EngineError> {
        if self.generated_tokens >= self.max_tokens {
            return Ok(self.end(FinishReason::Length));
        }
        let token = match &self.mask {
            None => self.sampler.choose(logits)?,
            Some(mask) => match trace_span!(target: "profile", "masks").in_scope(|| mask.apply(logits)) {
                Some(masked) => self.sampler.choose(&masked)?,
                None => return Ok(self.end(FinishReason::NothingAllowed)),
            },
        };
        let log_probability = log_probability(logits, token);
        self.log_probabilities += log_probability;
        self.least_log_probability = self.least_log_probability.min(log_probability);
        self.chosen_tokens += 1;
        if self.writer.tokenizer.is_end(token) {
            return Ok(self.end(FinishReason::Stop));
        }
        if let Some(mask) = &mut self.mask {
            mask.advance(token);
        }
        self.generated_tokens += 1;
        let piece = self.output.push(self.writer.tokenizer.bytes(token));
        let next = if self.output.is_stopped() {
            Next::End(FinishReason::Stop)
        } else if self.generated_tokens >= self.max_tokens {
            Next::End(FinishReason::Length)
        } else {
            return Ok(Step {
                piece,
                next: Next::Token(token),
            });
        };
        let piece = piece + &self.output.finish();
        Ok(Step { piece, next })
    }

    /// Tokens that will probably follow: those of the bytes that must, at most so many.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when the tokenizer fails.
    pub(super) fn draft(&self, most: usize) -> Result<Vec<u32>, EngineError> {
        let forced = self.mask.as_ref().map(Mask::forced).unwrap_or_default();
        let whole = forced.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        if whole.len() < LEAST_FORCED || most == 0 {
            return Ok(Vec::new());
        }
        let mut tokens = self.writer.tokenize(whole)?;
        // The last token may go on beyond what is known.
        tokens.pop();
        tokens.truncate(most.min(MOST_DRAFTED));
        Ok(tokens)
    }

    /// Chooses token after token from the logits after each of some tokens that were run, as long as the choice is the one that
    /// was drafted. Returns all that this brought, and how many tokens were chosen, an end included.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when no logit is a number.
    pub(super) fn follow(
        &mut self,
        logits: &[Vec<f32>],
        drafted: &[u32],
    ) -> Result<(Step, usize), EngineError> {
        let mut piece = String::new();
        let mut drafted = drafted.iter();
        for (number, logits) in (1..).zip(logits) {
            let step = self.step(logits)?;
            piece.push_str(&step.piece);
            match (step.next, drafted.next()) {
                (Next::Token(token), Some(drafted)) if token == *drafted => {}
                (next, _) => return Ok((Step { piece, next }, number)),
            }
        }
        Err(EngineError::Compute("no logits".to_owned()))
    }

    fn end(&mut self, reason: FinishReason) -> Step {
        Step {
            piece: self.output.finish(),
            next: Next::End(reason),
        }
    }

    /// The text, once it ended.
    pub(super) fn into_generation(self, finish: FinishReason) -> Generation {
        Generation {
            text: self.output.into_text(),
            finish,
            prompt_tokens: self.prompt_tokens,
            generated_tokens: self.generated_tokens,
            mean_log_probability: self.log_probabilities / f64::from(self.chosen_tokens.max(1)),
            least_log_probability: self.least_log_probability,
        }
    }
}

/// The constraint of one text, and how far it was read.
struct Mask<'w> {
    constraint: Arc<dyn Constraint>,
    writer: &'w Writer,
    state: Option<State>,
    /// SentencePiece opens a text with a space that is not part of it.
    drops_leading_space: bool,
}

impl<'w> Mask<'w> {
    fn new(constraint: Arc<dyn Constraint>, writer: &'w Writer) -> Self {
        Self {
            writer,
            state: Some(constraint.start()),
            constraint,
            drops_leading_space: writer.tokenizer.opens_with_space(),
        }
    }

    /// The bytes that must follow.
    fn forced(&self) -> &[u8] {
        let forced = self.state.map(|state| self.constraint.forced(state));
        forced.unwrap_or_default()
    }

    /// The logits with those of forbidden tokens at minus infinity; `None` when nothing is left.
    fn apply(&self, logits: &[f32]) -> Option<Vec<f32>> {
        let state = self.state?;
        let mut allowed = self.writer.trie.allowed(&*self.constraint, state);
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
                *flag |= !rest.is_empty() && read(&*self.constraint, state, rest).is_some();
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
        self.state = self.state.and_then(|state| read(&*self.constraint, state, shown));
    }
}
