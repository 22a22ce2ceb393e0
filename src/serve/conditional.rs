//! Conditional reads (RFC 9110 §13) and cache headers: a weak `ETag` over the bytes of the representation, so that a
//! new version, staleness, a withheld bullet or a new report all change it.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::error::Problem;

/// Short, since a withheld bullet must not live on in caches; versions get no longer, since theirs are withheld too.
pub(super) const PUBLIC_READ: &str = "public, max-age=5, stale-while-revalidate=25";

/// The layer over public reads: `ETag`, 304, `Vary` and `Cache-Control` for whatever was found. A handler that set
/// `Cache-Control` itself (a pending summary) keeps it and gets no `ETag`.
pub(super) async fn conditional(request: Request, next: Next) -> Response {
    let wanted = request.headers().clone();
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if response.status() != StatusCode::OK || response.headers().contains_key(CACHE_CONTROL) {
        return response;
    }
    match with_validator(response, &wanted).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn with_validator(response: Response, wanted: &HeaderMap) -> Result<Response, Problem> {
    let (mut parts, body) = response.into_parts();
    // The body is ours and already in memory: no limit is needed.
    let bytes = to_bytes(body, usize::MAX)
        .await
        .map_err(|error| Problem::internal(&error))?;
    let etag = weak_etag(parts.headers.get(CONTENT_TYPE), &bytes);
    let is_known = matches_any(wanted, &etag);
    if let Ok(value) = HeaderValue::try_from(etag) {
        parts.headers.insert(ETAG, value);
    }
    parts
        .headers
        .insert(CACHE_CONTROL, HeaderValue::from_static(PUBLIC_READ));
    if is_known {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(CONTENT_TYPE);
        parts.headers.remove(CONTENT_LENGTH);
        return Ok(Response::from_parts(parts, Body::empty()));
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// Weak, because a compressed body has the same one.
fn weak_etag(content_type: Option<&HeaderValue>, bytes: &[u8]) -> String {
    let digest = Sha256::new()
        .chain_update(content_type.map(HeaderValue::as_bytes).unwrap_or_default())
        .chain_update([0])
        .chain_update(bytes)
        .finalize();
    let hexadecimal = hex::encode(digest);
    // 128 bits tell representations apart.
    let short: String = hexadecimal.chars().take(32).collect();
    format!("W/\"{short}\"")
}

/// Whether `If-None-Match` lists the tag, by weak comparison (RFC 9110 §8.8.3.2), or is `*`.
fn matches_any(headers: &HeaderMap, etag: &str) -> bool {
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    let ours = opaque(etag);
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || opaque(tag) == ours)
}
