//! `nutgraf demo`: the whole way once, on sample stories, in a database of its own.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;

use super::{Outcome, output, progress};
use crate::app::{self, App, Service, Shutdown};
use crate::config::Config;
use crate::domain::{EventKind, JobState, StoryId};
use crate::engine::models;
use crate::ingest::{self, files};
use crate::store::Served;
use crate::telemetry;

/// The stories that ship with the program; fictional, and written for it.
const SAMPLES: &str = include_str!("../../samples/stories.jsonl");

/// How often the queue is looked at, beside the wake-ups.
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  nutgraf demo\n  nutgraf demo --bind 127.0.0.1:9000\n  \
                        nutgraf demo --exit              (print the summaries and stop)\n\n\
                        The demo keeps its stories in demo.db in the data directory; delete the file to start over."
)]
pub(super) struct Args {
    /// Where to listen (default: 127.0.0.1:8080, or any free port when that one is taken)
    #[arg(long, value_name = "ADDRESS:PORT")]
    bind: Option<SocketAddr>,
    /// Stop once the summaries are printed
    #[arg(long)]
    exit: bool,
}

pub(super) async fn run(args: Args, mut config: Config) -> anyhow::Result<Outcome> {
    if config.database.is_some() {
        tracing::warn!("the setting `database` does not count here: the demo has a database of its own");
    }
    config.database = Some(format!("sqlite://{}", config.data_dir.join("demo.db").display()));
    config.ingest.debounce_ms = 0;
    config.serve.bind = match args.bind {
        Some(bind) => bind,
        None => free_address(config.serve.bind).await,
    };
    config.serve.metrics_bind = None;
    let shutdown = Shutdown::on_signal(Duration::from_millis(config.serve.shutdown_grace_ms));
    let metrics = telemetry::start_metrics()?;

    let models_config = config.clone();
    let loading = app::blocking(move || app::load_engine(&models_config, models::stderr_progress().as_ref()));
    let Some(engine) = app::unless_shut_down(&shutdown, loading).await else {
        return Ok(Outcome::Complete);
    };
    let app = App::open(config).await?;
    let service = Service::start(&app, metrics, &shutdown).await?;
    service.models_are_ready();
    let worker = app.worker(Arc::new(engine?));

    let stories = load_samples(&app).await?;
    let working = tokio::spawn(worker.run(shutdown.gently.clone(), shutdown.at_once.clone()));
    let shown = app::unless_shut_down(&shutdown, show_as_they_come(&app, &stories)).await;
    if matches!(shown, Some(Ok(_))) && !args.exit {
        tell_what_to_try(&service, stories.first())?;
        shutdown.gently.cancelled().await;
        eprintln!("stopping");
    }
    shutdown.gently.cancel();
    working.await.context("the worker panicked")?;
    service.finished().await?;
    app.store.close().await;
    shown
        .transpose()
        .map(|outcome| outcome.unwrap_or(Outcome::Complete))
}

/// The address, or the same one with any free port when somebody listens there.
async fn free_address(wanted: SocketAddr) -> SocketAddr {
    match TcpListener::bind(wanted).await {
        Ok(_free) => wanted,
        Err(_taken) => SocketAddr::new(wanted.ip(), 0),
    }
}

/// Puts the sample stories into the database; those that are there already stay as they are.
async fn load_samples(app: &App) -> anyhow::Result<Vec<StoryId>> {
    let mut ids = Vec::new();
    for (place, entry) in files::read_text("samples/stories.jsonl", SAMPLES.as_bytes()) {
        let (id, story) = entry.context(place)?;
        ingest::put_story(
            app.store.as_ref(),
            app.clock.as_ref(),
            &app.config.ingest,
            id.clone(),
            story,
        )
        .await?;
        ids.push(id);
    }
    app.signals.jobs.notify_one();
    Ok(ids)
}

/// Prints each story's summary as soon as it is there, in the order of the samples.
async fn show_as_they_come(app: &App, stories: &[StoryId]) -> anyhow::Result<Outcome> {
    let bar = progress::bar(stories.len() as u64, "stories");
    let mut changes = app.signals.subscribe_events();
    let mut outcome = Outcome::Complete;
    let mut seen = app.store.last_event_seq().await?;
    for story in stories {
        loop {
            for event in app.store.list_events(stories, seen, 100).await? {
                seen = event.seq;
                if event.kind == EventKind::Bullet {
                    bar.set_message(format!("{}: a bullet passed its checks", event.story_id));
                }
            }
            let served = app
                .store
                .find_served(story)
                .await?
                .context("a sample story vanished")?;
            if let Some(end) = show_when_done(&served, &bar)? {
                outcome = if end == Outcome::Partial { end } else { outcome };
                break;
            }
            // A wake-up that is missed is made up for by the next look.
            let _woken = tokio::time::timeout(LOOK_EVERY, changes.changed()).await;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(outcome)
}

fn show_when_done(served: &Served, bar: &indicatif::ProgressBar) -> anyhow::Result<Option<Outcome>> {
    if let Some(job) = served.job.as_ref().filter(|job| job.state == JobState::Dead) {
        let error = job.last_error.as_deref().unwrap_or("unknown");
        bar.suspend(|| eprintln!("{}: {error}", served.story.id));
        return Ok(Some(Outcome::Partial));
    }
    match &served.summary {
        Some(summary) if !served.is_stale() => {
            bar.suspend(|| write!(std::io::stdout(), "{}", output::SummaryText(summary)))?;
            Ok(Some(Outcome::Complete))
        }
        _ => Ok(None),
    }
}

fn tell_what_to_try(service: &Service, story: Option<&StoryId>) -> std::io::Result<()> {
    let base = format!("http://{}", service.address);
    let story = story.map_or("STORY_ID", StoryId::as_str);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "Open {base}/ to read them, {base}/docs for the interface. Ctrl-C stops. Try:\n"
    )?;
    writeln!(out, "  curl {base}/v1/stories/{story}/summary")?;
    writeln!(
        out,
        "  curl -X POST {base}/v1/stories/{story}/articles -H 'Content-Type: application/json' \\\n       \
         -d '{{\"articles\":[{{\"outlet\":\"My Paper\",\"text\":\"…\"}}]}}'"
    )?;
    writeln!(
        out,
        "  curl -X POST {base}/v1/stories/{story}/feedback -H 'Content-Type: application/json' \\\n       \
         -d '{{\"version\":1,\"reason\":\"missing_context\",\"comment\":\"…\"}}'"
    )?;
    writeln!(out)?;
    out.flush()
}
