//! What readers find wrong: take a report, and tell what became of it. What was written in it is not told again.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::document::{ReadProblems, ReportProblems};
use super::error::{Kind, Problem};
use super::extract::{Ids, JsonBody};
use super::guard::peer;
use super::stories::unknown_story;
use super::{AppState, Settings};
use crate::clock;
use crate::domain::{Bullet, Feedback, FeedbackInput, FeedbackStatus, ReasonCode, StoryId};

/// Public routes that only read.
pub(super) fn reads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(find_feedback))
}

/// The public route that takes reports.
pub(super) fn reports() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create_feedback))
}

/// Where a report stands.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackView {
    /// Its id.
    id: Uuid,
    /// The story it is about.
    story_id: StoryId,
    /// The version it is about.
    version: u32,
    /// The bullet it is about; null when it is about the whole summary.
    bullet_id: Option<Uuid>,
    /// What is wrong.
    reason: ReasonCode,
    /// Where it stands.
    status: FeedbackStatus,
    /// What readers are told about the outcome.
    public_note: Option<String>,
    /// The version in which it was put right.
    fixed_in: Option<u32>,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Report what is wrong with a summary.
///
/// `Location` is where its status can be followed.
#[utoipa::path(
    post, path = "/v1/stories/{story_id}/feedback", tag = "feedback",
    params(
        ("story_id" = String, Path, description = "The story"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body get the first answer again"),
    ),
    request_body = FeedbackInput,
    responses((status = 201, description = "It was stored", body = FeedbackView), ReportProblems),
)]
async fn create_feedback(
    State(state): State<AppState>,
    Ids(story_id): Ids<StoryId>,
    JsonBody(input): JsonBody<FeedbackInput>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<FeedbackView>), Problem> {
    if state.store.find_story(&story_id).await?.is_none() {
        return Err(unknown_story(&story_id));
    }
    input.validate().map_err(Problem::invalid)?;
    check_target(&state, &story_id, &input).await?;
    let now = state.clock.now();
    let feedback = Feedback {
        id: clock::new_id(state.clock.as_ref()),
        story_id,
        input,
        status: FeedbackStatus::Received,
        public_note: None,
        fixed_in: None,
        created_at: now,
        updated_at: now,
    };
    state.store.create_feedback(&feedback).await?;
    let location = [(LOCATION, format!("/v1/feedback/{}", feedback.id))];
    Ok((StatusCode::CREATED, location, Json(view(feedback))))
}

/// What became of a report.
#[utoipa::path(
    get, path = "/v1/feedback/{id}", tag = "feedback",
    params(("id" = Uuid, Path, description = "The report")),
    responses((status = 200, description = "Where it stands", body = FeedbackView), ReadProblems),
)]
async fn find_feedback(
    State(state): State<AppState>,
    Ids(id): Ids<Uuid>,
) -> Result<Json<FeedbackView>, Problem> {
    match state.store.find_feedback(id).await? {
        Some(feedback) => Ok(Json(view(feedback))),
        None => Err(Problem::not_found(&format!("report `{id}`"))),
    }
}

/// The version and the bullet have to be ones that were published, and the quoted span has to lie in the bullet.
async fn check_target(state: &AppState, story_id: &StoryId, input: &FeedbackInput) -> Result<(), Problem> {
    let Some(summary) = state.store.find_version(story_id, input.version).await? else {
        let detail = format!("story `{story_id}` never had version {}", input.version);
        return Err(Problem::invalid_field("/version", detail));
    };
    let Some(bullet_id) = input.bullet_id else {
        return Ok(());
    };
    let Some(bullet) = summary.statements().find(|bullet| bullet.id == bullet_id) else {
        let detail = format!("version {} has no bullet `{bullet_id}`", input.version);
        return Err(Problem::invalid_field("/bullet_id", detail));
    };
    match input.quoted {
        Some(quoted) if quoted.end > count_chars(bullet) => {
            let detail = format!("the bullet has {} code points", count_chars(bullet));
            Err(Problem::invalid_field("/quoted/end", detail))
        }
        _ => Ok(()),
    }
}

fn count_chars(bullet: &Bullet) -> u32 {
    u32::try_from(bullet.text.chars().count()).unwrap_or(u32::MAX)
}

fn view(feedback: Feedback) -> FeedbackView {
    FeedbackView {
        id: feedback.id,
        story_id: feedback.story_id,
        version: feedback.input.version,
        bullet_id: feedback.input.bullet_id,
        reason: feedback.input.reason,
        status: feedback.status,
        public_note: feedback.public_note,
        fixed_in: feedback.fixed_in,
        created_at: feedback.created_at,
        updated_at: feedback.updated_at,
    }
}

/// Counts reports by address; an IPv6 subscriber has a whole /64, so that counts as one.
#[derive(Debug, Clone, Copy)]
struct Subscriber;

impl KeyExtractor for Subscriber {
    type Key = IpAddr;

    fn extract<T>(&self, request: &axum::http::Request<T>) -> Result<IpAddr, GovernorError> {
        match peer(request).ok_or(GovernorError::UnableToExtractKey)? {
            IpAddr::V6(ip) => Ok(IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64))),
            ip => Ok(ip),
        }
    }
}

/// Limits how many reports come from one address.
pub(super) fn limit(reports: OpenApiRouter<AppState>, settings: &Settings) -> OpenApiRouter<AppState> {
    /// Addresses that have been quiet are forgotten after so many reports.
    const FORGET_EVERY: u32 = 1_024;
    let config = GovernorConfigBuilder::default()
        .key_extractor(Subscriber)
        .period(Duration::from_millis(settings.feedback_refill_ms.max(1)))
        .burst_size(settings.feedback_burst.max(1))
        .finish();
    let Some(config) = config.map(Arc::new) else {
        // Only a period or burst of zero makes no limit, and both are at least one here.
        return reports;
    };
    let limiter = Arc::clone(config.limiter());
    let seen = Arc::new(AtomicU32::new(0));
    let forget_quiet = move |request: Request, next: Next| {
        if seen.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            limiter.retain_recent();
        }
        next.run(request)
    };
    reports
        .route_layer(GovernorLayer::new(config).error_handler(too_many))
        .route_layer(axum::middleware::from_fn(forget_quiet))
}

fn too_many(error: GovernorError) -> Response<Body> {
    match error {
        GovernorError::TooManyRequests { wait_time, .. } => {
            let problem = Problem::new(Kind::TooManyRequests, "this address sent too many reports");
            // The limiter rounds down.
            problem
                .with_retry_after(wait_time.saturating_add(1))
                .into_response()
        }
        other => Problem::internal(&other).into_response(),
    }
}
