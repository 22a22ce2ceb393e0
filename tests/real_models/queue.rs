//! The engine's queue, on a tiny model: who is turned away, who stops whom, and what arrives.
//!
//! At most 256 pieces wait for a slow caller, so a text of more tokens cannot end while its callback waits.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use nutgraf::engine::local::LocalEngine;
use nutgraf::engine::{Cancel, Engine, EngineError, FinishReason, GenerateRequest, Generation};

use crate::families::{engine, request, tiny};

/// More tokens than pieces may wait.
const LONG: usize = 400;
/// A test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(120);

fn local(queue_capacity: usize) -> LocalEngine {
    engine(&tiny("llama", 4096), queue_capacity)
}

fn write(engine: &LocalEngine, requests: Vec<GenerateRequest>) -> Result<Vec<Generation>, EngineError> {
    engine.generate(requests, &Cancel::new(), &mut |_, _| ControlFlow::Continue(()))
}

#[test]
fn a_full_queue_is_busy_at_once() {
    let engine = Arc::new(local(1));
    let mut refusals = Vec::new();
    let on_token = &mut |_: usize, _: &str| {
        if refusals.is_empty() {
            let (one_more, (answers, answered)) = (Arc::clone(&engine), channel());
            // In a thread, since a call that is let in cannot be answered while this text waits.
            std::thread::spawn(move || {
                let embedded = one_more.embed(&["x"], &Cancel::new());
                let _test_has_ended = answers.send(embedded.map(|_| ()));
                let written = write(&one_more, vec![request("Hi.", 1)]);
                let _test_has_ended = answers.send(written.map(|_| ()));
            });
            refusals.extend((0..2).map(|_| answered.recv_timeout(PATIENCE).unwrap()));
        }
        ControlFlow::Continue(())
    };
    engine
        .generate(vec![request("Hi.", LONG)], &Cancel::new(), on_token)
        .unwrap();
    assert_eq!(refusals.len(), 2);
    for refusal in refusals {
        assert!(
            matches!(refusal, Err(EngineError::Busy { capacity: 1 })),
            "{refusal:?}"
        );
    }
}

#[test]
fn a_prompt_too_long_for_the_context_is_refused_and_one_that_fits_is_read_whole() {
    let engine = engine(&tiny("llama", 128), 1);
    let prompt_tokens = write(&engine, vec![request("Hi.", 1)]).unwrap()[0].prompt_tokens;
    let room = 128 - prompt_tokens;
    let full = write(&engine, vec![request("Hi.", room)]).unwrap().remove(0);
    assert_eq!((full.prompt_tokens, full.generated_tokens), (prompt_tokens, room));

    for (content, max_tokens) in [("Hi.", room + 1), ("Hi.!", room), ("Hi.", usize::MAX)] {
        let error = write(&engine, vec![request(content, max_tokens)]).unwrap_err();
        let EngineError::PromptTooLong {
            prompt_tokens,
            max_tokens: asked,
            context_tokens: 128,
        } = error
        else {
            panic!("{error:?}");
        };
        assert!(prompt_tokens.saturating_add(asked) > 128 && asked == max_tokens);
    }
    let long = "crack ".repeat(500);
    let error = write(&engine, vec![request(&long, 1)]).unwrap_err();
    assert!(
        matches!(error, EngineError::PromptTooLong { prompt_tokens, .. } if prompt_tokens > 500),
        "{error:?}"
    );
}

#[test]
fn cancelling_stops_a_running_text_and_the_engine_goes_on() {
    let engine = local(4);
    let cancel = Cancel::new();
    let mut pieces = 0;
    let on_token = &mut |_: usize, _: &str| {
        pieces += 1;
        if pieces == 3 {
            cancel.cancel();
        }
        ControlFlow::Continue(())
    };
    let error = engine
        .generate(vec![request("Hi.", 3000)], &cancel, on_token)
        .unwrap_err();
    assert!(matches!(error, EngineError::Cancelled), "{error:?}");
    assert!(pieces < 300, "{pieces} pieces came");
    assert_eq!(write(&engine, vec![request("Hi.", 2)]).unwrap().len(), 1);
}

#[test]
fn a_call_that_was_cancelled_before_writes_nothing() {
    let engine = local(4);
    let cancel = Cancel::new();
    cancel.cancel();
    let mut pieces = 0;
    let on_token = &mut |_: usize, _: &str| {
        pieces += 1;
        ControlFlow::Continue(())
    };
    let written = engine.generate(vec![request("Hi.", 8)], &cancel, on_token);
    assert!(matches!(written, Err(EngineError::Cancelled)), "{written:?}");
    assert_eq!(pieces, 0);
    let embedded = engine.embed(&["x"], &cancel);
    assert!(matches!(embedded, Err(EngineError::Cancelled)));
}

#[test]
fn a_caller_that_breaks_stops_all_texts_of_its_call() {
    let engine = local(1);
    let mut pieces = 0;
    let on_token = &mut |_: usize, _: &str| {
        pieces += 1;
        if pieces == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    // So many that writing them all would take an hour.
    let written = engine.generate(vec![request("Hi.", 4000); 1000], &Cancel::new(), on_token);
    assert!(matches!(written, Err(EngineError::Cancelled)), "{written:?}");
    assert_eq!(pieces, 3);
    // The call gives its place back once the engine has noticed.
    let started = Instant::now();
    while let Err(error) = write(&engine, vec![request("Hi.", 2)]) {
        assert!(matches!(error, EngineError::Busy { .. }), "{error:?}");
        assert!(started.elapsed() < PATIENCE, "the texts go on");
        std::thread::yield_now();
    }
}

#[test]
fn pieces_put_together_are_the_texts() {
    let engine = local(1);
    let mut streamed = vec![String::new(); 3];
    let on_token = &mut |index: usize, piece: &str| {
        assert!(!piece.is_empty());
        streamed[index].push_str(piece);
        ControlFlow::Continue(())
    };
    let requests = vec![request("Hi.", 20), request("Why?", 1), request("Go on.", 33)];
    let generations = engine.generate(requests, &Cancel::new(), on_token).unwrap();
    let counts: Vec<usize> = generations.iter().map(|g| g.generated_tokens).collect();
    assert_eq!(counts, [20, 1, 33], "not in the order of the requests");
    let texts: Vec<String> = generations.into_iter().map(|g| g.text).collect();
    assert_eq!(streamed, texts);
}

#[test]
fn a_text_ends_before_its_stop_string() {
    let engine = local(1);
    let whole = write(&engine, vec![request("Hi.", 40)]).unwrap().remove(0);
    let stop = whole.text[whole.text.len() / 2..][..3].to_owned();
    let stopping = GenerateRequest {
        stop: vec!["not in the text".to_owned(), stop.clone()],
        ..request("Hi.", 40)
    };
    let mut streamed = String::new();
    let on_token = &mut |_: usize, piece: &str| {
        streamed.push_str(piece);
        ControlFlow::Continue(())
    };
    let stopped = engine
        .generate(vec![stopping], &Cancel::new(), on_token)
        .unwrap()
        .remove(0);
    assert_eq!(stopped.text, whole.text[..whole.text.find(&stop).unwrap()]);
    assert_eq!(streamed, stopped.text);
    assert_eq!(stopped.finish, FinishReason::Stop);
    assert!(stopped.generated_tokens < 40);
}

#[test]
fn embeddings_pass_between_two_texts() {
    let engine = Arc::new(local(4));
    let (answers, answered) = channel();
    let mut asked = Some((Arc::clone(&engine), answers));
    let mut vectors = None;
    let on_token = &mut |index: usize, _: &str| {
        if let Some((engine, answers)) = asked.take() {
            std::thread::spawn(move || answers.send(engine.embed(&["x"], &Cancel::new())));
        }
        if index < 7 {
            return ControlFlow::Continue(());
        }
        // The last text cannot end while this thread waits: the answer came before it, or does not come.
        vectors = answered.recv_timeout(PATIENCE).ok();
        ControlFlow::Break(())
    };
    let written = engine.generate(vec![request("Hi.", LONG); 8], &Cancel::new(), on_token);
    assert!(matches!(written, Err(EngineError::Cancelled)), "{written:?}");
    assert!(vectors.is_some(), "the embedding waited for the last text");
    assert_eq!(vectors.unwrap().unwrap()[0].len(), 384);
}

#[test]
fn a_text_of_another_call_joins_those_on_their_way() {
    let engine = Arc::new(local(4));
    let mut joined = None;
    let on_token = &mut |_: usize, _: &str| {
        // None of these texts can end while this thread waits.
        let (other, (answers, answered)) = (Arc::clone(&engine), channel());
        std::thread::spawn(move || answers.send(write(&other, vec![request("Why?", 5)])));
        joined = answered.recv_timeout(PATIENCE).ok();
        ControlFlow::Break(())
    };
    let written = engine.generate(vec![request("Hi.", LONG); 8], &Cancel::new(), on_token);
    assert!(matches!(written, Err(EngineError::Cancelled)), "{written:?}");
    let joined = joined.expect("it waited for the other call").unwrap();
    let alone = write(&engine, vec![request("Why?", 5)]).unwrap();
    assert_eq!(joined, alone);
}

#[test]
fn one_bad_request_fails_its_call_and_no_other() {
    let engine = local(1);
    let error = write(
        &engine,
        vec![request("Hi.", 4), request("Hi.", 5000), request("Hi.", 4000)],
    )
    .unwrap_err();
    assert!(matches!(error, EngineError::PromptTooLong { .. }), "{error:?}");
    assert_eq!(write(&engine, vec![request("Hi.", 4)]).unwrap().len(), 1);
}
