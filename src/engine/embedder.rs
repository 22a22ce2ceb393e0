//! The model that embeds: a BERT sentence encoder (all-MiniLM-L6-v2) from safetensors and `tokenizer.json`, run by
//! candle. Mean of the last layer over the text's tokens, L2-normalised (Reimers and Gurevych 2019).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use tokenizers::{Tokenizer, TruncationParams};

use super::gguf::bad_model;
use super::models::ModelFiles;
use super::{EngineError, ModelInfo};

/// What the sentence encoder was trained for; the rest of a text is cut off. `tokenizer.json` would cut at 128.
const MOST_TOKENS: usize = 256;
/// Most tokens of one batch, padding included: bounds the memory of one step.
const BATCH_TOKENS: usize = 4096;
/// Most texts of one batch.
const BATCH_TEXTS: usize = 64;

/// A loaded model.
pub struct Embedder {
    info: ModelInfo,
    tokenizer: Tokenizer,
    model: BertModel,
}

/// Texts that are to be embedded, as token ids, the shortest first.
#[derive(Debug, Default)]
pub(super) struct Plan {
    batches: Vec<Vec<TokenizedText>>,
}

#[derive(Debug)]
struct TokenizedText {
    /// Its place among the texts.
    index: usize,
    ids: Vec<u32>,
}

impl Embedder {
    /// Loads weights and tokenizer. The model's dimensions are read off the weights; a `config.json` beside them
    /// is taken where there is one.
    ///
    /// # Errors
    /// [`EngineError::BadModel`].
    pub fn load(files: &ModelFiles) -> Result<Self, EngineError> {
        let path = files.weights.as_path();
        let Some(tokenizer_path) = &files.tokenizer else {
            return Err(bad_model(
                path,
                "the embedder needs a tokenizer.json beside its weights",
            ));
        };
        let context_tokens = files.context_tokens.unwrap_or(MOST_TOKENS).min(MOST_TOKENS);
        let loaded = catch_unwind(AssertUnwindSafe(|| load_bert(path)));
        let model = match loaded {
            Ok(model) => model?,
            Err(_) => return Err(bad_model(path, "the weights do not fit together")),
        };
        Ok(Self {
            info: ModelInfo {
                name: files.name.clone(),
                sha256: files.sha256.clone(),
                context_tokens,
            },
            tokenizer: load_tokenizer(tokenizer_path, context_tokens)?,
            model,
        })
    }

    /// What is known of it.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// One vector for each text, in their order.
    ///
    /// # Errors
    /// [`EngineError::Compute`].
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EngineError> {
        let mut vectors = vec![Vec::new(); texts.len()];
        let mut plan = self.plan(texts)?;
        while self.embed_next_batch(&mut plan, &mut vectors)? {}
        Ok(vectors)
    }

    /// Tokenizes the texts and puts those of like length together: least padding, and batches of bounded size.
    pub(super) fn plan<T: AsRef<str>>(&self, texts: &[T]) -> Result<Plan, EngineError> {
        let mut tokenized = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let encoding = self
                .tokenizer
                .encode_fast(text.as_ref(), true)
                .map_err(|error| EngineError::Compute(format!("tokenizer: {error}")))?;
            let ids = encoding.get_ids().to_vec();
            tokenized.push(TokenizedText { index, ids });
        }
        tokenized.sort_by_key(|text| text.ids.len());
        Ok(Plan {
            batches: batches(tokenized),
        })
    }

    /// Embeds one batch into `vectors`; false when none was left.
    pub(super) fn embed_next_batch(
        &self,
        plan: &mut Plan,
        vectors: &mut [Vec<f32>],
    ) -> Result<bool, EngineError> {
        let Some(batch) = plan.batches.pop() else {
            return Ok(false);
        };
        let embedded = self
            .run(&batch)
            .map_err(|error| EngineError::Compute(error.to_string()))?;
        for (text, vector) in batch.iter().zip(embedded) {
            if let Some(place) = vectors.get_mut(text.index) {
                *place = vector;
            }
        }
        Ok(true)
    }

    fn run(&self, batch: &[TokenizedText]) -> candle_core::Result<Vec<Vec<f32>>> {
        let longest = batch.iter().map(|text| text.ids.len()).max().unwrap_or(0);
        let mut ids = Vec::with_capacity(batch.len() * longest);
        let mut mask = Vec::with_capacity(batch.len() * longest);
        for text in batch {
            let padding = longest - text.ids.len();
            ids.extend(text.ids.iter().copied().chain(std::iter::repeat_n(0, padding)));
            mask.extend(std::iter::repeat_n(1f32, text.ids.len()));
            mask.extend(std::iter::repeat_n(0f32, padding));
        }
        let shape = (batch.len(), longest);
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
        let states = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        let sums = states.broadcast_mul(&mask.unsqueeze(2)?)?.sum(1)?;
        let means = sums.broadcast_div(&mask.sum_keepdim(1)?)?;
        let mut vectors = means.to_vec2::<f32>()?;
        vectors.iter_mut().for_each(|vector| normalise(vector));
        Ok(vectors)
    }
}

fn normalise(vector: &mut [f32]) {
    let norm = vector
        .iter()
        .map(|x| x * x)
        .sum::<f32>()
        .sqrt()
        .max(f32::MIN_POSITIVE);
    vector.iter_mut().for_each(|x| *x /= norm);
}

fn batches(tokenized: Vec<TokenizedText>) -> Vec<Vec<TokenizedText>> {
    let mut batches: Vec<Vec<TokenizedText>> = Vec::new();
    for text in tokenized {
        // Texts come by length, so this one is the longest of its batch.
        let fits = |batch: &&mut Vec<TokenizedText>| {
            batch.len() < BATCH_TEXTS && (batch.len() + 1) * text.ids.len() <= BATCH_TOKENS
        };
        match batches.last_mut().filter(fits) {
            Some(batch) => batch.push(text),
            None => batches.push(vec![text]),
        }
    }
    batches
}

fn load_tokenizer(path: &Path, context_tokens: usize) -> Result<Tokenizer, EngineError> {
    let broken = |error: tokenizers::Error| bad_model(path, error.to_string());
    let mut tokenizer = Tokenizer::from_file(path).map_err(broken)?;
    tokenizer.with_padding(None);
    let truncation = TruncationParams {
        max_length: context_tokens,
        ..TruncationParams::default()
    };
    tokenizer.with_truncation(Some(truncation)).map_err(broken)?;
    // `[SEP]` in a text is ordinary text.
    tokenizer.set_encode_special_tokens(true);
    Ok(tokenizer)
}

fn load_bert(path: &Path) -> Result<BertModel, EngineError> {
    let broken = |error: candle_core::Error| bad_model(path, error.to_string());
    let bytes = std::fs::read(path).map_err(|error| bad_model(path, error.to_string()))?;
    let config = match std::fs::read(path.with_file_name("config.json")) {
        Ok(json) => serde_json::from_slice(&json)
            .map_err(|error| bad_model(path, format!("the config.json beside it: {error}")))?,
        Err(_) => config_of(&bytes).map_err(|detail| bad_model(path, detail))?,
    };
    let variables = VarBuilder::from_buffered_safetensors(bytes, DType::F32, &Device::Cpu).map_err(broken)?;
    BertModel::load(variables, &config).map_err(broken)
}

/// The configuration that the tensors' shapes imply. The number of heads leaves no trace in them: BERTs of 384 and
/// 768 dimensions have 12.
fn config_of(safetensors: &[u8]) -> Result<Config, String> {
    let shapes = shapes(safetensors)?;
    let find = |name: &str| {
        let found = shapes.iter().find(|(tensor, _)| tensor.ends_with(name));
        match found.map(|(_, shape)| shape.as_slice()) {
            Some(&[rows, columns]) => Ok((rows, columns)),
            _ => Err(format!("it holds no `{name}`")),
        }
    };
    let (vocab_size, hidden_size) = find("word_embeddings.weight")?;
    if ![384, 768].contains(&hidden_size) {
        return Err(format!(
            "put its config.json beside it: {hidden_size} dimensions are unknown"
        ));
    }
    let is_layer = |name: &&(String, Vec<usize>)| name.0.ends_with("attention.self.query.weight");
    Ok(Config {
        vocab_size,
        hidden_size,
        num_hidden_layers: shapes.iter().filter(is_layer).count(),
        intermediate_size: find("intermediate.dense.weight")?.0,
        max_position_embeddings: find("position_embeddings.weight")?.0,
        type_vocab_size: find("token_type_embeddings.weight")?.0,
        ..Config::default()
    })
}

/// Names and shapes from a safetensors file's head: the length of a JSON object in 8 bytes, then the object
/// (<https://github.com/huggingface/safetensors#format>).
fn shapes(safetensors: &[u8]) -> Result<Vec<(String, Vec<usize>)>, String> {
    #[derive(serde::Deserialize)]
    struct Entry {
        #[serde(default)]
        shape: Vec<usize>,
    }
    let (length, rest) = safetensors
        .split_first_chunk::<8>()
        .ok_or("the file is cut off")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|error| error.to_string())?;
    let head = rest.get(..length).ok_or("the file is cut off")?;
    let entries: std::collections::BTreeMap<String, Entry> =
        serde_json::from_slice(head).map_err(|error| format!("not a safetensors file: {error}"))?;
    Ok(entries
        .into_iter()
        .map(|(name, entry)| (name, entry.shape))
        .collect())
}
