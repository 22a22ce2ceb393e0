//! One model that writes: its tokenizer, its chat template and its decoder. `super::lanes` writes with it.

use std::path::Path;

use super::chat::ChatTemplate;
use super::constraint::VocabularyTrie;
use super::decoder::{Decoder, Shelf, read_head};
use super::gguf::{Metadata, bad_model};
use super::models::ModelFiles;
use super::sampler::Sampler;
use super::tokenizer::{Fragment, Tokenizer};
use super::{EngineError, Message, ModelInfo};

/// A loaded model.
pub struct Writer {
    info: ModelInfo,
    pub(super) tokenizer: Tokenizer,
    template: ChatTemplate,
    pub(super) decoder: Decoder,
    pub(super) trie: VocabularyTrie,
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
        let decoder = Decoder::load(path, &content, wanted, tokenizer.vocabulary())?;
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
                prompt: files.prompt.clone(),
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

    /// The logits of the token after these. For comparing with other implementations.
    ///
    /// # Errors
    /// [`EngineError::Compute`].
    pub fn next_logits(&self, tokens: &[u32]) -> Result<Vec<f32>, EngineError> {
        let mut shelf = Shelf::new(self.decoder.lanes());
        let started = self.decoder.start(tokens, 0, &mut shelf, || true)?;
        Ok(started.map(|(_, logits)| logits).unwrap_or_default())
    }

    /// Greedy continuation of a prompt, as ids, end token included. For comparing with other implementations.
    ///
    /// # Errors
    /// [`EngineError::Compute`].
    pub fn continue_greedily(&self, prompt: &[u32], tokens: usize) -> Result<Vec<u32>, EngineError> {
        let mut sampler = Sampler::new(super::Sampling::default(), 0);
        let started = self
            .decoder
            .start(prompt, tokens, &mut Shelf::new(self.decoder.lanes()), || true)?;
        let Some((text, mut logits)) = started else {
            return Ok(Vec::new());
        };
        let mut text = text;
        let mut written = Vec::new();
        while written.len() < tokens {
            let token = sampler.choose(&logits)?;
            written.push(token);
            if self.tokenizer.is_end(token) {
                break;
            }
            logits = self
                .decoder
                .step([(&mut text, &[token][..])])?
                .pop()
                .unwrap_or_default();
        }
        Ok(written)
    }

    /// Refuses a prompt that leaves no room for so many tokens.
    pub(super) fn check_length(&self, prompt_tokens: usize, max_tokens: usize) -> Result<(), EngineError> {
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

fn chat_template(
    path: &Path,
    metadata: Metadata<'_>,
    tokenizer: &Tokenizer,
) -> Result<ChatTemplate, EngineError> {
    let (bos, eos) = tokenizer.bos_and_eos();
    ChatTemplate::new(metadata.text("tokenizer.chat_template"), bos, eos)
        .map_err(|detail| bad_model(path, detail))
}
