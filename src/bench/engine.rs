//! `nutgraf bench engine`: the two models by themselves.

use std::cmp::Ordering;
use std::sync::Arc;

use super::figures::{Figure, median};
use super::llama_cpp::LlamaCpp;
use super::machine::{self, Neighbour};
use crate::engine::embedder::Embedder;
use crate::engine::writer::Writer;

/// Tokens of the prompts that are read.
pub(super) const PROMPTS: [usize; 3] = [512, 1024, 2048];
/// Tokens that come before what is written.
pub(super) const PASTS: [usize; 2] = [0, 1024];
/// How many texts are written together.
pub(super) const TEXTS: [usize; 4] = [1, 4, 8, 16];
/// Tokens that are written of each text.
pub(super) const STEPS: usize = 64;
/// Texts that are embedded.
const SENTENCES: usize = 128;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Read {
        tokens: usize,
    },
    Write {
        past: usize,
        texts: usize,
    },
    /// With another process that keeps a core busy.
    WriteBesides {
        texts: usize,
    },
    Embed,
    Calibrate,
}

/// Measures everything so many times, the peers after us in each round; `on_round` is told of each round that is done. Of a
/// peer's figures with flash attention and without it, the faster stand.
///
/// # Errors
/// When a model or a peer cannot be run, or the model's context is too small.
pub fn measure(
    writer: &Writer,
    embedder: &Embedder,
    peers: &[LlamaCpp],
    rounds: usize,
    mut on_round: impl FnMut(),
) -> anyhow::Result<Vec<Figure>> {
    let tasks = tasks();
    let mut figures: Vec<Figure> = tasks.iter().map(|task| task.figure()).collect();
    let mut theirs: Vec<Vec<[Vec<f64>; 2]>> = vec![vec![[Vec::new(), Vec::new()]; tasks.len()]; peers.len()];
    for _ in 0..rounds {
        for (task, figure) in tasks.iter().zip(&mut figures) {
            figure.ours.push(task.measure(writer, embedder)?);
        }
        for (peer, theirs) in peers.iter().zip(&mut theirs) {
            for (measured, values) in peer.measure()? {
                let place = tasks.iter().position(|task| *task == measured);
                if let Some([with, without]) = place.and_then(|place| theirs.get_mut(place)) {
                    let [value_with, value_without] = values;
                    with.push(value_with);
                    without.push(value_without);
                }
            }
        }
        on_round();
    }
    for (peer, theirs) in peers.iter().zip(theirs) {
        for (figure, ways) in figures.iter_mut().zip(theirs) {
            let speed = |values: &Vec<f64>| median(values.iter().copied());
            let faster = ways
                .into_iter()
                .max_by(|a, b| speed(a).partial_cmp(&speed(b)).unwrap_or(Ordering::Equal));
            if let Some(values) = faster.filter(|values| !values.is_empty()) {
                figure.peers.push((peer.name.clone(), values));
            }
        }
    }
    Ok(figures)
}

fn tasks() -> Vec<Task> {
    let read = PROMPTS.map(|tokens| Task::Read { tokens });
    let write = PASTS
        .into_iter()
        .flat_map(|past| TEXTS.map(|texts| Task::Write { past, texts }));
    let besides = [1, 8].map(|texts| Task::WriteBesides { texts });
    read.into_iter()
        .chain(write)
        .chain(besides)
        .chain([Task::Embed, Task::Calibrate])
        .collect()
}

impl Task {
    fn figure(self) -> Figure {
        match self {
            Self::Read { tokens } => Figure::new(format!("prefill {tokens}"), "tokens/s"),
            Self::Write { past, texts: 1 } => Figure::new(format!("decode after {past}"), "tokens/s"),
            Self::Write { past, texts } => {
                Figure::new(format!("decode, {texts} texts together after {past}"), "tokens/s")
            }
            Self::WriteBesides { texts: 1 } => {
                Figure::new("decode after 0, another process on a core", "tokens/s")
            }
            Self::WriteBesides { texts } => Figure::new(
                format!("decode, {texts} texts together after 0, another process on a core"),
                "tokens/s",
            ),
            Self::Embed => Figure::new("embeddings", "sentences/s"),
            Self::Calibrate => Figure::new("calibration loop, one core", "GFLOP/s"),
        }
    }

    fn measure(self, writer: &Writer, embedder: &Embedder) -> anyhow::Result<f64> {
        Ok(match self {
            Self::Read { tokens } => tokens as f64 / writer.time_reading(tokens)?.as_secs_f64(),
            Self::Write { past, texts } => {
                let time = writer.time_writing(past, texts, STEPS)?;
                (texts * STEPS) as f64 / time.as_secs_f64()
            }
            Self::WriteBesides { texts } => {
                let _neighbour = Neighbour::start()?;
                Self::Write { past: 0, texts }.measure(writer, embedder)?
            }
            Self::Embed => {
                let sentences: Vec<String> = (0..SENTENCES).map(sentence).collect();
                let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
                let started = std::time::Instant::now();
                embedder.embed(&sentences)?;
                SENTENCES as f64 / started.elapsed().as_secs_f64()
            }
            Self::Calibrate => machine::calibrate(),
        })
    }
}

/// Runs the texts that need the most memory of what is measured: as many as are measured together, each after its own tokens.
///
/// # Errors
/// When the model cannot be run.
pub fn fill_memory(writer: &Arc<Writer>) -> anyhow::Result<()> {
    let most = |of: &[usize]| of.iter().copied().max().unwrap_or(1);
    Ok(writer.write_apart(most(&PASTS), most(&TEXTS), STEPS)?)
}

/// Sentences of 10 to 40 words, no two alike.
fn sentence(number: usize) -> String {
    const WORDS: [&str; 8] = [
        "the", "council", "closed", "a", "bridge", "after", "cracks", "spread",
    ];
    let words = WORDS
        .into_iter()
        .cycle()
        .skip(number % WORDS.len())
        .step_by(1 + number % 3);
    let words: Vec<&str> = words.take(10 + number * 7 % 31).collect();
    format!("{} {number}.", words.join(" "))
}
