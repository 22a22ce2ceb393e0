//! The web pages: stories, one story, corrections, the documentation, and their style sheet. Rendered here, no script anywhere.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::AppState;
use super::corrections::read_page;
use super::error::Problem;
use super::extract::{Ids, Params};
use super::html::{self, StoriesPage};
use super::list::{Page, PageParams};
use super::stories::unknown_story;
use super::summary::current_summary;
use crate::domain::StoryId;

const STYLE: &str = include_str!("assets/style.css");

/// Most stories that one start page shows.
const STORIES_A_PAGE: u32 = 20;

/// Most corrections that one page shows.
const CORRECTIONS_A_PAGE: u32 = 50;

/// The pages; `document` is what the documentation is about.
pub(super) fn pages(document: &utoipa::openapi::OpenApi) -> Router<AppState> {
    let value = serde_json::to_value(document).unwrap_or_default();
    let json = Bytes::from(value.to_string());
    let docs = html::docs_page(&value);
    Router::new()
        .route("/", get(find_start_page))
        .route("/stories/{story_id}", get(find_story_page))
        .route("/corrections", get(find_corrections_page))
        .route(
            "/assets/style.css",
            get(|| async { typed("text/css; charset=utf-8", STYLE) }),
        )
        .route("/docs", get(|| async { docs }))
        .route("/openapi.json", get(|| async { typed("application/json", json) }))
}

async fn find_start_page(
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> Result<Html<String>, Problem> {
    let (limit, after) = (params.limit()?.min(STORIES_A_PAGE), params.after::<StoryId>()?);
    let rows = state.store.list_stories(after.as_ref(), limit + 1).await?;
    let page = Page::cut(rows, limit, |row| row.story.id.to_string());
    let mut summaries = Vec::new();
    for row in page.items {
        // One that was removed since it was listed is left out.
        summaries.extend(current_summary(&state, &row.story.id).await?);
    }
    html::stories_page(&StoriesPage {
        summaries,
        next_cursor: page.next_cursor,
    })
}

async fn find_story_page(
    State(state): State<AppState>,
    Ids(story_id): Ids<StoryId>,
) -> Result<Html<String>, Problem> {
    let Some(summary) = current_summary(&state, &story_id).await? else {
        return Err(unknown_story(&story_id));
    };
    let newest = PageParams::default();
    let page = read_page(&state, Some(&story_id), &newest, CORRECTIONS_A_PAGE).await?;
    html::story_page(&summary, &page.items)
}

async fn find_corrections_page(
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> Result<Html<String>, Problem> {
    let limit = params.limit()?.min(CORRECTIONS_A_PAGE);
    html::corrections_page(&read_page(&state, None, &params, limit).await?)
}

fn typed(content_type: &'static str, body: impl IntoResponse) -> Response {
    ([(CONTENT_TYPE, content_type)], body).into_response()
}
