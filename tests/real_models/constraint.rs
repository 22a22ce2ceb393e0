//! Texts under a constraint, and the likelihood of given texts, on tiny models of both kinds of tokenizer.

use std::ops::ControlFlow;
use std::sync::Arc;

use nutgraf::engine::constraint::{Constraint, State, admits};
use nutgraf::engine::local::{EngineSettings, LocalEngine};
use nutgraf::engine::models::{DEFAULT_WRITER, SilentProgress, ensure};
use nutgraf::engine::{Cancel, Engine, FinishReason, GenerateRequest, Generation, ScoreRequest};

use nutgraf::summarize::compression::OneOf;

use crate::families::{engine, request, tiny};
use crate::support::{embedder_files, models_dir};

/// `No` or `Yes`, then any number of ` very`, then ` good.`
#[derive(Debug)]
struct Answers;

const PHRASES: [&str; 4] = ["Yes", "No", " very", " good."];

impl Constraint for Answers {
    // Which phrase, and how many of its bytes were read; 8 stands for "between two phrases", 9 for the end.
    fn start(&self) -> State {
        State(0x700)
    }

    fn step(&self, state: State, byte: u8) -> Option<State> {
        let (phrase, read) = ((state.0 >> 8) as usize, (state.0 & 0xff) as usize);
        let candidates: Vec<usize> = match phrase {
            7 => vec![0, 1],
            8 => vec![2, 3],
            9 => vec![],
            // " very" and " good." share their first byte.
            2 | 3 if read == 1 => vec![2, 3],
            one => vec![one],
        };
        let found = candidates
            .into_iter()
            .find(|phrase| PHRASES[*phrase].as_bytes().get(read) == Some(&byte))?;
        let done = read + 1 == PHRASES[found].len();
        Some(match (found, done) {
            (3, true) => State(0x900),
            (_, true) => State(0x800),
            _ => State(((found as u128) << 8) + read as u128 + 1),
        })
    }

    fn may_end(&self, state: State) -> bool {
        state.0 == 0x900
    }
}

/// Allows nothing but one letter, and no end.
#[derive(Debug)]
struct DeadEnd;

impl Constraint for DeadEnd {
    fn start(&self) -> State {
        State(0)
    }

    fn step(&self, state: State, byte: u8) -> Option<State> {
        (state.0 == 0 && byte == b'a').then_some(State(1))
    }

    fn may_end(&self, _state: State) -> bool {
        false
    }
}

fn default_engine() -> LocalEngine {
    let writer = ensure(DEFAULT_WRITER, &models_dir(), &SilentProgress).unwrap();
    LocalEngine::start(&writer, &embedder_files(), &EngineSettings::default()).unwrap()
}

fn write(engine: &LocalEngine, request: GenerateRequest) -> Generation {
    let go_on = &mut |_: usize, _: &str| ControlFlow::Continue(());
    engine
        .generate(vec![request], &Cancel::new(), go_on)
        .unwrap()
        .remove(0)
}

#[test]
fn only_what_the_constraint_admits_is_written() {
    for family in ["llama", "gemma3"] {
        let engine = engine(&tiny(family, 512), 1);
        for seed in 0..6 {
            let mut constrained = request("Is it good?", 60);
            constrained.sampling.temperature = 1.0;
            constrained.seed = seed;
            constrained.constraint = Some(Arc::new(Answers));
            let written = write(&engine, constrained);
            match written.finish {
                FinishReason::Stop => assert!(admits(&Answers, &written.text), "{family}: {}", written.text),
                // A tiny model may say " very" for ever.
                FinishReason::Length => {
                    assert!(written.text.starts_with("Yes") || written.text.starts_with("No"));
                }
                other => panic!("{family}: {other:?} after {:?}", written.text),
            }
        }
    }
}

/// A constraint that keeps to itself what must follow.
#[derive(Debug)]
struct Silent(OneOf);

impl Constraint for Silent {
    fn start(&self) -> State {
        self.0.start()
    }

    fn step(&self, state: State, byte: u8) -> Option<State> {
        self.0.step(state, byte)
    }

    fn may_end(&self, state: State) -> bool {
        self.0.may_end(state)
    }
}

#[test]
fn what_must_follow_is_run_at_once_and_changes_nothing_to_the_last_bit() {
    let texts = || {
        let texts = [
            "The ferry to Ostrey was cancelled on Friday.",
            "The ferry to Ostrey was cancelled on Friday after a storm closed the harbour.",
            "The ferry to Ostrey stayed in the harbour, the operator said.",
            "Ferries stayed in the harbour on Friday.",
        ];
        OneOf::new(texts.map(str::to_owned))
    };
    let engines = [
        engine(&tiny("llama", 512), 1),
        engine(&tiny("gemma3", 512), 1),
        default_engine(),
    ];
    for engine in engines {
        for (seed, temperature) in [(0, 0.0), (1, 1.0), (2, 1.5)] {
            let mut asked = request("The ferry to Ostrey was cancelled after a storm.", 120);
            asked.sampling.temperature = temperature;
            asked.seed = seed;
            let [at_once, one_by_one] = [
                Arc::new(texts()) as Arc<dyn Constraint>,
                Arc::new(Silent(texts())),
            ]
            .map(|constraint| {
                let constraint = Some(constraint);
                write(
                    &engine,
                    GenerateRequest {
                        constraint,
                        ..asked.clone()
                    },
                )
            });
            assert_eq!(at_once, one_by_one);
            assert!(admits(&texts(), &at_once.text), "{at_once:?}");
        }
    }
}

#[test]
fn a_text_that_may_neither_go_on_nor_end_stops_there() {
    let mut stuck = request("Hi.", 20);
    stuck.constraint = Some(Arc::new(DeadEnd));
    let written = write(&engine(&tiny("llama", 512), 1), stuck);
    assert_eq!(
        (written.text.as_str(), written.finish),
        ("a", FinishReason::NothingAllowed)
    );
}

#[test]
fn a_written_text_scores_as_it_was_written() {
    let engine = engine(&tiny("llama", 512), 1);
    let asked = request("Hi.", 12);
    let written = write(&engine, asked.clone());
    let again = ScoreRequest {
        messages: asked.messages.clone(),
        answer: written.text.clone(),
    };
    let scores = engine.score(vec![again.clone(), again], &Cancel::new()).unwrap();
    assert_eq!(scores[0], scores[1]);
    assert!(scores[0].iter().all(|score| *score < 0.0 && score.is_finite()));
    // Tokens that do not make up the text again when it is read (half a character) would be other tokens.
    if scores[0].len() == written.generated_tokens {
        let mean = scores[0].iter().copied().map(f64::from).sum::<f64>() / scores[0].len() as f64;
        assert!((mean - written.mean_log_probability).abs() < 1e-3, "{mean}");
    }
}

#[test]
fn scoring_can_be_cancelled() {
    let engine = engine(&tiny("llama", 512), 1);
    let cancel = Cancel::new();
    cancel.cancel();
    let asked = ScoreRequest {
        messages: request("Hi.", 1).messages,
        answer: "Yes.".to_owned(),
    };
    assert!(engine.score(vec![asked], &cancel).is_err());
}
