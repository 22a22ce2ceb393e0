//! The optional model that judges: a cross-encoder (DeBERTa-v2/v3 or `ModernBERT`) for natural language inference, from
//! safetensors, `config.json` and `tokenizer.json`, run by candle. It says how likely a premise entails a hypothesis
//! (Bowman et al. 2015; Williams et al. 2018); what follows from that is for the caller.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_nn::ops::softmax;
use candle_transformers::models::debertav2::DebertaV2SeqClassificationModel;
use candle_transformers::models::modernbert::ModernBertForSequenceClassification;
use serde::Deserialize;
use serde_json::{Value, json};
use tokenizers::{Encoding, Tokenizer, TruncationParams, TruncationStrategy};

use super::gguf::bad_model;
use super::models::ModelFiles;
use super::{EngineError, ModelInfo, Pair};

/// What such models are trained with; the rest of a premise is cut off.
const MOST_TOKENS: usize = 512;
/// Most tokens of one batch, padding included: bounds the memory of one step.
const BATCH_TOKENS: usize = 4096;
/// The label whose probability is asked for, in any case.
const ENTAILMENT: &str = "entailment";

/// A loaded model.
pub struct EntailmentModel {
    info: ModelInfo,
    tokenizer: Tokenizer,
    network: Network,
    /// Which of its labels is [`ENTAILMENT`].
    label: usize,
}

enum Network {
    Deberta(Box<DebertaV2SeqClassificationModel>),
    ModernBert(Box<ModernBertForSequenceClassification>),
}

/// What this file itself needs of `config.json`.
#[derive(Deserialize)]
struct Head {
    model_type: String,
    id2label: BTreeMap<usize, String>,
    max_position_embeddings: usize,
}

impl EntailmentModel {
    /// Loads weights, configuration and tokenizer.
    ///
    /// # Errors
    /// [`EngineError::BadModel`], naming the file.
    pub fn load(files: &ModelFiles) -> Result<Self, EngineError> {
        let weights = files.weights.as_path();
        let (Some(tokenizer), Some(config)) = (&files.tokenizer, &files.config) else {
            return Err(bad_model(
                weights,
                "an entailment model needs a tokenizer and a config beside its weights",
            ));
        };
        let json = read_config(config)?;
        let head = Head::deserialize(&json).map_err(|error| bad_model(config, error.to_string()))?;
        let label = head
            .id2label
            .iter()
            .find(|(_, label)| label.eq_ignore_ascii_case(ENTAILMENT));
        let Some((&label, _)) = label else {
            return Err(bad_model(
                config,
                format!("none of its labels is `{ENTAILMENT}`: {:?}", head.id2label),
            ));
        };
        let loaded = catch_unwind(AssertUnwindSafe(|| {
            load_network(weights, config, json, &head.model_type)
        }));
        let network =
            loaded.unwrap_or_else(|_| Err(bad_model(weights, "the weights do not fit together")))?;
        let context_tokens = files.context_tokens.unwrap_or(MOST_TOKENS);
        let context_tokens = context_tokens.min(head.max_position_embeddings).min(MOST_TOKENS);
        Ok(Self {
            info: ModelInfo {
                name: files.name.clone(),
                sha256: files.sha256.clone(),
                context_tokens,
                prompt: None,
            },
            tokenizer: load_tokenizer(tokenizer, context_tokens)?,
            network,
            label,
        })
    }

    /// What is known of it.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// For each pair, in their order, the probability that the premise entails the hypothesis. `go_on` is asked before
    /// each batch.
    ///
    /// # Errors
    /// [`EngineError::Compute`], also for a hypothesis that alone is too long; [`EngineError::Cancelled`].
    pub fn entail(&self, pairs: &[Pair], go_on: &dyn Fn() -> bool) -> Result<Vec<f32>, EngineError> {
        let mut encoded = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let texts = (pair.premise.as_str(), pair.hypothesis.as_str());
            let encoding = self.tokenizer.encode_fast(texts, true);
            encoded.push(encoding.map_err(|error| EngineError::Compute(format!("tokenizer: {error}")))?);
        }
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        order.sort_by_key(|index| encoded.get(*index).map_or(0, Encoding::len));
        let mut probabilities = vec![0.0; pairs.len()];
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
            for (index, probability) in batch.into_iter().zip(found) {
                if let Some(place) = probabilities.get_mut(index) {
                    *place = probability;
                }
            }
        }
        Ok(probabilities)
    }

    fn run(&self, texts: &[&Encoding]) -> candle_core::Result<Vec<f32>> {
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let padded = |of: fn(&Encoding) -> &[u32]| {
            let row = |text: &&Encoding| {
                let values = of(text).iter().copied();
                values
                    .chain(std::iter::repeat(0))
                    .take(longest)
                    .collect::<Vec<u32>>()
            };
            let rows: Vec<u32> = texts.iter().flat_map(row).collect();
            Tensor::from_vec(rows, (texts.len(), longest), &Device::Cpu)
        };
        let ids = padded(Encoding::get_ids)?;
        let mask = padded(Encoding::get_attention_mask)?;
        let probabilities = match &self.network {
            Network::Deberta(network) => {
                let types = padded(Encoding::get_type_ids)?;
                let logits = network.forward(&ids, Some(types), Some(mask))?;
                softmax(&logits, D::Minus1)?
            }
            // Its forward pass ends in the softmax.
            Network::ModernBert(network) => network.forward(&ids, &mask)?,
        };
        probabilities
            .narrow(1, self.label, 1)?
            .squeeze(1)?
            .to_vec1::<f32>()
    }
}

fn read_config(path: &Path) -> Result<Value, EngineError> {
    let bytes = std::fs::read(path).map_err(|error| bad_model(path, error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| bad_model(path, error.to_string()))
}

fn load_network(
    weights: &Path,
    config: &Path,
    mut json: Value,
    model_type: &str,
) -> Result<Network, EngineError> {
    let broken = |error: candle_core::Error| bad_model(weights, error.to_string());
    let unreadable = |error: serde_json::Error| bad_model(config, error.to_string());
    let bytes = std::fs::read(weights).map_err(|error| bad_model(weights, error.to_string()))?;
    let variables = VarBuilder::from_buffered_safetensors(bytes, DType::F32, &Device::Cpu).map_err(broken)?;
    match model_type {
        "deberta-v2" => {
            let config = serde_json::from_value(json).map_err(unreadable)?;
            let network = DebertaV2SeqClassificationModel::load(variables.pp("deberta"), &config, None);
            Ok(Network::Deberta(Box::new(network.map_err(broken)?)))
        }
        "modernbert" => {
            // candle reads the ids of `label2id` as texts, where all models have numbers, and drops the whole head then.
            if let Some(fields) = json.as_object_mut() {
                fields.insert("label2id".to_owned(), json!({}));
                fields.entry("classifier_pooling").or_insert_with(|| json!("cls"));
            }
            let config = serde_json::from_value(json).map_err(unreadable)?;
            let network = ModernBertForSequenceClassification::load(variables, &config);
            Ok(Network::ModernBert(Box::new(network.map_err(broken)?)))
        }
        other => Err(bad_model(
            config,
            format!("model_type `{other}` is not known; deberta-v2 and modernbert are"),
        )),
    }
}

fn load_tokenizer(path: &Path, context_tokens: usize) -> Result<Tokenizer, EngineError> {
    let broken = |error: tokenizers::Error| bad_model(path, error.to_string());
    let mut tokenizer = Tokenizer::from_file(path).map_err(broken)?;
    tokenizer.with_padding(None);
    let truncation = TruncationParams {
        max_length: context_tokens,
        strategy: TruncationStrategy::OnlyFirst,
        ..TruncationParams::default()
    };
    tokenizer.with_truncation(Some(truncation)).map_err(broken)?;
    // `[SEP]` in a text is ordinary text.
    tokenizer.set_encode_special_tokens(true);
    Ok(tokenizer)
}
