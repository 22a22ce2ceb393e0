//! The weights of a BERT, read from a safetensors file and checked: every tensor's shape. What leaves no trace in the shapes is
//! read from a `config.json`, where there is one.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;

use crate::engine::EngineError;
use crate::engine::gguf::bad_model;
use crate::engine::kernels::Matrix;

/// BERTs of these widths have twelve heads (Turc et al. 2019 have fewer in others).
const WIDTHS_OF_TWELVE_HEADS: [usize; 2] = [384, 768];
const WORDS: &str = "embeddings.word_embeddings.weight";

/// A model's weights.
pub(in crate::engine) struct Bert {
    pub(super) shape: Shape,
    /// Token by token.
    pub(super) words: Vec<f32>,
    /// Position by position, with the type of a first text added.
    pub(super) positions: Vec<f32>,
    pub(super) norm: Norm,
    pub(super) layers: Vec<Layer>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) width: usize,
    pub(super) heads: usize,
    pub(super) epsilon: f32,
}

pub(super) struct Layer {
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) attention_output: Linear,
    pub(super) attention_norm: Norm,
    pub(super) up: Linear,
    pub(super) down: Linear,
    pub(super) norm: Norm,
}

pub(super) struct Linear {
    pub(super) matrix: Matrix,
    pub(super) biases: Vec<f32>,
}

pub(super) struct Norm {
    pub(super) weights: Vec<f32>,
    pub(super) biases: Vec<f32>,
}

/// What this file needs of a `config.json`.
#[derive(Deserialize)]
struct Config {
    num_attention_heads: usize,
    #[serde(default = "usual_epsilon")]
    layer_norm_eps: f32,
    #[serde(default = "usual_activation")]
    hidden_act: String,
}

fn usual_epsilon() -> f32 {
    1e-12
}

fn usual_activation() -> String {
    "gelu".to_owned()
}

impl Bert {
    /// Reads the weights, and the `config.json` beside them if there is one.
    ///
    /// # Errors
    /// [`EngineError::BadModel`] when one of the files cannot be read, or a tensor is missing or does not fit the others.
    pub(in crate::engine) fn load(path: &Path) -> Result<Self, EngineError> {
        let bytes = std::fs::read(path).map_err(|error| bad_model(path, error.to_string()))?;
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
            .map_err(|error| bad_model(path, error.to_string()))?;
        let prefix = tensors.keys().find_map(|name| name.strip_suffix(WORDS));
        let prefix = prefix
            .ok_or_else(|| bad_model(path, format!("it holds no `{WORDS}`")))?
            .to_owned();
        let file = Tensors {
            path,
            tensors,
            prefix,
        };
        let (vocabulary, width) = file.shape(WORDS)?;
        let config = match std::fs::read(path.with_file_name("config.json")) {
            Ok(json) => serde_json::from_slice(&json)
                .map_err(|error| bad_model(path, format!("the config.json beside it: {error}")))?,
            Err(_) if WIDTHS_OF_TWELVE_HEADS.contains(&width) => Config {
                num_attention_heads: 12,
                layer_norm_eps: usual_epsilon(),
                hidden_act: usual_activation(),
            },
            Err(_) => {
                let detail = format!("put its config.json beside it: {width} dimensions are unknown");
                return Err(bad_model(path, detail));
            }
        };
        let heads = config.num_attention_heads;
        if heads == 0 || !width.is_multiple_of(heads) || config.hidden_act != "gelu" {
            let detail = format!(
                "{heads} heads on a width of {width}, activation `{}`: not supported",
                config.hidden_act
            );
            return Err(bad_model(path, detail));
        }
        let shape = Shape {
            width,
            heads,
            epsilon: config.layer_norm_eps,
        };
        let layers = (0..file.layers()).map(|layer| Layer::load(&file, layer, width));
        Ok(Self {
            shape,
            words: file.floats(WORDS, &[vocabulary, width])?,
            positions: file.positions(width)?,
            norm: file.norm("embeddings.LayerNorm", width)?,
            layers: layers.collect::<Result<_, _>>()?,
        })
    }

    /// Most tokens of a text.
    pub(in crate::engine) fn context_tokens(&self) -> usize {
        self.positions.len() / self.shape.width
    }

    /// Tokens that it knows.
    pub(in crate::engine) fn vocabulary(&self) -> usize {
        self.words.len() / self.shape.width
    }

    /// Values of a state.
    pub(in crate::engine) fn width(&self) -> usize {
        self.shape.width
    }
}

impl Layer {
    fn load(file: &Tensors<'_>, layer: usize, width: usize) -> Result<Self, EngineError> {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let (inner, _) = file.shape(&name("intermediate.dense.weight"))?;
        let linear = |part: &str, outputs, depth| file.linear(&name(part), outputs, depth);
        Ok(Self {
            query: linear("attention.self.query", width, width)?,
            key: linear("attention.self.key", width, width)?,
            value: linear("attention.self.value", width, width)?,
            attention_output: linear("attention.output.dense", width, width)?,
            attention_norm: file.norm(&name("attention.output.LayerNorm"), width)?,
            up: linear("intermediate.dense", inner, width)?,
            down: linear("output.dense", width, inner)?,
            norm: file.norm(&name("output.LayerNorm"), width)?,
        })
    }
}

/// The file's tensors, by name.
struct Tensors<'a> {
    path: &'a Path,
    tensors: HashMap<String, Tensor>,
    /// Stands before every name.
    prefix: String,
}

impl Tensors<'_> {
    fn find(&self, name: &str) -> Result<&Tensor, EngineError> {
        let found = self.tensors.get(&format!("{}{name}", self.prefix));
        found.ok_or_else(|| bad_model(self.path, format!("it holds no `{name}`")))
    }

    /// Rows and columns.
    fn shape(&self, name: &str) -> Result<(usize, usize), EngineError> {
        match self.find(name)?.dims() {
            [rows, columns] if *rows > 0 && *columns > 0 => Ok((*rows, *columns)),
            other => Err(bad_model(self.path, format!("`{name}` is {other:?}"))),
        }
    }

    fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EngineError> {
        let tensor = self.find(name)?;
        if tensor.dims() != shape {
            let detail = format!("`{name}` is {:?}, not {shape:?}", tensor.dims());
            return Err(bad_model(self.path, detail));
        }
        let floats = tensor
            .to_dtype(DType::F32)
            .and_then(|tensor| tensor.flatten_all()?.to_vec1());
        floats.map_err(|error| bad_model(self.path, format!("`{name}`: {error}")))
    }

    fn linear(&self, name: &str, outputs: usize, depth: usize) -> Result<Linear, EngineError> {
        let weights = self.floats(&format!("{name}.weight"), &[outputs, depth])?;
        Ok(Linear {
            matrix: Matrix::of_floats(&weights, outputs, depth),
            biases: self.floats(&format!("{name}.bias"), &[outputs])?,
        })
    }

    fn norm(&self, name: &str, width: usize) -> Result<Norm, EngineError> {
        Ok(Norm {
            weights: self.floats(&format!("{name}.weight"), &[width])?,
            biases: self.floats(&format!("{name}.bias"), &[width])?,
        })
    }

    fn positions(&self, width: usize) -> Result<Vec<f32>, EngineError> {
        let (types, _) = self.shape("embeddings.token_type_embeddings.weight")?;
        let types = self.floats("embeddings.token_type_embeddings.weight", &[types, width])?;
        let (count, _) = self.shape("embeddings.position_embeddings.weight")?;
        let mut positions = self.floats("embeddings.position_embeddings.weight", &[count, width])?;
        for position in positions.chunks_mut(width) {
            for (value, first_type) in position.iter_mut().zip(&types) {
                *value += first_type;
            }
        }
        Ok(positions)
    }

    fn layers(&self) -> usize {
        let is_query = |name: &&String| name.ends_with("attention.self.query.weight");
        self.tensors.keys().filter(is_query).count()
    }
}
