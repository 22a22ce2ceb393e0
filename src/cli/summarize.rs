//! `nutgraf summarize`: stories in, summaries out; no server and no database.

use std::io::Write;
use std::path::PathBuf;

use super::{Outcome, output, progress};
use crate::app;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::domain::{StoryId, StoryInput, Summary, article_set_hash};
use crate::engine::local::LocalEngine;
use crate::engine::{Cancel, models};
use crate::ingest::analyze::analyze;
use crate::ingest::{self, files};
use crate::summarize::{self, Input, Source};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  nutgraf summarize stories.jsonl\n  nutgraf summarize stories.jsonl --json > summaries.jsonl\n  \
                        cat story.json | nutgraf summarize -\n\n\
                        Summaries come out in input order, one a line with --json. A story that cannot be read is \
                        reported with its file and line, the rest goes on, and the exit code is 1."
)]
pub(super) struct Args {
    /// Files or directories; - for standard input
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// One JSON object a line instead of text
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Outcome> {
    app::blocking(move || summarize_files(&args, &config)).await
}

fn summarize_files(args: &Args, config: &Config) -> anyhow::Result<Outcome> {
    let mut stories = Vec::new();
    for path in &args.paths {
        stories.push(files::open(path)?);
    }
    let engine = app::load_engine(config, models::stderr_progress().as_ref())?;
    let bar = progress::counter("stories");
    let mut outcome = Outcome::Complete;
    for (place, story) in stories.into_iter().flatten() {
        let summary = story
            .map_err(anyhow::Error::from)
            .and_then(|(id, story)| summarize_one(&id, story, config, &engine));
        match summary {
            Ok(summary) => bar.suspend(|| print(&summary, args.json))?,
            Err(error) => {
                outcome = Outcome::Partial;
                bar.suspend(|| eprintln!("{place}: {}", output::error_in_words(&error)));
            }
        }
        bar.inc(1);
    }
    if bar.position() == 0 {
        eprintln!("nutgraf: no story was in the input");
    }
    bar.finish_and_clear();
    Ok(outcome)
}

fn summarize_one(
    story_id: &StoryId,
    story: StoryInput,
    config: &Config,
    engine: &LocalEngine,
) -> anyhow::Result<Summary> {
    let (fields, articles) =
        ingest::read_story(story, &config.ingest.limits).map_err(ingest::IngestError::Invalid)?;
    let articles = articles.unwrap_or_default();
    let cancel = Cancel::new();
    let analyses = analyze(
        &articles.iter().collect::<Vec<_>>(),
        &config.summarize,
        engine,
        &cancel,
    )?;
    let sources: Vec<Source<'_>> = articles
        .iter()
        .zip(&analyses)
        .map(|(article, analysis)| Source {
            meta: &article.meta,
            text: &article.text,
            analysis,
        })
        .collect();
    let hashes = articles
        .iter()
        .map(|article| (&article.meta.id, article.meta.content_hash.as_str()));
    let input = Input {
        story_id,
        headline: fields.headline.as_deref(),
        language: fields.language.as_deref(),
        article_set_hash: &article_set_hash(fields.headline.as_deref(), fields.language.as_deref(), hashes),
        sources: &sources,
        previous: None,
    };
    let mut summary = summarize::summarize(
        &input,
        &config.summarize,
        engine,
        &SystemClock,
        &cancel,
        &mut |_| {},
    )?;
    // Nothing is kept here, so that every summary is its story's first version.
    summary.version = 1;
    Ok(summary)
}

fn print(summary: &Summary, as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        serde_json::to_writer(&mut out, summary)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", output::SummaryText(summary))?;
    }
    out.flush()?;
    Ok(())
}
