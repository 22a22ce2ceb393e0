//! The event log. Numbers grow in the order of commits, since writes come one at a time: a stream that has seen a
//! number has seen all below it.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{FromRow, SqliteConnection};

use super::SqliteStore;
use super::rows::{from_code, from_json, from_ms, to_json, to_json_list, to_ms, to_story_id};
use crate::domain::{Event, EventKind, StoryId};
use crate::store::StoreError;

#[derive(FromRow)]
struct EventRow {
    seq: i64,
    story_id: String,
    kind: String,
    at_ms: i64,
    data: String,
}

pub(super) async fn append_event(
    store: &SqliteStore,
    story_id: &StoryId,
    kind: EventKind,
    data: &Value,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let mut transaction = store.begin_write().await?;
    let seq = append(&mut transaction, story_id, kind, data, now).await?;
    transaction.commit().await?;
    Ok(seq)
}

/// Appends an event in the transaction of what it tells about; returns its number.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    kind: EventKind,
    data: &Value,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let appended = sqlx::query("INSERT INTO events (story_id, kind, at_ms, data) VALUES ($1, $2, $3, $4)")
        .bind(story_id.as_str())
        .bind(kind.as_str())
        .bind(to_ms(now))
        .bind(to_json("events", data)?)
        .execute(connection)
        .await?;
    Ok(appended.last_insert_rowid())
}

pub(super) async fn list_events(
    store: &SqliteStore,
    story_ids: &[StoryId],
    after: i64,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let rows: Vec<EventRow> = sqlx::query_as(
        "SELECT seq, story_id, kind, at_ms, data FROM events
         WHERE story_id IN (SELECT value FROM json_each($1)) AND seq > $2 ORDER BY seq LIMIT $3",
    )
    .bind(to_json_list("events", story_ids.iter().map(StoryId::as_str))?)
    .bind(after)
    .bind(limit)
    .fetch_all(&store.readers)
    .await?;
    rows.into_iter().map(EventRow::into_event).collect()
}

pub(super) async fn last_event_seq(store: &SqliteStore) -> Result<i64, StoreError> {
    let seq = sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM events")
        .fetch_one(&store.readers)
        .await?;
    Ok(seq)
}

pub(super) async fn prune_events(store: &SqliteStore, before: Timestamp) -> Result<u64, StoreError> {
    let pruned = sqlx::query("DELETE FROM events WHERE at_ms < $1")
        .bind(to_ms(before))
        .execute(&store.writer)
        .await?;
    Ok(pruned.rows_affected())
}

impl EventRow {
    fn into_event(self) -> Result<Event, StoreError> {
        Ok(Event {
            seq: self.seq,
            story_id: to_story_id("events", self.story_id)?,
            kind: from_code("events", &self.kind)?,
            data: from_json("events", &self.data)?,
            at: from_ms("events", self.at_ms)?,
        })
    }
}
