//! `nutgraf bench`: how fast the program is on this machine. What is measured, and how, is `bench`'s.

mod engine;
mod job;

use std::io::Write;

use clap::Subcommand;
use serde::Serialize;

use super::{Outcome, progress};
use crate::config::Config;
use crate::telemetry::profile::Profile;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  nutgraf bench engine\n  nutgraf bench engine --peer llama-cpp --json\n  \
                        nutgraf bench job stories.jsonl --peer llama-cpp"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The models by themselves: reading, writing, embedding
    Engine(engine::Args),
    /// Whole stories, from stored articles to stored summaries
    Job(job::Args),
}

impl Args {
    /// Whether it is to be told where time goes.
    pub(super) fn wants_profile(&self) -> bool {
        match &self.what {
            What::Engine(_) => false,
            What::Job(args) => args.profile,
        }
    }
}

pub(super) async fn run(args: Args, config: Config, profile: Option<Profile>) -> anyhow::Result<Outcome> {
    match args.what {
        What::Engine(args) => engine::run(args, config).await,
        What::Job(args) => job::run(args, config, profile).await,
    }
}

/// As one JSON object, or in words.
fn print<R: Serialize>(
    as_json: bool,
    report: &R,
    in_words: impl FnOnce(&R) -> String,
) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    if as_json {
        serde_json::to_writer(&mut out, report)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", in_words(report))?;
    }
    Ok(Outcome::Complete)
}
