//! The current summary, and how a finished job becomes a version. What a version looks like in rows stands in
//! `versions.rs`, what is withheld from it in `withheld.rs`.

use jiff::Timestamp;
use serde_json::json;
use sqlx::SqliteConnection;

use super::rows::{corrupt, to_u64};
use super::{SqliteStore, events, jobs, stories, versions, withheld};
use crate::domain::{EventKind, StoryId, Summary};
use crate::store::{Claim, Saved, Served, StoreError};

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
        Some(summary) => withheld::read(&mut snapshot, story_id, summary.version).await?,
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
        withheld::lift_supported(&mut transaction, story_id).await?;
    } else {
        // Made from articles of which some may have been withdrawn or changed while the job ran.
        withheld::withhold_unsupported(&mut transaction, story_id, now).await?;
    }
    withheld::settle_corrections(&mut transaction, story_id, now).await?;
    if dirty || !up_to_date {
        jobs::requeue(&mut transaction, claim, now).await?;
    } else {
        jobs::remove(&mut transaction, claim).await?;
    }
    transaction.commit().await?;
    Ok(saved)
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
