//! The OpenAPI document: what is said about the service as a whole, and the problems that a class of routes shares.

use std::collections::BTreeMap;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoResponses, OpenApi};

use super::error::{PROBLEM_JSON, ProblemBody};

/// The document without its paths; the resources add theirs.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "nutgraf",
        description = "Grounded, sourced and correctable summaries of news stories. Reads and reports are public; \
                       writes are answered on the service's own machine only.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "stories", description = "What goes in: stories and their articles"),
        (name = "summaries", description = "What comes out: summaries, their versions, and events"),
        (name = "corrections", description = "What was wrong, since when, and in which version it was put right"),
        (name = "feedback", description = "What readers find wrong"),
        (name = "operation", description = "Jobs and health"),
    ),
)]
pub(super) struct Document;

/// What a public read may answer instead.
pub(super) struct ReadProblems;

/// What a write may answer instead.
pub(super) struct WriteProblems;

/// What an operator's read may answer instead.
pub(super) struct OperatorProblems;

/// What a reader's report may be answered instead.
pub(super) struct ReportProblems;

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            ("400", "An id or a parameter cannot be read"),
            ("404", "It is not there"),
            ("503", "Try again after `Retry-After`"),
        ])
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            ("400", "The request cannot be read"),
            ("403", "Writes are answered on the service's own machine only"),
            ("404", "It is not there"),
            (
                "409",
                "The first request with this `Idempotency-Key` is not answered yet",
            ),
            ("413", "The body is too large"),
            ("415", "The body's media type is not taken"),
            (
                "422",
                "Fields are invalid, or the `Idempotency-Key` came with another body; nothing was stored",
            ),
            ("503", "Try again after `Retry-After`"),
        ])
    }
}

impl IntoResponses for OperatorProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            ("400", "A parameter cannot be read"),
            ("403", "Answered on the service's own machine only"),
            ("503", "Try again after `Retry-After`"),
        ])
    }
}

impl IntoResponses for ReportProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            ("400", "The request cannot be read"),
            ("404", "There is no such story"),
            (
                "409",
                "The first request with this `Idempotency-Key` is not answered yet",
            ),
            ("413", "The body is too large"),
            ("415", "The body's media type is not taken"),
            ("422", "Fields are invalid, or that version or bullet never was"),
            (
                "429",
                "This address sent too many reports; try again after `Retry-After`",
            ),
            ("503", "Try again after `Retry-After`"),
        ])
    }
}

fn problems(described: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    described
        .iter()
        .map(|(status, description)| {
            let response = ResponseBuilder::new()
                .description(*description)
                .content(PROBLEM_JSON, content.clone())
                .build();
            ((*status).to_owned(), RefOr::T(response))
        })
        .collect()
}
