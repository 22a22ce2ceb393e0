//! `nutgraf bench engine`: the models by themselves.

use std::sync::Arc;
use std::time::Instant;

use super::{Outcome, progress};
use crate::app;
use crate::bench::figures::{Figure, table};
use crate::bench::llama_cpp::LlamaCpp;
use crate::bench::{self, machine, machine::Machine};
use crate::config::Config;
use crate::engine::embedder::Embedder;
use crate::engine::models;
use crate::engine::writer::Writer;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  nutgraf bench engine\n  nutgraf bench engine --model qwen.gguf --rounds 9\n  \
                        nutgraf bench engine --peer llama-cpp\n\n\
                        Prints Markdown: medians over the rounds, with the least and the most. A ratio is how many times \
                        the peer's speed ours is: the median over the rounds. tools/peer/llama_cpp.sh builds the peer."
)]
pub(super) struct Args {
    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Measure this one beside it, in the same rounds
    #[arg(long)]
    peer: Option<Peer>,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Peer {
    /// llama.cpp's own benchmarks, from PATH, on the same file and threads: with flash attention or without, whichever is
    /// faster; and reading the same weights in its formats `Q4_0` and `Q8_0`
    LlamaCpp,
}

/// What `--json` prints.
#[derive(serde::Serialize)]
struct Report<'a> {
    machine: &'a Machine,
    model: &'a str,
    load_seconds: f64,
    peak_memory_bytes: Option<u64>,
    figures: &'a [Figure],
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Outcome> {
    app::blocking(move || measure(&args, &config)).await
}

fn measure(args: &Args, config: &Config) -> anyhow::Result<Outcome> {
    let models_dir = config.models_path();
    let fetching = models::stderr_progress();
    let files = models::ensure(&config.model, &models_dir, fetching.as_ref())?;
    let embedder = models::ensure(&config.embedder, &models_dir, fetching.as_ref())?;
    let started = Instant::now();
    let writer = Arc::new(Writer::load(&files)?);
    let load_seconds = started.elapsed().as_secs_f64();
    let embedder = Embedder::load(&embedder)?;
    let peers = match args.peer {
        None => Vec::new(),
        Some(Peer::LlamaCpp) => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            vec![
                LlamaCpp::same_file(&files.weights, cores)?,
                LlamaCpp::requantized(&files.weights, "Q4_0", cores)?,
                LlamaCpp::requantized(&files.weights, "Q8_0", cores)?,
            ]
        }
    };
    let bar = progress::bar(u64::from(args.rounds), "rounds");
    let figures = bench::engine::measure(&writer, &embedder, &peers, args.rounds as usize, || bar.inc(1))?;
    bar.finish_and_clear();
    bench::engine::fill_memory(&writer)?;
    let report = Report {
        machine: &Machine::here(),
        model: &files.name,
        load_seconds,
        peak_memory_bytes: machine::peak_memory(),
        figures: &figures,
    };
    super::print(args.json, &report, in_words)
}

fn in_words(report: &Report<'_>) -> String {
    format!(
        "{}, loaded in {:.2} s\n\n{}",
        machine::in_words(report.machine, report.model, report.peak_memory_bytes),
        report.load_seconds,
        table(report.figures)
    )
}
