//! A story's articles: add or update some (JSON or newline-delimited JSON), take one out.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::document::WriteProblems;
use super::error::{Kind, Problem};
use super::extract::{Ids, MediaType, RawBody, first_byte, media_type, parse_json, parse_object};
use super::stories::{StoryChangeView, StoryChanged, changed};
use crate::domain::{ArticleId, ArticleInput, FieldError, StoryId};
use crate::ingest::{self, IngestError};

/// Routes that change articles.
pub(super) fn writes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_articles))
        .routes(routes!(delete_article))
}

/// Articles to add or update. A bare array of articles is accepted as well.
#[derive(Debug, Deserialize, ToSchema)]
struct ArticlesInput {
    /// 1 to 500 articles.
    articles: Vec<ArticleInput>,
}

/// Add or update articles.
///
/// Takes `{"articles": […]}`, a bare array, or `application/x-ndjson` with one article a line; 1 to 500 at once, all
/// or none. Creates the story when it is not there.
#[utoipa::path(
    post, path = "/v1/stories/{story_id}/articles", tag = "stories",
    params(
        ("story_id" = String, Path, description = "The caller's own id"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body get the first answer again"),
    ),
    request_body(content(
        (ArticlesInput = "application/json"),
        (String = "application/x-ndjson"),
    )),
    responses(
        (status = 200, description = "The story was there", body = StoryChangeView),
        (status = 201, description = "The story was created", body = StoryChangeView),
        WriteProblems,
    ),
)]
async fn create_articles(
    State(state): State<AppState>,
    Ids(story_id): Ids<StoryId>,
    batch: Batch,
) -> Result<StoryChanged, Problem> {
    let Batch { articles, shape } = batch;
    let (store, clock) = (state.store.as_ref(), state.clock.as_ref());
    let outcome = ingest::add_articles(store, clock, &state.ingest, story_id.clone(), articles)
        .await
        .map_err(|error| shape.place(error))?;
    state.announce(&outcome);
    Ok(changed(story_id, outcome))
}

/// Take an article out of a story: its outlet withdrew it.
///
/// The summary is stale at once, and what rests on this article alone is withheld at once.
#[utoipa::path(
    delete, path = "/v1/stories/{story_id}/articles/{article_id}", tag = "stories",
    params(
        ("story_id" = String, Path, description = "The caller's own id"),
        ("article_id" = String, Path, description = "The article's id, as the story lists it"),
    ),
    responses((status = 204, description = "It is gone"), WriteProblems),
)]
async fn delete_article(
    State(state): State<AppState>,
    Ids((story_id, article_id)): Ids<(StoryId, ArticleId)>,
) -> Result<StatusCode, Problem> {
    let (store, clock) = (state.store.as_ref(), state.clock.as_ref());
    if !ingest::delete_article(store, clock, &state.ingest, &story_id, &article_id).await? {
        let what = format!("article `{article_id}` in story `{story_id}`");
        return Err(Problem::not_found(&what));
    }
    state.signals.jobs.notify_one();
    state.signals.notify_events();
    Ok(StatusCode::NO_CONTENT)
}

/// The articles of a request, and how they were sent.
struct Batch {
    articles: Vec<ArticleInput>,
    shape: Shape,
}

/// How articles were sent: where a wrong field stands depends on it.
enum Shape {
    /// `{"articles": […]}`.
    Object,
    /// `[…]`.
    Array,
    /// One a line; the line number of each article, from 1.
    Lines(Vec<usize>),
}

impl FromRequest<AppState> for Batch {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let media_type = media_type(request.headers());
        if media_type == MediaType::Other {
            return Err(Problem::new(
                Kind::UnsupportedMediaType,
                "send `Content-Type: application/json` or `application/x-ndjson`",
            ));
        }
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        match media_type {
            MediaType::JsonLines => parse_lines(&bytes),
            _ if first_byte(&bytes) == Some(b'[') => Ok(Self {
                articles: parse_json(&bytes, "")?,
                shape: Shape::Array,
            }),
            _ => Ok(Self {
                articles: parse_object::<ArticlesInput>(&bytes)?.articles,
                shape: Shape::Object,
            }),
        }
    }
}

impl Shape {
    /// Says where in the request the wrong fields stand; ingest's pointers start with `/articles`.
    fn place(&self, error: IngestError) -> Problem {
        let IngestError::Invalid(errors) = error else {
            return error.into();
        };
        Problem::invalid(errors.into_iter().map(|error| self.place_one(error)).collect())
    }

    fn place_one(&self, error: FieldError) -> FieldError {
        let inner = match (self, error.pointer.strip_prefix("/articles")) {
            (Self::Array | Self::Lines(_), Some(inner)) => inner.to_owned(),
            _ => return error,
        };
        let line = match self {
            Self::Lines(numbers) => {
                let index = inner
                    .split('/')
                    .nth(1)
                    .and_then(|index| index.parse::<usize>().ok());
                index.and_then(|index| numbers.get(index))
            }
            _ => None,
        };
        FieldError {
            pointer: inner,
            detail: match line {
                Some(number) => format!("line {number}: {}", error.detail),
                None => error.detail,
            },
        }
    }
}

/// Reads one article a line; blank lines are skipped. The first line that is no article ends it: nothing is stored.
fn parse_lines(bytes: &Bytes) -> Result<Batch, Problem> {
    let mut articles = Vec::new();
    let mut numbers = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if first_byte(line).is_none() {
            continue;
        }
        let article = parse_object::<ArticleInput>(line)
            .map_err(|problem| problem.at_line(index + 1, numbers.len()))?;
        articles.push(article);
        numbers.push(index + 1);
    }
    Ok(Batch {
        articles,
        shape: Shape::Lines(numbers),
    })
}
