//! The model that compares: the embedder's own BERT, taught to read two texts side by side (a cross-encoder, Nogueira and
//! Cho 2019) and to mark what the second says and the first does not. What it was taught is a small file in this
//! repository, added to the weights that are there anyway; how, is told by `models/nutgraf-checker-22m.md`.
//!
//! Two heads: one marks each token of the second text, one sums the whole up.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use candle_core::{DType, Device, Tensor, safetensors};
use candle_nn::{Linear, Module, VarBuilder};
use candle_transformers::models::bert::BertModel;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokenizers::{Encoding, Tokenizer, TruncationParams, TruncationStrategy};

use super::embedder::config_of;
use super::gguf::bad_model;
use super::models::ModelFiles;
use super::{EngineError, Pair};

/// What it was taught, as safetensors: for a matrix W of the embedder the factors of what is added (`W.up` · `W.down`),
/// for a vector the sum itself (`W.add`), and the heads.
const TAUGHT: &[u8] = include_bytes!("../../models/nutgraf-checker-22m.safetensors");

/// SHA-256 (hex) of what it was taught.
pub fn sha256() -> String {
    hex::encode(Sha256::digest(TAUGHT))
}

/// What it was taught with; the rest of the first text is cut off.
const MOST_TOKENS: usize = 256;
/// Most tokens of one batch, padding included: bounds the memory of one step.
const BATCH_TOKENS: usize = 4096;
/// How many of the most doubtful tokens the second head looks at.
const WORST: usize = 3;
/// What is far below any doubt.
const NO_DOUBT: f64 = -30.0;

/// How far the second text of a pair says what the first does not: natural log-odds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Doubt {
    /// That anything in it does.
    pub whole: f32,
    /// That a token of it does, in their order.
    pub tokens: Vec<f32>,
}

/// A loaded model.
pub struct CrossEncoder {
    tokenizer: Tokenizer,
    bert: BertModel,
    token: Linear,
    hidden: Linear,
    whole: Linear,
    /// How much the worst token, the mean of the worst ones and nothing at all count in the second head.
    mix: Vec<f32>,
}

impl CrossEncoder {
    /// Loads the embedder's weights and adds what was taught.
    ///
    /// # Errors
    /// [`EngineError::BadModel`], also for another embedder than the one that it was taught on.
    pub fn load(embedder: &ModelFiles) -> Result<Self, EngineError> {
        let path = embedder.weights.as_path();
        let Some(tokenizer) = &embedder.tokenizer else {
            return Err(bad_model(path, "it needs a tokenizer.json beside its weights"));
        };
        let tokenizer = Tokenizer::from_file(tokenizer)
            .and_then(prepared)
            .map_err(|error| bad_model(tokenizer, error.to_string()))?;
        let bytes = std::fs::read(path).map_err(|error| bad_model(path, error.to_string()))?;
        let loaded = catch_unwind(AssertUnwindSafe(|| load(&bytes, tokenizer)));
        loaded
            .unwrap_or_else(|_| Err("the weights do not fit together".to_owned()))
            .map_err(|detail| bad_model(path, detail))
    }

    /// What it finds of each pair, in their order; the first text is cut where both are too long. `go_on` is asked
    /// before each batch.
    ///
    /// # Errors
    /// [`EngineError::Compute`]; [`EngineError::Cancelled`].
    pub fn compare(&self, pairs: &[Pair], go_on: &dyn Fn() -> bool) -> Result<Vec<Doubt>, EngineError> {
        let mut encoded = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let texts = (pair.premise.as_str(), pair.hypothesis.as_str());
            let encoding = self.tokenizer.encode_fast(texts, true);
            encoded.push(encoding.map_err(|error| EngineError::Compute(format!("tokenizer: {error}")))?);
        }
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        order.sort_by_key(|index| encoded.get(*index).map_or(0, Encoding::len));
        let mut doubts = vec![Doubt::default(); pairs.len()];
        while let Some(longest) = order.last().and_then(|index| encoded.get(*index)) {
            if !go_on() {
                return Err(EngineError::Cancelled);
            }
            let fits = (BATCH_TOKENS / longest.len().max(1)).max(1);
            let batch = order.split_off(order.len().saturating_sub(fits));
            let texts: Vec<&Encoding> = batch.iter().filter_map(|index| encoded.get(*index)).collect();
            let found = self
                .run(&texts)
                .map_err(|error| EngineError::Compute(error.to_string()))?;
            for (index, doubt) in batch.into_iter().zip(found) {
                if let Some(place) = doubts.get_mut(index) {
                    *place = doubt;
                }
            }
        }
        Ok(doubts)
    }

    fn run(&self, texts: &[&Encoding]) -> candle_core::Result<Vec<Doubt>> {
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let shape = (texts.len(), longest);
        let padded = |of: fn(&Encoding) -> &[u32]| {
            let row = |text: &&Encoding| {
                let values = of(text).iter().copied();
                let padded = values.chain(std::iter::repeat(0)).take(longest);
                padded.collect::<Vec<u32>>()
            };
            Tensor::from_vec(
                texts.iter().flat_map(row).collect::<Vec<u32>>(),
                shape,
                &Device::Cpu,
            )
        };
        let ids = padded(Encoding::get_ids)?;
        let types = padded(Encoding::get_type_ids)?;
        let mask = padded(Encoding::get_attention_mask)?.to_dtype(DType::F32)?;
        let states = self.bert.forward(&ids, &types, Some(&mask))?;
        let tokens = self.token.forward(&states)?.squeeze(2)?.to_vec2::<f32>()?;
        let hidden = self.hidden.forward(&states)?.gelu_erf()?;
        // Of the second text alone, the separator behind it with it: as it was taught.
        let second = types.to_dtype(DType::F32)?.unsqueeze(2)?;
        let others = (&second - 1.0)?;
        let pooled = hidden.broadcast_mul(&second)?.broadcast_add(&others)?.max(1)?;
        let sums = self.whole.forward(&pooled)?.squeeze(1)?.to_vec1::<f32>()?;
        let found = texts.iter().zip(tokens).zip(sums);
        Ok(found
            .map(|((text, tokens), sum)| self.doubt(text, &tokens, sum))
            .collect())
    }

    fn doubt(&self, text: &Encoding, tokens: &[f32], sum: f32) -> Doubt {
        let types = text.get_type_ids().iter().zip(tokens);
        let mut second: Vec<f32> = types
            .filter(|(kind, _)| **kind == 1)
            .map(|(_, doubt)| *doubt)
            .collect();
        let mut worst = second.clone();
        worst.resize(worst.len().max(WORST), NO_DOUBT as f32);
        worst.sort_by(|a, b| b.total_cmp(a));
        let mean = worst.iter().take(WORST).sum::<f32>() / WORST as f32;
        let shares = [worst.first().copied().unwrap_or_default(), mean, 1.0];
        let mixed: f32 = self
            .mix
            .iter()
            .zip(shares)
            .map(|(weight, share)| weight * share)
            .sum();
        // The separator is no token of the text.
        second.pop();
        Doubt {
            whole: mixed + sum,
            tokens: second,
        }
    }
}

fn load(embedder: &[u8], tokenizer: Tokenizer) -> Result<CrossEncoder, String> {
    let broken = |error: candle_core::Error| error.to_string();
    let config = config_of(embedder)?;
    let mut weights = safetensors::load_buffer(embedder, &Device::Cpu).map_err(broken)?;
    let mut taught = safetensors::load_buffer(TAUGHT, &Device::Cpu).map_err(broken)?;
    for tensor in taught.values_mut() {
        *tensor = tensor.to_dtype(DType::F32).map_err(broken)?;
    }
    let mut head = |name: &str| {
        taught
            .remove(name)
            .ok_or(format!("what was taught has no `{name}`"))
    };
    let mut linear = |name: &str| {
        let weight = head(&format!("{name}.weight"))?;
        Ok::<_, String>(Linear::new(weight, Some(head(&format!("{name}.bias"))?)))
    };
    let (token, hidden, whole) = (linear("token")?, linear("hidden")?, linear("whole")?);
    let mix = head("mix")?.to_vec1::<f32>().map_err(broken)?;
    add(&mut weights, &taught)?;
    let variables = VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu);
    Ok(CrossEncoder {
        tokenizer,
        bert: BertModel::load(variables, &config).map_err(broken)?,
        token,
        hidden,
        whole,
        mix,
    })
}

/// Adds what was taught to the weights that it was taught on.
fn add(weights: &mut HashMap<String, Tensor>, taught: &HashMap<String, Tensor>) -> Result<(), String> {
    let broken = |error: candle_core::Error| error.to_string();
    for (name, tensor) in taught {
        let (target, sum) = if let Some(target) = name.strip_suffix(".up") {
            let down = taught.get(&format!("{target}.down"));
            let down = down.ok_or(format!("what was taught has no `{target}.down`"))?;
            (target, tensor.matmul(down).map_err(broken)?)
        } else if let Some(target) = name.strip_suffix(".add") {
            (target, tensor.clone())
        } else {
            continue;
        };
        let weight = weights
            .get_mut(target)
            .ok_or("it is not the embedder that was taught")?;
        *weight = (weight as &Tensor + sum).map_err(|_| "it is not the embedder that was taught")?;
    }
    Ok(())
}

/// Cuts the first text only.
fn prepared(mut tokenizer: Tokenizer) -> tokenizers::Result<Tokenizer> {
    tokenizer.with_padding(None);
    tokenizer.with_truncation(Some(TruncationParams {
        max_length: MOST_TOKENS,
        strategy: TruncationStrategy::OnlyFirst,
        ..TruncationParams::default()
    }))?;
    // `[SEP]` in a text is ordinary text.
    tokenizer.set_encode_special_tokens(true);
    Ok(tokenizer)
}
