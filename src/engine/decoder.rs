//! The transformer that writes: token ids in, logits out, many texts in one step. Weights come from a GGUF file.
//!
//! | `general.architecture` | models | known limits |
//! |---|---|---|
//! | `llama` | SmolLM2, Llama 3, Mistral | mixtures of experts are refused |
//! | `qwen2` | Qwen2, Qwen2.5 | |
//! | `qwen3` | Qwen3 | |
//! | `gemma3` | Gemma 3 | text only |
//! | `phi3` | Phi-3, Phi-4 | |
//!
//! SmolLM2 135M is compared with llama.cpp's greedy texts, and every family with its logits on a tiny file with random weights
//! that the tests write. Texts are no longer than a model was first trained on, where longer ones need scaled positions other
//! than linear ones.

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use candle_core::quantized::gguf_file::Content;

use super::EngineError;
use super::gguf::{Metadata, bad_model};
use super::kernels::Cache;
use super::transformer::{Run, Transformer, Wanted, forward};

/// Tokens of a prompt that are run at once; between two chunks the caller may stop.
const PREFILL_CHUNK: usize = 128;
/// Most threads: more share the same memory bandwidth.
const MOST_LANES: usize = 8;
/// Most tokens of a prompt that is kept while nothing is read: what prompts have in common stands at their beginning.
const MOST_KEPT: usize = 1024;
/// Shorter starts are computed anew faster than they are found.
const LEAST_SHARED: usize = 8;

/// A model's weights.
pub struct Decoder {
    model: Transformer,
    context_tokens: usize,
    vocabulary: usize,
}

/// One text on its way through the model: what it read and wrote so far.
pub(super) struct Text {
    prompt: Arc<Prompt>,
    answer: Cache,
}

/// A prompt that was read, for all texts that follow it.
struct Prompt {
    tokens: Vec<u32>,
    cache: Cache,
    /// Of the first token after it.
    logits: Vec<f32>,
}

/// The prompts that the texts of one lane have in use, and the last one that was read.
pub(super) struct Shelf {
    prompts: Vec<Arc<Prompt>>,
    /// How many threads read a prompt together.
    threads: usize,
}

impl Decoder {
    /// Loads the weights. `content` is the file's head, as [`read_head`] returns it.
    ///
    /// # Errors
    /// [`EngineError::BadModel`] when the architecture is not served or the file is damaged.
    pub(super) fn load(
        path: &Path,
        content: &Content,
        wanted_context_tokens: usize,
        vocabulary: usize,
    ) -> Result<Self, EngineError> {
        let mut reader = open(path)?;
        // candle, which reads the tensors, trusts most of the metadata: a damaged file may make it panic.
        let loaded = catch_unwind(AssertUnwindSafe(|| {
            let metadata = Metadata::new(path, &content.metadata);
            Transformer::load(metadata, content, &mut reader, vocabulary)
        }));
        let model = loaded.unwrap_or_else(|_| Err(bad_model(path, "the weights do not fit together")))?;
        let context_tokens = model.context_tokens().min(wanted_context_tokens);
        Ok(Self {
            model,
            context_tokens,
            vocabulary,
        })
    }

    /// Most tokens of prompt and answer together.
    pub fn context_tokens(&self) -> usize {
        self.context_tokens
    }

    /// How many threads may run texts at once, each its own. One thread each beats sharing every product among them,
    /// all the more on a machine that does something else too.
    pub(super) fn lanes(&self) -> usize {
        std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_LANES))
    }

    /// Bytes that so many positions of a text take.
    pub(super) fn bytes(&self, positions: usize) -> usize {
        self.model.cache_shape().bytes(positions)
    }

    /// Reads a prompt, and returns the text with the logits of its first token; `room` more tokens may be run. What
    /// the shelf has of the prompt is not read again. `go_on` is asked before each chunk; `None` when it said no.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when the model cannot be run.
    pub(super) fn start(
        &self,
        prompt: &[u32],
        room: usize,
        shelf: &mut Shelf,
        go_on: impl FnMut() -> bool,
    ) -> Result<Option<(Text, Vec<f32>)>, EngineError> {
        let Some(prompt) = shelf.read(&self.model, prompt, go_on)? else {
            return Ok(None);
        };
        let logits = prompt.logits.clone();
        let answer = Cache::new(self.model.cache_shape(), room);
        Ok(Some((Text { prompt, answer }, logits)))
    }

    /// Runs the next tokens of each text, one or more, and returns the logits after each of them, text after text: one for each
    /// token of the vocabulary.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when the model cannot be run.
    pub(super) fn step<'t>(
        &self,
        texts: impl IntoIterator<Item = (&'t mut Text, &'t [u32])>,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let run = |(text, tokens): (&'t mut Text, &'t [u32])| Run {
            prompt: Some(&text.prompt.cache),
            text: &mut text.answer,
            tokens,
            wanted: Wanted::All,
        };
        let mut runs: Vec<Run<'_>> = texts.into_iter().map(run).collect();
        let logits = forward(&self.model, &mut runs, 1)?;
        self.checked(logits)
    }

    fn checked(&self, logits: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, EngineError> {
        match logits.iter().find(|logits| logits.len() != self.vocabulary) {
            None => Ok(logits),
            Some(wrong) => Err(EngineError::Compute(format!(
                "{} logits for {} tokens",
                wrong.len(),
                self.vocabulary
            ))),
        }
    }
}

impl Text {
    /// Most tokens that may be run beyond the next one, to be taken back where another follows.
    pub(super) fn room_for_drafts(&self) -> usize {
        self.answer.room().saturating_sub(1)
    }

    /// Takes back the last tokens that were run.
    pub(super) fn go_back(&mut self, tokens: usize) {
        self.answer.go_back(tokens);
    }
}

impl Shelf {
    /// Nothing on it yet.
    pub(super) fn new(threads: usize) -> Self {
        Self {
            prompts: Vec::new(),
            threads,
        }
    }

    /// Puts away the prompts that no text follows any more, except the last that was read.
    pub(super) fn put_away(&mut self) {
        let last = self.prompts.len().saturating_sub(1);
        let mut places = 0..;
        self.prompts.retain(|prompt| {
            let is_last = places.next() == Some(last);
            is_last || Arc::strong_count(prompt) > 1
        });
    }

    /// So many threads read the next prompt together.
    pub(super) fn read_with(&mut self, threads: usize) {
        self.threads = threads;
    }

    /// Keeps the last prompt only, and that only if it is short.
    pub(super) fn tidy(&mut self) {
        self.put_away();
        self.prompts.retain(|prompt| prompt.tokens.len() <= MOST_KEPT);
    }

    /// Bytes that the prompts take.
    pub(super) fn bytes(&self, decoder: &Decoder) -> usize {
        let bytes = |prompt: &Arc<Prompt>| decoder.bytes(prompt.tokens.len());
        self.prompts.iter().map(bytes).sum()
    }

    /// Whether it has the whole prompt.
    pub(super) fn has(&self, tokens: &[u32]) -> bool {
        self.prompts.iter().any(|prompt| prompt.tokens == tokens)
    }

    /// The prompt as it was read before, or read now after the longest start that it has in common with another.
    fn read(
        &mut self,
        model: &Transformer,
        tokens: &[u32],
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Option<Arc<Prompt>>, EngineError> {
        if let Some(prompt) = self.prompts.iter().find(|prompt| prompt.tokens == tokens) {
            return Ok(Some(Arc::clone(prompt)));
        }
        let mut cache = Cache::new(model.cache_shape(), tokens.len());
        if let Some((prompt, shared)) = self.closest(tokens) {
            cache.copy_start(&prompt.cache, shared);
        }
        let mut logits = Vec::new();
        let (_, rest) = tokens.split_at(cache.length());
        let mut left = rest.len();
        for chunk in rest.chunks(PREFILL_CHUNK) {
            if !go_on() {
                return Ok(None);
            }
            left -= chunk.len();
            let run = Run {
                prompt: None,
                text: &mut cache,
                tokens: chunk,
                wanted: if left == 0 { Wanted::Last } else { Wanted::Nothing },
            };
            logits = forward(model, &mut [run], self.threads)?;
        }
        let prompt = Arc::new(Prompt {
            tokens: tokens.to_vec(),
            cache,
            logits: logits.pop().unwrap_or_default(),
        });
        self.prompts.push(Arc::clone(&prompt));
        Ok(Some(prompt))
    }

    /// The prompt that begins most like these tokens, and how many of them to take over: never all, since the last
    /// one's logits are wanted.
    fn closest(&self, tokens: &[u32]) -> Option<(&Prompt, usize)> {
        let shared = |prompt: &Prompt| {
            let pairs = prompt.tokens.iter().zip(tokens);
            let alike = pairs.take_while(|(theirs, ours)| theirs == ours).count();
            alike.min(tokens.len().saturating_sub(1))
        };
        self.prompts
            .iter()
            .map(|prompt| (prompt.as_ref(), shared(prompt)))
            .max_by_key(|(_, shared)| *shared)
            .filter(|(_, shared)| *shared >= LEAST_SHARED)
    }
}

/// Reads a GGUF file's head: metadata and the list of tensors.
///
/// # Errors
/// [`EngineError::BadModel`] when it is no GGUF file or a cut-off one.
pub(super) fn read_head(path: &Path) -> Result<Content, EngineError> {
    let mut reader = open(path)?;
    let read = catch_unwind(AssertUnwindSafe(|| Content::read(&mut reader)));
    match read {
        Ok(content) => content.map_err(|error| bad_model(path, error.to_string())),
        Err(_) => Err(bad_model(path, "not a GGUF file that can be read")),
    }
}

fn open(path: &Path) -> Result<BufReader<File>, EngineError> {
    let file = File::open(path).map_err(|error| bad_model(path, error.to_string()))?;
    Ok(BufReader::new(file))
}
