//! The families that candle-transformers runs, on the CPU, one text a thread: their weights are unpacked to floats
//! where they are small enough, and run as they are stored where not. The state of a text lives in a [`Pass`].

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::{Device, Tensor};
use candle_transformers::models::{
    quantized_gemma3, quantized_llama, quantized_phi3, quantized_qwen2, quantized_qwen3,
};

use super::EngineError;
use super::unpacked::{self, Unpacked};

/// Most tokens of prompt and answer: candle's Llama computes rotary tables for so many positions.
pub(super) const MOST_CONTEXT_TOKENS: usize = 4096;
/// Tokens of the prompt that are run at once; between two chunks the caller may stop.
const PREFILL_CHUNK: usize = 256;

/// A model's weights.
pub(super) struct Family {
    weights: Weights,
    /// Whether they were unpacked to floats.
    is_unpacked: bool,
}

/// The weights as loaded, never run where a copy is cheap (the copy shares the weights): its KV cache is empty.
enum Weights {
    Llama(quantized_llama::ModelWeights),
    // std Mutex: held by one pass from its first token to its last; the KV cache lives in the weights.
    Qwen2(Mutex<quantized_qwen2::ModelWeights>),
    Qwen3(Mutex<quantized_qwen3::ModelWeights>),
    Gemma3(quantized_gemma3::ModelWeights),
    Phi3(quantized_phi3::ModelWeights),
}

/// One text on its way through the model. It starts with an empty KV cache, whatever ran before.
pub(super) struct Pass<'a> {
    state: State<'a>,
    position: usize,
}

enum State<'a> {
    Llama(Box<quantized_llama::ModelWeights>),
    Qwen2(MutexGuard<'a, quantized_qwen2::ModelWeights>),
    Qwen3(MutexGuard<'a, quantized_qwen3::ModelWeights>),
    Gemma3(Box<quantized_gemma3::ModelWeights>),
    Phi3(Box<quantized_phi3::ModelWeights>),
}

impl Family {
    /// Loads the weights; the caller has checked the file's head. candle trusts most of it: a damaged file may make it
    /// panic.
    pub(super) fn load(
        architecture: &str,
        mut content: Content,
        mut reader: BufReader<File>,
        context_tokens: usize,
    ) -> candle_core::Result<Self> {
        adjust(&mut content, architecture, context_tokens);
        let is_unpacked = unpacked::fits(&content);
        let weights = if is_unpacked {
            let mut reader = Unpacked::new(&mut content, reader);
            load_weights(architecture, content, &mut reader)?
        } else {
            load_weights(architecture, content, &mut reader)?
        };
        Ok(Self { weights, is_unpacked })
    }

    /// Whether all threads share in one text: candle's quantized kernels do so in any case, and a Qwen holds the state
    /// of one text only.
    pub(super) fn shares_products(&self) -> bool {
        !self.is_unpacked || matches!(self.weights, Weights::Qwen2(_) | Weights::Qwen3(_))
    }

    /// Starts a text. For a Qwen, waits for the one before to end.
    pub(super) fn pass(&self) -> Pass<'_> {
        let state = match &self.weights {
            Weights::Llama(weights) => State::Llama(Box::new(weights.clone())),
            Weights::Gemma3(weights) => State::Gemma3(Box::new(weights.clone())),
            Weights::Phi3(weights) => State::Phi3(Box::new(weights.clone())),
            // Has no `Clone`.
            Weights::Qwen2(weights) => {
                let mut weights = weights.lock().unwrap_or_else(PoisonError::into_inner);
                weights.clear_kv_cache();
                State::Qwen2(weights)
            }
            // A copy would copy a cache of 4096 positions.
            Weights::Qwen3(weights) => {
                let mut weights = weights.lock().unwrap_or_else(PoisonError::into_inner);
                weights.clear_kv_cache();
                State::Qwen3(weights)
            }
        };
        Pass { state, position: 0 }
    }
}

impl Pass<'_> {
    /// Runs the tokens after those that ran before and returns the logits of what follows, one for each token of
    /// the vocabulary. `go_on` is asked before each chunk of the prompt; `None` when it said no.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when candle fails.
    pub(super) fn prefill(
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
    pub(super) fn step(&mut self, token: u32) -> Result<Vec<f32>, EngineError> {
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

fn load_weights(
    architecture: &str,
    content: Content,
    reader: &mut (impl Read + Seek),
) -> candle_core::Result<Weights> {
    let device = &Device::Cpu;
    Ok(match architecture {
        "qwen2" => Weights::Qwen2(Mutex::new(quantized_qwen2::ModelWeights::from_gguf(
            content, reader, device,
        )?)),
        "qwen3" => Weights::Qwen3(Mutex::new(quantized_qwen3::ModelWeights::from_gguf(
            content, reader, device,
        )?)),
        "gemma3" => Weights::Gemma3(quantized_gemma3::ModelWeights::from_gguf(
            content, reader, device,
        )?),
        "phi3" => Weights::Phi3(quantized_phi3::ModelWeights::from_gguf(
            false, content, reader, device,
        )?),
        _ => Weights::Llama(quantized_llama::ModelWeights::from_gguf(content, reader, device)?),
    })
}
