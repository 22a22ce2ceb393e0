//! Writes tiny GGUF files with random weights: whole models of each family, in some 100 KB.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. The output rows of all tokens that are not
//! printable ASCII are zero, so that a greedy text is plain text and goes on until it must end.

use std::path::Path;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor as Numbers};
use nutgraf::engine::Sampling;
use nutgraf::engine::models::ModelFiles;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::vocabulary::Vocabulary;

const ALIGNMENT: usize = 32;
const BLOCKS: u32 = 2;
const HEADS: u64 = 4;
const KV_HEADS: u64 = 2;

/// Weights of a super-block of the K quantizations.
const SUPER_BLOCK: u64 = 256;

/// How large a model is.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    width: u64,
    head_width: u64,
    inner_width: u64,
}

const SMALL: Sizes = Sizes {
    width: 64,
    head_width: 16,
    inner_width: 96,
};
/// As wide as quantizations in super-blocks need it.
const WIDE: Sizes = Sizes {
    width: SUPER_BLOCK,
    head_width: 64,
    inner_width: SUPER_BLOCK,
};

/// A metadata value.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    U32(u32),
    F32(f32),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    Integers(Vec<i32>),
    Floats(Vec<f32>),
}

/// A tensor, its numbers still to be drawn.
#[derive(Debug, Clone)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    /// Rows before columns; a vector has no rows.
    pub(crate) shape: Vec<u64>,
    kind: GgmlDType,
}

/// A model to be written.
#[derive(Debug, Clone)]
pub(crate) struct TinyModel {
    pub(crate) metadata: Vec<(String, Value)>,
    pub(crate) tensors: Vec<Tensor>,
    /// Tokens that the model may choose.
    spoken: Vec<bool>,
    sizes: Sizes,
}

impl TinyModel {
    /// A model of the family, with a vocabulary.
    pub(crate) fn new(architecture: &str, context_tokens: u32, vocabulary: &Vocabulary) -> Self {
        let kind = match architecture {
            "llama" | "phi3" => GgmlDType::Q8_0,
            _ => GgmlDType::F32,
        };
        Self::of_kind(architecture, context_tokens, vocabulary, kind)
    }

    /// The same with its matrices in this quantization.
    pub(crate) fn of_kind(
        architecture: &str,
        context_tokens: u32,
        vocabulary: &Vocabulary,
        kind: GgmlDType,
    ) -> Self {
        let tokens = vocabulary.texts.len() as u64;
        let has_super_blocks = kind.block_size() as u64 == SUPER_BLOCK;
        let mut model = Self {
            metadata: vocabulary.metadata(),
            tensors: Vec::new(),
            spoken: vocabulary.texts.iter().map(|text| is_spoken(text)).collect(),
            sizes: if has_super_blocks { WIDE } else { SMALL },
        };
        model.describe(architecture, context_tokens);
        let width = model.sizes.width;
        model.tensor("token_embd.weight", &[tokens, width], kind);
        model.tensor("output_norm.weight", &[width], GgmlDType::F32);
        // The other families use the embeddings again.
        if matches!(architecture, "llama" | "phi3") {
            model.tensor("output.weight", &[tokens, width], kind);
        }
        for block in 0..BLOCKS {
            model.block(architecture, block, kind);
        }
        model
    }

    /// Sets a metadata value.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        self.metadata.retain(|(known, _)| known != key);
        self.metadata.push((key.to_owned(), value));
    }

    /// The tensor of that name.
    pub(crate) fn find(&mut self, name: &str) -> &mut Tensor {
        self.tensors
            .iter_mut()
            .find(|tensor| tensor.name == name)
            .unwrap()
    }

    /// Writes the file, and returns it as the product's own search for models would.
    pub(crate) fn write(&self, path: &Path) -> ModelFiles {
        std::fs::write(path, self.bytes()).unwrap();
        ModelFiles {
            name: "tiny".to_owned(),
            weights: path.to_path_buf(),
            tokenizer: None,
            config: None,
            sha256: String::new(),
            context_tokens: None,
            sampling: Sampling::default(),
            prompt: None,
        }
    }

    fn describe(&mut self, architecture: &str, context_tokens: u32) {
        self.set("general.architecture", Value::Text(architecture.to_owned()));
        let number = |n: u64| Value::U32(u32::try_from(n).unwrap());
        for (name, value) in [
            ("context_length", Value::U32(context_tokens)),
            ("embedding_length", number(self.sizes.width)),
            ("block_count", Value::U32(BLOCKS)),
            ("feed_forward_length", number(self.sizes.inner_width)),
            ("attention.head_count", number(HEADS)),
            ("attention.head_count_kv", number(KV_HEADS)),
            ("attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
            ("rope.freq_base", Value::F32(10_000.0)),
        ] {
            self.set(&format!("{architecture}.{name}"), value);
        }
        let head_width = self.sizes.head_width;
        let more: &[(&str, u64)] = match architecture {
            "gemma3" => &[
                ("attention.key_length", head_width),
                ("attention.value_length", head_width),
                ("attention.sliding_window", 32),
                // Of the two layers one sees all.
                ("attention.sliding_window_pattern", 2),
            ],
            "qwen3" => &[
                ("attention.key_length", head_width),
                ("attention.value_length", head_width),
            ],
            "llama" | "phi3" => &[("rope.dimension_count", head_width)],
            _ => &[],
        };
        for (name, value) in more {
            self.set(&format!("{architecture}.{name}"), number(*value));
        }
    }

    fn block(&mut self, architecture: &str, block: u32, kind: GgmlDType) {
        let Sizes {
            width,
            head_width,
            inner_width,
        } = self.sizes;
        let (queries, keys) = (HEADS * head_width, KV_HEADS * head_width);
        let mut matrices = vec![
            ("attn_output", [width, queries]),
            ("ffn_down", [width, inner_width]),
        ];
        let mut vectors = vec![("attn_norm.weight", width), ("ffn_norm.weight", width)];
        if architecture == "phi3" {
            matrices.push(("attn_qkv", [queries + 2 * keys, width]));
            matrices.push(("ffn_up", [2 * inner_width, width]));
        } else {
            matrices.extend([
                ("attn_q", [queries, width]),
                ("attn_k", [keys, width]),
                ("attn_v", [keys, width]),
                ("ffn_gate", [inner_width, width]),
                ("ffn_up", [inner_width, width]),
            ]);
        }
        match architecture {
            "qwen2" => vectors.extend([
                ("attn_q.bias", queries),
                ("attn_k.bias", keys),
                ("attn_v.bias", keys),
            ]),
            "qwen3" => vectors.extend([
                ("attn_q_norm.weight", head_width),
                ("attn_k_norm.weight", head_width),
            ]),
            "gemma3" => vectors.extend([
                ("attn_q_norm.weight", head_width),
                ("attn_k_norm.weight", head_width),
                ("post_attention_norm.weight", width),
                ("post_ffw_norm.weight", width),
            ]),
            _ => {}
        }
        for (name, shape) in matrices {
            self.tensor(&format!("blk.{block}.{name}.weight"), &shape, kind);
        }
        for (name, length) in vectors {
            self.tensor(&format!("blk.{block}.{name}"), &[length], GgmlDType::F32);
        }
    }

    /// Adds a tensor.
    pub(crate) fn tensor(&mut self, name: &str, shape: &[u64], kind: GgmlDType) {
        self.tensors.push(Tensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            kind,
        });
    }

    /// The file: the head, then the numbers, each tensor's at a multiple of the alignment.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut random = StdRng::seed_from_u64(1);
        let mut data = Vec::new();
        let mut file = b"GGUF".to_vec();
        file.extend(3u32.to_le_bytes());
        file.extend((self.tensors.len() as u64).to_le_bytes());
        file.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            put_text(&mut file, key);
            put_value(&mut file, value);
        }
        for tensor in &self.tensors {
            put_text(&mut file, &tensor.name);
            file.extend(u32::try_from(tensor.shape.len()).unwrap().to_le_bytes());
            // The format counts from the innermost dimension.
            for size in tensor.shape.iter().rev() {
                file.extend(size.to_le_bytes());
            }
            file.extend(number_of(tensor.kind).to_le_bytes());
            file.extend((data.len() as u64).to_le_bytes());
            self.put_numbers(tensor, &mut random, &mut data);
            data.resize(data.len().next_multiple_of(ALIGNMENT), 0);
        }
        file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
        file.extend(data);
        file
    }

    fn put_numbers(&self, tensor: &Tensor, random: &mut StdRng, data: &mut Vec<u8>) {
        let columns = *tensor.shape.last().unwrap();
        let rows = tensor.shape.iter().product::<u64>() / columns;
        let is_vocabulary = matches!(tensor.name.as_str(), "token_embd.weight" | "output.weight");
        // Norms, and factors of rotary frequencies.
        let is_factor = tensor.name.ends_with("norm.weight") || tensor.name.starts_with("rope_");
        let middle = if is_factor { 1.0 } else { 0.0 };
        for row in 0..usize::try_from(rows).unwrap() {
            let silent = is_vocabulary && !self.spoken.get(row).copied().unwrap_or(false);
            let factor = if silent { 0.0 } else { 1.0 };
            let numbers: Vec<f32> = (0..columns)
                .map(|_| middle + factor * (random.random::<f32>() - 0.5))
                .collect();
            let numbers =
                Numbers::from_vec(numbers, usize::try_from(columns).unwrap(), &Device::Cpu).unwrap();
            data.extend_from_slice(&QTensor::quantize(&numbers, tensor.kind).unwrap().data().unwrap());
        }
    }
}

fn is_spoken(text: &str) -> bool {
    let special = text.starts_with('<') && text.ends_with('>') && text.len() > 1;
    !special && !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

/// What the format calls the kind.
fn number_of(kind: GgmlDType) -> u32 {
    match kind {
        GgmlDType::F32 => 0,
        GgmlDType::Q8_0 => 8,
        GgmlDType::Q4K => 12,
        GgmlDType::Q6K => 14,
        kind => panic!("no test writes {kind:?}"),
    }
}

fn put_text(file: &mut Vec<u8>, text: &str) {
    file.extend((text.len() as u64).to_le_bytes());
    file.extend(text.as_bytes());
}

fn put_value(file: &mut Vec<u8>, value: &Value) {
    let kind = |kind: u32| kind.to_le_bytes();
    let array = |file: &mut Vec<u8>, of: u32, length: usize| {
        file.extend(kind(9));
        file.extend(kind(of));
        file.extend((length as u64).to_le_bytes());
    };
    match value {
        Value::U32(number) => {
            file.extend(kind(4));
            file.extend(number.to_le_bytes());
        }
        Value::F32(number) => {
            file.extend(kind(6));
            file.extend(number.to_le_bytes());
        }
        Value::Bool(flag) => {
            file.extend(kind(7));
            file.push(u8::from(*flag));
        }
        Value::Text(text) => {
            file.extend(kind(8));
            put_text(file, text);
        }
        Value::Texts(texts) => {
            array(file, 8, texts.len());
            texts.iter().for_each(|text| put_text(file, text));
        }
        Value::Integers(numbers) => {
            array(file, 5, numbers.len());
            file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
        Value::Floats(numbers) => {
            array(file, 6, numbers.len());
            file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
    }
}
