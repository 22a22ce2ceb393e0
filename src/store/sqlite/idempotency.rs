//! Idempotency keys: a POST that is sent again gets its first answer again.

use jiff::Timestamp;
use sqlx::FromRow;

use super::SqliteStore;
use super::rows::{corrupt, to_ms};
use crate::store::{Idempotency, RecordedAnswer, StoreError};

#[derive(FromRow)]
struct KeyRow {
    body_hash: String,
    taken_at_ms: i64,
    status: Option<i64>,
    location: Option<String>,
    content_type: Option<String>,
    body: Option<Vec<u8>>,
}

pub(super) async fn begin_idempotent(
    store: &SqliteStore,
    key: &str,
    scope: &str,
    body_hash: &str,
    now: Timestamp,
    stale_before: Timestamp,
) -> Result<Idempotency, StoreError> {
    let mut transaction = store.begin_write().await?;
    let row: Option<KeyRow> = sqlx::query_as(
        "SELECT body_hash, taken_at_ms, status, location, content_type, body
         FROM idempotency_keys WHERE key = $1 AND scope = $2",
    )
    .bind(key)
    .bind(scope)
    .fetch_optional(&mut *transaction)
    .await?;
    if let Some(row) = row.filter(|row| row.status.is_some() || row.taken_at_ms >= to_ms(stale_before)) {
        return row.into_state(body_hash);
    }
    sqlx::query(
        "INSERT INTO idempotency_keys (key, scope, body_hash, taken_at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key, scope) DO UPDATE SET
             body_hash = excluded.body_hash, taken_at_ms = excluded.taken_at_ms",
    )
    .bind(key)
    .bind(scope)
    .bind(body_hash)
    .bind(to_ms(now))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Idempotency::Fresh)
}

pub(super) async fn finish_idempotent(
    store: &SqliteStore,
    key: &str,
    scope: &str,
    answer: &RecordedAnswer,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE idempotency_keys SET status = $3, location = $4, content_type = $5, body = $6
         WHERE key = $1 AND scope = $2 AND status IS NULL",
    )
    .bind(key)
    .bind(scope)
    .bind(answer.status)
    .bind(&answer.location)
    .bind(&answer.content_type)
    .bind(&answer.body)
    .execute(&store.writer)
    .await?;
    Ok(())
}

pub(super) async fn abandon_idempotent(
    store: &SqliteStore,
    key: &str,
    scope: &str,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM idempotency_keys WHERE key = $1 AND scope = $2 AND status IS NULL")
        .bind(key)
        .bind(scope)
        .execute(&store.writer)
        .await?;
    Ok(())
}

pub(super) async fn prune_idempotent(store: &SqliteStore, before: Timestamp) -> Result<u64, StoreError> {
    let pruned = sqlx::query("DELETE FROM idempotency_keys WHERE taken_at_ms < $1")
        .bind(to_ms(before))
        .execute(&store.writer)
        .await?;
    Ok(pruned.rows_affected())
}

impl KeyRow {
    /// What a request with this body is told.
    fn into_state(self, body_hash: &str) -> Result<Idempotency, StoreError> {
        if self.body_hash != body_hash {
            return Ok(Idempotency::Mismatch);
        }
        let (Some(status), Some(body)) = (self.status, self.body) else {
            return Ok(Idempotency::InFlight);
        };
        let status = u16::try_from(status).map_err(|error| corrupt("idempotency_keys", &error))?;
        Ok(Idempotency::Replay(RecordedAnswer {
            status,
            location: self.location,
            content_type: self.content_type,
            body,
        }))
    }
}
