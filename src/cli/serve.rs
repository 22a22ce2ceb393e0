//! `nutgraf serve`: HTTP, and a worker in the same process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Outcome;
use crate::app::{self, App, Service, Shutdown};
use crate::config::Config;
use crate::engine::models;
use crate::telemetry;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  nutgraf serve\n  nutgraf serve --bind 0.0.0.0:8080 --data-dir /srv/nutgraf\n  \
                        nutgraf serve --no-worker        (another process works: nutgraf worker)"
)]
pub(super) struct Args {
    /// Where to listen (default: 127.0.0.1:8080)
    #[arg(long, value_name = "ADDRESS:PORT")]
    bind: Option<SocketAddr>,
    /// Where /metrics listens (default: 127.0.0.1:9464)
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics_bind: Option<SocketAddr>,
    /// Only answer requests; load no models
    #[arg(long)]
    no_worker: bool,
}

pub(super) async fn run(args: Args, mut config: Config) -> anyhow::Result<Outcome> {
    config.serve.bind = args.bind.unwrap_or(config.serve.bind);
    config.serve.metrics_bind = args.metrics_bind.or(config.serve.metrics_bind);
    let metrics = telemetry::start_metrics()?;
    let app = App::open(config).await?;
    let shutdown = Shutdown::on_signal(Duration::from_millis(app.config.serve.shutdown_grace_ms));
    let service = Service::start(&app, metrics, &shutdown).await?;
    tracing::info!("listening on http://{}", service.address);

    if args.no_worker {
        service.models_are_ready();
    } else if let Some(worked) = app::unless_shut_down(&shutdown, start_worker(&app, &service)).await {
        let worker = match worked {
            Ok(worker) => worker,
            Err(error) => {
                shutdown.gently.cancel();
                service.finished().await?;
                return Err(error);
            }
        };
        worker
            .run(shutdown.gently.clone(), shutdown.at_once.clone())
            .await;
    }
    service.finished().await?;
    app.store.close().await;
    tracing::info!("stopped");
    Ok(Outcome::Complete)
}

async fn start_worker(app: &App, service: &Service) -> anyhow::Result<crate::jobs::worker::Worker> {
    let config = Arc::clone(&app.config);
    let engine = app::blocking(move || app::load_engine(&config, models::stderr_progress().as_ref())).await?;
    service.models_are_ready();
    tracing::info!("models are loaded");
    Ok(app.worker(Arc::new(engine)))
}
