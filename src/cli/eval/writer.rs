//! `nutgraf eval writer`: the writing model on evidence for which an editor wrote the bullet; and what it is taught with.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Serialize;

use super::format::Format;
use super::{Outcome, progress};
use crate::app;
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::models;
use crate::engine::writer::Writer;
use crate::eval::writer::groups::{self, Group};
use crate::eval::writer::{examples, trial};
use crate::summarize::prompt::Prompt;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  nutgraf eval writer bullets.jsonl --beside smollm2-135m-instruct\n  \
                        nutgraf eval writer bullets.jsonl --examples examples.jsonl --prompt bullet.v2\n\n\
                        A line of the file: {id, evidence: [{text}], bullet, uses}, `bullet` null where nothing is usable."
)]
pub(super) struct Args {
    /// JSON lines of evidence with the editor's bullet
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Another model, measured too
    #[arg(long, value_name = "MODEL")]
    beside: Vec<String>,
    /// Keep what each model wrote here, as `MODEL.jsonl`
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write what the model is to be taught here, as token ids, instead of measuring it
    #[arg(long, value_name = "OUT", conflicts_with_all = ["beside", "out"])]
    examples: Option<PathBuf>,
    /// The prompt to be taught (default: the model's)
    #[arg(long, value_name = "NAME", requires = "examples")]
    prompt: Option<String>,
    #[command(flatten)]
    format: Format,
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Outcome> {
    app::blocking(move || evaluate(&args, &config)).await
}

fn evaluate(args: &Args, config: &Config) -> anyhow::Result<Outcome> {
    let mut groups = Vec::new();
    for path in &args.files {
        groups.extend(groups::read(path)?);
    }
    ensure!(!groups.is_empty(), "the files hold no evidence");
    match &args.examples {
        Some(path) => teach(args, config, &groups, path),
        None => measure(args, config, &groups),
    }
}

/// Writes the training examples.
fn teach(args: &Args, config: &Config, groups: &[Group], path: &Path) -> anyhow::Result<Outcome> {
    let progress = models::stderr_progress();
    let mut files = models::ensure(&config.model, &config.models_path(), progress.as_ref())?;
    files.prompt = args.prompt.clone().or(files.prompt);
    let writer = Writer::load(&files)?;
    let prompt = Prompt::for_model(writer.info())?;
    let examples = examples::of(groups, &writer, &prompt)?;
    keep(path, &examples.taught)?;
    writeln!(
        std::io::stdout(),
        "{} examples of {} groups; {} left out, since grounding forbids their bullets",
        examples.taught.len(),
        groups.len(),
        examples.forbidden
    )?;
    Ok(Outcome::Complete)
}

fn measure(args: &Args, config: &Config, groups: &[Group]) -> anyhow::Result<Outcome> {
    let mut rows = Vec::new();
    for model in std::iter::once(&config.model).chain(&args.beside) {
        let config = Config {
            model: model.clone(),
            ..config.clone()
        };
        let engine = app::load_engine(&config, models::stderr_progress().as_ref())?;
        let bar = progress::bar(groups.len() as u64, &engine.writer().name);
        let (answers, seconds) = trial::answers(groups, &engine, &config.summarize, || bar.inc(1))?;
        bar.finish_and_clear();
        if let Some(dir) = &args.out {
            fs::create_dir_all(dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
            keep(&dir.join(format!("{}.jsonl", engine.writer().name)), &answers)?;
        }
        rows.push(trial::row(&engine.writer().name, &answers, seconds));
    }
    let mut out = std::io::stdout().lock();
    if args.format.json {
        writeln!(out, "{}", serde_json::json!({"rows": rows}))?;
        return Ok(Outcome::Complete);
    }
    let cells = trial::cells(&rows);
    let table = args.format.table(&cells);
    let count = |has_bullet: bool| {
        groups
            .iter()
            .filter(|group| group.bullet.is_some() == has_bullet)
            .count()
    };
    writeln!(
        out,
        "{table}\nFirst answers for {} usable groups and {} without news.",
        count(true),
        count(false)
    )?;
    Ok(Outcome::Complete)
}

fn keep(path: &Path, lines: &[impl Serialize]) -> anyhow::Result<()> {
    let cannot = || format!("cannot write `{}`", path.display());
    let mut out = BufWriter::new(File::create(path).with_context(cannot)?);
    for line in lines {
        writeln!(out, "{}", serde_json::to_string(line)?).with_context(cannot)?;
    }
    out.flush().with_context(cannot)
}
