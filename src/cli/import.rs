//! `nutgraf import`: stories from files into the database.

use std::io::Write;
use std::path::PathBuf;

use serde_json::json;

use super::{Outcome, output, progress};
use crate::app::App;
use crate::config::Config;
use crate::domain::{StoryId, StoryInput};
use crate::ingest::{self, files};
use crate::store::ChangeOutcome;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  nutgraf import stories.jsonl\n  nutgraf import archive/ --json\n  \
                        cat stories.jsonl | nutgraf import -\n\n\
                        A file holds stories {\"id\", \"headline\"?, \"articles\": [{\"text\", \"outlet\"?, …}]}: one (.json), \
                        a list (.json), or one a line (.jsonl). A story that is already there is replaced."
)]
pub(super) struct Args {
    /// Files or directories; - for standard input
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Print the counts as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Default)]
struct Counts {
    created: u64,
    changed: u64,
    unchanged: u64,
    failed: u64,
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Outcome> {
    let mut stories = Vec::new();
    for path in &args.paths {
        stories.push(files::open(path)?);
    }
    let app = App::open(config).await?;
    let bar = progress::counter("stories");
    let mut counts = Counts::default();
    for (place, story) in stories.into_iter().flatten() {
        let stored = match story {
            Ok((id, story)) => store(&app, id, story).await,
            Err(error) => Err(error.into()),
        };
        match stored {
            Ok(outcome) if outcome.created => counts.created += 1,
            Ok(outcome) if outcome.changed => counts.changed += 1,
            Ok(_) => counts.unchanged += 1,
            Err(error) => {
                counts.failed += 1;
                bar.suspend(|| eprintln!("{place}: {}", output::error_in_words(&error)));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    app.store.close().await;
    report(&counts, args.json)?;
    Ok(if counts.failed > 0 {
        Outcome::Partial
    } else {
        Outcome::Complete
    })
}

async fn store(app: &App, id: StoryId, story: StoryInput) -> anyhow::Result<ChangeOutcome> {
    Ok(ingest::put_story(
        app.store.as_ref(),
        app.clock.as_ref(),
        &app.config.ingest,
        id,
        story,
    )
    .await?)
}

fn report(counts: &Counts, as_json: bool) -> std::io::Result<()> {
    let Counts {
        created,
        changed,
        unchanged,
        failed,
    } = counts;
    let mut out = std::io::stdout();
    if as_json {
        let counts =
            json!({"created": created, "changed": changed, "unchanged": unchanged, "failed": failed});
        return writeln!(out, "{counts}");
    }
    writeln!(
        out,
        "{created} stories created, {changed} changed, {unchanged} unchanged, {failed} failed"
    )?;
    if created + changed > 0 {
        writeln!(
            out,
            "A running `nutgraf serve` or `nutgraf worker` summarizes them; else: nutgraf worker --until-idle"
        )?;
    }
    Ok(())
}
