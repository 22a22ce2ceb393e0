//! The weights of a model, read from its GGUF file and checked: every count and every tensor's shape.

use std::io::{Read, Seek};

use candle_core::quantized::gguf_file::Content;

use super::family::{Family, Projections, SERVED};
use super::rotary::{self, Rotation};
use super::tensors::Tensors;
use crate::engine::EngineError;
use crate::engine::gguf::Metadata;
use crate::engine::kernels::{CacheShape, Matrix, Sight};

/// Of Gemma 3, one layer of so many sees the whole text (Gemma Team 2025).
const WINDOW_PATTERN: usize = 6;

/// Layers of the one Gemma 3, that of 27 billion parameters, whose queries are scaled by the width that a head has of the model.
const LAYERS_OF_GEMMA_27B: usize = 62;

/// No model is wider or deeper; what claims to be would only take memory.
const MOST_WIDTH: usize = 1 << 20;
const MOST_HEAD_WIDTH: usize = 1 << 12;
const MOST_LAYERS: usize = 1 << 10;

/// A model's weights.
pub(in crate::engine) struct Transformer {
    pub(super) family: Family,
    pub(super) shape: Shape,
    pub(super) embeddings: Matrix,
    /// What embeddings are multiplied by.
    pub(super) embedding_scale: f32,
    /// What queries are multiplied by.
    pub(super) query_scale: f32,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Vec<f32>,
    /// Absent: the embeddings take its place.
    pub(super) output: Option<Matrix>,
    /// Of the layers that see the whole text, then of the others, where there are any.
    pub(super) rotations: Vec<Rotation>,
    context_tokens: usize,
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
    /// Added to queries, keys and values; empty where the family has none.
    pub(super) biases: [Vec<f32>; 3],
    /// Of each head's queries, and of its keys; empty where the family has none.
    pub(super) head_norms: [Vec<f32>; 2],
    pub(super) attention_output: Matrix,
    pub(super) feed_norm: Vec<f32>,
    pub(super) gate: Matrix,
    pub(super) up: Matrix,
    pub(super) down: Matrix,
    /// Of what attention adds, and of what the feed-forward part adds; empty where the family has none.
    pub(super) post_norms: [Vec<f32>; 2],
    /// What of the text it sees.
    pub(super) sight: Sight,
    /// Which of the model's rotations is its own.
    pub(super) rotation: usize,
}

impl Transformer {
    /// Loads the weights. Only a damaged file, whose tensors candle reads, may make it panic.
    ///
    /// # Errors
    /// [`EngineError::BadModel`] when the architecture is not served, or when metadata or a tensor is missing, or does not fit
    /// the others.
    pub(in crate::engine) fn load(
        metadata: Metadata<'_>,
        content: &Content,
        reader: &mut (impl Read + Seek),
        vocabulary: usize,
    ) -> Result<Self, EngineError> {
        let architecture = metadata.text("general.architecture").unwrap_or_default();
        let family = Family::of(architecture).ok_or_else(|| {
            metadata.bad(format!(
                "architecture `{architecture}` is not supported (supported: {})",
                SERVED.join(", ")
            ))
        })?;
        let counts = Counts {
            metadata,
            architecture,
        };
        if counts.optional("expert_count").unwrap_or(0) > 1 {
            return Err(metadata.bad("models of several experts are not supported"));
        }
        let trained = counts.required("context_length", usize::MAX)?;
        let mut tensors = Tensors::new(metadata, content, reader);
        let shape = Shape::of(counts, family, content, vocabulary)?;
        // Where some are missing, only the texts that hold those tokens would fail.
        let embeddings = tensors.matrix("token_embd.weight", vocabulary, shape.width)?;
        let windows = Windows::of(counts, family)?;
        let layers = (0..shape.layers)
            .map(|layer| Layer::load(&mut tensors, layer, shape, family, windows))
            .collect::<Result<_, _>>()?;
        let output = match tensors.has("output.weight") {
            true => Some(tensors.matrix("output.weight", vocabulary, shape.width)?),
            false => None,
        };
        let norm = tensors.vector("output_norm.weight", shape.width)?;
        let mut rotations = vec![Rotation::of_model(
            &mut tensors,
            architecture,
            shape.rotary_width,
        )?];
        if windows.is_some() {
            rotations.push(Rotation::of_windows(metadata, architecture, shape.rotary_width));
        }
        let most = rotary::most_unscaled(&tensors, architecture);
        Ok(Self {
            family,
            shape,
            embeddings,
            embedding_scale: if family.scales_embeddings {
                (shape.width as f32).sqrt()
            } else {
                1.0
            },
            query_scale: shape.query_scale(family),
            layers,
            norm,
            output,
            rotations,
            context_tokens: most.map_or(trained, |most| most.min(trained)),
        })
    }

    /// The longest text that it was trained on, tokens.
    pub(in crate::engine) fn context_tokens(&self) -> usize {
        self.context_tokens
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

/// The counts in a file's metadata.
#[derive(Clone, Copy)]
struct Counts<'a> {
    metadata: Metadata<'a>,
    architecture: &'a str,
}

impl Counts<'_> {
    fn required(self, name: &str, most: usize) -> Result<usize, EngineError> {
        let key = format!("{}.{name}", self.architecture);
        self.metadata.required_count(&key, most as u64)
    }

    fn optional(self, name: &str) -> Option<u64> {
        self.metadata.integer(&format!("{}.{name}", self.architecture))
    }

    /// One that may be missing, and is this then.
    fn or(self, otherwise: usize, name: &str, most: usize) -> Result<usize, EngineError> {
        match self.optional(name) {
            Some(_) => self.required(name, most),
            None => Ok(otherwise),
        }
    }
}

impl Shape {
    fn of(
        counts: Counts<'_>,
        family: Family,
        content: &Content,
        vocabulary: usize,
    ) -> Result<Self, EngineError> {
        let metadata = counts.metadata;
        let layers = counts.required("block_count", content.tensor_infos.len())?;
        let width = counts.required("embedding_length", MOST_WIDTH)?;
        let heads = counts.required("attention.head_count", width)?;
        let kv_heads = counts.required("attention.head_count_kv", heads)?;
        let [key, value] = ["attention.key_length", "attention.value_length"];
        let (head_width, value_width) = if family.tells_head_width {
            (
                counts.required(key, MOST_HEAD_WIDTH)?,
                counts.required(value, MOST_HEAD_WIDTH)?,
            )
        } else {
            let head_width = counts.or(width / heads, key, MOST_HEAD_WIDTH)?;
            (head_width, counts.or(head_width, value, MOST_HEAD_WIDTH)?)
        };
        if !heads.is_multiple_of(kv_heads) || heads * head_width > MOST_WIDTH {
            return Err(metadata.bad(format!(
                "{heads} heads of queries and {kv_heads} of keys, {head_width} wide, do not fit together"
            )));
        }
        if value_width != head_width {
            return Err(metadata.bad("keys and values of different length are not supported"));
        }
        Ok(Self {
            layers,
            width,
            inner_width: counts.required("feed_forward_length", MOST_WIDTH)?,
            heads,
            kv_heads,
            head_width,
            rotary_width: counts.or(head_width, "rope.dimension_count", head_width)?,
            epsilon: metadata.required_float(&format!(
                "{}.attention.layer_norm_rms_epsilon",
                counts.architecture
            ))?,
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

    fn query_scale(&self, family: Family) -> f32 {
        let is_gemma_27b = family.has_windows && self.layers == LAYERS_OF_GEMMA_27B;
        let width = if is_gemma_27b {
            self.width / self.heads
        } else {
            self.head_width
        };
        (width as f32).sqrt().recip()
    }
}

/// Which layers see the last positions only.
#[derive(Debug, Clone, Copy)]
struct Windows {
    positions: usize,
    /// The last of so many layers sees all.
    pattern: usize,
}

impl Windows {
    fn of(counts: Counts<'_>, family: Family) -> Result<Option<Self>, EngineError> {
        if !family.has_windows {
            return Ok(None);
        }
        Ok(Some(Self {
            positions: counts.required("attention.sliding_window", usize::MAX)?,
            pattern: counts.or(WINDOW_PATTERN, "attention.sliding_window_pattern", MOST_LAYERS)?,
        }))
    }

    /// What a layer sees.
    fn sight(self, layer: usize) -> Sight {
        if (layer + 1).is_multiple_of(self.pattern) {
            Sight::Before
        } else {
            Sight::Last(self.positions)
        }
    }
}

impl Layer {
    fn load<R: Read + Seek>(
        tensors: &mut Tensors<'_, R>,
        layer: usize,
        shape: Shape,
        family: Family,
        windows: Option<Windows>,
    ) -> Result<Self, EngineError> {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        let (width, inner) = (shape.width, shape.inner_width);
        let (queries, keys) = (shape.query_width(), shape.key_width());
        let [query, key, value] = match family.projections {
            Projections::Joined => tensors.joined(&name("attn_qkv"), [queries, keys, keys], width)?,
            Projections::Apart => [
                tensors.matrix(&name("attn_q"), queries, width)?,
                tensors.matrix(&name("attn_k"), keys, width)?,
                tensors.matrix(&name("attn_v"), keys, width)?,
            ],
        };
        let [gate, up] = match family.projections {
            Projections::Joined => tensors.joined(&name("ffn_up"), [inner, inner], width)?,
            Projections::Apart => [
                tensors.matrix(&name("ffn_gate"), inner, width)?,
                tensors.matrix(&name("ffn_up"), inner, width)?,
            ],
        };
        let bias = |part: &str| format!("blk.{layer}.{part}.bias");
        let biases = match family.has_biases {
            true => [
                tensors.vector(&bias("attn_q"), queries)?,
                tensors.vector(&bias("attn_k"), keys)?,
                tensors.vector(&bias("attn_v"), keys)?,
            ],
            false => Default::default(),
        };
        let head_norms = match family.has_head_norms {
            true => [
                tensors.vector(&name("attn_q_norm"), shape.head_width)?,
                tensors.vector(&name("attn_k_norm"), shape.head_width)?,
            ],
            false => Default::default(),
        };
        let post_norms = match family.has_post_norms {
            true => [
                tensors.vector(&name("post_attention_norm"), width)?,
                tensors.vector(&name("post_ffw_norm"), width)?,
            ],
            false => Default::default(),
        };
        let sight = windows.map_or(Sight::Before, |windows| windows.sight(layer));
        Ok(Self {
            attention_norm: tensors.vector(&name("attn_norm"), width)?,
            query,
            key,
            value,
            biases,
            head_norms,
            attention_output: tensors.matrix(&name("attn_output"), width, queries)?,
            feed_norm: tensors.vector(&name("ffn_norm"), width)?,
            gate,
            up,
            down: tensors.matrix(&name("ffn_down"), width, inner)?,
            post_norms,
            sight,
            rotation: usize::from(sight != Sight::Before),
        })
    }
}
