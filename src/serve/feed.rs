//! Corrections as a feed that news readers subscribe to: [JSON Feed 1.1](https://www.jsonfeed.org/version/1.1/).

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::corrections::{CorrectionView, read_page};
use super::document::ReadProblems;
use super::error::Problem;
use super::extract::Params;
use super::list::PageParams;
use crate::domain::{AI_LABEL, CorrectionReason};

const VERSION: &str = "https://jsonfeed.org/version/1.1";
const PATH: &str = "/v1/corrections.json";

/// Public routes.
pub(super) fn reads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(find_corrections_feed))
}

/// A JSON Feed 1.1.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CorrectionsFeed)]
struct Feed {
    /// Which version of JSON Feed.
    version: &'static str,
    /// Its title.
    title: &'static str,
    /// What it is about, with the label.
    description: String,
    /// The page of corrections, where `serve.public_url` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    home_page_url: Option<String>,
    /// The feed itself, where `serve.public_url` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_url: Option<String>,
    /// Older corrections.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    /// What the feed's own words are in.
    language: &'static str,
    /// The corrections, newest first.
    items: Vec<Item>,
}

/// A correction in the feed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CorrectionsFeedItem)]
struct Item {
    /// `urn:uuid:` and the correction's id.
    id: String,
    /// Where it stands on the story's page.
    url: String,
    /// The story's headline.
    title: String,
    /// The correction in a few sentences, with the label.
    content_text: String,
    /// When the statement was withheld.
    #[schema(value_type = String, format = DateTime)]
    date_published: Timestamp,
    /// When the correction was settled, else when the statement was withheld.
    #[schema(value_type = String, format = DateTime)]
    date_modified: Timestamp,
    /// The correction as data.
    #[serde(rename = "_nutgraf")]
    correction: CorrectionView,
}

/// Corrections as JSON Feed 1.1, newest first.
#[utoipa::path(
    get, path = "/v1/corrections.json", tag = "corrections",
    params(PageParams),
    responses(
        (status = 200, description = "A feed", body = Feed, content_type = "application/feed+json"),
        ReadProblems,
    ),
)]
async fn find_corrections_feed(
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let limit = params.limit()?;
    let page = read_page(&state, None, &params, limit).await?;
    let public_url = state.settings.public_url.as_deref();
    let public_url = public_url.map(|url| url.trim_end_matches('/'));
    let base = public_url.unwrap_or_default();
    let feed = Feed {
        version: VERSION,
        title: "Corrections",
        description: format!("{AI_LABEL}: statements that were withdrawn, and what became of them."),
        home_page_url: public_url.map(|url| format!("{url}/corrections")),
        feed_url: public_url.map(|url| format!("{url}{PATH}")),
        next_url: page
            .next_cursor
            .map(|cursor| format!("{base}{PATH}?limit={limit}&cursor={cursor}")),
        language: "en",
        items: page.items.into_iter().map(|item| Item::new(base, item)).collect(),
    };
    Ok(([(CONTENT_TYPE, "application/feed+json")], Json(feed)).into_response())
}

impl Item {
    fn new(base: &str, correction: CorrectionView) -> Self {
        let headline = correction.said.headline.as_deref();
        let about = headline.unwrap_or(correction.story_id.as_str());
        Self {
            id: format!("urn:uuid:{}", correction.id),
            url: format!(
                "{base}/stories/{}#correction-{}",
                correction.story_id, correction.id
            ),
            title: format!("Correction: {about}"),
            content_text: in_sentences(&correction),
            date_published: correction.withheld_at,
            date_modified: correction.settled_at.unwrap_or(correction.withheld_at),
            correction,
        }
    }
}

fn in_sentences(correction: &CorrectionView) -> String {
    let said = &correction.said;
    let why = match correction.reason {
        CorrectionReason::SourceWithdrawn => "the articles that it rested on were withdrawn",
        CorrectionReason::SourceChanged => "the articles that it rested on no longer say so",
    };
    let outcome = match (
        correction.fixed_in,
        correction.restored_in,
        &correction.replacement,
    ) {
        (Some(version), _, Some(replacement)) => format!("Version {version} says instead: “{replacement}”"),
        (Some(version), _, None) => format!("Version {version} does without it."),
        (None, Some(version), _) => format!("It stands again in version {version}."),
        (None, None, _) => "A version without it is on its way.".to_owned(),
    };
    format!(
        "{} ({}, {}). Since {} (version {}) it said: “{}” This was withdrawn on {}, since {why}. {outcome}",
        said.label, said.model, said.prompt, said.at, said.version, correction.text, correction.withheld_at,
    )
}
