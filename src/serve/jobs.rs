//! The queue, for the operator to look at. What runs the jobs is elsewhere; this only lists rows.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::document::OperatorProblems;
use super::error::Problem;
use super::extract::Params;
use super::list::{Page, PageParams};
use crate::domain::{Job, JobState, StoryId};

/// Routes for the operator.
pub(super) fn reads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_jobs))
}

/// Which jobs.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct JobsParams {
    /// Where they stand.
    #[param(inline)]
    state: JobState,
    /// How many at most, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List jobs in a state, by story; dead ones carry their last error.
#[utoipa::path(
    get, path = "/v1/jobs", tag = "operation",
    params(JobsParams),
    responses((status = 200, description = "A page of jobs", body = Page<Job>), OperatorProblems),
)]
async fn list_jobs(
    State(state): State<AppState>,
    Params(params): Params<JobsParams>,
) -> Result<Response, Problem> {
    let page = PageParams::new(params.limit, params.cursor);
    let (limit, after) = (page.limit()?, page.after::<StoryId>()?);
    let rows = state
        .store
        .list_jobs(params.state, after.as_ref(), limit + 1)
        .await?;
    let name = match params.state {
        JobState::Queued => "queued",
        JobState::Running => "running",
        JobState::Dead => "dead",
    };
    let page = Page::cut(rows, limit, |job| job.story_id.to_string());
    Ok(page.respond(&format!("/v1/jobs?state={name}&limit={limit}")))
}
