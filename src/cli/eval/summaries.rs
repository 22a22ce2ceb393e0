//! `nutgraf eval summaries`: every row over the stories of a file, one table. Rows and scores are `eval`'s.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::ValueEnum;

use super::format::Format;
use super::{Outcome, progress};
use crate::app;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::engine::local::LocalEngine;
use crate::engine::models;
use crate::eval::cases::{self, Case};
use crate::eval::rows::{Desk, Row, Written};
use crate::eval::{report, rows, scores};

/// Word budgets, and the median reference length from which on the longer one is taken.
const SHORT_WORDS: usize = 50;
const LONG_WORDS: usize = 220;
const LONG_FROM: usize = 120;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  nutgraf eval summaries stories.jsonl --split dev --out runs/today\n  \
                        nutgraf eval summaries stories.jsonl --rows lead3,lexrank --markdown\n\n\
                        A line of the file: {id, split?, headline, articles: [...], reference_summary?}.\n\
                        With --out, a run that was cut off goes on where it stopped."
)]
pub(super) struct Args {
    /// JSON lines of stories
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only stories of this split
    #[arg(long)]
    split: Option<String>,
    /// At most so many stories
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Which rows (default: all)
    #[arg(long, value_delimiter = ',', value_name = "ROW,…")]
    rows: Vec<Row>,
    /// Words of a summary that count (default: 50, or 220 where references are long)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    words: Option<u32>,
    /// Keep each row's summaries here as JSON lines
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    format: Format,
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Outcome> {
    app::blocking(move || evaluate(&args, &config)).await
}

fn evaluate(args: &Args, config: &Config) -> anyhow::Result<Outcome> {
    let limit = args.limit.unwrap_or(usize::MAX);
    let most = config.summarize.max_sentences_per_article;
    let cases = cases::read(&args.file, args.split.as_deref(), limit, most)?;
    ensure!(!cases.is_empty(), "`{}` has no such story", args.file.display());
    let budget = args.words.map_or_else(|| budget(&cases), |words| words as usize);
    let wanted = if args.rows.is_empty() {
        Row::value_variants()
    } else {
        &args.rows
    };
    let engine = load_if_needed(wanted, config)?;
    let desk = engine.as_ref().map(|engine| Desk {
        engine,
        settings: &config.summarize,
        clock: &SystemClock,
    });
    let mut table = Vec::new();
    for row in wanted {
        let written = write_row(*row, &cases, desk.as_ref(), budget, args.out.as_deref())?;
        table.push(scores::of(row.name(), &written, &cases, budget));
    }
    let base = table
        .iter()
        .find(|scores| scores.row == Row::Nutgraf.name())
        .cloned();
    for scores in &mut table {
        let base = base.as_ref().filter(|base| base.row != scores.row);
        scores.difference = base.and_then(|base| scores::difference(scores, base));
    }
    print(args, &table, &cases, budget)?;
    Ok(Outcome::Complete)
}

fn load_if_needed(rows: &[Row], config: &Config) -> anyhow::Result<Option<LocalEngine>> {
    if !rows.iter().any(|row| row.needs_engine()) {
        return Ok(None);
    }
    Ok(Some(app::load_engine(
        config,
        models::stderr_progress().as_ref(),
    )?))
}

/// By the median length of the references.
fn budget(cases: &[Case]) -> usize {
    let references = cases.iter().filter_map(|case| case.reference.as_ref());
    let mut lengths: Vec<usize> = references.map(|text| text.split_whitespace().count()).collect();
    lengths.sort_unstable();
    match lengths.get(lengths.len() / 2) {
        Some(median) if *median >= LONG_FROM => LONG_WORDS,
        _ => SHORT_WORDS,
    }
}

/// The row's summaries; those that DIR holds from an earlier run of the same recipe are not made again.
fn write_row(
    row: Row,
    cases: &[Case],
    desk: Option<&Desk<'_>>,
    budget: usize,
    out: Option<&Path>,
) -> anyhow::Result<Vec<Written>> {
    let recipe = match desk.filter(|_| row.needs_engine()) {
        Some(desk) => format!(
            "{} {}",
            desk.engine.writer().sha256,
            serde_json::to_string(&row.settings(desk.settings, budget))?
        ),
        None => format!("{budget} words"),
    };
    let kept_in = out.map(|dir| dir.join(format!("{}.jsonl", row.name())));
    let mut written = kept_in.as_deref().map(read_kept).transpose()?.unwrap_or_default();
    written.retain(|summary| {
        summary.recipe == recipe && cases.iter().any(|case| case.id.as_str() == summary.story_id)
    });
    let bar = progress::bar(cases.len() as u64, row.name());
    for case in cases {
        if !written.iter().any(|summary| summary.story_id == case.id.as_str())
            && let Some(summary) = rows::write(row, case, desk, budget, &recipe)?
        {
            if let Some(path) = &kept_in {
                keep(path, &summary)?;
            }
            written.push(summary);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(written)
}

/// What was kept; a last line that was cut off is made again.
fn read_kept(path: &Path) -> anyhow::Result<Vec<Written>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

fn keep(path: &Path, summary: &Written) -> anyhow::Result<()> {
    let cannot = || format!("cannot write `{}`", path.display());
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).with_context(cannot)?;
    }
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(cannot)?;
    // The line break comes first, so that a line that was cut off does not spoil the next.
    write!(file, "\n{}", serde_json::to_string(summary)?).with_context(cannot)
}

fn print(args: &Args, table: &[scores::Scores], cases: &[Case], budget: usize) -> anyhow::Result<()> {
    let without = cases.iter().filter(|case| case.reference.is_none()).count();
    let mut out = std::io::stdout().lock();
    if args.format.json {
        let report = serde_json::json!({
            "stories": cases.len(), "without_reference": without, "words": budget, "rows": table,
        });
        writeln!(out, "{report}")?;
        return Ok(());
    }
    let table = args.format.table(&report::cells(table));
    writeln!(
        out,
        "{table}\n{} stories, summaries cut at {budget} words.",
        cases.len()
    )?;
    if without > 0 {
        writeln!(
            out,
            "Note: {without} have no reference; ROUGE and the oracle leave them out."
        )?;
    }
    Ok(())
}
