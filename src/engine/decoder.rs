//! The transformer that writes: token ids in, logits out. Weights come from a GGUF file. The `llama` family is computed
//! by `super::llama`, many texts in one step; the others by candle-transformers' quantized models, one text a thread.
//!
//! | `general.architecture` | models | tested | known limits |
//! |---|---|---|---|
//! | `llama` | SmolLM2, Llama 3, Mistral | SmolLM2 135M against llama.cpp; tiny file | over 1 GiB in memory, or with experts: run by candle |
//! | `qwen2` | Qwen2, Qwen2.5 | tiny file | |
//! | `qwen3` | Qwen3 | tiny file | |
//! | `gemma3` | Gemma 3 | tiny file | beyond the sliding window of 512 tokens, new tokens attend to all earlier ones; 134 MB of rotary tables a layer |
//! | `phi3` | Phi-3, Phi-4 | tiny file | files with long-context factors are refused |
//!
//! candle 0.11.1 takes at most 4096 tokens, and ignores `rope_freqs` (Llama 3.1 on).
//! A tiny file is one with random weights that the tests write: it shows that the family loads, runs, and keeps no
//! state between texts, not that its numbers are right.

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use candle_core::Device;
use candle_core::quantized::gguf_file::Content;

use super::EngineError;
use super::candle::{self, Family, Pass};
use super::gguf::{Metadata, bad_model};
use super::kernels::Cache;
use super::llama::{Llama, Run, Wanted, forward};

/// Tokens of a prompt that are run at once; between two chunks the caller may stop.
const PREFILL_CHUNK: usize = 128;
/// Most threads: more share the same memory bandwidth.
const MOST_LANES: usize = 8;
/// Most tokens of a prompt that is kept while nothing is read: what prompts have in common stands at their beginning.
const MOST_KEPT: usize = 1024;
/// Shorter starts are computed anew faster than they are found.
const LEAST_SHARED: usize = 8;
const SUPPORTED: &str = "llama, qwen2, qwen3, gemma3, phi3";

/// A model's weights.
pub struct Decoder {
    model: Model,
    context_tokens: usize,
    vocabulary: usize,
}

enum Model {
    Llama(Llama),
    Candle(Family),
}

/// One text on its way through the model: what it read and wrote so far.
pub(super) struct Text<'a>(State<'a>);

enum State<'a> {
    Llama { prompt: Arc<Prompt>, answer: Cache },
    Candle(Pass<'a>),
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
    /// How many threads read a prompt together, where the model can.
    threads: usize,
}

impl Decoder {
    /// Loads the weights. `content` is the file's head, as [`read_head`] returns it.
    ///
    /// # Errors
    /// [`EngineError::BadModel`] when the architecture is not served or the file is damaged.
    pub(super) fn load(
        path: &Path,
        content: Content,
        wanted_context_tokens: usize,
        vocabulary: usize,
    ) -> Result<Self, EngineError> {
        let metadata = Metadata::new(path, &content.metadata);
        let architecture = metadata
            .text("general.architecture")
            .unwrap_or_default()
            .to_owned();
        let trained = check(metadata, &architecture, &content)?;
        check_embeddings(metadata, &architecture, &content, vocabulary)?;
        let is_llama = Llama::takes(metadata, &content);
        let most = if is_llama {
            trained
        } else {
            candle::MOST_CONTEXT_TOKENS
        };
        let context_tokens = trained.min(most).min(wanted_context_tokens);
        let mut reader = open(path)?;
        // candle, which reads the tensors, trusts most of the metadata: a damaged file may make it panic.
        let loaded = catch_unwind(AssertUnwindSafe(|| {
            if is_llama {
                let metadata = Metadata::new(path, &content.metadata);
                return Llama::load(metadata, &content, &mut reader, vocabulary).map(Model::Llama);
            }
            Family::load(&architecture, content, reader, context_tokens)
                .map(Model::Candle)
                .map_err(|error| bad_model(path, error.to_string()))
        }));
        let model = loaded.unwrap_or_else(|_| Err(bad_model(path, "the weights do not fit together")))?;
        let decoder = Self {
            model,
            context_tokens,
            vocabulary,
        };
        decoder.try_one_token(path)?;
        Ok(decoder)
    }

    /// Most tokens of prompt and answer together.
    pub fn context_tokens(&self) -> usize {
        self.context_tokens
    }

    /// How many threads may run texts at once, each its own. One thread each beats sharing every product among them,
    /// all the more on a machine that does something else too. candle's quantized kernels share theirs in any case.
    pub(super) fn lanes(&self) -> usize {
        let shares_products = match &self.model {
            Model::Llama(_) => false,
            Model::Candle(family) => family.shares_products(),
        };
        match std::thread::available_parallelism() {
            Ok(cores) if !shares_products => cores.get().min(MOST_LANES),
            _ => 1,
        }
    }

    /// Runs what uses the decoder, with candle's own threads kept warm where it is candle's.
    pub(super) fn with_threads<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self.model {
            Model::Llama(_) => work(),
            Model::Candle(_) => Device::Cpu.with_context(work),
        }
    }

    /// How many texts one thread may have on their way.
    pub(super) fn most_texts(&self) -> usize {
        match self.model {
            Model::Llama(_) => usize::MAX,
            Model::Candle(_) => 1,
        }
    }

    /// Bytes that so many positions of a text take, where that is known.
    pub(super) fn bytes(&self, positions: usize) -> usize {
        match &self.model {
            Model::Llama(model) => model.cache_shape().bytes(positions),
            Model::Candle(_) => 0,
        }
    }

    /// Reads a prompt, and returns the text with the logits of its first token; `room` more tokens may be run. What
    /// the shelf has of the prompt is not read again. `go_on` is asked before each chunk; `None` when it said no.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when the model cannot be run.
    pub(super) fn start<'a>(
        &'a self,
        prompt: &[u32],
        room: usize,
        shelf: &mut Shelf,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Option<(Text<'a>, Vec<f32>)>, EngineError> {
        match &self.model {
            Model::Llama(model) => {
                let Some(prompt) = shelf.read(model, prompt, go_on)? else {
                    return Ok(None);
                };
                let logits = prompt.logits.clone();
                let answer = Cache::new(model.cache_shape(), room);
                Ok(Some((Text(State::Llama { prompt, answer }), logits)))
            }
            Model::Candle(family) => {
                let mut pass = family.pass();
                let logits = pass.prefill(prompt, &mut go_on)?;
                Ok(logits.map(|logits| (Text(State::Candle(pass)), logits)))
            }
        }
    }

    /// Runs the next tokens of each text, one or more, and returns the logits after each of them, text after text: one for each
    /// token of the vocabulary.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when the model cannot be run.
    pub(super) fn step<'t, 'a: 't>(
        &self,
        texts: impl IntoIterator<Item = (&'t mut Text<'a>, &'t [u32])>,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let (mut runs, mut logits) = (Vec::new(), Vec::new());
        for (text, tokens) in texts {
            match &mut text.0 {
                State::Llama { prompt, answer } => runs.push(Run {
                    prompt: Some(&prompt.cache),
                    text: answer,
                    tokens,
                    wanted: Wanted::All,
                }),
                State::Candle(pass) => logits.extend(each_step(pass, tokens)?),
            }
        }
        if let Model::Llama(model) = &self.model {
            logits = forward(model, &mut runs, 1)?;
        }
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

    /// Shapes that do not fit show only when candle's model runs: better now than at the first request.
    fn try_one_token(&self, path: &Path) -> Result<(), EngineError> {
        let tried = catch_unwind(AssertUnwindSafe(|| {
            let started = self.start(&[0], 0, &mut Shelf::new(1), || true)?;
            self.checked(started.map(|(_, logits)| logits).into_iter().collect())
        }));
        match tried {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(bad_model(path, error.to_string())),
            Err(_) => Err(bad_model(path, "the weights do not fit together")),
        }
    }
}

impl Text<'_> {
    /// Most tokens that may be run beyond the next one, to be taken back where another follows.
    pub(super) fn room_for_drafts(&self) -> usize {
        match &self.0 {
            State::Llama { answer, .. } => answer.room().saturating_sub(1),
            State::Candle(_) => 0,
        }
    }

    /// Takes back the last tokens that were run.
    pub(super) fn go_back(&mut self, tokens: usize) {
        if let State::Llama { answer, .. } = &mut self.0 {
            answer.go_back(tokens);
        }
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
        model: &Llama,
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

fn each_step(pass: &mut Pass<'_>, tokens: &[u32]) -> Result<Vec<Vec<f32>>, EngineError> {
    tokens.iter().map(|token| pass.step(*token)).collect()
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

/// Refuses what candle would compute wrongly, or allocate without bound. Returns the trained context.
fn check(metadata: Metadata<'_>, architecture: &str, content: &Content) -> Result<usize, EngineError> {
    if !SUPPORTED.split(", ").any(|known| known == architecture) {
        return Err(metadata.bad(format!(
            "architecture `{architecture}` is not supported (supported: {SUPPORTED})"
        )));
    }
    let tensors = content.tensor_infos.len() as u64;
    let count = |name: &str, most: u64| metadata.required_count(&format!("{architecture}.{name}"), most);
    count("block_count", tensors)?;
    let width = count("embedding_length", 1 << 20)? as u64;
    let heads = count("attention.head_count", width)? as u64;
    count("attention.head_count_kv", heads)?;
    for name in ["expert_count", "rope.dimension_count", "attention.key_length"] {
        let key = format!("{architecture}.{name}");
        if metadata
            .integer(&key)
            .is_some_and(|value| value > width.max(tensors).max(4096))
        {
            return Err(metadata.bad(format!("`{key}` is too large")));
        }
    }
    if architecture == "phi3"
        && content
            .tensor_infos
            .keys()
            .any(|name| name.starts_with("rope_factors"))
    {
        return Err(metadata.bad("long-context factors are not supported: take the 4k variant of this model"));
    }
    if content.tensor_infos.contains_key("rope_freqs.weight") && !Llama::takes(metadata, content) {
        tracing::warn!("the model's rotary scaling is not applied: texts may be slightly worse");
    }
    count("context_length", u64::MAX)
}

/// An embedding for each token: where some are missing, only the texts that hold those tokens would fail.
fn check_embeddings(
    metadata: Metadata<'_>,
    architecture: &str,
    content: &Content,
    vocabulary: usize,
) -> Result<(), EngineError> {
    let width = metadata.required_count(&format!("{architecture}.embedding_length"), 1 << 20)?;
    let Some(embeddings) = content.tensor_infos.get("token_embd.weight") else {
        return Err(metadata.bad("the tensor `token_embd.weight` is missing"));
    };
    if embeddings.shape.dims() != [vocabulary, width] {
        return Err(metadata.bad(format!(
            "`token_embd.weight` is {:?}, not [{vocabulary}, {width}]",
            embeddings.shape.dims()
        )));
    }
    Ok(())
}
