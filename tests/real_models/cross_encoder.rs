//! What the cross-encoder finds, against the network that was taught, in torch (`tools/fixtures/cross_encoder.py`).

use nutgraf::engine::cross_encoder::CrossEncoder;
use nutgraf::engine::local::EngineSettings;
use nutgraf::engine::{Cancel, Doubt, Engine, EngineError, Pair};
use serde::Deserialize;

use crate::families::tiny;
use crate::support::{embedder_files, start};

#[derive(Deserialize)]
struct Case {
    premise: String,
    hypothesis: String,
    whole: f32,
    tokens: Vec<f32>,
}

fn cases() -> Vec<(Pair, Doubt)> {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/cross_encoder.json")).unwrap();
    let cases = cases.into_iter().map(|case| {
        let pair = Pair {
            premise: case.premise,
            hypothesis: case.hypothesis,
        };
        let doubt = Doubt {
            whole: case.whole,
            tokens: case.tokens,
        };
        (pair, doubt)
    });
    cases.collect()
}

fn assert_alike(pair: &Pair, found: &Doubt, expected: &Doubt, tolerance: f32) {
    let values = |doubt: &Doubt| [&[doubt.whole], doubt.tokens.as_slice()].concat();
    let (found, expected) = (values(found), values(expected));
    assert_eq!(found.len(), expected.len(), "{pair:?}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!(
            (found - expected).abs() < tolerance,
            "{pair:?}: {found} and {expected}"
        );
    }
}

#[test]
fn doubts_equal_those_of_the_network_that_was_taught() {
    let model = CrossEncoder::load(&embedder_files()).unwrap();
    let (pairs, expected): (Vec<Pair>, Vec<Doubt>) = cases().into_iter().unzip();
    let together = model.compare(&pairs, &|| true).unwrap();
    for ((pair, found), expected) in pairs.iter().zip(&together).zip(&expected) {
        assert_alike(pair, found, expected, 1e-3);
        let alone = model.compare(std::slice::from_ref(pair), &|| true).unwrap();
        assert_alike(pair, found, &alone[0], 1e-4);
    }
    assert!(model.compare(&[], &|| true).unwrap().is_empty());
}

#[test]
fn a_changed_word_is_what_is_doubted() {
    let model = CrossEncoder::load(&embedder_files()).unwrap();
    let pairs: Vec<Pair> = cases().into_iter().map(|(pair, _)| pair).take(4).collect();
    let found = model.compare(&pairs, &|| true).unwrap();
    let [right, number, opposite, speaker] = found.as_slice() else {
        panic!("{found:?}")
    };
    for wrong in [number, opposite, speaker] {
        assert!(wrong.whole > right.whole + 1.0, "{found:?}");
    }
    let worst = |doubt: &Doubt| {
        let all = doubt.tokens.iter().enumerate();
        all.max_by(|a, b| a.1.total_cmp(b.1)).map(|(index, _)| index)
    };
    // "hill", "##ford", "opened"; and "15" is the tenth.
    assert_eq!((worst(opposite), worst(number)), (Some(2), Some(9)), "{found:?}");
}

#[test]
fn the_engine_compares_and_can_be_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let writer = tiny("llama", 64).write(&dir.path().join("tiny.gguf"));
    let engine = start(&writer, None, &EngineSettings::default());
    let (pairs, expected): (Vec<Pair>, Vec<Doubt>) = cases().into_iter().unzip();
    let found = engine.compare(pairs.clone(), &Cancel::new()).unwrap();
    assert_alike(&pairs[0], &found[0], &expected[0], 1e-3);
    let cancel = Cancel::new();
    cancel.cancel();
    let error = engine.compare(pairs, &cancel).unwrap_err();
    assert!(matches!(error, EngineError::Cancelled), "{error:?}");
}

#[test]
fn another_embedder_than_the_one_that_was_taught_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = embedder_files();
    files.weights = dir.path().join("other.safetensors");
    let tensor = |rows: usize, columns: usize| {
        candle_core::Tensor::zeros(
            (rows, columns),
            candle_core::DType::F32,
            &candle_core::Device::Cpu,
        )
        .unwrap()
    };
    let tensors = std::collections::HashMap::from([
        ("embeddings.word_embeddings.weight".to_owned(), tensor(100, 768)),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            tensor(64, 768),
        ),
        (
            "embeddings.token_type_embeddings.weight".to_owned(),
            tensor(2, 768),
        ),
        (
            "encoder.layer.0.intermediate.dense.weight".to_owned(),
            tensor(3072, 768),
        ),
    ]);
    candle_core::safetensors::save(&tensors, &files.weights).unwrap();
    let Err(error) = CrossEncoder::load(&files) else {
        panic!("it was loaded")
    };
    let text = error.to_string();
    assert!(
        text.contains("other.safetensors") && text.contains("taught"),
        "{text}"
    );
}
