//! Tombstones beside the versions: withholding the bullets of the current version that lost their ground, and lifting
//! that again, each with what becomes of their corrections.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::json;
use sqlx::{FromRow, SqliteConnection};

use super::rows::{from_ms, to_article_id, to_code, to_json_list, to_ms, to_uuid};
use super::{SqliteStore, corrections, events, versions};
use crate::domain::{
    ArticleId, Bullet, ComparableText, CorrectionReason, EventKind, StoryId, Summary, lost_ground,
};
use crate::store::{StoreError, Withheld};

const TABLE: &str = "withheld_bullets";

#[derive(FromRow)]
struct WithheldRow {
    bullet_id: String,
    reason: String,
    at_ms: i64,
    correction_id: Option<String>,
}

pub(super) async fn list_withheld(
    store: &SqliteStore,
    story_id: &StoryId,
    version: u32,
) -> Result<Vec<Withheld>, StoreError> {
    let mut connection = store.readers.acquire().await?;
    read(&mut connection, story_id, version).await
}

/// What is withheld of a version, in reading order.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    version: u32,
) -> Result<Vec<Withheld>, StoreError> {
    let rows: Vec<WithheldRow> = sqlx::query_as(
        "SELECT w.bullet_id, w.reason, w.at_ms,
                (SELECT max(c.id) FROM corrections c
                 WHERE c.story_id = w.story_id AND c.bullet_id = w.bullet_id) AS correction_id
         FROM bullets b JOIN withheld_bullets w ON w.story_id = b.story_id AND w.bullet_id = b.id
         WHERE b.story_id = $1 AND b.version = $2 ORDER BY b.position",
    )
    .bind(story_id.as_str())
    .bind(version)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(WithheldRow::into_withheld).collect()
}

/// Withholds the statements of the current version that [lost their ground](lost_ground): a tombstone, an open
/// correction and a `withheld` event each. Those that are withheld already stay as they are.
pub(super) async fn withhold_unsupported(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(current) = versions::read(connection, story_id, versions::NEWEST, 1)
        .await?
        .pop()
    else {
        return Ok(());
    };
    let texts = read_cited_texts(connection, &current).await?;
    for statement in current.statements() {
        let Some(reason) = lost_ground(statement, &texts) else {
            continue;
        };
        if !insert(connection, story_id, statement, reason, now).await? {
            continue;
        }
        corrections::open(connection, story_id, statement, reason, now).await?;
        let data = json!({ "version": current.version, "bullet_id": statement.id, "reason": reason });
        events::append(connection, story_id, EventKind::Withheld, &data, now).await?;
    }
    Ok(())
}

/// The current version was made from exactly the articles that are there: each of its statements stands on them, even
/// if one did not before an article came back. Only what was withheld for its articles is lifted.
pub(super) async fn lift_supported(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM withheld_bullets WHERE story_id = $1 AND reason IN ($2, $3)
           AND bullet_id IN (
               SELECT id FROM bullets WHERE story_id = $1
                  AND version = (SELECT max(version) FROM summary_versions WHERE story_id = $1))",
    )
    .bind(story_id.as_str())
    .bind(to_code(TABLE, &CorrectionReason::SourceWithdrawn)?)
    .bind(to_code(TABLE, &CorrectionReason::SourceChanged)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Settles the corrections that the current version ends.
pub(super) async fn settle_corrections(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let current = versions::read(connection, story_id, versions::NEWEST, 1)
        .await?
        .pop();
    let Some(current) = current else { return Ok(()) };
    let withheld = read(connection, story_id, current.version).await?;
    let withheld = withheld.into_iter().map(|withheld| withheld.bullet_id).collect();
    corrections::settle(connection, &current, &withheld, now).await
}

/// The texts of the articles that a version cites, of those that the story still has.
async fn read_cited_texts(
    connection: &mut SqliteConnection,
    version: &Summary,
) -> Result<HashMap<ArticleId, ComparableText>, StoreError> {
    let cited: BTreeSet<&str> = version
        .statements()
        .flat_map(|statement| &statement.citations)
        .map(|citation| citation.article_id.as_str())
        .collect();
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT id, text FROM articles WHERE story_id = $1 AND id IN (SELECT value FROM json_each($2))",
    )
    .bind(version.story_id.as_str())
    .bind(to_json_list("articles", cited)?)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(id, text)| Ok((to_article_id("articles", id)?, ComparableText::new(&text))))
        .collect()
}

/// `false`: it is withheld already.
async fn insert(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    bullet: &Bullet,
    reason: CorrectionReason,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO withheld_bullets (story_id, bullet_id, reason, at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (story_id, bullet_id) DO NOTHING",
    )
    .bind(story_id.as_str())
    .bind(bullet.id.to_string())
    .bind(to_code(TABLE, &reason)?)
    .bind(to_ms(now))
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

impl WithheldRow {
    fn into_withheld(self) -> Result<Withheld, StoreError> {
        let correction_id = self.correction_id.as_deref().map(|id| to_uuid(TABLE, id));
        Ok(Withheld {
            bullet_id: to_uuid(TABLE, &self.bullet_id)?,
            reason: self.reason,
            at: from_ms(TABLE, self.at_ms)?,
            correction_id: correction_id.transpose()?,
        })
    }
}
