//! Whether the process lives, and whether it can do its work.

use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::error::{Kind, Problem, ProblemBody};
use crate::domain::FieldError;

/// Routes for whoever watches the process.
pub(super) fn reads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(find_health))
        .routes(routes!(find_readiness))
}

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok` or `ready`.
    status: &'static str,
}

/// Whether the process is alive.
#[utoipa::path(
    get, path = "/healthz", tag = "operation",
    responses((status = 200, description = "It is", body = Health)),
)]
async fn find_health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the process can do its work: the store answers, and the models are loaded where it summarizes.
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    responses(
        (status = 200, description = "It can", body = Health),
        (status = 503, description = "It cannot; `errors` says why", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn find_readiness(State(state): State<AppState>) -> Result<Json<Health>, Problem> {
    let mut missing = Vec::new();
    let mut miss = |pointer: &str, detail: &str| {
        missing.push(FieldError {
            pointer: pointer.to_owned(),
            detail: detail.to_owned(),
        });
    };
    if let Err(error) = state.store.ping().await {
        tracing::warn!(%error, "store does not answer");
        miss("/store", "the store does not answer");
    }
    if !state.models_ready.load(Ordering::Acquire) {
        miss("/models", "the models are not loaded yet");
    }
    if state.shutdown.is_cancelled() {
        miss("/process", "the process is shutting down");
    }
    if missing.is_empty() {
        return Ok(Json(Health { status: "ready" }));
    }
    Err(Problem::bare(Kind::NotReady)
        .with_errors(missing)
        .with_retry_after(1))
}
