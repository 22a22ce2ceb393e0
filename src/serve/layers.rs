//! What surrounds every handler: request ids, security headers, time limits, CORS.

use std::any::Any;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, LINK,
    LOCATION, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::cors::{Any as AnyOrigin, CorsLayer, Vary};
use tracing::Span;

use super::AppState;
use super::error::{Kind, Problem};
use super::idempotency::IDEMPOTENCY_KEY;
use crate::clock;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const MAX_REQUEST_ID_CHARS: usize = 128;

/// No script runs, nothing is fetched from elsewhere, nobody frames a page.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'none'";

/// The request's id, in its extensions.
#[derive(Clone)]
struct RequestId(HeaderValue);

/// Takes the caller's `X-Request-Id` when it is short and plain, else makes one; answers with it.
pub(super) async fn request_id(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(&X_REQUEST_ID)
        .filter(|id| is_sane(id))
        .cloned();
    let id = given.or_else(|| {
        let made = clock::new_id(state.clock.as_ref()).to_string();
        HeaderValue::try_from(made).ok()
    });
    if let Some(id) = &id {
        request.extensions_mut().insert(RequestId(id.clone()));
    }
    let mut response = next.run(request).await;
    if let Some(id) = id {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    response
}

fn is_sane(id: &HeaderValue) -> bool {
    (1..=MAX_REQUEST_ID_CHARS).contains(&id.len())
        && id
            .as_bytes()
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._~:+/=-".contains(byte))
}

/// The span of a request: no query and no headers, which may hold what is private.
pub(super) fn request_span(request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>();
    let id = id.and_then(|RequestId(id)| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), id)
}

/// Headers that keep a browser from guessing and leaking.
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let is_page = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if is_page {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    }
    response
}

/// The layer that bounds how long a request takes.
pub(super) async fn timeout(State(state): State<AppState>, request: Request, next: Next) -> Response {
    within_timeout(&state, next.run(request))
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

/// Bounds how long one part of a request takes.
pub(super) async fn within_timeout<T>(state: &AppState, work: impl Future<Output = T>) -> Result<T, Problem> {
    let limit = Duration::from_millis(state.settings.request_timeout_ms);
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_| Problem::bare(Kind::Timeout).with_retry_after(1))
}

/// Nothing of the answer is kept by anybody.
pub(super) async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a handler's panic becomes.
#[expect(clippy::needless_pass_by_value, reason = "what `CatchPanicLayer` calls")]
pub(super) fn on_panic(panic: Box<dyn Any + Send>) -> Response {
    let cause = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Problem::internal(&format!("handler panicked: {cause}")).into_response()
}

/// Any web page may call these methods and read what clients need of the answer.
pub(super) fn cors<const N: usize>(methods: [Method; N]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AnyOrigin)
        .allow_methods(methods)
        .allow_headers([ACCEPT, CONTENT_TYPE, IF_NONE_MATCH, IDEMPOTENCY_KEY, LAST_EVENT_ID, X_REQUEST_ID])
        .expose_headers([ETAG, LINK, LOCATION, RETRY_AFTER, X_REQUEST_ID])
        .max_age(Duration::from_hours(24))
        // The answer is the same for every origin.
        .vary(Vary::list([]))
}
