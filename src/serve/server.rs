//! Listening and stopping: at shutdown nothing more is accepted, streams end, requests under way get a bounded time.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{AppState, events, metrics, router};

/// Serves until `state.shutdown` is cancelled, then at most `shutdown_grace_ms` longer.
///
/// # Errors
/// The listener failed. The operator looks at it.
pub async fn run(listener: TcpListener, state: AppState) -> io::Result<()> {
    let shutdown = state.shutdown.clone();
    let grace = Duration::from_millis(state.settings.shutdown_grace_ms);
    let watcher = tokio::spawn(events::watch_other_processes(state.clone()));
    let served = serve(listener, router(state), shutdown, grace).await;
    watcher.abort();
    served
}

/// Serves `/metrics` until `state.shutdown` is cancelled.
///
/// # Errors
/// The listener failed. The operator looks at it.
pub async fn run_metrics(listener: TcpListener, handle: PrometheusHandle, state: AppState) -> io::Result<()> {
    let shutdown = state.shutdown.clone();
    let grace = Duration::from_millis(state.settings.shutdown_grace_ms);
    serve(listener, metrics::router(handle, state), shutdown, grace).await
}

async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    grace: Duration,
) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let graceful = axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let patience = async {
        shutdown.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        served = graceful => served,
        () = patience => {
            tracing::warn!("requests were still under way when the time for shutting down was over");
            Ok(())
        }
    }
}
