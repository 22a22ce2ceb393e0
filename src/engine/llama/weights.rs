//! The weights of a `llama` model, read from its GGUF file and checked: every count and every tensor's shape.

use std::io::{Read, Seek};

use candle_core::Device;
use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file::Content;

use crate::engine::EngineError;
use crate::engine::gguf::Metadata;
use crate::engine::kernels::{CacheShape, Matrix};

/// Models that take more than this in memory are not loaded here.
const MOST_BYTES: u64 = 1 << 30;

/// A model's weights.
pub(in crate::engine) struct Llama {
    pub(super) shape: Shape,
    pub(super) embeddings: Matrix,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Vec<f32>,
    /// Absent: the embeddings take its place.
    pub(super) output: Option<Matrix>,
    /// Radians a position, for each pair of a head's values.
    pub(super) frequencies: Vec<f32>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    layers: usize,
    pub(super) width: usize,
    pub(super) inner_width: usize,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_width: usize,
    rotary_width: usize,
    pub(super) epsilon: f32,
    pub(super) vocabulary: usize,
}

pub(super) struct Layer {
    pub(super) attention_norm: Vec<f32>,
    pub(super) query: Matrix,
    pub(super) key: Matrix,
    pub(super) value: Matrix,
    pub(super) attention_output: Matrix,
    pub(super) feed_norm: Vec<f32>,
    pub(super) gate: Matrix,
    pub(super) up: Matrix,
    pub(super) down: Matrix,
}

impl Llama {
    /// Whether the file is a model that is served here: dense, and small enough in memory.
    pub(in crate::engine) fn takes(metadata: Metadata<'_>, content: &Content) -> bool {
        let bytes = content
            .tensor_infos
            .values()
            .map(|info| Matrix::bytes(info.ggml_dtype, info.shape.elem_count() as u64));
        metadata.text("general.architecture") == Some("llama")
            && metadata.integer("llama.expert_count").unwrap_or(0) <= 1
            && bytes.fold(0, u64::saturating_add) <= MOST_BYTES
    }

    /// Loads the weights.
    ///
    /// # Errors
    /// [`EngineError::BadModel`] when metadata or a tensor is missing, or does not fit the others.
    pub(in crate::engine) fn load(
        metadata: Metadata<'_>,
        content: &Content,
        reader: &mut (impl Read + Seek),
        vocabulary: usize,
    ) -> Result<Self, EngineError> {
        let shape = Shape::of(metadata, content, vocabulary)?;
        let mut tensors = Tensors {
            metadata,
            content,
            reader,
        };
        let layers = (0..shape.layers)
            .map(|layer| Layer::load(&mut tensors, layer, shape))
            .collect::<Result<_, _>>()?;
        let embeddings = tensors.matrix("token_embd.weight", vocabulary, shape.width)?;
        let output = match content.tensor_infos.contains_key("output.weight") {
            true => Some(tensors.matrix("output.weight", vocabulary, shape.width)?),
            false => None,
        };
        Ok(Self {
            shape,
            embeddings,
            layers,
            norm: tensors.vector("output_norm.weight", shape.width)?,
            output,
            frequencies: frequencies(&mut tensors, shape)?,
        })
    }

    /// The caches that its texts need.
    pub(in crate::engine) fn cache_shape(&self) -> CacheShape {
        CacheShape {
            layers: self.shape.layers,
            heads: self.shape.kv_heads,
            width: self.shape.head_width,
        }
    }
}

impl Shape {
    fn of(metadata: Metadata<'_>, content: &Content, vocabulary: usize) -> Result<Self, EngineError> {
        let count = |name: &str, most: usize| metadata.required_count(&format!("llama.{name}"), most as u64);
        let layers = count("block_count", content.tensor_infos.len())?;
        let width = count("embedding_length", 1 << 20)?;
        let heads = count("attention.head_count", width)?;
        let kv_heads = count("attention.head_count_kv", heads)?;
        if !width.is_multiple_of(heads) || !heads.is_multiple_of(kv_heads) {
            return Err(metadata.bad(format!(
                "{heads} heads of queries and {kv_heads} of keys do not divide a width of {width}"
            )));
        }
        let head_width = match metadata.integer("llama.attention.key_length") {
            Some(_) => count("attention.key_length", 1 << 12)?,
            None => width / heads,
        };
        if metadata
            .integer("llama.attention.value_length")
            .is_some_and(|length| length != head_width as u64)
        {
            return Err(metadata.bad("keys and values of different length are not supported"));
        }
        let up = content.tensor_infos.get("blk.0.ffn_up.weight");
        let Some(&[inner_width, _]) = up.map(|info| info.shape.dims()) else {
            return Err(metadata.bad("the tensor `blk.0.ffn_up.weight` is missing"));
        };
        Ok(Self {
            layers,
            width,
            inner_width,
            heads,
            kv_heads,
            head_width,
            rotary_width: count("rope.dimension_count", head_width)?,
            epsilon: metadata.required_float("llama.attention.layer_norm_rms_epsilon")?,
            vocabulary,
        })
    }

    /// All heads of keys, or of values, together.
    pub(super) fn key_width(&self) -> usize {
        self.kv_heads * self.head_width
    }

    /// All heads of queries together.
    pub(super) fn query_width(&self) -> usize {
        self.heads * self.head_width
    }
}

impl Layer {
    fn load<R: Read + Seek>(
        tensors: &mut Tensors<'_, R>,
        layer: usize,
        shape: Shape,
    ) -> Result<Self, EngineError> {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        let (width, inner) = (shape.width, shape.inner_width);
        let (queries, keys) = (shape.query_width(), shape.kv_heads * shape.head_width);
        Ok(Self {
            attention_norm: tensors.vector(&name("attn_norm"), width)?,
            query: tensors.matrix(&name("attn_q"), queries, width)?,
            key: tensors.matrix(&name("attn_k"), keys, width)?,
            value: tensors.matrix(&name("attn_v"), keys, width)?,
            attention_output: tensors.matrix(&name("attn_output"), width, queries)?,
            feed_norm: tensors.vector(&name("ffn_norm"), width)?,
            gate: tensors.matrix(&name("ffn_gate"), inner, width)?,
            up: tensors.matrix(&name("ffn_up"), inner, width)?,
            down: tensors.matrix(&name("ffn_down"), width, inner)?,
        })
    }
}

/// The file's tensors, by name.
struct Tensors<'a, R> {
    metadata: Metadata<'a>,
    content: &'a Content,
    reader: &'a mut R,
}

impl<R: Read + Seek> Tensors<'_, R> {
    fn read(&mut self, name: &str) -> Result<QTensor, EngineError> {
        self.content
            .tensor(self.reader, name, &Device::Cpu)
            .map_err(|error| self.metadata.bad(format!("`{name}`: {error}")))
    }

    fn matrix(&mut self, name: &str, outputs: usize, depth: usize) -> Result<Matrix, EngineError> {
        let tensor = self.read(name)?;
        Matrix::new(&tensor, outputs, depth).map_err(|error| self.metadata.bad(format!("`{name}`: {error}")))
    }

    fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, EngineError> {
        let floats = self
            .read(name)?
            .dequantize(&Device::Cpu)
            .and_then(|tensor| tensor.flatten_all()?.to_vec1::<f32>())
            .map_err(|error| self.metadata.bad(format!("`{name}`: {error}")))?;
        if floats.len() != length {
            return Err(self
                .metadata
                .bad(format!("`{name}` has {} values, not {length}", floats.len())));
        }
        Ok(floats)
    }
}

/// Rotary frequencies (Su et al. 2021); `rope_freqs`, where a file has it (Llama 3.1 on), divides them.
fn frequencies<R: Read + Seek>(tensors: &mut Tensors<'_, R>, shape: Shape) -> Result<Vec<f32>, EngineError> {
    let base = tensors.metadata.float("llama.rope.freq_base").unwrap_or(10_000.0);
    let width = shape.rotary_width;
    let frequency = |pair: usize| base.powf((2 * pair) as f32 / width as f32).recip();
    let mut frequencies: Vec<f32> = (0..width / 2).map(frequency).collect();
    if tensors.content.tensor_infos.contains_key("rope_freqs.weight") {
        let factors = tensors.vector("rope_freqs.weight", frequencies.len())?;
        for (frequency, factor) in frequencies.iter_mut().zip(factors) {
            *frequency /= factor;
        }
    }
    Ok(frequencies)
}
