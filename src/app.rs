//! Puts the parts together: store, engine, worker, service; and takes them down in order.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::local::LocalEngine;
use crate::engine::models::{self, FetchProgress};
use crate::jobs::worker::Worker;
use crate::serve::{self, AppState};
use crate::store::sqlite::SqliteStore;
use crate::store::{Signals, Store};
use crate::summarize::prompt::Prompt;

/// What every command that keeps something works with.
#[derive(Clone)]
pub struct App {
    /// How everything is set.
    pub config: Arc<Config>,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Wakes workers and event streams of this process.
    pub signals: Arc<Signals>,
}

impl App {
    /// Opens the database, bringing its schema up to date.
    ///
    /// # Errors
    /// When it cannot be opened; the message names the file.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let path = config.database_path()?;
        let store = SqliteStore::open(&path)
            .await
            .with_context(|| format!("cannot open database `{}`", path.display()))?;
        Ok(Self {
            config: Arc::new(config),
            store: Arc::new(store),
            clock: Arc::new(SystemClock),
            signals: Arc::new(Signals::default()),
        })
    }

    /// A worker over this app's store.
    pub fn worker(&self, engine: Arc<dyn Engine>) -> Worker {
        Worker {
            store: Arc::clone(&self.store),
            engine,
            clock: Arc::clone(&self.clock),
            signals: Arc::clone(&self.signals),
            settings: self.config.jobs.clone(),
            summarize: self.config.summarize.clone(),
        }
    }

    /// What the HTTP handlers work with.
    pub fn state(&self, models_ready: Arc<AtomicBool>, shutdown: CancellationToken) -> AppState {
        AppState {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            signals: Arc::clone(&self.signals),
            settings: Arc::new(self.config.serve.clone()),
            ingest: Arc::new(self.config.ingest.clone()),
            models_ready,
            shutdown,
        }
    }
}

/// Fetches what is absent and loads the models. Blocks; takes seconds, or minutes when something is fetched.
///
/// # Errors
/// When a model cannot be fetched or loaded; each says what to do.
pub fn load_engine(config: &Config, progress: &dyn FetchProgress) -> anyhow::Result<LocalEngine> {
    let models_dir = config.models_path();
    let writer = models::ensure(&config.model, &models_dir, progress)?;
    let embedder = models::ensure(&config.embedder, &models_dir, progress)?;
    let engine = match &config.entailment {
        None => LocalEngine::start(&writer, &embedder, &config.engine)?,
        Some(judge) => {
            let judge = models::ensure(judge, &models_dir, progress)?;
            LocalEngine::start_with_judge(&writer, &embedder, &judge, &config.engine)?
        }
    };
    // A model that was taught with a prompt of another version is refused now, not with the first story.
    Prompt::for_model(engine.writer())?;
    Ok(engine)
}

/// Two tokens: `gently` ends the taking of new work, `at_once` the work that is under way.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// No new work.
    pub gently: CancellationToken,
    /// Give back what is under way.
    pub at_once: CancellationToken,
}

impl Shutdown {
    /// Fires `gently` at the first SIGINT or SIGTERM, and `at_once` at the second or after `grace`.
    pub fn on_signal(grace: Duration) -> Self {
        let shutdown = Self::default();
        let fired = shutdown.clone();
        tokio::spawn(async move {
            wait_for_signal().await;
            tracing::info!("shutting down; a second signal gives back what is under way");
            fired.gently.cancel();
            tokio::select! {
                () = wait_for_signal() => {}
                () = tokio::time::sleep(grace) => {}
            }
            fired.at_once.cancel();
        });
        shutdown
    }
}

/// The running service: the listeners are bound, so that clients may connect.
pub struct Service {
    /// Where it listens.
    pub address: std::net::SocketAddr,
    models_ready: Arc<AtomicBool>,
    http: JoinHandle<std::io::Result<()>>,
    metrics: Option<JoinHandle<std::io::Result<()>>>,
}

impl Service {
    /// Binds the listeners and answers requests until `shutdown`.
    ///
    /// # Errors
    /// When an address cannot be bound; the message names it.
    pub async fn start(app: &App, metrics: PrometheusHandle, shutdown: &Shutdown) -> anyhow::Result<Self> {
        let settings = &app.config.serve;
        let listener = bind(settings.bind, "serve.bind").await?;
        let address = listener.local_addr()?;
        let models_ready = Arc::new(AtomicBool::new(false));
        let state = app.state(Arc::clone(&models_ready), shutdown.gently.clone());
        let metrics = match settings.metrics_bind {
            Some(address) => {
                let listener = bind(address, "serve.metrics_bind").await?;
                Some(tokio::spawn(serve::run_metrics(listener, metrics, state.clone())))
            }
            None => None,
        };
        let http = tokio::spawn(serve::run(listener, state));
        Ok(Self {
            address,
            models_ready,
            http,
            metrics,
        })
    }

    /// Tells `/readyz` that summaries can be made now.
    pub fn models_are_ready(&self) {
        self.models_ready.store(true, Ordering::Relaxed);
    }

    /// Waits until the last request was answered.
    ///
    /// # Errors
    /// When a listener broke.
    pub async fn finished(self) -> anyhow::Result<()> {
        self.http
            .await
            .context("the HTTP service panicked")?
            .context("the HTTP service broke")?;
        if let Some(metrics) = self.metrics {
            metrics
                .await
                .context("the metrics service panicked")?
                .context("the metrics service broke")?;
        }
        Ok(())
    }
}

/// Runs blocking work off the runtime.
///
/// # Errors
/// What the work returns, or that it panicked.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .context("a worker thread panicked")?
}

/// Waits for a future, unless the shutdown comes first.
pub async fn unless_shut_down<T>(shutdown: &Shutdown, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        value = future => Some(value),
        () = shutdown.gently.cancelled() => None,
    }
}

async fn bind(address: std::net::SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address} ({setting}); is another nutgraf running? A port of 0 takes any free one")
    })
}

#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn wait_for_signal() {
    let _interrupted = tokio::signal::ctrl_c().await;
}
