//! Stories: put one, list them, look at one with its articles and coverage.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::document::{ReadProblems, WriteProblems};
use super::error::Problem;
use super::extract::{Ids, JsonBody, Params};
use super::list::{Page, PageParams};
use crate::domain::{ArticleMeta, Coverage, StoryId, StoryInput};
use crate::ingest;
use crate::store::{ChangeOutcome, StoryListing};

/// Public routes.
pub(super) fn reads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_stories))
        .routes(routes!(find_story))
}

/// Routes that change stories.
pub(super) fn writes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(put_story))
}

/// What a write did to a story.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoryChangeView {
    /// The story.
    story_id: StoryId,
    /// It was not there before.
    created: bool,
    /// The article set is another one now, so a summary was asked for.
    changed: bool,
    /// Articles that were not there before.
    articles_added: usize,
    /// Articles whose content is another one now.
    articles_updated: usize,
    /// Articles that were removed.
    articles_removed: usize,
    /// Where its summary is.
    summary_url: String,
}

/// A story in a list.
#[derive(Debug, Serialize, ToSchema)]
struct StoryItem {
    /// The caller's own id.
    id: StoryId,
    /// The caller's own headline.
    headline: Option<String>,
    /// A BCP 47 language tag, if the caller gave one.
    language: Option<String>,
    /// How many articles it has.
    articles: u64,
    /// Its newest summary version; null while there is none.
    version: Option<u32>,
    /// The articles changed since that version was made.
    stale: bool,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Where its summary is.
    summary_url: String,
}

/// A story with its articles.
#[derive(Debug, Serialize, ToSchema)]
struct StoryView {
    /// The caller's own id.
    id: StoryId,
    /// The caller's own headline.
    headline: Option<String>,
    /// A BCP 47 language tag, if the caller gave one.
    language: Option<String>,
    /// What a summary of these articles carries as `made.article_set_hash`.
    article_set_hash: String,
    /// When it was first stored.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// How its articles are spread.
    coverage: Coverage,
    /// Its outlets, most articles first; unnamed ones count as one.
    outlets: Vec<OutletCount>,
    /// Its articles without their texts, by id.
    articles: Vec<ArticleMeta>,
    /// Where its summary is.
    summary_url: String,
}

/// How many articles of a story an outlet wrote.
#[derive(Debug, Serialize, ToSchema)]
struct OutletCount {
    /// Its name; null for all that have none.
    outlet: Option<String>,
    /// Its articles.
    articles: u64,
}

/// Create or replace a story.
///
/// Sets headline and language, and the articles too where `articles` is present. The same content changes nothing
/// and asks for no summary.
#[utoipa::path(
    put, path = "/v1/stories/{story_id}", tag = "stories",
    params(("story_id" = String, Path, description = "The caller's own id")),
    request_body = StoryInput,
    responses(
        (status = 200, description = "It was there", body = StoryChangeView),
        (status = 201, description = "It was created", body = StoryChangeView),
        WriteProblems,
    ),
)]
async fn put_story(
    State(state): State<AppState>,
    Ids(story_id): Ids<StoryId>,
    JsonBody(input): JsonBody<StoryInput>,
) -> Result<StoryChanged, Problem> {
    if input.id.as_ref().is_some_and(|id| id != story_id.as_str()) {
        return Err(Problem::invalid_field("/id", "differs from the id in the path"));
    }
    let (store, clock) = (state.store.as_ref(), state.clock.as_ref());
    let outcome = ingest::put_story(store, clock, &state.ingest, story_id.clone(), input).await?;
    state.announce(&outcome);
    Ok(changed(story_id, outcome))
}

/// List stories, by id.
#[utoipa::path(
    get, path = "/v1/stories", tag = "stories",
    params(PageParams),
    responses((status = 200, description = "A page of stories", body = Page<StoryItem>), ReadProblems),
)]
async fn list_stories(
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let (limit, after) = (params.limit()?, params.after::<StoryId>()?);
    let rows = state.store.list_stories(after.as_ref(), limit + 1).await?;
    let page = Page::cut(rows, limit, |row| row.story.id.to_string());
    Ok(page
        .map(story_item)
        .respond(&format!("/v1/stories?limit={limit}")))
}

/// Look at a story: its articles (without their texts) and its coverage.
#[utoipa::path(
    get, path = "/v1/stories/{story_id}", tag = "stories",
    params(("story_id" = String, Path, description = "The caller's own id")),
    responses((status = 200, description = "The story", body = StoryView), ReadProblems),
)]
async fn find_story(
    State(state): State<AppState>,
    Ids(story_id): Ids<StoryId>,
) -> Result<Json<StoryView>, Problem> {
    let story = state
        .store
        .find_story(&story_id)
        .await?
        .ok_or_else(|| unknown_story(&story_id))?;
    let articles = state.store.list_article_metas(&story_id).await?;
    Ok(Json(StoryView {
        summary_url: summary_url(&story.id),
        id: story.id,
        headline: story.headline,
        language: story.language,
        article_set_hash: story.article_set_hash,
        created_at: story.created_at,
        updated_at: story.updated_at,
        coverage: Coverage::of(&articles),
        outlets: count_outlets(&articles),
        articles,
    }))
}

/// The answer to a write: 201 with `Location` where it created the story.
pub(super) type StoryChanged = (StatusCode, [(HeaderName, String); 1], Json<StoryChangeView>);

/// Tells what a write did.
pub(super) fn changed(story_id: StoryId, outcome: ChangeOutcome) -> StoryChanged {
    let status = if outcome.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let location = [(LOCATION, format!("/v1/stories/{story_id}"))];
    let view = StoryChangeView {
        summary_url: summary_url(&story_id),
        story_id,
        created: outcome.created,
        changed: outcome.changed,
        articles_added: outcome.articles_added,
        articles_updated: outcome.articles_updated,
        articles_removed: outcome.articles_removed,
    };
    (status, location, Json(view))
}

/// There is no such story.
pub(super) fn unknown_story(story_id: &StoryId) -> Problem {
    Problem::not_found(&format!("story `{story_id}`"))
}

fn summary_url(story_id: &StoryId) -> String {
    format!("/v1/stories/{story_id}/summary")
}

fn story_item(row: StoryListing) -> StoryItem {
    StoryItem {
        summary_url: summary_url(&row.story.id),
        id: row.story.id,
        headline: row.story.headline,
        language: row.story.language,
        articles: row.articles,
        version: row.version,
        stale: row.stale,
        updated_at: row.story.updated_at,
    }
}

fn count_outlets(articles: &[ArticleMeta]) -> Vec<OutletCount> {
    let mut by_outlet: BTreeMap<String, OutletCount> = BTreeMap::new();
    for article in articles {
        let count = by_outlet
            .entry(article.outlet_key())
            .or_insert_with(|| OutletCount {
                outlet: article.outlet.clone(),
                articles: 0,
            });
        count.articles += 1;
    }
    let mut outlets: Vec<OutletCount> = by_outlet.into_values().collect();
    // Stable: outlets with equally many articles stay in the order of their names.
    outlets.sort_by_key(|outlet| std::cmp::Reverse(outlet.articles));
    outlets
}
