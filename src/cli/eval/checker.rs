//! `nutgraf eval checker`: every row over sets of claims with a label, one table.

use std::path::PathBuf;

use anyhow::ensure;

use super::{Outcome, progress};
use crate::app;
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::models;
use crate::eval::checker::cache::Cache;
use crate::eval::checker::{examples, folds};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// JSON lines of claims: {document, claim, label}
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// JSON lines of bullets, whose minimal edits are trained on
    #[arg(long, value_name = "FILE")]
    bullets: Option<PathBuf>,
    /// At most so many bullets
    #[arg(long, value_name = "N", default_value_t = 600)]
    most_bullets: usize,
    /// Keep the models' answers here
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Outcome> {
    app::blocking(move || evaluate(&args, &config)).await
}

fn evaluate(args: &Args, config: &Config) -> anyhow::Result<Outcome> {
    let mut all = Vec::new();
    for path in &args.files {
        all.extend(examples::read_claims(path)?);
    }
    if let Some(path) = &args.bullets {
        all.extend(examples::read_bullets(path, args.most_bullets)?);
    }
    ensure!(!all.is_empty(), "no claims");
    let engine = app::load_engine(config, models::stderr_progress().as_ref())?;
    let names = format!("{} {}", engine.writer().sha256, engine.embedder().sha256);
    let mut cache = Cache::open(args.answers.as_deref(), &names)?;
    let bar = progress::bar(all.len() as u64, "claims");
    // Claims of one document together, sets mixed.
    all.sort_by_cached_key(|example| folds::hash(&example.document));
    let claims: Vec<_> = all.iter().map(|example| &example.claim).collect();
    cache.fill(&claims, &engine, |more| bar.inc(more as u64))?;
    bar.finish_and_clear();
    Ok(Outcome::Complete)
}
