//! Writes tiny GGUF files with random weights: whole models of each family, in some 100 KB.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. The output rows of all tokens that are not
//! printable ASCII are zero, so that a greedy text is plain text and goes on until it must end.

use std::path::Path;

use nutgraf::engine::Sampling;
use nutgraf::engine::models::ModelFiles;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::vocabulary::Vocabulary;

const ALIGNMENT: usize = 32;
const BLOCKS: u32 = 2;
const WIDTH: u64 = 64;
const HEADS: u64 = 4;
const KV_HEADS: u64 = 2;
const HEAD_WIDTH: u64 = 16;
const INNER_WIDTH: u64 = 96;

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
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    F32,
    Q8_0,
}

/// A model to be written.
#[derive(Debug, Clone)]
pub(crate) struct TinyModel {
    pub(crate) metadata: Vec<(String, Value)>,
    pub(crate) tensors: Vec<Tensor>,
    /// Tokens that the model may choose.
    spoken: Vec<bool>,
}

impl TinyModel {
    /// A model of the family, with a vocabulary.
    pub(crate) fn new(architecture: &str, context_tokens: u32, vocabulary: &Vocabulary) -> Self {
        let tokens = vocabulary.texts.len() as u64;
        let mut model = Self {
            metadata: vocabulary.metadata(),
            tensors: Vec::new(),
            spoken: vocabulary.texts.iter().map(|text| is_spoken(text)).collect(),
        };
        model.describe(architecture, context_tokens);
        // Quantized where llama.cpp's own files would be; the others stay as they are.
        let kind = match architecture {
            "llama" | "phi3" => Kind::Q8_0,
            _ => Kind::F32,
        };
        model.tensor("token_embd.weight", &[tokens, WIDTH], kind);
        model.tensor("output_norm.weight", &[WIDTH], Kind::F32);
        // The other families use the embeddings again.
        if kind == Kind::Q8_0 {
            model.tensor("output.weight", &[tokens, WIDTH], kind);
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
            ("embedding_length", number(WIDTH)),
            ("block_count", Value::U32(BLOCKS)),
            ("feed_forward_length", number(INNER_WIDTH)),
            ("attention.head_count", number(HEADS)),
            ("attention.head_count_kv", number(KV_HEADS)),
            ("attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
            ("rope.freq_base", Value::F32(10_000.0)),
        ] {
            self.set(&format!("{architecture}.{name}"), value);
        }
        let more: &[(&str, u64)] = match architecture {
            "gemma3" => &[
                ("attention.key_length", HEAD_WIDTH),
                ("attention.value_length", HEAD_WIDTH),
                ("attention.sliding_window", 32),
            ],
            "qwen3" => &[("attention.key_length", HEAD_WIDTH)],
            "llama" | "phi3" => &[("rope.dimension_count", HEAD_WIDTH)],
            _ => &[],
        };
        for (name, value) in more {
            self.set(&format!("{architecture}.{name}"), number(*value));
        }
    }

    fn block(&mut self, architecture: &str, block: u32, kind: Kind) {
        let (queries, keys) = (HEADS * HEAD_WIDTH, KV_HEADS * HEAD_WIDTH);
        let mut matrices = vec![
            ("attn_output", [WIDTH, queries]),
            ("ffn_down", [WIDTH, INNER_WIDTH]),
        ];
        let mut vectors = vec![("attn_norm.weight", WIDTH), ("ffn_norm.weight", WIDTH)];
        if architecture == "phi3" {
            matrices.push(("attn_qkv", [queries + 2 * keys, WIDTH]));
            matrices.push(("ffn_up", [2 * INNER_WIDTH, WIDTH]));
        } else {
            matrices.extend([
                ("attn_q", [queries, WIDTH]),
                ("attn_k", [keys, WIDTH]),
                ("attn_v", [keys, WIDTH]),
                ("ffn_gate", [INNER_WIDTH, WIDTH]),
                ("ffn_up", [INNER_WIDTH, WIDTH]),
            ]);
        }
        match architecture {
            "qwen2" => vectors.extend([
                ("attn_q.bias", queries),
                ("attn_k.bias", keys),
                ("attn_v.bias", keys),
            ]),
            "qwen3" => vectors.extend([
                ("attn_q_norm.weight", HEAD_WIDTH),
                ("attn_k_norm.weight", HEAD_WIDTH),
            ]),
            "gemma3" => vectors.extend([
                ("attn_q_norm.weight", HEAD_WIDTH),
                ("attn_k_norm.weight", HEAD_WIDTH),
                ("post_attention_norm.weight", WIDTH),
                ("post_ffw_norm.weight", WIDTH),
            ]),
            _ => {}
        }
        for (name, shape) in matrices {
            self.tensor(&format!("blk.{block}.{name}.weight"), &shape, kind);
        }
        for (name, length) in vectors {
            self.tensor(&format!("blk.{block}.{name}"), &[length], Kind::F32);
        }
    }

    fn tensor(&mut self, name: &str, shape: &[u64], kind: Kind) {
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
            let kind: u32 = if tensor.kind == Kind::F32 { 0 } else { 8 };
            file.extend(kind.to_le_bytes());
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
        let middle = if tensor.name.ends_with("norm.weight") {
            1.0
        } else {
            0.0
        };
        for row in 0..usize::try_from(rows).unwrap() {
            let silent = is_vocabulary && !self.spoken.get(row).copied().unwrap_or(false);
            let factor = if silent { 0.0 } else { 1.0 };
            let numbers: Vec<f32> = (0..columns)
                .map(|_| middle + factor * (random.random::<f32>() - 0.5))
                .collect();
            match tensor.kind {
                Kind::F32 => data.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
                Kind::Q8_0 => numbers.chunks(32).for_each(|block| put_block(data, block)),
            }
        }
    }
}

fn is_spoken(text: &str) -> bool {
    let special = text.starts_with('<') && text.ends_with('>') && text.len() > 1;
    !special && !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

/// 32 numbers between -0.5 and 0.5, as 8-bit multiples of 2⁻⁸; the factor stands in front in 16 bits.
fn put_block(data: &mut Vec<u8>, block: &[f32]) {
    const TWO_TO_THE_MINUS_EIGHT: u16 = (15 - 8) << 10;
    data.extend(TWO_TO_THE_MINUS_EIGHT.to_le_bytes());
    data.extend(block.iter().map(|number| (number * 256.0) as i8 as u8));
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
