//! Summaries: the current one of a story, as JSON or as an HTML fragment, and those of many stories at once.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::ReadProblems;
use super::error::Problem;
use super::extract::{Ids, Params, story_ids};
use super::negotiate::{Representation, representation};
use super::stories::unknown_story;
use super::view::{SummaryView, WithheldView};
use super::{AppState, html};
use crate::domain::{Coverage, StoryId, SummaryStatus};

/// How long to wait before asking again for a summary that is being made, seconds.
const PENDING_RETRY_S: &str = "2";

/// Public routes.
pub(super) fn reads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(find_summary))
        .routes(routes!(list_summaries))
}

/// Which stories.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SummariesParams {
    /// Up to 50 story ids with commas between them.
    story_id: String,
}

/// The summaries of many stories.
#[derive(Debug, Serialize, ToSchema)]
struct Summaries {
    /// In the order in which they were asked for; stories without a version yet have status `pending`.
    items: Vec<SummaryView>,
    /// Stories that are not there.
    missing: Vec<StoryId>,
}

/// The current summary of a story.
///
/// JSON, or by `Accept: text/html` an escaped and labelled HTML fragment. 202 with status `pending` while there is
/// no version. Never waits for the model.
#[utoipa::path(
    get, path = "/v1/stories/{story_id}/summary", tag = "summaries",
    params(("story_id" = String, Path, description = "The story")),
    responses(
        (status = 200, description = "The current version", content(
            (SummaryView = "application/json"),
            (String = "text/html"),
        )),
        (status = 202, description = "There is none yet; ask again after `Retry-After`", content(
            (SummaryView = "application/json"),
            (String = "text/html"),
        )),
        (status = 304, description = "Unchanged since `If-None-Match`"),
        (status = 406, description = "`Accept` names neither JSON nor HTML"),
        ReadProblems,
    ),
)]
async fn find_summary(
    State(state): State<AppState>,
    Ids(story_id): Ids<StoryId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let representation = representation(&headers)?;
    let Some(summary) = current_summary(&state, &story_id).await? else {
        return Err(unknown_story(&story_id));
    };
    let is_pending = summary.status == SummaryStatus::Pending;
    let body = match representation {
        Representation::Json => Json(summary).into_response(),
        Representation::Html => html::summary_fragment(&summary)?.into_response(),
    };
    if is_pending {
        let headers = [(RETRY_AFTER, PENDING_RETRY_S), (CACHE_CONTROL, "no-store")];
        return Ok((StatusCode::ACCEPTED, headers, body).into_response());
    }
    Ok(body)
}

/// The current summaries of up to 50 stories.
#[utoipa::path(
    get, path = "/v1/summaries", tag = "summaries",
    params(SummariesParams),
    responses((status = 200, description = "The summaries that are there", body = Summaries), ReadProblems),
)]
async fn list_summaries(
    State(state): State<AppState>,
    Params(params): Params<SummariesParams>,
) -> Result<Json<Summaries>, Problem> {
    let mut summaries = Summaries {
        items: Vec::new(),
        missing: Vec::new(),
    };
    for story_id in story_ids(&params.story_id)? {
        match current_summary(&state, &story_id).await? {
            Some(summary) => summaries.items.push(summary),
            None => summaries.missing.push(story_id),
        }
    }
    Ok(Json(summaries))
}

/// The current summary of a story, which may be pending; `None` when there is no such story.
pub(super) async fn current_summary(
    state: &AppState,
    story_id: &StoryId,
) -> Result<Option<SummaryView>, Problem> {
    let Some(mut served) = state.store.find_served(story_id).await? else {
        return Ok(None);
    };
    let Some(summary) = served.summary.take() else {
        let articles = state.store.list_article_metas(story_id).await?;
        return Ok(Some(SummaryView::without_version(
            served,
            Coverage::of(&articles),
        )));
    };
    let withheld: Vec<WithheldView> = served.withheld.iter().map(WithheldView::from).collect();
    Ok(Some(SummaryView::of_version(&served, summary, &withheld)))
}
