//! Every error as RFC 9457 `application/problem+json`. The only file that knows which failure has which status.
//!
//! A handler returns a [`Problem`]; it travels as a response extension to [`render_problems`], the outermost layer,
//! which knows the request's path and turns errors that others made (axum's 405, say) into problems too.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::FieldError;
use crate::ingest::IngestError;
use crate::store::StoreError;

/// The media type of every error.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// What kind of failure it is: one stable `type` URI each, listed in `docs/problems.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    MalformedRequest,
    InvalidId,
    LocalOnly,
    NotFound,
    UnknownRoute,
    MethodNotAllowed,
    NotAcceptable,
    RequestInFlight,
    TooLarge,
    UnsupportedMediaType,
    InvalidFields,
    KeyReused,
    TooManyRequests,
    Internal,
    StoreUnavailable,
    NotReady,
    TooManyStreams,
    Timeout,
}

impl Kind {
    /// All kinds, by status.
    pub(super) const ALL: [Self; 18] = [
        Self::MalformedRequest,
        Self::InvalidId,
        Self::LocalOnly,
        Self::NotFound,
        Self::UnknownRoute,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::RequestInFlight,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidFields,
        Self::KeyReused,
        Self::TooManyRequests,
        Self::Internal,
        Self::StoreUnavailable,
        Self::NotReady,
        Self::TooManyStreams,
        Self::Timeout,
    ];

    /// Status, the last part of the `type` URI, and the title.
    fn facts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::MalformedRequest => (StatusCode::BAD_REQUEST, "malformed-request", "Malformed request"),
            Self::InvalidId => (StatusCode::BAD_REQUEST, "invalid-id", "Invalid id in the path"),
            Self::LocalOnly => (
                StatusCode::FORBIDDEN,
                "local-only",
                "Answered on this machine only",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::UnknownRoute => (StatusCode::NOT_FOUND, "unknown-route", "No such route"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Method not allowed",
            ),
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "Not acceptable"),
            Self::RequestInFlight => (
                StatusCode::CONFLICT,
                "request-in-flight",
                "The same request is being worked on",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "Request body too large",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "Unsupported media type",
            ),
            Self::InvalidFields => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-fields",
                "Invalid fields",
            ),
            Self::KeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "Idempotency key used before",
            ),
            Self::TooManyRequests => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-requests",
                "Too many requests",
            ),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            Self::StoreUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "store-unavailable",
                "The store cannot be reached",
            ),
            Self::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "not-ready", "Not ready"),
            Self::TooManyStreams => (
                StatusCode::SERVICE_UNAVAILABLE,
                "too-many-streams",
                "Too many event streams",
            ),
            Self::Timeout => (
                StatusCode::SERVICE_UNAVAILABLE,
                "timeout",
                "The request took too long",
            ),
        }
    }

    /// The stable `type` URI.
    pub(super) fn uri(self) -> String {
        format!("urn:nutgraf:problem:{}", self.facts().1)
    }

    /// The title and the HTTP status, for the documentation page.
    pub(super) fn title_and_status(self) -> (&'static str, u16) {
        (self.facts().2, self.facts().0.as_u16())
    }
}

/// A failure on its way to the client.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    kind: Kind,
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u64>,
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: Some(detail.into()),
            errors: Vec::new(),
            retry_after_s: None,
        }
    }

    /// A failure that tells nothing but its kind.
    pub(super) fn bare(kind: Kind) -> Self {
        Self {
            kind,
            detail: None,
            errors: Vec::new(),
            retry_after_s: None,
        }
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Kind::MalformedRequest, detail)
    }

    /// `what` as in ``story `x` ``.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("there is no {what}"))
    }

    pub(super) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => only.detail.clone(),
            several => format!("{} fields are invalid; see `errors`", several.len()),
        };
        Self {
            errors,
            ..Self::new(Kind::InvalidFields, detail)
        }
    }

    pub(super) fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        }])
    }

    /// The same problem of one line of newline-delimited JSON: its number from 1, and its index among the values.
    pub(super) fn at_line(mut self, number: usize, index: usize) -> Self {
        self.detail = self.detail.map(|detail| format!("line {number}: {detail}"));
        for error in &mut self.errors {
            error.pointer = format!("/{index}{}", error.pointer);
            error.detail = format!("line {number}: {}", error.detail);
        }
        self
    }

    pub(super) fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    pub(super) fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Logs what happened and tells the client nothing of it.
    pub(super) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::bare(Kind::Internal)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooManyArticles { .. } => Self::invalid_field("/articles", error.to_string()),
            StoreError::Database(ref cause) if is_passing(cause) => {
                tracing::warn!(%error, "store unavailable");
                Self::bare(Kind::StoreUnavailable).with_retry_after(1)
            }
            StoreError::Open { .. }
            | StoreError::Database(_)
            | StoreError::Migration(_)
            | StoreError::Corrupt { .. }
            | StoreError::LeaseLost(_) => Self::internal(&error),
        }
    }
}

/// Whether trying again may help: no connection, or another process holds the write lock too long.
fn is_passing(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: &str = "5";
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        sqlx::Error::Database(cause) => cause.code().as_deref() == Some(SQLITE_BUSY),
        _ => false,
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Invalid(errors) => Self::invalid(errors),
            IngestError::Store(error) => error.into(),
            IngestError::Broken(_) => Self::internal(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.facts().0.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The body of an error (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// A stable URI for the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What went wrong this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The path of the request.
    instance: String,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// The layer that writes every error's body.
pub(super) async fn render_problems(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    render(next.run(request).await, &path)
}

/// Writes the body of an error; anything else, and an error that has its body, passes unchanged.
pub(super) fn render(mut response: Response, path: &str) -> Response {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if is_foreign_error(&response) => Problem::bare(kind_of(response.status())),
        None => return response,
    };
    let (status, _, title) = problem.kind.facts();
    let body = ProblemBody {
        kind: problem.kind.uri(),
        title,
        status: status.as_u16(),
        detail: problem.detail.or_else(|| allowed_methods(&response)),
        instance: path.to_owned(),
        errors: problem.errors,
    };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    *response.status_mut() = status;
    *response.body_mut() = Body::from(bytes);
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after_s {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn is_foreign_error(response: &Response) -> bool {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    is_error
        && response
            .headers()
            .get(CONTENT_TYPE)
            .is_none_or(|value| value != PROBLEM_JSON)
}

fn kind_of(status: StatusCode) -> Kind {
    match status {
        StatusCode::NOT_FOUND => Kind::UnknownRoute,
        StatusCode::METHOD_NOT_ALLOWED => Kind::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Kind::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Kind::UnsupportedMediaType,
        status if status.is_client_error() => Kind::MalformedRequest,
        _ => Kind::Internal,
    }
}

fn allowed_methods(response: &Response) -> Option<String> {
    let allow = response.headers().get(ALLOW)?.to_str().ok()?;
    Some(format!("this route answers {}", allow.replace(',', ", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_every_kind_with_its_status() {
        let documentation = include_str!("../../docs/problems.md");
        for kind in Kind::ALL {
            let (title, status) = kind.title_and_status();
            let row = format!("| `{}` | {status} | {title} |", kind.uri());
            assert!(documentation.contains(&row), "missing: {row}");
        }
    }

    #[test]
    fn an_internal_error_tells_nothing_of_its_cause() {
        let response = render(Problem::internal(&"the secret cause").into_response(), "/x");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let problem = Problem::internal(&"the secret cause");
        assert_eq!(problem.detail, None);
    }
}
