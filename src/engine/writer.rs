//! One model that writes: its tokenizer, its chat template and its decoder, and the loop from messages to text.

use std::path::Path;

use super::chat::ChatTemplate;
use super::decoder::{Decoder, read_head};
use super::gguf::{Metadata, bad_model};
use super::models::ModelFiles;
use super::output::Output;
use super::sampler::Sampler;
use super::tokenizer::{Fragment, Tokenizer};
use super::{EngineError, FinishReason, GenerateRequest, Generation, Message, ModelInfo};

/// A loaded model.
pub struct Writer {
    info: ModelInfo,
    tokenizer: Tokenizer,
    template: ChatTemplate,
    decoder: Decoder,
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
        Ok(Self {
            info: ModelInfo {
                name: files.name.clone(),
                sha256: files.sha256.clone(),
                context_tokens: decoder.context_tokens(),
            },
            tokenizer,
            template,
            decoder,
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
            let token = sampler.choose(&next)?;
            if self.tokenizer.is_end(token) {
                break FinishReason::Stop;
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
        })
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
