//! What Prometheus scrapes, on a listener of its own: request durations, requests in flight, and how much is stored.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{Gauge, gauge, histogram};
use metrics_exporter_prometheus::PrometheusHandle;

use super::AppState;
use crate::store::Counts;

/// What the listener for metrics answers.
pub(super) fn router(handle: PrometheusHandle, state: AppState) -> Router {
    Router::new()
        .route("/metrics", get(scrape))
        .with_state((handle, state))
}

async fn scrape(State((handle, state)): State<(PrometheusHandle, AppState)>) -> Response {
    match state.store.counts().await {
        Ok(counts) => {
            gauge!("nutgraf_store_up").set(1.0);
            set_counts(&counts);
        }
        Err(error) => {
            tracing::warn!(%error, "could not count rows");
            gauge!("nutgraf_store_up").set(0.0);
        }
    }
    handle.run_upkeep();
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        handle.render(),
    )
        .into_response()
}

fn set_counts(counts: &Counts) {
    // Exact up to 2^53 rows.
    gauge!("nutgraf_stories").set(counts.stories as f64);
    gauge!("nutgraf_articles").set(counts.articles as f64);
    gauge!("nutgraf_summary_versions").set(counts.versions as f64);
    gauge!("nutgraf_feedback").set(counts.feedback as f64);
    gauge!("nutgraf_corrections", "state" => "open").set(counts.corrections_open as f64);
    gauge!("nutgraf_corrections", "state" => "settled").set(counts.corrections_settled as f64);
    gauge!("nutgraf_jobs", "state" => "queued").set(counts.jobs_queued as f64);
    gauge!("nutgraf_jobs", "state" => "running").set(counts.jobs_running as f64);
    gauge!("nutgraf_jobs", "state" => "dead").set(counts.jobs_dead as f64);
}

/// The layer that measures: by route as it is written in the router, so that ids make no new series.
pub(super) async fn measure(request: Request, next: Next) -> Response {
    let method = method_label(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let _in_flight = InFlight::enter();
    // Durations are no stored values: the monotonic clock is right here.
    let start = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    histogram!("nutgraf_http_request_duration_seconds", "method" => method, "route" => route, "status" => status)
        .record(start.elapsed());
    response
}

/// Clients may invent methods; labels must stay few.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Counts a request while it exists, also when it is dropped half-way.
struct InFlight(Gauge);

impl InFlight {
    fn enter() -> Self {
        let requests = gauge!("nutgraf_http_requests_in_flight");
        requests.increment(1.0);
        Self(requests)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
