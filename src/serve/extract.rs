//! What handlers take out of a request, with every refusal a problem: path ids, query, JSON body, raw body.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::AppState;
use super::error::{Kind, Problem};

/// The ids in the path.
pub(super) struct Ids<T>(pub(super) T);

/// The query's parameters.
pub(super) struct Params<T>(pub(super) T);

/// A JSON object as the body.
pub(super) struct JsonBody<T>(pub(super) T);

/// A body of any type, read whole.
pub(super) struct RawBody(pub(super) Bytes);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(rejection) => Err(Problem::new(Kind::InvalidId, rejection.body_text())),
        }
    }
}

impl<T: DeserializeOwned> FromRequestParts<AppState> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(Problem::malformed(rejection.body_text())),
        }
    }
}

impl FromRequest<AppState> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let max = state.settings.max_body_bytes;
        match Bytes::from_request(request, state).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::new(
                Kind::TooLarge,
                format!("at most {max} bytes are taken"),
            )),
            Err(_) => Err(Problem::malformed("the body broke off")),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        if media_type(request.headers()) != MediaType::Json {
            return Err(Problem::new(
                Kind::UnsupportedMediaType,
                "send `Content-Type: application/json`",
            ));
        }
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        parse_object(&bytes).map(Self)
    }
}

/// What a request says its body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json` or `application/…+json`.
    Json,
    /// `application/x-ndjson`, one JSON value a line.
    JsonLines,
    /// Anything else, or nothing.
    Other,
}

/// Reads `Content-Type`; a charset other than UTF-8 makes it something else.
pub(super) fn media_type(headers: &HeaderMap) -> MediaType {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return MediaType::Other;
    };
    let value = value.to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let foreign_charset = parts
        .filter_map(|parameter| parameter.strip_prefix("charset="))
        .any(|charset| charset.trim_matches('"') != "utf-8");
    match essence {
        _ if foreign_charset => MediaType::Other,
        "application/json" => MediaType::Json,
        "application/x-ndjson" | "application/jsonl" => MediaType::JsonLines,
        other if other.starts_with("application/") && other.ends_with("+json") => MediaType::Json,
        _ => MediaType::Other,
    }
}

/// Parses a JSON object. serde would also read a struct from an array, by position; nobody means that.
pub(super) fn parse_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if first_byte(bytes) == Some(b'{') {
        return parse_json(bytes, "");
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        Ok(_) => Err(Problem::invalid_field("", "a JSON object is expected")),
        Err(error) => Err(Problem::malformed(format!("the body is no JSON: {error}"))),
    }
}

/// Parses JSON; pointers in the problem start with `prefix`.
pub(super) fn parse_json<T: DeserializeOwned>(bytes: &[u8], prefix: &str) -> Result<T, Problem> {
    let broken = |error: &serde_json::Error| Problem::malformed(format!("the body is no JSON: {error}"));
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let error = match serde_path_to_error::deserialize(&mut deserializer) {
        Ok(value) => return deserializer.end().map(|()| value).map_err(|error| broken(&error)),
        Err(error) => error,
    };
    // serde stops at the first wrong field: is what stands behind it JSON at all?
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        return Err(broken(&error));
    }
    match error.inner().classify() {
        Category::Data => Err(Problem::invalid_field(
            pointer_to(error.path(), prefix),
            error.inner().to_string(),
        )),
        _ => Err(broken(error.inner())),
    }
}

/// The first byte that is no JSON blank.
pub(super) fn first_byte(bytes: &[u8]) -> Option<u8> {
    bytes.iter().copied().find(|byte| !b" \t\r\n".contains(byte))
}

fn pointer_to(path: &serde_path_to_error::Path, prefix: &str) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = prefix.to_owned();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// Story ids from a comma-separated parameter, in order, each once.
pub(super) fn story_ids(list: &str) -> Result<Vec<crate::domain::StoryId>, Problem> {
    const MAX_STORIES: usize = 50;
    let mut ids = Vec::new();
    for part in list.split(',') {
        let id = crate::domain::StoryId::new(part.trim())
            .map_err(|error| Problem::malformed(format!("`story_id`: {error}")))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.len() > MAX_STORIES {
        return Err(Problem::malformed(format!(
            "`story_id` names {} stories; at most {MAX_STORIES} are answered at once",
            ids.len()
        )));
    }
    Ok(ids)
}

/// A body that came too late to be an extractor: for middleware.
pub(super) async fn read_body(request: Request, state: &AppState) -> Result<(Parts, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let extensions = parts.extensions.clone();
    let mut reading = Request::new(body);
    // The body limit travels in the extensions.
    *reading.extensions_mut() = extensions;
    let RawBody(bytes) = RawBody::from_request(reading, state).await?;
    Ok((parts, bytes))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::domain::{FeedbackInput, StoryInput};

    fn media_type_of(value: &'static str) -> MediaType {
        media_type(&HeaderMap::from_iter([(
            CONTENT_TYPE,
            HeaderValue::from_static(value),
        )]))
    }

    #[test]
    fn json_is_recognised_by_its_media_type() {
        for json in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/ld+json",
        ] {
            assert_eq!(media_type_of(json), MediaType::Json, "{json}");
        }
        for other in ["text/plain", "application/json; charset=latin1", "text/json", ""] {
            assert_eq!(media_type_of(other), MediaType::Other, "{other}");
        }
        assert_eq!(media_type_of("application/x-ndjson"), MediaType::JsonLines);
    }

    #[test]
    fn a_struct_is_not_read_from_an_array() {
        assert!(parse_object::<StoryInput>(b"[]").is_err());
        assert!(parse_object::<StoryInput>(b" {}").is_ok());
    }

    #[test]
    fn a_wrong_field_is_named_and_broken_json_has_its_place() {
        let wrong = parse_object::<FeedbackInput>(br#"{"version":1,"reason":"nonsense"}"#).unwrap_err();
        assert!(format!("{wrong:?}").contains("\"/reason\""), "{wrong:?}");
        let broken = parse_object::<FeedbackInput>(b"{\"version\":1,\n\"reason\" 3}").unwrap_err();
        assert!(format!("{broken:?}").contains("line 2 column"), "{broken:?}");
        let both = parse_object::<FeedbackInput>(b"{\"version\":\"x\",\n\"reason\" 3}").unwrap_err();
        assert!(format!("{both:?}").contains("MalformedRequest"), "{both:?}");
    }

    #[test]
    fn story_ids_are_listed_once_and_in_order() {
        let ids = story_ids("b,a,b").unwrap();
        assert_eq!(
            ids.iter().map(crate::domain::StoryId::as_str).collect::<Vec<_>>(),
            ["b", "a"]
        );
        assert!(story_ids("").is_err());
        assert!(story_ids("a,,b").is_err());
        let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
        assert!(story_ids(&many.join(",")).is_err());
    }
}
