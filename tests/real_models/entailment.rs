//! The model that judges, on tiny models of random numbers of both families: what candle's own network gives for the
//! same tokens, alone and in batches; and what is said of files that cannot be used.

use std::path::{Path, PathBuf};

use candle_core::{D, DType, Device, Tensor};
use candle_nn::ops::softmax;
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

/// What the tokenizer knows besides `[CLS]` and `[SEP]`.
const WORDS: [&str; 8] = [
    "[UNK]", "[CLS]", "[SEP]", "bridge", "closed", "was", "the", "open",
];

const MOST_TOKENS: usize = 24;

fn config(family: &str) -> Value {
    let mut config = json!({
        "model_type": family, "vocab_size": WORDS.len(), "hidden_size": 32, "num_hidden_layers": 3,
        "num_attention_heads": 4, "intermediate_size": 48, "max_position_embeddings": MOST_TOKENS,
        "pad_token_id": 0, "id2label": {"0": "contradiction", "1": "neutral", "2": "ENTAILMENT"},
        "label2id": {"contradiction": 0, "neutral": 1, "ENTAILMENT": 2}
    });
    let own = match family {
        "deberta-v2" => json!({
            "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "type_vocab_size": 0,
            "initializer_range": 0.02, "layer_norm_eps": 1e-7, "relative_attention": true, "max_relative_positions": -1,
            "position_biased_input": false, "pos_att_type": "p2c|c2p", "position_buckets": 8, "share_att_key": true,
            "norm_rel_ebd": "layer_norm", "pooler_dropout": 0.0, "pooler_hidden_act": "gelu", "pooler_hidden_size": 32,
            "id2label": {"0": "entailment", "1": "not_entailment"}, "label2id": {"entailment": 0, "not_entailment": 1}
        }),
        _ => json!({
            "layer_norm_eps": 1e-5, "global_attn_every_n_layers": 3, "global_rope_theta": 160_000.0, "local_attention": 8,
            "local_rope_theta": 10_000.0, "classifier_pooling": "mean"
        }),
    };
    let own = own.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(own);
    config
}

/// `[CLS] premise [SEP] hypothesis [SEP]`, a token a word.
fn tokenizer() -> Value {
    let vocabulary: serde_json::Map<String, Value> = (0..)
        .zip(WORDS)
        .map(|(id, word)| (word.to_owned(), json!(id)))
        .collect();
    let special = |id: &str, type_id| json!({"SpecialToken": {"id": id, "type_id": type_id}});
    let text = |id: &str, type_id| json!({"Sequence": {"id": id, "type_id": type_id}});
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "Whitespace"}, "decoder": null,
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

enum Network {
    Deberta(DebertaV2SeqClassificationModel),
    ModernBert(ModernBertForSequenceClassification),
}

/// candle's network; variables that are not there are drawn.
fn network(family: &str, variables: &VarMap) -> Network {
    let variables = VarBuilder::from_varmap(variables, DType::F32, &Device::Cpu);
    let mut config = config(family);
    if family == "deberta-v2" {
        let config = serde_json::from_value(config).unwrap();
        return Network::Deberta(
            DebertaV2SeqClassificationModel::load(variables.pp("deberta"), &config, None).unwrap(),
        );
    }
    config["label2id"] = json!({});
    let config = serde_json::from_value(config).unwrap();
    Network::ModernBert(ModernBertForSequenceClassification::load(variables, &config).unwrap())
}

impl Network {
    /// The probability of entailment for one text.
    fn probability(&self, ids: &[u32]) -> f32 {
        let ids = Tensor::new(ids, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let ones = ids.ones_like().unwrap();
        let (probabilities, label) = match self {
            Self::Deberta(network) => {
                let logits = network.forward(&ids, None, Some(ones)).unwrap();
                (softmax(&logits, D::Minus1).unwrap(), 0)
            }
            Self::ModernBert(network) => (network.forward(&ids, &ones).unwrap(), 2),
        };
        probabilities.to_vec2::<f32>().unwrap()[0][label]
    }
}

/// A tiny model's files, and the network that they hold.
fn tiny_judge(family: &str, dir: &Path) -> (ModelFiles, Network) {
    let variables = VarMap::new();
    let network = network(family, &variables);
    for variable in variables.all_vars() {
        // Larger than they are drawn for training, so that the texts make a difference.
        variable
            .set(&Tensor::randn(0f32, 0.4, variable.shape(), &Device::Cpu).unwrap())
            .unwrap();
    }
    variables.save(dir.join("model.safetensors")).unwrap();
    std::fs::write(dir.join("config.json"), config(family).to_string()).unwrap();
    std::fs::write(dir.join("tokenizer.json"), tokenizer().to_string()).unwrap();
    let files = ModelFiles {
        name: "tiny-judge".to_owned(),
        weights: dir.join("model.safetensors"),
        tokenizer: Some(dir.join("tokenizer.json")),
        config: Some(dir.join("config.json")),
        sha256: "0".repeat(64),
        context_tokens: None,
        sampling: Sampling::default(),
    };
    (files, network)
}

fn pair(premise: &str, hypothesis: &str) -> Pair {
    Pair {
        premise: premise.to_owned(),
        hypothesis: hypothesis.to_owned(),
    }
}

/// `[CLS] premise [SEP] hypothesis [SEP]` as ids.
fn ids(pair: &Pair) -> Vec<u32> {
    let id = |word: &str| u32::try_from(WORDS.iter().position(|known| *known == word).unwrap()).unwrap();
    let words = |text: &str| text.split(' ').map(id).collect::<Vec<_>>();
    [
        vec![1],
        words(&pair.premise),
        vec![2],
        words(&pair.hypothesis),
        vec![2],
    ]
    .concat()
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() < 1e-5
}

#[test]
fn probabilities_are_those_of_the_network_alone_and_in_batches() {
    let pairs = [
        pair("the bridge was closed", "the bridge was open"),
        pair("the bridge", "closed"),
        pair(
            "the bridge was closed the bridge was open the bridge",
            "the bridge was closed",
        ),
        pair("was the bridge open", "the bridge was closed was the bridge"),
    ];
    for family in FAMILIES {
        let dir = tempfile::tempdir().unwrap();
        let (files, network) = tiny_judge(family, dir.path());
        let model = EntailmentModel::load(&files).unwrap();
        let found = model.entail(&pairs, &|| true).unwrap();
        let expected: Vec<f32> = pairs.iter().map(|pair| network.probability(&ids(pair))).collect();
        assert!(
            found.iter().zip(&expected).all(|(a, b)| close(*a, *b)),
            "{family}: {found:?}, not {expected:?}"
        );
        let differ = |a: f32, b: f32| !close(a, b);
        assert!(
            differ(found[0], found[1]) && differ(found[1], found[2]),
            "{family}: {found:?}"
        );
    }
}

#[test]
fn a_long_premise_is_cut_and_a_long_hypothesis_is_an_error() {
    for family in FAMILIES {
        let dir = tempfile::tempdir().unwrap();
        let (files, network) = tiny_judge(family, dir.path());
        let model = EntailmentModel::load(&files).unwrap();
        let long = ["the bridge was"; 50].join(" ");
        let found = model.entail(&[pair(&long, "closed")], &|| true).unwrap();
        let kept: Vec<&str> = long.split(' ').take(MOST_TOKENS - 4).collect();
        let expected = network.probability(&ids(&pair(&kept.join(" "), "closed")));
        assert!(close(found[0], expected), "{family}: {found:?}, not {expected}");
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

    let (files, network) = tiny_judge("modernbert", dir.path());
    let engine = LocalEngine::start_with_judge(&writer, &embedder_files(), &files, &settings).unwrap();
    assert_eq!(engine.judge().unwrap().name, "tiny-judge");
    assert_eq!(engine.judge().unwrap().context_tokens, MOST_TOKENS);
    let found = engine.entail(pairs.clone(), &Cancel::new()).unwrap();
    assert!(close(found[0], network.probability(&ids(&pairs[0]))));
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
fn a_file_that_cannot_be_used_is_named() {
    for family in FAMILIES {
        let dir = tempfile::tempdir().unwrap();
        let (files, _) = tiny_judge(family, dir.path());
        let path = |name: &str| dir.path().join(name);

        let without_config = ModelFiles {
            config: None,
            ..files.clone()
        };
        let (file, detail) = refusal(&without_config);
        assert!(file == files.weights && detail.contains("config"), "{detail}");

        for (key, value, part) in [
            ("id2label", json!({"0": "toxic", "1": "fine"}), "entailment"),
            ("model_type", json!("gpt2"), "`gpt2`"),
            ("hidden_size", json!("wide"), "wide"),
        ] {
            let mut wrong = config(family);
            wrong[key] = value;
            std::fs::write(path("config.json"), wrong.to_string()).unwrap();
            let (file, detail) = refusal(&files);
            assert!(
                file == path("config.json") && detail.contains(part),
                "{family}, {key}: {detail}"
            );
        }
        let mut other = config(family);
        other["hidden_size"] = json!(64);
        std::fs::write(path("config.json"), other.to_string()).unwrap();
        assert_eq!(refusal(&files).0, files.weights, "{family}");
        std::fs::remove_file(path("config.json")).unwrap();
        assert_eq!(refusal(&files).0, path("config.json"));

        std::fs::write(path("config.json"), config(family).to_string()).unwrap();
        std::fs::write(path("tokenizer.json"), "{}").unwrap();
        assert_eq!(refusal(&files).0, path("tokenizer.json"));
        let bytes = std::fs::read(&files.weights).unwrap();
        std::fs::write(&files.weights, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(refusal(&files).0, files.weights, "{family}");
        std::fs::remove_file(&files.weights).unwrap();
        assert_eq!(refusal(&files).0, files.weights, "{family}");
    }
}
