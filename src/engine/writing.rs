//! One text while it is written: logits in, tokens and pieces of text out. What runs the model is in [`super::batch`].

use super::constraint::{Constraint, State, read};
use super::output::Output;
use super::sampler::{Sampler, log_probability};
use super::writer::Writer;
use super::{EngineError, FinishReason, GenerateRequest, Generation};

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
    pub(super) fn new(writer: &'w Writer, request: &'w GenerateRequest, prompt_tokens: usize) -> Self {
        let constraint = request.constraint.as_deref();
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
            Some(mask) => match mask.apply(logits) {
                Some(masked) => self.sampler.choose(&masked)?,
                None => return Ok(self.end(FinishReason::NothingAllowed)),
            },
        };
        self.log_probabilities += log_probability(logits, token);
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
        }
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
