//! The routes by who may call them, each group in its layers, all in the layers that every answer passes.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, extract::Request};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::conditional::conditional;
use super::document::Document;
use super::error::{Kind, Problem, render_problems};
use super::events::Places;
use super::{
    AppState, articles, corrections, events, feed, feedback, guard, health, idempotency, jobs, layers,
    metrics, pages, stories, summary, versions,
};

/// Everything that the service answers, `/metrics` excepted. Needs `ConnectInfo<SocketAddr>` in the requests.
pub fn router(state: AppState) -> Router {
    let (api, document) = api(&state).split_for_parts();
    let web = pages::pages(&document)
        .layer(from_fn(conditional))
        .layer(from_fn_with_state(state.clone(), layers::timeout));
    // The last layer is the outermost.
    api.merge(web)
        .fallback(unknown_route)
        .layer(DefaultBodyLimit::max(state.settings.max_body_bytes))
        .layer(CatchPanicLayer::custom(layers::on_panic))
        .layer(from_fn(render_problems))
        .layer(from_fn(metrics::measure))
        .layer(CompressionLayer::new())
        .layer(from_fn(layers::security_headers))
        .layer(TraceLayer::new_for_http().make_span_with(layers::request_span))
        .layer(from_fn_with_state(state.clone(), layers::request_id))
        .with_state(state)
}

/// Writes come first: where a path has both, the public group answers CORS preflights, for its own methods alone.
fn api(state: &AppState) -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(writes(state))
        .merge(reads(state))
        .merge(streams(state))
        .merge(reports(state))
        .merge(operation(state))
}

/// Anybody may read, from any web page.
fn reads(state: &AppState) -> OpenApiRouter<AppState> {
    stories::reads()
        .merge(summary::reads())
        .merge(versions::reads())
        .merge(corrections::reads())
        .merge(feed::reads())
        .merge(feedback::reads())
        .layer(from_fn(conditional))
        .layer(from_fn_with_state(state.clone(), layers::timeout))
        .layer(layers::cors([Method::GET, Method::HEAD]))
}

/// Streams have no time limit; there is a bounded number of them.
fn streams(state: &AppState) -> OpenApiRouter<AppState> {
    events::streams()
        .layer(Extension(Places::new(state.settings.max_event_streams)))
        .layer(layers::cors([Method::GET, Method::HEAD]))
}

/// Anybody may report, but not too often.
fn reports(state: &AppState) -> OpenApiRouter<AppState> {
    let reports = feedback::reports()
        .route_layer(from_fn_with_state(state.clone(), layers::timeout))
        .route_layer(from_fn_with_state(state.clone(), idempotency::once_per_peer));
    feedback::limit(reports, &state.settings).layer(layers::cors([Method::POST]))
}

/// Only somebody at this machine writes, as long as there are no keys.
fn writes(state: &AppState) -> OpenApiRouter<AppState> {
    stories::writes()
        .merge(articles::writes())
        .route_layer(from_fn_with_state(state.clone(), layers::timeout))
        .route_layer(from_fn_with_state(state.clone(), idempotency::once))
        .route_layer(from_fn(guard::local_only))
        .route_layer(from_fn(layers::no_store))
}

/// What the operator looks at, and what watches the process.
fn operation(state: &AppState) -> OpenApiRouter<AppState> {
    jobs::reads()
        .route_layer(from_fn(guard::local_only))
        .merge(health::reads())
        .layer(from_fn_with_state(state.clone(), layers::timeout))
        .layer(from_fn(layers::no_store))
}

async fn unknown_route(request: Request) -> Problem {
    Problem::new(
        Kind::UnknownRoute,
        format!("no route answers `{}`", request.uri().path()),
    )
}
