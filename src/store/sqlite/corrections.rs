//! Corrections. They are opened and settled in the transactions of `withheld.rs`; this file has their rows.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::json;
use sqlx::{FromRow, SqliteConnection};
use uuid::Uuid;

use super::rows::{corrupt, from_code, from_ms, to_code, to_ms, to_story_id, to_u32, to_uuid};
use super::{SqliteStore, events};
use crate::clock;
use crate::domain::{
    Bullet, Correction, CorrectionOutcome, CorrectionReason, EventKind, Said, StoryId, Summary,
};
use crate::store::StoreError;

const TABLE: &str = "corrections";

/// Above every UUID in hexadecimal.
const NEWEST: &str = "g";

#[derive(FromRow)]
struct CorrectionRow {
    id: String,
    story_id: String,
    bullet_id: String,
    text: String,
    reason: String,
    said_in: i64,
    said_at_ms: i64,
    headline: Option<String>,
    label: String,
    model: String,
    prompt: String,
    withheld_at_ms: i64,
    fixed_in: Option<i64>,
    restored_in: Option<i64>,
    settled_at_ms: Option<i64>,
    replacement: Option<String>,
}

pub(super) async fn list_corrections(
    store: &SqliteStore,
    story_id: Option<&StoryId>,
    before: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Correction>, StoreError> {
    let before = before.map_or(NEWEST.to_owned(), |id| id.to_string());
    let query = match story_id {
        None => sqlx::query_as(
            "SELECT c.id, c.story_id, c.bullet_id, c.text, c.reason, c.said_in, v.made_at_ms AS said_at_ms,
                    v.headline, v.label, v.model, v.prompt, c.withheld_at_ms, c.fixed_in, c.restored_in,
                    c.settled_at_ms, c.replacement
             FROM corrections c
             JOIN summary_versions v ON v.story_id = c.story_id AND v.version = c.said_in
             WHERE c.id < $1 ORDER BY c.id DESC LIMIT $2",
        )
        .bind(before)
        .bind(limit),
        Some(story_id) => sqlx::query_as(
            "SELECT c.id, c.story_id, c.bullet_id, c.text, c.reason, c.said_in, v.made_at_ms AS said_at_ms,
                    v.headline, v.label, v.model, v.prompt, c.withheld_at_ms, c.fixed_in, c.restored_in,
                    c.settled_at_ms, c.replacement
             FROM corrections c
             JOIN summary_versions v ON v.story_id = c.story_id AND v.version = c.said_in
             WHERE c.story_id = $3 AND c.id < $1 ORDER BY c.id DESC LIMIT $2",
        )
        .bind(before)
        .bind(limit)
        .bind(story_id.as_str()),
    };
    let rows: Vec<CorrectionRow> = query.fetch_all(&store.readers).await?;
    rows.into_iter().map(CorrectionRow::into_correction).collect()
}

/// Opens the correction of a bullet that is being withheld.
pub(super) async fn open(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    bullet: &Bullet,
    reason: CorrectionReason,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Said first where the bullet first had this text: an id may outlive its wording.
    sqlx::query(
        "INSERT INTO corrections (id, story_id, bullet_id, text, reason, said_in, withheld_at_ms)
         SELECT $1, $2, $3, $4, $5, min(version), $6 FROM bullets
         WHERE story_id = $2 AND id = $3 AND text = $4",
    )
    .bind(clock::new_id_at(now).to_string())
    .bind(story_id.as_str())
    .bind(bullet.id.to_string())
    .bind(&bullet.text)
    .bind(to_code(TABLE, &reason)?)
    .bind(to_ms(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Settles the story's open corrections that this version ends; a `corrected` event each.
pub(super) async fn settle(
    connection: &mut SqliteConnection,
    version: &Summary,
    withheld: &HashSet<Uuid>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for correction in read_open(connection, &version.story_id).await? {
        let outcome = correction.outcome_in(version, withheld, now);
        let status = outcome.status();
        let (fixed_in, restored_in, replacement) = match outcome {
            CorrectionOutcome::Open => continue,
            CorrectionOutcome::Fixed {
                version, replacement, ..
            } => (Some(version), None, replacement),
            CorrectionOutcome::Restored { version, .. } => (None, Some(version), None),
        };
        sqlx::query(
            "UPDATE corrections SET fixed_in = $2, restored_in = $3, settled_at_ms = $4, replacement = $5
             WHERE id = $1",
        )
        .bind(correction.id.to_string())
        .bind(fixed_in)
        .bind(restored_in)
        .bind(to_ms(now))
        .bind(replacement)
        .execute(&mut *connection)
        .await?;
        let data = json!({
            "version": version.version,
            "bullet_id": correction.bullet_id,
            "correction_id": correction.id,
            "status": status,
        });
        events::append(connection, &version.story_id, EventKind::Corrected, &data, now).await?;
    }
    Ok(())
}

/// The story's open corrections, oldest first.
async fn read_open(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
) -> Result<Vec<Correction>, StoreError> {
    let rows: Vec<CorrectionRow> = sqlx::query_as(
        "SELECT c.id, c.story_id, c.bullet_id, c.text, c.reason, c.said_in, v.made_at_ms AS said_at_ms,
                v.headline, v.label, v.model, v.prompt, c.withheld_at_ms, c.fixed_in, c.restored_in,
                c.settled_at_ms, c.replacement
         FROM corrections c JOIN summary_versions v ON v.story_id = c.story_id AND v.version = c.said_in
         WHERE c.story_id = $1 AND c.settled_at_ms IS NULL ORDER BY c.id",
    )
    .bind(story_id.as_str())
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(CorrectionRow::into_correction).collect()
}

impl CorrectionRow {
    fn into_correction(self) -> Result<Correction, StoreError> {
        let outcome = match (self.fixed_in, self.restored_in, self.settled_at_ms) {
            (None, None, None) => CorrectionOutcome::Open,
            (Some(version), None, Some(at_ms)) => CorrectionOutcome::Fixed {
                version: to_u32(TABLE, version)?,
                at: from_ms(TABLE, at_ms)?,
                replacement: self.replacement,
            },
            (None, Some(version), Some(at_ms)) => CorrectionOutcome::Restored {
                version: to_u32(TABLE, version)?,
                at: from_ms(TABLE, at_ms)?,
            },
            _ => return Err(corrupt(TABLE, &format!("`{}` is settled by halves", self.id))),
        };
        Ok(Correction {
            id: to_uuid(TABLE, &self.id)?,
            story_id: to_story_id(TABLE, self.story_id)?,
            bullet_id: to_uuid(TABLE, &self.bullet_id)?,
            text: self.text,
            reason: from_code(TABLE, &self.reason)?,
            said: Said {
                version: to_u32(TABLE, self.said_in)?,
                at: from_ms(TABLE, self.said_at_ms)?,
                headline: self.headline,
                label: self.label,
                model: self.model,
                prompt: self.prompt,
            },
            withheld_at: from_ms(TABLE, self.withheld_at_ms)?,
            outcome,
        })
    }
}
