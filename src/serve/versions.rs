//! The versions of a summary: every one that ever was current. What changed between two of them is left to `diff.rs`.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::diff::{VersionDiff, diff};
use super::document::ReadProblems;
use super::error::Problem;
use super::extract::{Ids, Params};
use super::list::{Page, PageParams};
use super::stories::unknown_story;
use super::view::{SummaryView, withheld_in};
use crate::domain::{ArticleId, StoryId, Summary, SummaryStatus};

/// Public routes.
pub(super) fn reads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_versions))
        .routes(routes!(find_version))
        .routes(routes!(diff_versions))
}

/// A version in a list.
#[derive(Debug, Serialize, ToSchema)]
struct VersionItem {
    /// Its number.
    version: u32,
    /// `ready` or `insufficient_sources`.
    status: SummaryStatus,
    /// How many statements it had when it was made, the lede included.
    statements: usize,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What to show readers.
    label: String,
    /// The model that wrote.
    model: String,
    /// Name and version of the prompt.
    prompt: String,
    /// The article set it was made from.
    article_set_hash: String,
    /// Where it is.
    url: String,
}

/// Which version to compare with.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct DiffParams {
    /// The other version; the one before when absent.
    from: Option<u32>,
}

/// List the versions of a summary, newest first.
#[utoipa::path(
    get, path = "/v1/stories/{story_id}/summary/versions", tag = "summaries",
    params(("story_id" = String, Path, description = "The story"), PageParams),
    responses((status = 200, description = "A page of versions", body = Page<VersionItem>), ReadProblems),
)]
async fn list_versions(
    State(state): State<AppState>,
    Ids(story_id): Ids<StoryId>,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let (limit, before) = (params.limit()?, params.after::<u32>()?);
    if state.store.find_story(&story_id).await?.is_none() {
        return Err(unknown_story(&story_id));
    }
    let rows = state.store.list_versions(&story_id, before, limit + 1).await?;
    let page = Page::cut(rows, limit, |row| row.version.to_string());
    let list = format!("/v1/stories/{story_id}/summary/versions?limit={limit}");
    Ok(page.map(|row| version_item(&row)).respond(&list))
}

/// One version of a summary, without what was withheld since.
#[utoipa::path(
    get, path = "/v1/stories/{story_id}/summary/versions/{version}", tag = "summaries",
    params(
        ("story_id" = String, Path, description = "The story"),
        ("version" = u32, Path, description = "The version's number"),
    ),
    responses((status = 200, description = "The version", body = SummaryView), ReadProblems),
)]
async fn find_version(
    State(state): State<AppState>,
    Ids((story_id, version)): Ids<(StoryId, u32)>,
) -> Result<Json<SummaryView>, Problem> {
    Ok(Json(load_version(&state, &story_id, version).await?))
}

/// What changed from one version to another, and why.
#[utoipa::path(
    get, path = "/v1/stories/{story_id}/summary/versions/{version}/diff", tag = "summaries",
    params(
        ("story_id" = String, Path, description = "The story"),
        ("version" = u32, Path, description = "The version looked at"),
        DiffParams,
    ),
    responses((status = 200, description = "What changed", body = VersionDiff), ReadProblems),
)]
async fn diff_versions(
    State(state): State<AppState>,
    Ids((story_id, version)): Ids<(StoryId, u32)>,
    Params(params): Params<DiffParams>,
) -> Result<Json<VersionDiff>, Problem> {
    let to = load_version(&state, &story_id, version).await?;
    let from = match params.from {
        Some(from) => from,
        None if version > 1 => version - 1,
        None => return Err(Problem::not_found("version before version 1")),
    };
    let from = load_version(&state, &story_id, from).await?;
    Ok(Json(diff(&from, &to)))
}

async fn load_version(state: &AppState, story_id: &StoryId, version: u32) -> Result<SummaryView, Problem> {
    let served = state
        .store
        .find_served(story_id)
        .await?
        .ok_or_else(|| unknown_story(story_id))?;
    let Some(summary) = state.store.find_version(story_id, version).await? else {
        return Err(Problem::not_found(&format!(
            "version {version} of story `{story_id}`"
        )));
    };
    let articles = state.store.list_article_metas(story_id).await?;
    let present: HashSet<ArticleId> = articles.into_iter().map(|article| article.id).collect();
    let withheld = state.store.list_withheld(story_id, version).await?;
    let withheld = withheld_in(&summary, &withheld, &present);
    Ok(SummaryView::of_version(&served, summary, &withheld))
}

fn version_item(summary: &Summary) -> VersionItem {
    let made = &summary.made;
    VersionItem {
        version: summary.version,
        status: summary.status,
        statements: summary.statements().count(),
        at: made.at,
        label: made.label.clone(),
        model: made.model.clone(),
        prompt: made.prompt.clone(),
        article_set_hash: made.article_set_hash.clone(),
        url: format!(
            "/v1/stories/{}/summary/versions/{}",
            summary.story_id, summary.version
        ),
    }
}
