//! Corrections, of all stories and of one: what was said, since when, and in which version it was put right. The same
//! as a feed stands in `feed.rs`; when a correction is written is left to the store.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::AppState;
use super::document::ReadProblems;
use super::error::Problem;
use super::extract::{Ids, Params};
use super::list::{Page, PageParams};
use super::stories::unknown_story;
use crate::domain::{Correction, CorrectionOutcome, CorrectionReason, CorrectionStatus, Said, StoryId};

/// Public routes.
pub(super) fn reads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_corrections))
        .routes(routes!(list_story_corrections))
}

/// A statement that was withheld because it no longer stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Correction)]
pub(super) struct CorrectionView {
    /// Its id.
    pub(super) id: Uuid,
    /// The story.
    pub(super) story_id: StoryId,
    /// The statement.
    pub(super) bullet_id: Uuid,
    /// Where the correction stands.
    pub(super) status: CorrectionStatus,
    /// Why the statement no longer stands.
    pub(super) reason: CorrectionReason,
    /// What it said.
    pub(super) text: String,
    /// Where it was said first.
    pub(super) said: SaidView,
    /// When it was withheld.
    #[schema(value_type = String, format = DateTime)]
    pub(super) withheld_at: Timestamp,
    /// The first version that does without it; null while there is none.
    pub(super) fixed_in: Option<u32>,
    /// What that version says instead, where it says something instead.
    pub(super) replacement: Option<String>,
    /// The version that says it again, since what it rests on came back.
    pub(super) restored_in: Option<u32>,
    /// When it was fixed or restored.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) settled_at: Option<Timestamp>,
    /// Where the version that fixed or restored it is.
    pub(super) version_url: Option<String>,
}

/// The version that said something first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Said)]
pub(super) struct SaidView {
    /// Its number.
    pub(super) version: u32,
    /// When it was made: since then it was said.
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: Timestamp,
    /// Its headline.
    pub(super) headline: Option<String>,
    /// What to show readers.
    pub(super) label: String,
    /// The model that wrote it.
    pub(super) model: String,
    /// Name and version of the prompt.
    pub(super) prompt: String,
    /// Where it is.
    pub(super) url: String,
}

/// List the corrections of all stories, newest first.
#[utoipa::path(
    get, path = "/v1/corrections", tag = "corrections",
    params(PageParams),
    responses((status = 200, description = "A page of corrections", body = Page<CorrectionView>), ReadProblems),
)]
async fn list_corrections(
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let limit = params.limit()?;
    let page = read_page(&state, None, &params, limit).await?;
    Ok(page.respond(&format!("/v1/corrections?limit={limit}")))
}

/// List the corrections of a story, newest first.
#[utoipa::path(
    get, path = "/v1/stories/{story_id}/corrections", tag = "corrections",
    params(("story_id" = String, Path, description = "The story"), PageParams),
    responses((status = 200, description = "A page of corrections", body = Page<CorrectionView>), ReadProblems),
)]
async fn list_story_corrections(
    State(state): State<AppState>,
    Ids(story_id): Ids<StoryId>,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let limit = params.limit()?;
    if state.store.find_story(&story_id).await?.is_none() {
        return Err(unknown_story(&story_id));
    }
    let page = read_page(&state, Some(&story_id), &params, limit).await?;
    Ok(page.respond(&format!("/v1/stories/{story_id}/corrections?limit={limit}")))
}

/// The page of corrections that the parameters ask for, of a story or of all.
pub(super) async fn read_page(
    state: &AppState,
    story_id: Option<&StoryId>,
    params: &PageParams,
    limit: u32,
) -> Result<Page<CorrectionView>, Problem> {
    let before = params.after::<Uuid>()?;
    let rows = state.store.list_corrections(story_id, before, limit + 1).await?;
    let page = Page::cut(rows, limit, |row| row.id.to_string());
    Ok(page.map(CorrectionView::from))
}

impl From<Correction> for CorrectionView {
    fn from(correction: Correction) -> Self {
        let status = correction.outcome.status();
        let (fixed_in, restored_in, settled_at, replacement) = match correction.outcome {
            CorrectionOutcome::Open => (None, None, None, None),
            CorrectionOutcome::Fixed {
                version,
                at,
                replacement,
            } => (Some(version), None, Some(at), replacement),
            CorrectionOutcome::Restored { version, at } => (None, Some(version), Some(at), None),
        };
        let settled_in = fixed_in.or(restored_in);
        Self {
            id: correction.id,
            bullet_id: correction.bullet_id,
            status,
            reason: correction.reason,
            text: correction.text,
            said: SaidView::new(&correction.story_id, correction.said),
            withheld_at: correction.withheld_at,
            fixed_in,
            replacement,
            restored_in,
            settled_at,
            version_url: settled_in.map(|version| version_url(&correction.story_id, version)),
            story_id: correction.story_id,
        }
    }
}

impl SaidView {
    fn new(story_id: &StoryId, said: Said) -> Self {
        Self {
            version: said.version,
            at: said.at,
            headline: said.headline,
            label: said.label,
            model: said.model,
            prompt: said.prompt,
            url: version_url(story_id, said.version),
        }
    }
}

fn version_url(story_id: &StoryId, version: u32) -> String {
    format!("/v1/stories/{story_id}/summary/versions/{version}")
}
