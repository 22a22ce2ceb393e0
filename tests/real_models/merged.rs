//! A model that is made here of another one and an adapter: the arithmetic, the file, and what is refused.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::{DType, Device, Tensor};
use nutgraf::engine::models::{ModelError, ModelFiles, SilentProgress, ensure};
use nutgraf::engine::writer::Writer;
use sha2::{Digest, Sha256};

use crate::families::tiny;

const RANK: usize = 3;
const UNKNOWN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A folder with a tiny base, an adapter beside it, and the manifests of both.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let bytes = tiny("llama", 64).bytes();
        std::fs::write(place.path("tiny.gguf"), &bytes).unwrap();
        place.describe("base", &bytes, r#"{ path = "tiny.gguf" }"#);
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn describe(&self, name: &str, content: &[u8], source: &str) {
        let sha256 = hex::encode(Sha256::digest(content));
        self.manifest(name, content.len(), &sha256, source);
    }

    fn manifest(&self, name: &str, bytes: usize, sha256: &str, source: &str) {
        let manifest = format!(
            "name = \"{name}\"\nkind = \"writer\"\narchitecture = \"llama\"\nlicence = \"MIT\"\nprompt = \"bullet.v2\"\n\
             [[files]]\nrole = \"weights\"\nname = \"{name}.gguf\"\nbytes = {bytes}\nsha256 = \"{sha256}\"\n\
             sources = [{source}]\n"
        );
        std::fs::write(self.path(&format!("{name}.toml")), manifest).unwrap();
    }

    /// The adapter, and a manifest that names the merged file rightly.
    fn teach(&self, tensors: &HashMap<String, Tensor>) -> ModelFiles {
        candle_core::safetensors::save(tensors, self.path("learned.safetensors")).unwrap();
        let source = r#"{ base = "base", adapter = "learned.safetensors" }"#;
        self.manifest("learned", 1, UNKNOWN, source);
        let told = self.ensure("learned").unwrap_err().to_string();
        let after = |words: &str| {
            told.split_once(words)
                .unwrap()
                .1
                .split([' ', ';'])
                .next()
                .unwrap()
                .to_owned()
        };
        self.manifest(
            "learned",
            after("it has ").parse().unwrap(),
            &after("its sha256 is "),
            source,
        );
        self.ensure("learned").unwrap()
    }

    fn ensure(&self, name: &str) -> Result<ModelFiles, ModelError> {
        ensure(name, self.0.path(), &SilentProgress)
    }
}

/// Numbers between -1 and 1 that differ from row to row.
fn numbers(rows: usize, columns: usize, factor: f32) -> Tensor {
    let number = |at: usize| (((at * 7919 + 13) % 201) as f32 / 100.0 - 1.0) * factor;
    let numbers: Vec<f32> = (0..rows * columns).map(number).collect();
    Tensor::from_vec(numbers, (rows, columns), &Device::Cpu).unwrap()
}

/// An adapter of one tensor of the base.
fn adapter(name: &str, rows: usize, columns: usize, factor: f32) -> HashMap<String, Tensor> {
    let half = |tensor: Tensor| tensor.to_dtype(DType::F16).unwrap();
    HashMap::from([
        (format!("{name}.lora_a"), half(numbers(RANK, columns, 0.5))),
        (format!("{name}.lora_b"), half(numbers(rows, RANK, factor))),
    ])
}

fn read(path: &Path) -> (Content, BufReader<File>) {
    let mut reader = BufReader::new(File::open(path).unwrap());
    (Content::read(&mut reader).unwrap(), reader)
}

fn tensor(path: &Path, name: &str) -> (GgmlDType, Vec<f32>) {
    let (content, mut reader) = read(path);
    let tensor = content.tensor(&mut reader, name, &Device::Cpu).unwrap();
    let values = tensor.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap();
    (tensor.dtype(), values.to_vec1().unwrap())
}

#[test]
fn a_merged_matrix_is_the_bases_plus_what_was_learned_to_half_a_step() {
    let place = Place::new();
    let name = "blk.1.ffn_down";
    let learned = adapter(name, 64, 96, 1.0);
    let files = place.teach(&learned);

    let (_, base) = tensor(&place.path("tiny.gguf"), "blk.1.ffn_down.weight");
    let (kind, merged) = tensor(&files.weights, "blk.1.ffn_down.weight");
    assert_eq!(kind, GgmlDType::Q8_0);
    let exact = |part: &str| -> Vec<Vec<f32>> {
        let values = learned[&format!("{name}.{part}")].to_dtype(DType::F32).unwrap();
        values.to_vec2().unwrap()
    };
    let (a, b) = (exact("lora_a"), exact("lora_b"));
    for (at, block) in merged.chunks(32).enumerate() {
        let wanted: Vec<f64> = (0..32)
            .map(|within| {
                let (row, column) = ((at * 32 + within) / 96, (at * 32 + within) % 96);
                let products = (0..RANK).map(|rank| f64::from(b[row][rank]) * f64::from(a[rank][column]));
                f64::from(base[at * 32 + within]) + products.sum::<f64>()
            })
            .collect();
        // The scale is kept with 11 bits.
        let step = wanted.iter().fold(0.0f64, |most, value| most.max(value.abs())) / 127.0;
        for (value, wanted) in block.iter().zip(&wanted) {
            let off = (f64::from(*value) - wanted).abs();
            assert!(
                off <= 0.5 * step + 127.0 * step / 2048.0,
                "{value} for {wanted}, a step of {step}"
            );
        }
    }
}

#[test]
fn what_the_adapter_does_not_touch_stays_as_it_is() {
    let place = Place::new();
    let files = place.teach(&adapter("blk.0.attn_q", 64, 64, 1.0));
    let (before, _) = read(&place.path("tiny.gguf"));
    let (after, _) = read(&files.weights);
    assert_eq!(before.tensor_infos.len(), after.tensor_infos.len());
    for name in before
        .tensor_infos
        .keys()
        .filter(|name| *name != "blk.0.attn_q.weight")
    {
        assert_eq!(
            tensor(&place.path("tiny.gguf"), name),
            tensor(&files.weights, name),
            "{name}"
        );
    }
    for (key, value) in &before.metadata {
        assert_eq!(
            format!("{value:?}"),
            format!("{:?}", after.metadata[key]),
            "{key}"
        );
    }
    assert!(matches!(after.metadata["general.file_type"], Value::U32(7)));
    assert_eq!(
        Writer::load(&files).unwrap().info().prompt.as_deref(),
        Some("bullet.v2")
    );
}

#[test]
fn the_file_is_made_once_and_again_when_the_adapter_is_another() {
    let place = Place::new();
    let first = place.teach(&adapter("blk.0.attn_q", 64, 64, 1.0));
    let written = std::fs::metadata(&first.weights).unwrap().modified().unwrap();
    assert_eq!(place.ensure("learned").unwrap(), first);
    assert_eq!(
        std::fs::metadata(&first.weights).unwrap().modified().unwrap(),
        written
    );

    let second = place.teach(&adapter("blk.0.attn_q", 64, 64, 0.5));
    assert_eq!(second.weights, first.weights);
    assert_ne!(second.sha256, first.sha256);
    assert_eq!(
        hex::encode(Sha256::digest(std::fs::read(&second.weights).unwrap())),
        second.sha256
    );
    let (left, mut names) = (std::fs::read_dir(place.path("learned")).unwrap(), Vec::new());
    names.extend(left.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
    names.sort();
    assert_eq!(names, [".lock", "learned.gguf", "learned.gguf.verified"]);
}

#[test]
fn an_adapter_that_does_not_fit_is_refused_by_what_is_wrong_with_it() {
    let place = Place::new();
    let mut lonely = adapter("blk.0.attn_q", 64, 64, 1.0);
    lonely.remove("blk.0.attn_q.lora_b");
    let mut uneven = adapter("blk.0.attn_q", 64, 64, 1.0);
    uneven.insert("blk.0.attn_q.lora_b".to_owned(), numbers(64, RANK + 1, 1.0));
    let mut endless = adapter("blk.0.attn_q", 64, 64, 1.0);
    endless.insert(
        "blk.0.attn_q.lora_b".to_owned(),
        (numbers(64, RANK, 1.0) / 0.0).unwrap(),
    );
    let mut other = adapter("blk.0.attn_q", 64, 64, 1.0);
    other.insert("blk.0.attn_q.bias".to_owned(), numbers(1, 64, 1.0));
    for (tensors, part) in [
        (
            adapter("blk.7.attn_q", 64, 64, 1.0),
            "the base has no `blk.7.attn_q.weight`",
        ),
        (adapter("blk.0.attn_q", 32, 64, 1.0), "32 × 64 beside [64, 64]"),
        (lonely, "it has no `blk.0.attn_q.lora_b`"),
        (uneven, "`lora_a` has rank 3, `lora_b` 4"),
        (endless, "not finite"),
        (other, "`blk.0.attn_q.bias` belongs to no pair"),
    ] {
        candle_core::safetensors::save(&tensors, place.path("learned.safetensors")).unwrap();
        place.manifest(
            "learned",
            1,
            UNKNOWN,
            r#"{ base = "base", adapter = "learned.safetensors" }"#,
        );
        let told = place.ensure("learned").unwrap_err().to_string();
        assert!(
            told.contains(part) && told.contains("learned.safetensors"),
            "{part}: {told}"
        );
        assert!(!place.path("learned/learned.gguf").exists(), "{part}");
    }
}

#[test]
fn a_base_that_is_missing_or_made_itself_is_named() {
    let place = Place::new();
    place.teach(&adapter("blk.0.attn_q", 64, 64, 1.0));
    for (base, part) in [
        ("nowhere", "there is no model `nowhere`"),
        ("learned", "`learned` is made of another"),
    ] {
        let source = format!(r#"{{ base = "{base}", adapter = "learned.safetensors" }}"#);
        place.manifest("twice", 1, UNKNOWN, &source);
        let told = place.ensure("twice").unwrap_err().to_string();
        assert!(told.contains(part), "{told}");
    }
    std::fs::remove_file(place.path("learned.safetensors")).unwrap();
    place.manifest(
        "twice",
        1,
        UNKNOWN,
        r#"{ base = "base", adapter = "learned.safetensors" }"#,
    );
    let told = place.ensure("twice").unwrap_err().to_string();
    assert!(told.contains("learned.safetensors: "), "{told}");
}
