//! Logits of tiny models of every family against llama.cpp's on the same files (`tools/fixtures/logits.py`).
//!
//! The files are written anew by each run, to where the script finds them; the kept logits are of files with the kept hash.

use std::path::Path;

use candle_core::quantized::GgmlDType;
use nutgraf::engine::models::ModelFiles;
use nutgraf::engine::writer::Writer;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::families::{FAMILIES, tiny, tiny_of_kind};
use crate::gguf::{TinyModel, Value};

/// How far the logits of floats may differ on average; they spread from about -6 to 8. llama.cpp looks Gaussian units up in a table
/// of 16 bits.
const EXACT: f32 = 0.001;
/// The same where weights are quantized: what they are multiplied with is rounded, here in blocks of 32, in llama.cpp for some kinds
/// in blocks of 256.
const ROUNDED: f32 = 0.15;

#[derive(Deserialize)]
struct Case {
    model: String,
    sha256: String,
    tokens: Vec<u32>,
    /// After the last token.
    logits: Vec<f32>,
}

fn float(value: f32) -> Value {
    Value::F32(value)
}

/// Models under their names, with their tolerance: every family, with what real files of it have and need.
fn models() -> Vec<(String, TinyModel, f32)> {
    let floats = |family: &str, context_tokens| tiny_of_kind(family, context_tokens, GgmlDType::F32);
    let mut models: Vec<(String, TinyModel, f32)> = FAMILIES
        .iter()
        .map(|family| ((*family).to_owned(), floats(family, 512), EXACT))
        .collect();
    let mut add = |name: &str, model, tolerance| models.push((name.to_owned(), model, tolerance));
    let text = |text: &str| Value::Text(text.to_owned());

    // Llama 3.1: factors for each frequency.
    let mut llama = floats("llama", 512);
    llama.tensor("rope_freqs.weight", &[8], GgmlDType::F32);
    add("llama-factors", llama, EXACT);

    // Gemma 3 from 4B on: layers that see the whole text have a rotation of their own, stretched eight times.
    let mut gemma = floats("gemma3", 512);
    gemma.set("gemma3.rope.freq_base", float(1_000_000.0));
    gemma.set("gemma3.rope.scaling.type", text("linear"));
    gemma.set("gemma3.rope.scaling.factor", float(8.0));
    add("gemma3-linear", gemma, EXACT);

    // Phi-4-mini: a part of each head is rotated, with factors for short texts; the embeddings are the output.
    let mut phi = floats("phi3", 4096);
    phi.set("phi3.rope.dimension_count", Value::U32(12));
    phi.set("phi3.rope.scaling.original_context_length", Value::U32(1024));
    phi.set("phi3.rope.scaling.attn_factor", float(1.19));
    phi.tensor("rope_factors_long.weight", &[6], GgmlDType::F32);
    phi.tensor("rope_factors_short.weight", &[6], GgmlDType::F32);
    phi.tensors.retain(|tensor| tensor.name != "output.weight");
    add("phi3-factors", phi, EXACT);

    add("llama-q8_0", tiny("llama", 512), ROUNDED);
    add("qwen2-q4_k", tiny_of_kind("qwen2", 512, GgmlDType::Q4K), ROUNDED);
    add("qwen2-q6_k", tiny_of_kind("qwen2", 512, GgmlDType::Q6K), ROUNDED);
    models
}

#[test]
fn logits_equal_llama_cpps_on_the_same_file() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("families");
    std::fs::create_dir_all(&folder).unwrap();
    let written: Vec<(String, ModelFiles, f32)> = models()
        .into_iter()
        .map(|(name, model, tolerance)| {
            let files = model.write(&folder.join(format!("{name}.gguf")));
            (name, files, tolerance)
        })
        .collect();
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/logits.json")).unwrap();
    for (name, files, tolerance) in written {
        let writer = Writer::load(&files).unwrap();
        let hash = hex::encode(Sha256::digest(std::fs::read(&files.weights).unwrap()));
        let case = cases.iter().find(|case| case.model == name).unwrap();
        assert_eq!(
            case.sha256, hash,
            "{name}: the file is another than llama.cpp's logits are of: run tools/fixtures/logits.py"
        );
        let logits = writer.next_logits(&case.tokens).unwrap();
        let spread = case.logits.iter().fold(0f32, |most, logit| most.max(logit.abs()));
        assert!(spread > 1.0, "{name}: all logits are near zero");
        assert_eq!(logits.len(), case.logits.len(), "{name}");
        let differences = logits
            .iter()
            .zip(&case.logits)
            .map(|(ours, theirs)| (ours - theirs).abs());
        let mean = differences.sum::<f32>() / logits.len() as f32;
        assert!(mean < tolerance, "{name}: {mean} from llama.cpp's on average");
    }
}

#[test]
fn texts_are_no_longer_than_the_positions_that_a_model_knows_unscaled() {
    for (name, model, _) in models() {
        let dir = tempfile::tempdir().unwrap();
        let files = model.write(&dir.path().join("tiny.gguf"));
        let expected = if name == "phi3-factors" { 1024 } else { 512 };
        assert_eq!(
            Writer::load(&files).unwrap().info().context_tokens,
            expected,
            "{name}"
        );
    }
    let mut model = tiny("qwen3", 4096);
    model.set("qwen3.rope.scaling.type", Value::Text("yarn".to_owned()));
    model.set("qwen3.rope.scaling.factor", float(4.0));
    model.set("qwen3.rope.scaling.original_context_length", Value::U32(1024));
    let dir = tempfile::tempdir().unwrap();
    let files = model.write(&dir.path().join("tiny.gguf"));
    assert_eq!(Writer::load(&files).unwrap().info().context_tokens, 1024);
}
