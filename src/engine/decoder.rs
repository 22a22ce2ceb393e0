//! The transformer that writes: token ids in, logits out. Weights come from a GGUF file and are run by
//! candle-transformers' quantized models on the CPU; the state of one text lives in a [`Pass`]. Passes may run at once,
//! each on a thread of its own, where the family lets its weights be shared (see [`Decoder::lanes`]).
//!
//! | `general.architecture` | models | tested | known limits of candle 0.11.1 |
//! |---|---|---|---|
//! | `llama` | SmolLM2, Llama 3, Mistral | SmolLM2 135M against llama.cpp; tiny file | 4096 tokens; `rope_freqs` (Llama 3.1 on) is ignored |
//! | `qwen2` | Qwen2, Qwen2.5 | tiny file | |
//! | `qwen3` | Qwen3 | tiny file | |
//! | `gemma3` | Gemma 3 | tiny file | beyond the sliding window of 512 tokens, new tokens attend to all earlier ones; 134 MB of rotary tables a layer |
//! | `phi3` | Phi-3, Phi-4 | tiny file | files with long-context factors are refused |
//!
//! A tiny file is one with random weights that the tests write: it shows that the family loads, runs, and keeps no
//! state between texts, not that its numbers are right.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::{Device, Tensor};
use candle_transformers::models::{
    quantized_gemma3, quantized_llama, quantized_phi3, quantized_qwen2, quantized_qwen3,
};

use super::EngineError;
use super::gguf::{Metadata, bad_model};
use super::unpacked::{self, Unpacked};

/// Most tokens of prompt and answer: candle's Llama computes rotary tables for so many positions.
const MOST_CONTEXT_TOKENS: usize = 4096;
/// Tokens of the prompt that are run at once; between two chunks the caller may stop.
const PREFILL_CHUNK: usize = 256;
/// Most texts at once: more share the same memory bandwidth.
const MOST_LANES: usize = 4;
const SUPPORTED: &str = "llama, qwen2, qwen3, gemma3, phi3";

/// A model's weights.
pub struct Decoder {
    family: Family,
    /// Whether its weights were unpacked to floats.
    is_unpacked: bool,
    context_tokens: usize,
    vocabulary: usize,
}

/// The weights as loaded, never run where a copy is cheap (the copy shares the weights): its KV cache is empty.
enum Family {
    Llama(quantized_llama::ModelWeights),
    // std Mutex: held by one pass from its first token to its last; the KV cache lives in the weights.
    Qwen2(Mutex<quantized_qwen2::ModelWeights>),
    Qwen3(Mutex<quantized_qwen3::ModelWeights>),
    Gemma3(quantized_gemma3::ModelWeights),
    Phi3(quantized_phi3::ModelWeights),
}

/// One text on its way through the model. It starts with an empty KV cache, whatever ran before.
pub struct Pass<'a> {
    state: State<'a>,
    position: usize,
    vocabulary: usize,
}

enum State<'a> {
    Llama(Box<quantized_llama::ModelWeights>),
    Qwen2(MutexGuard<'a, quantized_qwen2::ModelWeights>),
    Qwen3(MutexGuard<'a, quantized_qwen3::ModelWeights>),
    Gemma3(Box<quantized_gemma3::ModelWeights>),
    Phi3(Box<quantized_phi3::ModelWeights>),
}

impl Decoder {
    /// Loads the weights. `content` is the file's head, as [`read_head`] returns it.
    ///
    /// # Errors
    /// [`EngineError::BadModel`] when the architecture is not served or the file is damaged.
    pub(super) fn load(
        path: &Path,
        mut content: Content,
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
        let context_tokens = trained.min(MOST_CONTEXT_TOKENS).min(wanted_context_tokens);
        adjust(&mut content, &architecture, context_tokens);
        let mut reader = open(path)?;
        // candle trusts most of the metadata: a damaged file may make it panic.
        let is_unpacked = unpacked::fits(&content);
        let loaded = catch_unwind(AssertUnwindSafe(|| {
            if is_unpacked {
                let mut reader = Unpacked::new(&mut content, reader);
                load_family(&architecture, content, &mut reader)
            } else {
                load_family(&architecture, content, &mut reader)
            }
        }));
        let family = match loaded {
            Ok(family) => family.map_err(|error| bad_model(path, error.to_string()))?,
            Err(_) => return Err(bad_model(path, "the weights do not fit together")),
        };
        let decoder = Self {
            family,
            is_unpacked,
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

    /// How many texts are best run at once. One thread each beats sharing every product among them; but candle's
    /// quantized kernels share theirs in any case, and a Qwen holds the state of one text only.
    pub fn lanes(&self) -> usize {
        match self.family {
            Family::Llama(_) | Family::Gemma3(_) | Family::Phi3(_) if self.is_unpacked => {
                std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_LANES))
            }
            _ => 1,
        }
    }

    /// Starts a text. Waits for the one before to end where [`Decoder::lanes`] is 1 for the family.
    pub fn pass(&self) -> Pass<'_> {
        let state = match &self.family {
            Family::Llama(weights) => State::Llama(Box::new(weights.clone())),
            Family::Gemma3(weights) => State::Gemma3(Box::new(weights.clone())),
            Family::Phi3(weights) => State::Phi3(Box::new(weights.clone())),
            // Has no `Clone`.
            Family::Qwen2(weights) => {
                let mut weights = weights.lock().unwrap_or_else(PoisonError::into_inner);
                weights.clear_kv_cache();
                State::Qwen2(weights)
            }
            // A copy would copy a cache of 4096 positions.
            Family::Qwen3(weights) => {
                let mut weights = weights.lock().unwrap_or_else(PoisonError::into_inner);
                weights.clear_kv_cache();
                State::Qwen3(weights)
            }
        };
        Pass {
            state,
            position: 0,
            vocabulary: self.vocabulary,
        }
    }

    /// Shapes that do not fit show only when the model runs: better now than at the first request.
    fn try_one_token(&self, path: &Path) -> Result<(), EngineError> {
        let tried = catch_unwind(AssertUnwindSafe(|| self.pass().run(&[0])));
        match tried {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(bad_model(path, error.to_string())),
            Err(_) => Err(bad_model(path, "the weights do not fit together")),
        }
    }
}

impl Pass<'_> {
    /// Runs the tokens after those that ran before and returns the logits of what follows, one for each token of
    /// the vocabulary. `go_on` is asked before each chunk of the prompt; `None` when it said no.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when candle fails.
    pub fn prefill(
        &mut self,
        tokens: &[u32],
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Option<Vec<f32>>, EngineError> {
        let mut logits = Vec::new();
        for chunk in self.chunks(tokens) {
            if !go_on() {
                return Ok(None);
            }
            logits = self.run(chunk)?;
        }
        Ok(Some(logits))
    }

    /// Runs one token and returns the logits of the next.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when candle fails.
    pub fn step(&mut self, token: u32) -> Result<Vec<f32>, EngineError> {
        self.run(&[token])
    }

    fn chunks<'t>(&self, tokens: &'t [u32]) -> Vec<&'t [u32]> {
        match self.state {
            // candle's Gemma 3 masks a later chunk wrongly.
            State::Gemma3(_) => vec![tokens],
            // The attention masks of a Qwen2 are kept for good, one for each chunk length and position, so the
            // number of lengths is bounded: whole chunks, then a multiple of 32, then the rest.
            State::Qwen2(_) => {
                let mut chunks: Vec<&[u32]> = tokens.chunks(PREFILL_CHUNK).collect();
                if let Some(last) = chunks.pop() {
                    let (even, rest) = last.split_at(last.len() / 32 * 32);
                    chunks.extend([even, rest].into_iter().filter(|chunk| !chunk.is_empty()));
                }
                chunks
            }
            _ => tokens.chunks(PREFILL_CHUNK).collect(),
        }
    }

    fn run(&mut self, tokens: &[u32]) -> Result<Vec<f32>, EngineError> {
        let logits = self
            .forward(tokens)
            .map_err(|error| EngineError::Compute(error.to_string()))?;
        self.position += tokens.len();
        if logits.len() != self.vocabulary {
            return Err(EngineError::Compute(format!(
                "{} logits for {} tokens",
                logits.len(),
                self.vocabulary
            )));
        }
        Ok(logits)
    }

    fn forward(&mut self, tokens: &[u32]) -> candle_core::Result<Vec<f32>> {
        let input = Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)?;
        let logits = match &mut self.state {
            State::Llama(weights) => weights.forward(&input, self.position)?,
            State::Qwen2(weights) => weights.forward(&input, self.position)?,
            State::Qwen3(weights) => weights.forward(&input, self.position)?,
            State::Gemma3(weights) => weights.forward(&input, self.position)?,
            State::Phi3(weights) => weights.forward(&input, self.position)?,
        };
        logits.flatten_all()?.to_vec1()
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
    if content.tensor_infos.contains_key("rope_freqs.weight") {
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

/// candle takes some of its choices from the metadata: tables no longer than the context that is served, and, for
/// Qwen3, rotary tables in 32 bits (it would take 16, which cannot count past 2048).
fn adjust(content: &mut Content, architecture: &str, context_tokens: usize) {
    let context_tokens = u32::try_from(context_tokens).unwrap_or(u32::MAX);
    let metadata = &mut content.metadata;
    metadata.insert(
        format!("{architecture}.context_length"),
        Value::U32(context_tokens),
    );
    metadata.insert("general.dtype".to_owned(), Value::U32(0));
}

fn load_family(
    architecture: &str,
    content: Content,
    reader: &mut (impl Read + Seek),
) -> candle_core::Result<Family> {
    let device = &Device::Cpu;
    Ok(match architecture {
        "qwen2" => Family::Qwen2(Mutex::new(quantized_qwen2::ModelWeights::from_gguf(
            content, reader, device,
        )?)),
        "qwen3" => Family::Qwen3(Mutex::new(quantized_qwen3::ModelWeights::from_gguf(
            content, reader, device,
        )?)),
        "gemma3" => Family::Gemma3(quantized_gemma3::ModelWeights::from_gguf(
            content, reader, device,
        )?),
        "phi3" => Family::Phi3(quantized_phi3::ModelWeights::from_gguf(
            false, content, reader, device,
        )?),
        _ => Family::Llama(quantized_llama::ModelWeights::from_gguf(content, reader, device)?),
    })
}
