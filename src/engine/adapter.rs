//! A model made of another one and of what was learned beside it: low-rank adaptation (Hu et al. 2021, "Low-Rank
//! Adaptation of Large Language Models").
//!
//! The adapter is a safetensors file: for a tensor `X.weight` of the base, of shape (out, in), it holds `X.lora_a` of shape
//! (rank, in) and `X.lora_b` of shape (out, rank), in the layout of the GGUF file and scaled. The merged weights are
//! `X.weight + lora_b · lora_a`, as `Q8_0`; every other tensor and all metadata stay as they are. All sums are made one
//! after the other in 32-bit floats, so that the file is the same, byte for byte, on every machine.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use candle_core::quantized::gguf_file::{self, Content, Value};
use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{DType, Device, Tensor};
use half::f16;

use super::EngineError;
use super::decoder::read_head;
use super::gguf::bad_model;

/// Weights of a block of `Q8_0`, which share a scale.
const BLOCK: usize = 32;

/// `general.file_type` of a file whose matrices are mostly `Q8_0`.
const MOSTLY_Q8_0: u32 = 7;

/// Why there is no merged file.
#[derive(Debug, thiserror::Error)]
pub(super) enum MergeError {
    /// The base cannot be read, or the adapter is none or none of this base.
    #[error(transparent)]
    Model(#[from] EngineError),
    /// The merged file cannot be written.
    #[error(transparent)]
    Write(#[from] std::io::Error),
}

/// Merges an adapter, the content of a safetensors file, into a GGUF file, and writes the result. Takes seconds.
///
/// # Errors
/// See [`MergeError`]; `named` names the adapter in them.
pub(super) fn merge(base: &Path, adapter: &[u8], named: &Path, out: &Path) -> Result<(), MergeError> {
    let content = read_head(base)?;
    let mut pairs = pairs(adapter, named)?;
    let mut names: Vec<&String> = content.tensor_infos.keys().collect();
    names.sort_by_key(|name| content.tensor_infos.get(*name).map(|info| info.offset));
    let mut reader = BufReader::new(File::open(base)?);
    let mut tensors = Vec::with_capacity(names.len());
    for name in names {
        let of_base = |error: candle_core::Error| bad_model(base, format!("`{name}`: {error}"));
        let tensor = content.tensor(&mut reader, name, &Device::Cpu).map_err(of_base)?;
        let tensor = match name.strip_suffix(".weight").and_then(|stem| pairs.remove(stem)) {
            Some(pair) => {
                merged(&tensor, &pair).map_err(|detail| bad_model(named, format!("`{name}`: {detail}")))?
            }
            None => tensor,
        };
        tensors.push((name.as_str(), tensor));
    }
    if let Some(unknown) = pairs.keys().min() {
        return Err(bad_model(named, format!("the base has no `{unknown}.weight`")).into());
    }
    write(&content, &tensors, out)
}

/// What was learned beside one tensor.
struct Pair {
    /// (rank, in), row by row.
    a: Vec<f32>,
    /// (out, rank), row by row.
    b: Vec<f32>,
    rank: usize,
    rows: usize,
    columns: usize,
}

/// The adapter's pairs, by what their tensor is called before `.weight`.
fn pairs(adapter: &[u8], named: &Path) -> Result<HashMap<String, Pair>, EngineError> {
    let tensors = candle_core::safetensors::load_buffer(adapter, &Device::Cpu)
        .map_err(|error| bad_model(named, error.to_string()))?;
    let mut pairs = HashMap::new();
    for (name, a) in &tensors {
        let Some(stem) = name.strip_suffix(".lora_a") else {
            if name.ends_with(".lora_b") && tensors.contains_key(&name.replace(".lora_b", ".lora_a")) {
                continue;
            }
            return Err(bad_model(
                named,
                format!("`{name}` belongs to no pair `lora_a`, `lora_b`"),
            ));
        };
        let b = tensors.get(&format!("{stem}.lora_b"));
        let b = b.ok_or_else(|| bad_model(named, format!("it has no `{stem}.lora_b`")))?;
        let pair = pair(a, b).map_err(|detail| bad_model(named, format!("`{stem}`: {detail}")))?;
        pairs.insert(stem.to_owned(), pair);
    }
    Ok(pairs)
}

fn pair(a: &Tensor, b: &Tensor) -> Result<Pair, String> {
    let read = |tensor: &Tensor| -> candle_core::Result<((usize, usize), Vec<f32>)> {
        let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        Ok((tensor.dims2()?, values))
    };
    let ((rank, columns), a) = read(a).map_err(|error| error.to_string())?;
    let ((rows, rank_of_b), b) = read(b).map_err(|error| error.to_string())?;
    if rank != rank_of_b {
        return Err(format!("`lora_a` has rank {rank}, `lora_b` {rank_of_b}"));
    }
    if a.iter().chain(&b).any(|value| !value.is_finite()) {
        return Err("a value is not finite".to_owned());
    }
    Ok(Pair {
        a,
        b,
        rank,
        rows,
        columns,
    })
}

fn merged(base: &QTensor, pair: &Pair) -> Result<QTensor, String> {
    if base.shape().dims() != [pair.rows, pair.columns] {
        let (rows, columns) = (pair.rows, pair.columns);
        return Err(format!(
            "{rows} × {columns} beside {:?} of the base",
            base.shape()
        ));
    }
    if !pair.columns.is_multiple_of(BLOCK) {
        return Err(format!("{} columns are no multiple of {BLOCK}", pair.columns));
    }
    let wrong = |error: candle_core::Error| error.to_string();
    let weights = base
        .dequantize(&Device::Cpu)
        .and_then(|weights| weights.flatten_all());
    let mut weights = weights
        .and_then(|weights| weights.to_vec1::<f32>())
        .map_err(wrong)?;
    add(&mut weights, pair);
    let storage = QStorage::from_data(Cow::Owned(quantized(&weights)), &Device::Cpu, GgmlDType::Q8_0);
    storage
        .and_then(|storage| QTensor::new(storage, base.shape().clone()))
        .map_err(wrong)
}

/// Adds `b · a` to the weights: for each weight the products of all ranks, in their order, and then the sum of them.
fn add(weights: &mut [f32], pair: &Pair) {
    let mut learned = vec![0.0; pair.columns];
    for (row, b) in weights
        .chunks_exact_mut(pair.columns)
        .zip(pair.b.chunks_exact(pair.rank.max(1)))
    {
        learned.fill(0.0);
        for (b, a) in b.iter().zip(pair.a.chunks_exact(pair.columns)) {
            for (sum, a) in learned.iter_mut().zip(a) {
                *sum += b * a;
            }
        }
        for (weight, learned) in row.iter_mut().zip(&learned) {
            *weight += learned;
        }
    }
}

/// The bytes of these weights as `Q8_0`, as ggml's reference makes them: for each block of 32 the greatest magnitude over
/// 127 as a half-precision scale, then each weight over the unrounded scale, rounded half away from zero.
fn quantized(weights: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(weights.len() / BLOCK * (BLOCK + 2));
    for block in weights.chunks_exact(BLOCK) {
        let greatest = block.iter().fold(0.0f32, |most, weight| most.max(weight.abs()));
        let scale = greatest / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        bytes.extend(f16::from_f32(scale).to_le_bytes());
        // In -127..=127, so that no bit is lost.
        bytes.extend(
            block
                .iter()
                .map(|weight| ((weight * inverse).round() as i8).cast_unsigned()),
        );
    }
    bytes
}

fn write(base: &Content, tensors: &[(&str, QTensor)], out: &Path) -> Result<(), MergeError> {
    let mut metadata: Vec<(&str, &Value)> = base
        .metadata
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    let file_type = Value::U32(MOSTLY_Q8_0);
    metadata.retain(|(key, _)| *key != "general.file_type");
    metadata.push(("general.file_type", &file_type));
    metadata.sort_by_key(|(key, _)| *key);
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
    let mut file = BufWriter::new(File::create(out)?);
    gguf_file::write(&mut file, &metadata, &tensors).map_err(|error| match error {
        candle_core::Error::Io(error) => MergeError::Write(error),
        other => bad_model(out, other.to_string()).into(),
    })?;
    Ok(file.flush()?)
}
