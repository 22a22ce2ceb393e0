//! `nutgraf worker`: works on the queue of a database that others serve.

use std::sync::Arc;
use std::time::Duration;

use super::Outcome;
use crate::app::{self, App, Shutdown};
use crate::config::Config;
use crate::engine::models;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  nutgraf worker --data-dir /srv/nutgraf\n  \
                        nutgraf worker --until-idle      (for cron: stop when nothing is left to do)")]
pub(super) struct Args {
    /// Stop when no job is left that could be run
    #[arg(long)]
    until_idle: bool,
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Outcome> {
    let app = App::open(config).await?;
    let shutdown = Shutdown::on_signal(Duration::from_millis(app.config.serve.shutdown_grace_ms));
    let config = Arc::clone(&app.config);
    let loading = app::blocking(move || app::load_engine(&config, models::stderr_progress().as_ref()));
    let Some(engine) = app::unless_shut_down(&shutdown, loading).await else {
        return Ok(Outcome::Complete);
    };
    let worker = app.worker(Arc::new(engine?));
    tracing::info!("working on {}", app.config.database_path()?.display());
    if args.until_idle {
        worker
            .run_until_idle(shutdown.gently.clone(), shutdown.at_once.clone())
            .await;
    } else {
        worker
            .run(shutdown.gently.clone(), shutdown.at_once.clone())
            .await;
    }
    let dead = app.store.counts().await?.jobs_dead;
    app.store.close().await;
    if dead > 0 {
        tracing::warn!("{dead} jobs gave up; `GET /v1/jobs?state=dead` says why");
    }
    Ok(if args.until_idle && dead > 0 {
        Outcome::Partial
    } else {
        Outcome::Complete
    })
}
