//! The current summary, its withheld bullets, and how a finished job becomes a version. What a version looks like
//! in rows stands in `versions.rs`.

use jiff::Timestamp;
use serde_json::json;
use sqlx::{FromRow, SqliteConnection};

use super::rows::{corrupt, from_ms, to_ms, to_u64, to_uuid};
use super::{SqliteStore, events, jobs, stories, versions};
use crate::domain::{EventKind, StoryId, Summary};
use crate::store::{Claim, Saved, Served, StoreError, Withheld};

/// Why a bullet is withheld whose articles are all gone.
const SOURCE_WITHDRAWN: &str = "source_withdrawn";

#[derive(FromRow)]
struct WithheldRow {
    bullet_id: String,
    reason: String,
    at_ms: i64,
}

pub(super) async fn find_served(
    store: &SqliteStore,
    story_id: &StoryId,
) -> Result<Option<Served>, StoreError> {
    let mut snapshot = store.begin_read().await?;
    let Some(story) = stories::read_story(&mut snapshot, story_id).await? else {
        return Ok(None);
    };
    let summary = versions::read(&mut snapshot, story_id, versions::NEWEST, 1)
        .await?
        .pop();
    let withheld = match &summary {
        Some(summary) => read_withheld(&mut snapshot, summary).await?,
        None => Vec::new(),
    };
    let job = jobs::read_job(&mut snapshot, story_id).await?;
    let feedback_count: i64 = sqlx::query_scalar("SELECT count(*) FROM feedback WHERE story_id = $1")
        .bind(story_id.as_str())
        .fetch_one(&mut *snapshot)
        .await?;
    Ok(Some(Served {
        story,
        summary,
        withheld,
        job,
        feedback_count: to_u64("feedback", feedback_count)?,
    }))
}

pub(super) async fn find_current_summary(
    store: &SqliteStore,
    story_id: &StoryId,
) -> Result<Option<Summary>, StoreError> {
    let mut snapshot = store.begin_read().await?;
    Ok(versions::read(&mut snapshot, story_id, versions::NEWEST, 1)
        .await?
        .pop())
}

pub(super) async fn find_version(
    store: &SqliteStore,
    story_id: &StoryId,
    version: u32,
) -> Result<Option<Summary>, StoreError> {
    let mut snapshot = store.begin_read().await?;
    let found = versions::read(&mut snapshot, story_id, i64::from(version) + 1, 1)
        .await?
        .pop();
    Ok(found.filter(|summary| summary.version == version))
}

pub(super) async fn list_versions(
    store: &SqliteStore,
    story_id: &StoryId,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<Summary>, StoreError> {
    let mut snapshot = store.begin_read().await?;
    versions::read(
        &mut snapshot,
        story_id,
        before.map_or(versions::NEWEST, i64::from),
        limit,
    )
    .await
}

pub(super) async fn finish_job(
    store: &SqliteStore,
    claim: &Claim,
    summary: &Summary,
    now: Timestamp,
) -> Result<Saved, StoreError> {
    let story_id = &claim.job.story_id;
    let mut transaction = store.begin_write().await?;
    let Some(dirty) = jobs::read_held(&mut transaction, claim).await? else {
        return Err(StoreError::LeaseLost(story_id.clone()));
    };
    let Some(story) = stories::read_story(&mut transaction, story_id).await? else {
        return Err(corrupt("jobs", &format!("job of an unknown story `{story_id}`")));
    };
    let saved = save(&mut transaction, story_id, summary, now).await?;
    let up_to_date = story.article_set_hash == summary.made.article_set_hash;
    if up_to_date {
        lift_withdrawn(&mut transaction, story_id).await?;
    } else {
        // Made from articles of which some may have been withdrawn while the job ran.
        withhold_unsupported(&mut transaction, story_id, now).await?;
    }
    if dirty || !up_to_date {
        jobs::requeue(&mut transaction, claim, now).await?;
    } else {
        jobs::remove(&mut transaction, claim).await?;
    }
    transaction.commit().await?;
    Ok(saved)
}

/// Withholds the bullets of the current version that cite articles, but none that the story still has; a `withheld`
/// event each. Those that are withheld already stay as they are.
pub(super) async fn withhold_unsupported(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let unsupported: Vec<(i64, String)> = sqlx::query_as(
        "SELECT b.version, b.id FROM bullets b
         WHERE b.story_id = $1
           AND b.version = (SELECT max(version) FROM summary_versions WHERE story_id = $1)
           AND EXISTS (
               SELECT 1 FROM citations c
               WHERE c.story_id = $1 AND c.version = b.version AND c.bullet_position = b.position)
           AND NOT EXISTS (
               SELECT 1 FROM citations c JOIN articles a ON a.story_id = c.story_id AND a.id = c.article_id
               WHERE c.story_id = $1 AND c.version = b.version AND c.bullet_position = b.position)
         ORDER BY b.position",
    )
    .bind(story_id.as_str())
    .fetch_all(&mut *connection)
    .await?;
    for (version, bullet_id) in unsupported {
        let inserted = sqlx::query(
            "INSERT INTO withheld_bullets (story_id, bullet_id, reason, at_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (story_id, bullet_id) DO NOTHING",
        )
        .bind(story_id.as_str())
        .bind(&bullet_id)
        .bind(SOURCE_WITHDRAWN)
        .bind(to_ms(now))
        .execute(&mut *connection)
        .await?;
        if inserted.rows_affected() > 0 {
            let data = json!({ "version": version, "bullet_id": bullet_id, "reason": SOURCE_WITHDRAWN });
            events::append(connection, story_id, EventKind::Withheld, &data, now).await?;
        }
    }
    Ok(())
}

/// The summary as the next version, with its event, unless it says what the current one says.
async fn save(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    summary: &Summary,
    now: Timestamp,
) -> Result<Saved, StoreError> {
    let current = versions::read(connection, story_id, versions::NEWEST, 1)
        .await?
        .pop();
    let last_version = current.as_ref().map_or(0, |current| current.version);
    let next = versions::as_stored(summary, last_version + 1);
    if current.is_some_and(|current| current.says_the_same(&next)) {
        return Ok(Saved::Unchanged(last_version));
    }
    versions::insert(connection, &next).await?;
    let data = json!({ "version": next.version, "status": next.status });
    events::append(connection, story_id, EventKind::Summary, &data, now).await?;
    Ok(Saved::Version(next.version))
}

/// The current version was made from exactly the articles that are there: none of its bullets rests on a withdrawn
/// one, even if one did before the article came back.
async fn lift_withdrawn(connection: &mut SqliteConnection, story_id: &StoryId) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM withheld_bullets WHERE story_id = $1 AND reason = $2
           AND bullet_id IN (
               SELECT id FROM bullets WHERE story_id = $1
                  AND version = (SELECT max(version) FROM summary_versions WHERE story_id = $1))",
    )
    .bind(story_id.as_str())
    .bind(SOURCE_WITHDRAWN)
    .execute(connection)
    .await?;
    Ok(())
}

async fn read_withheld(
    connection: &mut SqliteConnection,
    summary: &Summary,
) -> Result<Vec<Withheld>, StoreError> {
    let rows: Vec<WithheldRow> = sqlx::query_as(
        "SELECT w.bullet_id, w.reason, w.at_ms
         FROM bullets b JOIN withheld_bullets w ON w.story_id = b.story_id AND w.bullet_id = b.id
         WHERE b.story_id = $1 AND b.version = $2 ORDER BY b.position",
    )
    .bind(summary.story_id.as_str())
    .bind(summary.version)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Withheld {
                bullet_id: to_uuid("withheld_bullets", &row.bullet_id)?,
                reason: row.reason,
                at: from_ms("withheld_bullets", row.at_ms)?,
            })
        })
        .collect()
}
