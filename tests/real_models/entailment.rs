//! The model that judges, on tiny models of both families: what the Python package transformers gives for the same
//! weights, alone and in batches; and what is said of files that cannot be used.
//!
//! `fixtures/entailment.json` has configurations, pairs and probabilities, made by `tools/fixtures/entailment.py`.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use candle_transformers::models::debertav2::DebertaV2SeqClassificationModel;
use candle_transformers::models::modernbert::ModernBertForSequenceClassification;
use nutgraf::engine::entailment::EntailmentModel;
use nutgraf::engine::local::{EngineSettings, LocalEngine};
use nutgraf::engine::models::ModelFiles;
use nutgraf::engine::{Cancel, Engine, EngineError, Pair, Sampling};
use serde_json::{Value, json};

use crate::families::tiny;
use crate::support::embedder_files;

const FAMILIES: [&str; 2] = ["deberta-v2", "modernbert"];

/// What the tokenizer knows, by id.
const WORDS: [&str; 8] = [
    "[UNK]", "[CLS]", "[SEP]", "bridge", "closed", "was", "the", "open",
];

/// `max_position_embeddings` of the fixture.
const MOST_TOKENS: usize = 24;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/entailment.json")).unwrap()
}

fn config(family: &str) -> Value {
    fixture()["families"][family]["config"].clone()
}

/// `[CLS] premise [SEP] hypothesis [SEP]`, a token a word.
fn tokenizer() -> Value {
    let ids = (0..).zip(WORDS);
    let vocabulary: serde_json::Map<String, Value> =
        ids.map(|(id, word)| (word.to_owned(), json!(id))).collect();
    let special = |id: &str, type_id| json!({"SpecialToken": {"id": id, "type_id": type_id}});
    let text = |id: &str, type_id| json!({"Sequence": {"id": id, "type_id": type_id}});
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": null,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special("[CLS]", 0), text("A", 0), special("[SEP]", 0)],
            "pair": [special("[CLS]", 0), text("A", 0), special("[SEP]", 0), text("B", 1), special("[SEP]", 1)],
            "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [2], "tokens": ["[SEP]"]}
            }
        }
    })
}

/// Weights under the names that a model of the family has; the numbers are a formula of name and place.
fn weights(family: &str) -> VarMap {
    let variables = VarMap::new();
    let builder = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let mut config = config(family);
    // Loading from nothing makes every variable that the network has.
    if family == "deberta-v2" {
        let config = serde_json::from_value(config).unwrap();
        DebertaV2SeqClassificationModel::load(builder.pp("deberta"), &config, None).unwrap();
    } else {
        config["label2id"] = json!({});
        let config = serde_json::from_value(config).unwrap();
        ModernBertForSequenceClassification::load(builder, &config).unwrap();
    }
    // The first layer of this family has no norm before its attention.
    let norm = "model.layers.0.attn_norm.weight";
    variables.data().lock().unwrap().remove(norm);
    for (name, variable) in variables.data().lock().unwrap().iter() {
        let phase: f64 = name.bytes().map(f64::from).sum();
        // Vectors are biases and the scales of norms; large biases would drown the texts.
        let (size, middle) = match (variable.rank(), name.ends_with("weight")) {
            (1, true) => (0.04, 1.0),
            (1, false) => (0.04, 0.0),
            _ => (0.4, 0.0),
        };
        let number = |index| {
            let index = f64::from(index);
            (size * (0.37 * index * index + phase).sin() + middle) as f32
        };
        let count = u32::try_from(variable.elem_count()).unwrap();
        let numbers: Vec<f32> = (0..count).map(number).collect();
        let tensor = Tensor::from_vec(numbers, variable.shape(), &Device::Cpu).unwrap();
        variable.set(&tensor).unwrap();
    }
    variables
}

/// A tiny model's files.
fn tiny_judge(family: &str, dir: &Path) -> ModelFiles {
    weights(family).save(dir.join("model.safetensors")).unwrap();
    std::fs::write(dir.join("config.json"), config(family).to_string()).unwrap();
    std::fs::write(dir.join("tokenizer.json"), tokenizer().to_string()).unwrap();
    ModelFiles {
        name: "tiny-judge".to_owned(),
        weights: dir.join("model.safetensors"),
        tokenizer: Some(dir.join("tokenizer.json")),
        config: Some(dir.join("config.json")),
        sha256: "0".repeat(64),
        context_tokens: None,
        sampling: Sampling::default(),
        prompt: None,
    }
}

fn pair(premise: &str, hypothesis: &str) -> Pair {
    Pair {
        premise: premise.to_owned(),
        hypothesis: hypothesis.to_owned(),
    }
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() < 1e-4
}

#[test]
fn probabilities_are_those_of_transformers_alone_and_in_batches() {
    let fixture = fixture();
    let pairs: Vec<(String, String)> = serde_json::from_value(fixture["pairs"].clone()).unwrap();
    let pairs: Vec<Pair> = pairs
        .iter()
        .map(|(premise, hypothesis)| pair(premise, hypothesis))
        .collect();
    for family in FAMILIES {
        let dir = tempfile::tempdir().unwrap();
        let model = EntailmentModel::load(&tiny_judge(family, dir.path())).unwrap();
        let expected = &fixture["families"][family]["probabilities"];
        let expected: Vec<f32> = serde_json::from_value(expected.clone()).unwrap();
        assert_eq!(pairs.len(), expected.len());
        let together = model.entail(&pairs, &|| true).unwrap();
        let alone: Vec<f32> = pairs
            .iter()
            .map(|pair| model.entail(std::slice::from_ref(pair), &|| true).unwrap()[0])
            .collect();
        for found in [together, alone] {
            assert!(
                found.iter().zip(&expected).all(|(a, b)| close(*a, *b)),
                "{family}: {found:?}, not {expected:?}"
            );
        }
        assert!(
            !close(expected[0], expected[1]) && !close(expected[1], expected[2]),
            "{family}"
        );
    }
}

#[test]
fn a_long_premise_is_cut_and_a_long_hypothesis_is_an_error() {
    for family in FAMILIES {
        let dir = tempfile::tempdir().unwrap();
        let model = EntailmentModel::load(&tiny_judge(family, dir.path())).unwrap();
        let probability = |premise: &str| model.entail(&[pair(premise, "closed")], &|| true).unwrap()[0];
        let long = ["the bridge was"; 50].join(" ");
        // Of the tokens, four are the hypothesis and what stands around the texts.
        let kept = |tokens| long.split(' ').take(tokens).collect::<Vec<_>>().join(" ");
        assert_eq!(
            probability(&long),
            probability(&kept(MOST_TOKENS - 4)),
            "{family}"
        );
        assert_ne!(
            probability(&long),
            probability(&kept(MOST_TOKENS - 5)),
            "{family}"
        );
        let error = model.entail(&[pair("closed", &long)], &|| true).unwrap_err();
        assert!(matches!(error, EngineError::Compute(_)), "{family}: {error:?}");
    }
}

#[test]
fn the_engine_judges_where_it_was_given_a_judge() {
    let dir = tempfile::tempdir().unwrap();
    let writer = tiny("llama", 64).write(&dir.path().join("tiny.gguf"));
    let settings = EngineSettings::default();
    let alone = LocalEngine::start(&writer, &embedder_files(), &settings).unwrap();
    assert!(alone.judge().is_none());
    let pairs = vec![pair("the bridge was closed", "the bridge was open")];
    let error = alone.entail(pairs.clone(), &Cancel::new()).unwrap_err();
    assert!(matches!(error, EngineError::Compute(_)), "{error:?}");

    let files = tiny_judge("modernbert", dir.path());
    let model = EntailmentModel::load(&files).unwrap();
    let engine = LocalEngine::start_with_judge(&writer, &embedder_files(), &files, &settings).unwrap();
    let judge = engine.judge().unwrap();
    assert_eq!(
        (judge.name.as_str(), judge.context_tokens),
        ("tiny-judge", MOST_TOKENS)
    );
    let found = engine.entail(pairs.clone(), &Cancel::new()).unwrap();
    assert_eq!(found, model.entail(&pairs, &|| true).unwrap());
    let cancel = Cancel::new();
    cancel.cancel();
    let error = engine.entail(pairs, &cancel).unwrap_err();
    assert!(matches!(error, EngineError::Cancelled), "{error:?}");
}

/// The file that an error names, and what it says of it.
fn refusal(files: &ModelFiles) -> (PathBuf, String) {
    match EntailmentModel::load(files).err() {
        Some(EngineError::BadModel { file, detail }) => (PathBuf::from(file), detail),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_config_that_cannot_be_used_is_named() {
    for family in FAMILIES {
        let dir = tempfile::tempdir().unwrap();
        let files = tiny_judge(family, dir.path());
        let path = dir.path().join("config.json");
        for (key, value, part) in [
            ("id2label", json!({"0": "toxic", "1": "fine"}), "entailment"),
            ("model_type", json!("gpt2"), "`gpt2`"),
            ("hidden_size", json!("wide"), "wide"),
        ] {
            let mut wrong = config(family);
            wrong[key] = value;
            std::fs::write(&path, wrong.to_string()).unwrap();
            let (file, detail) = refusal(&files);
            assert!(file == path && detail.contains(part), "{family}, {key}: {detail}");
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(refusal(&files).0, path);
        let without = ModelFiles {
            config: None,
            ..files.clone()
        };
        let (file, detail) = refusal(&without);
        assert!(file == files.weights && detail.contains("config"), "{detail}");
    }
}

#[test]
fn weights_and_tokenizers_that_cannot_be_used_are_named() {
    for family in FAMILIES {
        let dir = tempfile::tempdir().unwrap();
        let files = tiny_judge(family, dir.path());
        let path = |name: &str| dir.path().join(name);
        let mut other = config(family);
        other["hidden_size"] = json!(64);
        std::fs::write(path("config.json"), other.to_string()).unwrap();
        assert_eq!(refusal(&files).0, files.weights, "{family}, of another size");
        std::fs::write(path("config.json"), config(family).to_string()).unwrap();
        std::fs::write(path("tokenizer.json"), "{}").unwrap();
        assert_eq!(refusal(&files).0, path("tokenizer.json"));
        let bytes = std::fs::read(&files.weights).unwrap();
        std::fs::write(&files.weights, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(refusal(&files).0, files.weights, "{family}, cut off");
        std::fs::remove_file(&files.weights).unwrap();
        assert_eq!(refusal(&files).0, files.weights, "{family}, not there");
    }
}
