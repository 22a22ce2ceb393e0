//! The queue. Who holds a job is proved by its token; whoever lost it finds no row and changes nothing.

use jiff::Timestamp;
use serde_json::json;
use sqlx::{FromRow, SqliteConnection};

use super::rows::{corrupt, from_code, from_ms, to_code, to_json_list, to_ms, to_story_id, to_u32, to_uuid};
use super::{SqliteStore, events, stories};
use crate::domain::{EventKind, Job, JobState, Lane, StoryId};
use crate::store::{Claim, Selector, StoreError};

#[derive(FromRow)]
struct JobRow {
    story_id: String,
    purpose: String,
    lane: i64,
    state: String,
    run_after_ms: i64,
    attempts: i64,
    dirty: bool,
    last_error: Option<String>,
    enqueued_at_ms: i64,
}

#[derive(FromRow)]
struct ClaimRow {
    #[sqlx(flatten)]
    job: JobRow,
    token: String,
}

pub(super) async fn enqueue(
    store: &SqliteStore,
    selector: &Selector,
    lane: Lane,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut transaction = store.begin_write().await?;
    let selected = stories::read_selected(&mut transaction, selector).await?;
    // `WHERE true`: without it SQLite takes `ON CONFLICT` for the condition of a join.
    let mut enqueued: Vec<String> = sqlx::query_scalar(
        "INSERT INTO jobs (story_id, purpose, lane, state, run_after_ms, attempts, dirty, enqueued_at_ms)
         SELECT value, 'live', $2, 'queued', $3, 0, 0, $3 FROM json_each($1) WHERE true
         ON CONFLICT (story_id, purpose) DO UPDATE SET
             lane = excluded.lane, state = 'queued', run_after_ms = excluded.run_after_ms, attempts = 0,
             dirty = 0, last_error = NULL, enqueued_at_ms = excluded.enqueued_at_ms
         WHERE jobs.state = 'dead'
         RETURNING story_id",
    )
    .bind(to_json_list("jobs", selected.iter().map(String::as_str))?)
    .bind(lane_number(lane))
    .bind(to_ms(now))
    .fetch_all(&mut *transaction)
    .await?;
    enqueued.sort_unstable();
    let data = json!({ "lane": lane });
    for story_id in &enqueued {
        let story_id = to_story_id("jobs", story_id.clone())?;
        events::append(&mut transaction, &story_id, EventKind::Queued, &data, now).await?;
    }
    transaction.commit().await?;
    Ok(enqueued.len() as u64)
}

/// The job that a change causes, and its event.
pub(super) async fn enqueue_changed(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    now: Timestamp,
    run_after: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO jobs (story_id, purpose, lane, state, run_after_ms, attempts, dirty, enqueued_at_ms)
         VALUES ($1, 'live', $2, 'queued', $3, 0, 0, $4)
         ON CONFLICT (story_id, purpose) DO UPDATE SET
             lane = min(lane, excluded.lane),
             state = CASE state WHEN 'dead' THEN 'queued' ELSE state END,
             run_after_ms = CASE state
                 WHEN 'queued' THEN min(run_after_ms, excluded.run_after_ms)
                 WHEN 'dead' THEN excluded.run_after_ms
                 ELSE run_after_ms END,
             attempts = CASE state WHEN 'dead' THEN 0 ELSE attempts END,
             dirty = state = 'running',
             last_error = CASE state WHEN 'dead' THEN NULL ELSE last_error END,
             enqueued_at_ms = CASE state WHEN 'dead' THEN excluded.enqueued_at_ms ELSE enqueued_at_ms END",
    )
    .bind(story_id.as_str())
    .bind(lane_number(Lane::Reader))
    .bind(to_ms(run_after))
    .bind(to_ms(now))
    .execute(&mut *connection)
    .await?;
    let data = json!({ "lane": Lane::Reader });
    events::append(connection, story_id, EventKind::Queued, &data, now).await?;
    Ok(())
}

pub(super) async fn claim_job(
    store: &SqliteStore,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<Claim>, StoreError> {
    let mut transaction = store.begin_write().await?;
    // A running job was due when it was claimed, so `run_after_ms` bounds both kinds and the index ends the search.
    let row: Option<ClaimRow> = sqlx::query_as(
        "UPDATE jobs SET state = 'running', dirty = 0, attempts = attempts + 1, lease_until_ms = $2,
                         token = lower(hex(randomblob(16)))
         WHERE (story_id, purpose) = (
             SELECT story_id, purpose FROM jobs
             WHERE lane IN (0, 1) AND run_after_ms <= $1
               AND (state = 'queued' OR (state = 'running' AND lease_until_ms <= $1))
             ORDER BY lane, run_after_ms, story_id LIMIT 1)
         RETURNING story_id, purpose, lane, state, run_after_ms, attempts, dirty, last_error, enqueued_at_ms,
                   token",
    )
    .bind(to_ms(now))
    .bind(to_ms(lease_until))
    .fetch_optional(&mut *transaction)
    .await?;
    transaction.commit().await?;
    let Some(row) = row else { return Ok(None) };
    let token = to_uuid("jobs", &row.token)?;
    let job = row.job.into_job()?;
    Ok(Some(Claim { job, token }))
}

pub(super) async fn heartbeat(
    store: &SqliteStore,
    claim: &Claim,
    lease_until: Timestamp,
) -> Result<bool, StoreError> {
    let prolonged = sqlx::query(
        "UPDATE jobs SET lease_until_ms = $3 WHERE story_id = $1 AND purpose = 'live' AND token = $2",
    )
    .bind(claim.job.story_id.as_str())
    .bind(token_text(claim))
    .bind(to_ms(lease_until))
    .execute(&store.writer)
    .await?;
    Ok(prolonged.rows_affected() > 0)
}

pub(super) async fn fail_job(
    store: &SqliteStore,
    claim: &Claim,
    error: &str,
    retry_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    // A dirty job does not die: the change that came while it ran would have revived it a moment later.
    sqlx::query(
        "UPDATE jobs SET
             state = CASE WHEN $4 IS NULL AND NOT dirty THEN 'dead' ELSE 'queued' END,
             attempts = CASE WHEN $4 IS NULL AND dirty THEN 0 ELSE attempts END,
             run_after_ms = coalesce($4, run_after_ms),
             dirty = 0, last_error = $3, token = NULL, lease_until_ms = NULL
         WHERE story_id = $1 AND purpose = 'live' AND token = $2",
    )
    .bind(claim.job.story_id.as_str())
    .bind(token_text(claim))
    .bind(error)
    .bind(retry_at.map(to_ms))
    .execute(&store.writer)
    .await?;
    Ok(())
}

pub(super) async fn release_job(
    store: &SqliteStore,
    claim: &Claim,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Due at once, and where it was due before, at its old place in the queue.
    sqlx::query(
        "UPDATE jobs SET state = 'queued', attempts = max(attempts - 1, 0), dirty = 0,
                         run_after_ms = min(run_after_ms, $3), token = NULL, lease_until_ms = NULL
         WHERE story_id = $1 AND purpose = 'live' AND token = $2",
    )
    .bind(claim.job.story_id.as_str())
    .bind(token_text(claim))
    .bind(to_ms(now))
    .execute(&store.writer)
    .await?;
    Ok(())
}

pub(super) async fn next_due(store: &SqliteStore) -> Result<Option<Timestamp>, StoreError> {
    let due_ms: Option<i64> = sqlx::query_scalar(
        "SELECT min(due_ms) FROM (
             SELECT min(run_after_ms) AS due_ms FROM jobs WHERE state = 'queued'
             UNION ALL
             SELECT min(lease_until_ms) FROM jobs WHERE state = 'running')",
    )
    .fetch_one(&store.readers)
    .await?;
    due_ms.map(|ms| from_ms("jobs", ms)).transpose()
}

pub(super) async fn list_jobs(
    store: &SqliteStore,
    state: JobState,
    after: Option<&StoryId>,
    limit: u32,
) -> Result<Vec<Job>, StoreError> {
    let rows: Vec<JobRow> = sqlx::query_as(
        "SELECT story_id, purpose, lane, state, run_after_ms, attempts, dirty, last_error, enqueued_at_ms
         FROM jobs WHERE state = $1 AND story_id > $2 ORDER BY story_id, purpose LIMIT $3",
    )
    .bind(to_code("jobs", &state)?)
    .bind(after.map_or("", StoryId::as_str))
    .bind(limit)
    .fetch_all(&store.readers)
    .await?;
    rows.into_iter().map(JobRow::into_job).collect()
}

pub(super) async fn find_job(store: &SqliteStore, story_id: &StoryId) -> Result<Option<Job>, StoreError> {
    let mut connection = store.readers.acquire().await?;
    read_job(&mut connection, story_id).await
}

/// A story's live job, through a connection that may be inside a transaction.
pub(super) async fn read_job(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
) -> Result<Option<Job>, StoreError> {
    let row: Option<JobRow> = sqlx::query_as(
        "SELECT story_id, purpose, lane, state, run_after_ms, attempts, dirty, last_error, enqueued_at_ms
         FROM jobs WHERE story_id = $1 AND purpose = 'live'",
    )
    .bind(story_id.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(JobRow::into_job).transpose()
}

/// Whether the claimed job is dirty; `None` when somebody else holds it.
pub(super) async fn read_held(
    connection: &mut SqliteConnection,
    claim: &Claim,
) -> Result<Option<bool>, StoreError> {
    let dirty =
        sqlx::query_scalar("SELECT dirty FROM jobs WHERE story_id = $1 AND purpose = 'live' AND token = $2")
            .bind(claim.job.story_id.as_str())
            .bind(token_text(claim))
            .fetch_optional(connection)
            .await?;
    Ok(dirty)
}

/// Ends a job.
pub(super) async fn remove(connection: &mut SqliteConnection, claim: &Claim) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM jobs WHERE story_id = $1 AND purpose = 'live' AND token = $2")
        .bind(claim.job.story_id.as_str())
        .bind(token_text(claim))
        .execute(connection)
        .await?;
    Ok(())
}

/// Starts a finished job anew, since its story changed meanwhile.
pub(super) async fn requeue(
    connection: &mut SqliteConnection,
    claim: &Claim,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE jobs SET state = 'queued', run_after_ms = $3, enqueued_at_ms = $3, attempts = 0, dirty = 0,
                         last_error = NULL, token = NULL, lease_until_ms = NULL
         WHERE story_id = $1 AND purpose = 'live' AND token = $2",
    )
    .bind(claim.job.story_id.as_str())
    .bind(token_text(claim))
    .bind(to_ms(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// As `hex(randomblob(16))` writes it.
fn token_text(claim: &Claim) -> String {
    claim.token.simple().to_string()
}

fn lane_number(lane: Lane) -> i64 {
    match lane {
        Lane::Reader => 0,
        Lane::Batch => 1,
    }
}

impl JobRow {
    fn into_job(self) -> Result<Job, StoreError> {
        const TABLE: &str = "jobs";
        let lane = match self.lane {
            0 => Lane::Reader,
            1 => Lane::Batch,
            other => return Err(corrupt(TABLE, &format!("{other} is no lane"))),
        };
        Ok(Job {
            story_id: to_story_id(TABLE, self.story_id)?,
            purpose: from_code(TABLE, &self.purpose)?,
            lane,
            state: from_code(TABLE, &self.state)?,
            run_after: from_ms(TABLE, self.run_after_ms)?,
            attempts: to_u32(TABLE, self.attempts)?,
            dirty: self.dirty,
            last_error: self.last_error,
            enqueued_at: from_ms(TABLE, self.enqueued_at_ms)?,
        })
    }
}
