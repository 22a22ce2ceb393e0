//! Texts that are written together: what they share, memory of a prompt and passes over the weights, changes nothing
//! of what each would be alone.

use std::ops::ControlFlow;

use nutgraf::engine::local::{EngineSettings, LocalEngine};
use nutgraf::engine::models::{DEFAULT_WRITER, SilentProgress, ensure};
use nutgraf::engine::{Cancel, Engine, EngineError, GenerateRequest, Generation, Sampling, ScoreRequest};

use crate::families::{engine, request, tiny};
use crate::support::{embedder_files, models_dir};

fn write(engine: &LocalEngine, requests: Vec<GenerateRequest>) -> Vec<Generation> {
    let go_on = &mut |_: usize, _: &str| ControlFlow::Continue(());
    engine.generate(requests, &Cancel::new(), go_on).unwrap()
}

fn score(engine: &LocalEngine, content: &str, answers: &[&str]) -> Vec<Vec<f32>> {
    let asked = |answer: &&str| ScoreRequest {
        messages: request(content, 1).messages,
        answer: (*answer).to_owned(),
    };
    engine
        .score(answers.iter().map(asked).collect(), &Cancel::new())
        .unwrap()
}

fn drawn(content: &str, seed: u64, max_tokens: usize) -> GenerateRequest {
    GenerateRequest {
        sampling: Sampling {
            temperature: 0.8,
            top_p: 0.95,
            ..Sampling::default()
        },
        seed,
        ..request(content, max_tokens)
    }
}

/// Four points that begin alike, of different length, with three candidates each: point by point in turn.
fn candidates(sentences: usize, max_tokens: usize) -> Vec<GenerateRequest> {
    let point = |number: usize| {
        let sentence = "The ferry to Ostrey was cancelled on Friday. ";
        let start = sentence.repeat(sentences);
        format!("{start}{} boats stayed.", number * 37)
    };
    (0..12)
        .map(|i| drawn(&point(i % 4), i as u64 / 4, max_tokens + i))
        .collect()
}

fn assert_the_same_alone(engine: &LocalEngine, requests: Vec<GenerateRequest>) {
    let together = write(engine, requests.clone());
    for (index, (request, generation)) in requests.into_iter().zip(together).enumerate() {
        // To the last bit of the mean log probability.
        assert_eq!(write(engine, vec![request]), [generation], "request {index}");
    }
}

#[test]
fn candidates_that_share_a_prompt_are_what_each_is_alone() {
    let engine = engine(&tiny("llama", 1024), 1);
    let requests = candidates(7, 20);
    let texts = write(&engine, requests.clone());
    assert_ne!(texts[0].text, texts[4].text, "seeds make no difference");
    assert_the_same_alone(&engine, requests);
}

#[test]
fn the_real_model_writes_the_same_alone_and_among_others() {
    let writer = ensure(DEFAULT_WRITER, &models_dir(), &SilentProgress).unwrap();
    let engine = LocalEngine::start(&writer, &embedder_files(), &EngineSettings::default()).unwrap();
    assert_the_same_alone(&engine, candidates(2, 4));
}

#[test]
fn more_texts_than_fit_at_once_all_come_in_their_order() {
    let engine = engine(&tiny("llama", 512), 1);
    let requests: Vec<_> = (0..60).map(|i| request("Hi.", 1 + i * 7 % 23)).collect();
    let counts: Vec<usize> = requests.iter().map(|request| request.max_tokens).collect();
    let written = write(&engine, requests);
    let tokens: Vec<usize> = written.iter().map(|text| text.generated_tokens).collect();
    assert_eq!(tokens, counts);
    // One prompt, greedy: each is the start of the longest.
    let longest = written.iter().max_by_key(|text| text.generated_tokens).unwrap();
    assert!(written.iter().all(|text| longest.text.starts_with(&text.text)));
}

#[test]
fn cancelling_stops_all_texts_on_their_way_and_the_engine_goes_on() {
    let engine = engine(&tiny("llama", 4096), 1);
    let cancel = Cancel::new();
    let mut pieces = [0; 12];
    let on_token = &mut |index: usize, _: &str| {
        pieces[index] += 1;
        if pieces.iter().filter(|pieces| **pieces > 0).count() == 6 {
            cancel.cancel();
        }
        ControlFlow::Continue(())
    };
    let requests = (0..12).map(|i| drawn("Hi.", i, 3000)).collect();
    let error = engine.generate(requests, &cancel, on_token).unwrap_err();
    assert!(matches!(error, EngineError::Cancelled), "{error:?}");
    assert!(pieces.iter().all(|pieces| *pieces < 300), "{pieces:?}");
    assert_eq!(write(&engine, vec![request("Hi.", 2)])[0].generated_tokens, 2);
}

#[test]
fn a_token_scores_the_same_whatever_follows_it_and_whoever_is_asked_about_with_it() {
    let engine = engine(&tiny("llama", 1024), 1);
    let answer = "7 + 5 = 12; ".repeat(16);
    let long = score(&engine, "Hi.", &[&answer, "Yes.", &answer[..29]]);
    assert!(long[0].len() > 128, "{} tokens", long[0].len());
    assert_eq!(long[0][..long[2].len()], long[2]);
    assert_eq!(score(&engine, "Hi.", &["Yes."]), [long[1].clone()]);
    assert_ne!(score(&engine, "Why?", &["Yes."]), [long[1].clone()]);
    assert_eq!(score(&engine, "Hi.", &[""]), [Vec::<f32>::new()]);
}

#[test]
fn scores_are_logarithms_of_probabilities() {
    let engine = engine(&tiny("llama", 512), 1);
    // All 95 printable characters are tokens; the tiny model gives the rest of its vocabulary a logit of zero each.
    let characters: Vec<String> = (' '..='~').map(String::from).collect();
    let texts: Vec<&str> = characters.iter().map(String::as_str).collect();
    let scores = score(&engine, "Hi.", &texts);
    let total: f64 = scores.iter().map(|scores| f64::from(scores[0]).exp()).sum();
    assert!(total > 0.05 && total < 1.0, "{total}");
    let greedy = write(&engine, vec![request("Hi.", 1)]).remove(0);
    let highest = scores.iter().map(|scores| scores[0]).fold(f32::MIN, f32::max);
    assert!(f64::from(highest) <= greedy.mean_log_probability + 1e-6);
}

#[test]
fn rotary_factors_of_the_file_are_applied() {
    let plain = tiny("llama", 512);
    let mut scaled = plain.clone();
    let mut factors = scaled.find("blk.0.attn_norm.weight").clone();
    factors.name = "rope_freqs.weight".to_owned();
    factors.shape = vec![8];
    scaled.tensors.push(factors);
    let text = |model| write(&engine(model, 1), vec![request("Why is it so?", 40)]).remove(0);
    assert_ne!(text(&plain), text(&scaled));

    scaled.find("rope_freqs.weight").shape = vec![7];
    let dir = tempfile::tempdir().unwrap();
    let files = scaled.write(&dir.path().join("tiny.gguf"));
    assert!(nutgraf::engine::writer::Writer::load(&files).is_err());
}
