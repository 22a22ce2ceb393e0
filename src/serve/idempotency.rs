//! `Idempotency-Key` on POST: the same key and body get the first answer again.
//!
//! The work runs in a task of its own: a client that hangs up is the one that will send the request again, so its
//! answer has to be recorded all the same.

use std::panic::AssertUnwindSafe;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::AppState;
use super::error::{self, Kind, Problem};
use super::extract::read_body;
use super::guard::peer;
use super::layers::within_timeout;
use crate::store::{Idempotency, RecordedAnswer};

/// The request header.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer is a recorded one.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const MAX_KEY_CHARS: usize = 255;

/// A key that was taken this long ago and never answered belonged to a process that died.
const MIN_STALE_MS: u64 = 60_000;

/// The layer over routes that only this machine calls.
pub(super) async fn once(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let scope = format!("{} {}", request.method(), request.uri().path());
    answer_once(state, scope, request, next)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

/// The layer over public routes: two readers who choose the same key don't meet.
pub(super) async fn once_per_peer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let from = peer(&request).map(|ip| ip.to_string()).unwrap_or_default();
    let scope = format!("{} {} {from}", request.method(), request.uri().path());
    answer_once(state, scope, request, next)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn answer_once(
    state: AppState,
    scope: String,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = match read_key(request.headers())? {
        Some(key) if request.method() == Method::POST => key,
        _ => return Ok(next.run(request).await),
    };
    let (parts, body) = within_timeout(&state, read_body(request, &state)).await??;
    let body_hash = hex::encode(Sha256::digest(&body));
    let now = state.clock.now();
    let stale_before = stale_before(now, state.settings.request_timeout_ms);
    let taken = state
        .store
        .begin_idempotent(&key, &scope, &body_hash, now, stale_before);
    match taken.await? {
        Idempotency::Fresh => {}
        Idempotency::Replay(answer) => return Ok(replay(answer)),
        Idempotency::InFlight => {
            let problem = Problem::new(Kind::RequestInFlight, "the first request is not answered yet");
            return Err(problem.with_retry_after(1));
        }
        Idempotency::Mismatch => {
            return Err(Problem::new(
                Kind::KeyReused,
                "this `Idempotency-Key` came with another body",
            ));
        }
    }
    let request = Request::from_parts(parts, Body::from(body));
    tokio::spawn(answer_and_record(state, key, scope, request, next))
        .await
        .map_err(|error| Problem::internal(&error))?
}

async fn answer_and_record(
    state: AppState,
    key: String,
    scope: String,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path = request.uri().path().to_owned();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let response = answer.unwrap_or_else(|_| Problem::internal(&"handler panicked").into_response());
    let (parts, body) = error::render(response, &path).into_parts();
    let body = to_bytes(body, usize::MAX)
        .await
        .map_err(|error| Problem::internal(&error))?;
    let text = |name: &HeaderName| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
    let recorded = if parts.status.is_server_error() {
        state.store.abandon_idempotent(&key, &scope).await
    } else {
        let answer = RecordedAnswer {
            status: parts.status.as_u16(),
            location: text(&LOCATION),
            content_type: text(&CONTENT_TYPE),
            body: body.to_vec(),
        };
        state.store.finish_idempotent(&key, &scope, &answer).await
    };
    if let Err(error) = recorded {
        // The work is done and its answer stands; only a repetition would be refused until the key is stale.
        tracing::error!(%error, "could not record the answer to an idempotent request");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn read_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key)
            if values.next().is_none()
                && (1..=MAX_KEY_CHARS).contains(&key.len())
                && key.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Ok(Some(key.to_owned()))
        }
        _ => Err(Problem::malformed(format!(
            "`Idempotency-Key` is one value of 1 to {MAX_KEY_CHARS} visible ASCII characters"
        ))),
    }
}

fn stale_before(now: Timestamp, request_timeout_ms: u64) -> Timestamp {
    let patience_ms = request_timeout_ms.saturating_mul(2).max(MIN_STALE_MS);
    let before = now
        .as_millisecond()
        .saturating_sub(i64::try_from(patience_ms).unwrap_or(i64::MAX));
    Timestamp::from_millisecond(before).unwrap_or(Timestamp::MIN)
}

fn replay(answer: RecordedAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, Body::from(answer.body)).into_response();
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    for (name, value) in [(LOCATION, answer.location), (CONTENT_TYPE, answer.content_type)] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
