//! `nutgraf resummarize`: summarizes stories of the database again, here or by the workers that are running.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use clap::ArgGroup;
use serde_json::json;

use super::{Outcome, progress};
use crate::app::{self, App, Shutdown};
use crate::config::Config;
use crate::domain::{JobState, Lane, StoryId};
use crate::engine::models;
use crate::store::{Selector, Store, StoreError};

/// How often the progress bar looks at the queue.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  nutgraf resummarize --stale --dry-run\n  nutgraf resummarize --stale\n  \
                        nutgraf resummarize taliban-recognition dam-inspection\n  \
                        nutgraf resummarize --all --enqueue-only     (running workers do it)\n\n\
                        A summary that comes out the same is not stored again."
)]
// A group of its own: the one that clap derives has every field of the struct in it.
#[group(skip)]
#[command(group = ArgGroup::new("selector").args(["stale", "all", "ids"]).required(true))]
pub(super) struct Args {
    /// Stories whose articles changed since their summary, or that have none
    #[arg(long)]
    stale: bool,
    /// All stories
    #[arg(long)]
    all: bool,
    /// These stories
    #[arg(value_name = "STORY_ID")]
    ids: Vec<StoryId>,
    /// Only say which stories it would be
    #[arg(long)]
    dry_run: bool,
    /// Leave the work to the workers that are running
    #[arg(long)]
    enqueue_only: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    fn selector(&self) -> Selector {
        if self.all {
            Selector::All
        } else if self.stale {
            Selector::Stale
        } else {
            Selector::Ids(self.ids.clone())
        }
    }
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Outcome> {
    let app = App::open(config).await?;
    let selector = args.selector();
    let stories = app.store.select_stories(&selector).await?;
    let unknown: Vec<&StoryId> = args.ids.iter().filter(|id| !stories.contains(id)).collect();
    for id in &unknown {
        eprintln!("nutgraf: there is no story `{id}`");
    }
    let outcome = if args.dry_run {
        list(&stories, args.json)?;
        Outcome::Complete
    } else {
        let enqueued = app.store.enqueue(&selector, Lane::Batch, app.clock.now()).await?;
        if args.enqueue_only {
            report_enqueued(enqueued, args.json)?
        } else {
            work(&app, &stories, args.json).await?
        }
    };
    app.store.close().await;
    Ok(if unknown.is_empty() {
        outcome
    } else {
        Outcome::Partial
    })
}

fn list(stories: &[StoryId], as_json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        return writeln!(
            out,
            "{}",
            json!({"selected": stories.len(), "story_ids": stories})
        );
    }
    for story in stories {
        writeln!(out, "{story}")?;
    }
    writeln!(out, "{} stories would be summarized again", stories.len())
}

fn report_enqueued(enqueued: u64, as_json: bool) -> std::io::Result<Outcome> {
    let mut out = std::io::stdout();
    if as_json {
        writeln!(out, "{}", json!({"enqueued": enqueued}))?;
    } else {
        writeln!(out, "{enqueued} stories enqueued")?;
    }
    Ok(Outcome::Complete)
}

/// Works on the queue until the selected stories are done, failed, or the command is interrupted.
async fn work(app: &App, stories: &[StoryId], as_json: bool) -> anyhow::Result<Outcome> {
    let shutdown = Shutdown::on_signal(Duration::from_millis(app.config.serve.shutdown_grace_ms));
    let config = Arc::clone(&app.config);
    let engine = app::blocking(move || app::load_engine(&config, models::stderr_progress().as_ref())).await?;
    let worker = app.worker(Arc::new(engine));
    let working = tokio::spawn(worker.run(shutdown.gently.clone(), shutdown.at_once.clone()));

    let bar = progress::bar(stories.len() as u64, "stories");
    let finished = app::unless_shut_down(&shutdown, async {
        loop {
            let standing = standing(app.store.as_ref(), stories).await?;
            bar.set_position(standing.done + standing.dead.len() as u64);
            if standing.waiting == 0 {
                return Ok::<_, StoreError>(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    })
    .await;
    bar.finish_and_clear();
    shutdown.gently.cancel();
    working.await?;
    finished.transpose()?;

    let standing = standing(app.store.as_ref(), stories).await?;
    report(&standing, as_json)?;
    Ok(if standing.dead.is_empty() && standing.waiting == 0 {
        Outcome::Complete
    } else {
        Outcome::Partial
    })
}

/// How far the selected stories are.
#[derive(Debug, Default)]
struct Standing {
    done: u64,
    waiting: u64,
    dead: Vec<(StoryId, String)>,
}

async fn standing(store: &dyn Store, stories: &[StoryId]) -> Result<Standing, StoreError> {
    let mut standing = Standing::default();
    for story in stories {
        match store.find_job(story).await? {
            None => standing.done += 1,
            Some(job) if job.state == JobState::Dead => {
                standing
                    .dead
                    .push((story.clone(), job.last_error.unwrap_or_default()));
            }
            Some(_) => standing.waiting += 1,
        }
    }
    Ok(standing)
}

fn report(standing: &Standing, as_json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let Standing { done, waiting, dead } = standing;
    if as_json {
        let errors: Vec<_> = dead
            .iter()
            .map(|(id, error)| json!({"story_id": id, "error": error}))
            .collect();
        return writeln!(
            out,
            "{}",
            json!({"done": done, "waiting": waiting, "failed": dead.len(), "errors": errors})
        );
    }
    for (story, error) in dead {
        writeln!(out, "{story}: {error}")?;
    }
    writeln!(
        out,
        "{done} stories summarized, {} failed, {waiting} left",
        dead.len()
    )
}
