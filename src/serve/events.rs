//! What happens to stories, as server-sent events (WHATWG HTML §9.2), read from the store: a stream misses nothing
//! that is stored, and resumes after `Last-Event-ID`.
//!
//! Streams look at the store whenever [`Signals`](crate::store::Signals) says that something happened.
//! [`watch_other_processes`] makes it say so for what other processes write.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::document::ReadProblems;
use super::error::{Kind, Problem};
use super::extract::{Ids, Params, story_ids};
use super::stories::unknown_story;
use crate::domain::{Event, StoryId};
use crate::store::StoreError;

const KEEP_ALIVE: Duration = Duration::from_secs(15);
const RECONNECT_AFTER: Duration = Duration::from_secs(2);
const POLL_EVERY: Duration = Duration::from_secs(1);
const EVENTS_PER_READ: u32 = 100;
const BUSY_RETRY_S: u64 = 10;

/// Public routes that never end by themselves.
pub(super) fn streams() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(stream_story_events))
        .routes(routes!(stream_events))
}

/// How many more streams may be opened.
#[derive(Clone)]
pub(super) struct Places(Arc<Semaphore>);

impl Places {
    pub(super) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))))
    }
}

/// Which stories.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct EventsParams {
    /// Up to 50 story ids with commas between them; they need not be there yet.
    story_id: String,
}

/// What happens to a story.
///
/// Server-sent events `queued`, `bullet`, `summary`, `withheld`, `corrected`, each with `story_id` and `at` in its
/// data. With `Last-Event-ID` the stream starts after that event, without it with what happens from now on.
#[utoipa::path(
    get, path = "/v1/stories/{story_id}/events", tag = "summaries",
    params(
        ("story_id" = String, Path, description = "The story"),
        ("Last-Event-ID" = Option<i64>, Header, description = "Resume after this event"),
    ),
    responses((status = 200, description = "A stream", body = String, content_type = "text/event-stream"), ReadProblems),
)]
async fn stream_story_events(
    State(state): State<AppState>,
    Extension(places): Extension<Places>,
    Ids(story_id): Ids<StoryId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if state.store.find_story(&story_id).await?.is_none() {
        return Err(unknown_story(&story_id));
    }
    open(state, places, vec![story_id], &headers).await
}

/// What happens to up to 50 stories, on one connection.
#[utoipa::path(
    get, path = "/v1/events", tag = "summaries",
    params(
        EventsParams,
        ("Last-Event-ID" = Option<i64>, Header, description = "Resume after this event"),
    ),
    responses((status = 200, description = "A stream", body = String, content_type = "text/event-stream"), ReadProblems),
)]
async fn stream_events(
    State(state): State<AppState>,
    Extension(places): Extension<Places>,
    Params(params): Params<EventsParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let story_ids = story_ids(&params.story_id)?;
    open(state, places, story_ids, &headers).await
}

/// Tells this process's streams, until shutdown, of events that other processes append.
pub(super) async fn watch_other_processes(state: AppState) {
    let mut last = None;
    loop {
        match state.store.last_event_seq().await {
            Ok(seq) if last != Some(seq) => {
                last = Some(seq);
                state.signals.notify_events();
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "could not look for events"),
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_EVERY) => {}
            () = state.shutdown.cancelled() => return,
        }
    }
}

/// Where a stream stands.
struct Reader {
    state: AppState,
    story_ids: Vec<StoryId>,
    /// The number of the last event that was read.
    after: i64,
    /// Read and not sent yet.
    unsent: VecDeque<Event>,
    changes: watch::Receiver<u64>,
    /// Given back when the stream ends.
    _place: OwnedSemaphorePermit,
}

async fn open(
    state: AppState,
    places: Places,
    story_ids: Vec<StoryId>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let Ok(place) = places.0.try_acquire_owned() else {
        return Err(Problem::bare(Kind::TooManyStreams).with_retry_after(BUSY_RETRY_S));
    };
    // Subscribed first: what happens between this and the first look is not missed.
    let changes = state.signals.subscribe_events();
    let newest = state.store.last_event_seq().await?;
    let after = match last_event_id(headers)? {
        // A number that was never given (another database) would wait for ever.
        Some(id) => id.min(newest),
        None => newest,
    };
    let reader = Reader {
        state,
        story_ids,
        after,
        unsent: VecDeque::new(),
        changes,
        _place: place,
    };
    // An event of an id alone is not shown to the page, but is where it resumes.
    let hello = sse::Event::default()
        .id(after.to_string())
        .retry(RECONNECT_AFTER)
        .comment("open");
    let stream = stream::iter([Ok::<_, Infallible>(hello)]);
    let stream = futures_util::StreamExt::chain(stream, events(reader));
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let headers = [("cache-control", "no-store"), ("x-accel-buffering", "no")];
    Ok((headers, Sse::new(stream).keep_alive(keep_alive)).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(None);
    };
    match value.to_str().ok().and_then(|id| id.trim().parse::<i64>().ok()) {
        Some(id) if id >= 0 => Ok(Some(id)),
        _ => Err(Problem::malformed(
            "`Last-Event-ID` is none that this stream gave",
        )),
    }
}

fn events(reader: Reader) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    stream::unfold(reader, |mut reader| async move {
        match reader.next().await {
            Ok(Some(event)) => Some((Ok(sse_event(&event)), reader)),
            Ok(None) => None,
            Err(error) => {
                // The client connects again and resumes.
                tracing::warn!(%error, "event stream ends");
                None
            }
        }
    })
}

impl Reader {
    /// The next event; `None` at shutdown.
    async fn next(&mut self) -> Result<Option<Event>, StoreError> {
        loop {
            if let Some(event) = self.unsent.pop_front() {
                return Ok(Some(event));
            }
            if self.state.shutdown.is_cancelled() {
                return Ok(None);
            }
            self.changes.mark_unchanged();
            let listed = self
                .state
                .store
                .list_events(&self.story_ids, self.after, EVENTS_PER_READ);
            self.unsent = listed.await?.into();
            if let Some(last) = self.unsent.back() {
                self.after = last.seq;
                continue;
            }
            tokio::select! {
                changed = self.changes.changed() => {
                    if changed.is_err() {
                        return Ok(None);
                    }
                }
                () = self.state.shutdown.cancelled() => return Ok(None),
            }
        }
    }
}

fn sse_event(event: &Event) -> sse::Event {
    let mut data = match &event.data {
        Value::Object(fields) => fields.clone(),
        Value::Null => serde_json::Map::new(),
        other => serde_json::Map::from_iter([("data".to_owned(), other.clone())]),
    };
    data.insert("story_id".to_owned(), json!(event.story_id));
    data.insert("at".to_owned(), json!(event.at));
    // JSON has no line breaks of its own: one `data` line.
    sse::Event::default()
        .id(event.seq.to_string())
        .event(event.kind.as_str())
        .data(Value::Object(data).to_string())
}
