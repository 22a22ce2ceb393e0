//! Each family of models on a tiny file with random weights: it loads, writes, keeps nothing between two texts, and
//! a damaged file is named rather than run.

use std::ops::ControlFlow;
use std::path::Path;

use candle_core::quantized::GgmlDType;
use nutgraf::engine::local::{EngineSettings, LocalEngine};
use nutgraf::engine::writer::Writer;
use nutgraf::engine::{Cancel, Engine, EngineError, FinishReason, GenerateRequest, Message, Role, Sampling};

use crate::gguf::{TinyModel, Value};
use crate::support::embedder_files;
use crate::vocabulary::{CONTROL, Vocabulary};

pub(crate) const FAMILIES: [&str; 5] = ["llama", "qwen2", "qwen3", "gemma3", "phi3"];

const LLAMA3: &str = "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content | trim }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}";
const CHATML: &str = "{%- for m in messages -%}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' -}}{%- endfor -%}{{- '<|im_start|>assistant\n' -}}";
const THINKS: &str = "{%- for m in messages -%}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' -}}{%- endfor -%}{{- '<|im_start|>assistant\n' -}}{%- if enable_thinking is defined and enable_thinking is false -%}{{- '<think>\n\n</think>\n\n' -}}{%- endif -%}";
const GEMMA: &str = "{{ bos_token }}{%- if messages[0].role == 'system' -%}{{ raise_exception('no system role') }}{%- endif -%}{%- for m in messages -%}{{ '<start_of_turn>' + m.role + '\n' + m.content | trim + '<end_of_turn>\n' }}{%- endfor -%}{{ '<start_of_turn>model\n' }}";
const PHI3: &str = "{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}<|assistant|>\n";

/// A model of the family with the vocabulary, the special tokens and the kind of template that its files have.
pub(crate) fn tiny(architecture: &str, context_tokens: u32) -> TinyModel {
    TinyModel::new(architecture, context_tokens, &vocabulary(architecture))
}

/// The same with its matrices in this quantization.
pub(crate) fn tiny_of_kind(architecture: &str, context_tokens: u32, kind: GgmlDType) -> TinyModel {
    TinyModel::of_kind(architecture, context_tokens, &vocabulary(architecture), kind)
}

fn vocabulary(architecture: &str) -> Vocabulary {
    let strings = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
    let control = |texts: &[&str]| -> Vec<(String, i32)> {
        texts.iter().map(|text| ((*text).to_owned(), CONTROL)).collect()
    };
    let merges = strings(&["t h", "th e", "i n", "Ġ t", "Ġt he", "e r", "a n", "an d"]);
    let mut pieces = strings(&["▁the", "▁t", "the", "th", "he", "in", "er", "an", "▁a", "▁"]);
    pieces.extend((' '..='~').skip(1).map(String::from));
    match architecture {
        "llama" => {
            let special = [
                "<|start_header_id|>",
                "<|end_header_id|>",
                "<|eot_id|>",
                "<|begin_of_text|>",
            ];
            Vocabulary::bpe("llama-bpe", &merges, &[], &control(&special)).with_template(LLAMA3)
        }
        "qwen2" | "qwen3" => {
            let special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|bos|>"];
            let template = if architecture == "qwen2" { CHATML } else { THINKS };
            Vocabulary::bpe("qwen2", &merges, &[], &control(&special)).with_template(template)
        }
        "gemma3" => {
            let special = ["<start_of_turn>", "<end_of_turn>"];
            Vocabulary::sentence_piece(false, &pieces, &control(&special)).with_template(GEMMA)
        }
        _ => {
            let special = [
                "<|system|>",
                "<|user|>",
                "<|assistant|>",
                "<|end|>",
                "<|endoftext|>",
            ];
            Vocabulary::sentence_piece(true, &pieces, &control(&special)).with_template(PHI3)
        }
    }
}

/// An engine that writes with the tiny model.
pub(crate) fn engine(model: &TinyModel, queue_capacity: usize) -> LocalEngine {
    let dir = tempfile::tempdir().unwrap();
    let files = model.write(&dir.path().join("tiny.gguf"));
    LocalEngine::start(&files, &embedder_files(), &EngineSettings { queue_capacity }).unwrap()
}

/// A request for a text of exactly so many tokens, since a tiny model hardly ever ends by itself.
pub(crate) fn request(content: &str, max_tokens: usize) -> GenerateRequest {
    let message = |role, content: &str| Message {
        role,
        content: content.to_owned(),
    };
    GenerateRequest {
        messages: vec![message(Role::System, "Be brief."), message(Role::User, content)],
        sampling: Sampling::default(),
        max_tokens,
        ..GenerateRequest::default()
    }
}

fn drawn(content: &str, seed: u64) -> GenerateRequest {
    GenerateRequest {
        sampling: Sampling {
            temperature: 0.8,
            top_p: 0.95,
            top_k: 40,
            repetition_penalty: 1.1,
        },
        seed,
        ..request(content, 24)
    }
}

fn texts(engine: &LocalEngine, requests: Vec<GenerateRequest>) -> Vec<String> {
    let generations = engine.generate(requests, &Cancel::new(), &mut |_, _| ControlFlow::Continue(()));
    generations
        .unwrap()
        .into_iter()
        .map(|generation| generation.text)
        .collect()
}

/// 300 characters or so, more tokens than are run at once.
fn long_text() -> String {
    "The ferry to Ostrey was cancelled on Friday. ".repeat(8)
}

#[test]
fn every_family_writes_as_many_tokens_as_it_is_asked_for() {
    for family in FAMILIES {
        let engine = engine(&tiny(family, 512), 1);
        let go_on = &mut |_: usize, _: &str| ControlFlow::Continue(());
        let generation = engine
            .generate(vec![request("Hi.", 24)], &Cancel::new(), go_on)
            .unwrap()
            .remove(0);
        assert_eq!(
            (generation.finish, generation.generated_tokens),
            (FinishReason::Length, 24),
            "{family}: {generation:?}"
        );
        assert!(generation.text.len() >= 24, "{family}: {generation:?}");
        assert_eq!(engine.writer().context_tokens, 512, "{family}");
    }
}

#[test]
fn a_text_is_the_same_again_after_another_text() {
    for family in FAMILIES {
        let engine = engine(&tiny(family, 512), 1);
        let write = |content: &str| texts(&engine, vec![request(content, 24)]).remove(0);
        let long = long_text();
        let first = write("Hi.");
        let other = write(&long);
        assert_ne!(first, other, "{family} writes the same whatever it reads");
        assert_eq!(first, write("Hi."), "{family}");
        assert_eq!(first, write("Hi."), "{family}");
        assert_eq!(other, write(&long), "{family}");
    }
}

#[test]
fn a_text_with_a_seed_is_the_same_alone_and_among_others() {
    for family in FAMILIES {
        let engine = engine(&tiny(family, 512), 1);
        let requests = vec![
            drawn("Hi.", 1),
            drawn(&long_text(), 2),
            drawn("Hi.", 3),
            drawn("Why?", 1),
        ];
        let together = texts(&engine, requests.clone());
        assert_ne!(together[0], together[2], "{family}: seeds make no difference");
        for (request, text) in requests.into_iter().zip(together).rev() {
            assert_eq!(texts(&engine, vec![request]), [text], "{family}");
        }
    }
}

#[test]
fn a_long_prompt_run_in_chunks_gives_what_it_gives_token_by_token() {
    for family in FAMILIES {
        let dir = tempfile::tempdir().unwrap();
        let files = tiny(family, 512).write(&dir.path().join("tiny.gguf"));
        let writer = Writer::load(&files).unwrap();
        let prompt = writer.prompt(&request(&long_text(), 0).messages).unwrap();
        assert!(prompt.len() > 256, "{family}: {} tokens", prompt.len());
        let whole = writer.continue_greedily(&prompt, 8).unwrap();
        // What follows the first two tokens, with these as the end of the prompt.
        let longer = [&prompt, &whole[..2]].concat();
        assert_eq!(
            writer.continue_greedily(&longer, 6).unwrap(),
            whole[2..],
            "{family}"
        );
    }
}

/// What `Writer::load` says of the file; fails unless it is an error that names it.
fn refusal(path: &Path, what: &str) -> String {
    let files = nutgraf::engine::models::ModelFiles {
        weights: path.to_path_buf(),
        ..tiny("llama", 64).write(&path.with_file_name("other.gguf"))
    };
    let error = Writer::load(&files).err();
    let Some(EngineError::BadModel { file, detail }) = error else {
        panic!("{what}: {error:?}");
    };
    assert_eq!(file, path.display().to_string(), "{what}");
    assert!(!detail.is_empty(), "{what}");
    detail
}

fn refusal_of(model: &TinyModel, what: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("broken.gguf");
    model.write(&path);
    refusal(&path, what)
}

#[test]
fn a_cut_off_file_is_refused_wherever_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("broken.gguf");
    for family in FAMILIES {
        let bytes = tiny(family, 64).bytes();
        for length in [
            0,
            3,
            4,
            10,
            24,
            100,
            bytes.len() / 50,
            bytes.len() / 2,
            bytes.len() - 40,
        ] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            refusal(&path, &format!("{family}, {length} of {} bytes", bytes.len()));
        }
    }
    refusal(&dir.path().join("absent.gguf"), "no file");
}

#[test]
fn another_architecture_is_refused_by_name() {
    let mut model = tiny("llama", 64);
    model.set("general.architecture", Value::Text("mamba".to_owned()));
    let detail = refusal_of(&model, "mamba");
    assert!(detail.contains("`mamba`") && detail.contains("qwen3"), "{detail}");
}

#[test]
fn another_tokenizer_is_refused_by_name() {
    for (key, name) in [("model", "bert"), ("pre", "unheard-of")] {
        let mut model = tiny("llama", 64);
        model.set(&format!("tokenizer.ggml.{key}"), Value::Text(name.to_owned()));
        let detail = refusal_of(&model, name);
        assert!(detail.contains(&format!("`{name}`")), "{detail}");
    }
}

#[test]
fn missing_metadata_is_refused_and_no_absence_makes_a_panic() {
    // What a model can do without: it has a default, or the file merely describes itself.
    let optional = [
        "rope.freq_base",
        "rope.dimension_count",
        "sliding_window_pattern",
        "bos_token_id",
        "eos_token_id",
        "add_space_prefix",
        "chat_template",
        "tokenizer.ggml.pre",
    ];
    for family in FAMILIES {
        let whole = tiny(family, 64);
        for (key, _) in &whole.metadata {
            if optional.iter().any(|name| key.ends_with(name)) {
                continue;
            }
            let mut model = whole.clone();
            model.metadata.retain(|(known, _)| known != key);
            refusal_of(&model, &format!("{family} without {key}"));
        }
    }
}

#[test]
fn missing_tensors_are_refused() {
    for family in FAMILIES {
        let whole = tiny(family, 64);
        for (index, tensor) in whole.tensors.iter().enumerate() {
            // The embeddings take its place.
            if tensor.name == "output.weight" {
                continue;
            }
            let mut model = whole.clone();
            model.tensors.remove(index);
            refusal_of(&model, &format!("{family} without {}", tensor.name));
        }
    }
}

#[test]
fn tensors_of_a_wrong_shape_are_refused() {
    for family in FAMILIES {
        let whole = tiny(family, 64);
        for tensor in &whole.tensors {
            let mut model = whole.clone();
            let shape = &mut model.find(&tensor.name).shape;
            shape[0] /= 2;
            refusal_of(&model, &format!("{family}, {} halved", tensor.name));
            if tensor.shape.len() == 2 {
                let mut model = whole.clone();
                model.find(&tensor.name).shape[1] *= 2;
                refusal_of(&model, &format!("{family}, {} doubled", tensor.name));
            }
        }
    }
}

#[test]
fn counts_that_make_no_sense_are_refused() {
    for family in FAMILIES {
        for (name, count) in [
            ("attention.head_count", 0),
            ("attention.head_count", 5),
            ("attention.head_count_kv", 3),
            ("attention.head_count_kv", u32::MAX),
            ("block_count", 3),
            ("block_count", u32::MAX),
            ("embedding_length", 0),
            ("embedding_length", 1 << 30),
            ("context_length", 0),
        ] {
            let mut model = tiny(family, 64);
            model.set(&format!("{family}.{name}"), Value::U32(count));
            refusal_of(&model, &format!("{family} with {name} {count}"));
        }
    }
}
