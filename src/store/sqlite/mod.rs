//! The store in one SQLite file: the embedded default. Any number of processes on one machine may share the file.
//!
//! Each table family has its file with its statements; this one only says who does what. Writes go through one
//! connection, one at a time, in a `BEGIN IMMEDIATE` transaction; reads have their own connections and, thanks to
//! the write-ahead log, never wait for a write. Times are truncated to milliseconds.

mod open;
mod rows;
mod stories;
mod changes;
mod analyses;
mod versions;
mod summaries;
mod withheld;
mod corrections;
mod jobs;
mod events;
mod feedback;
mod idempotency;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::SqlitePool;
use uuid::Uuid;

use super::{
    ChangeOutcome, Claim, Counts, Idempotency, RecordedAnswer, Saved, Selector, Served, Store, StoreError,
    StoryChange, StoryListing, Withheld,
};
use crate::domain::{
    Analysis, Article, ArticleId, ArticleMeta, Correction, Event, EventKind, Feedback, Job, JobState, Lane,
    Story, StoryId, Summary,
};

/// A SQLite file, open. Clones share the connections.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    /// One connection: see `open.rs`.
    writer: SqlitePool,
    /// Several, which refuse to write.
    readers: SqlitePool,
}

#[async_trait]
impl Store for SqliteStore {
    async fn change_story(&self, change: &StoryChange) -> Result<ChangeOutcome, StoreError> {
        changes::change_story(self, change).await
    }

    async fn delete_article(
        &self,
        story_id: &StoryId,
        article_id: &ArticleId,
        now: Timestamp,
        run_after: Timestamp,
    ) -> Result<bool, StoreError> {
        changes::delete_article(self, story_id, article_id, now, run_after).await
    }

    async fn find_story(&self, story_id: &StoryId) -> Result<Option<Story>, StoreError> {
        stories::find_story(self, story_id).await
    }

    async fn list_article_metas(&self, story_id: &StoryId) -> Result<Vec<ArticleMeta>, StoreError> {
        stories::list_article_metas(self, story_id).await
    }

    async fn load_story(&self, story_id: &StoryId) -> Result<Option<(Story, Vec<Article>)>, StoreError> {
        stories::load_story(self, story_id).await
    }

    async fn list_stories(
        &self,
        after: Option<&StoryId>,
        limit: u32,
    ) -> Result<Vec<StoryListing>, StoreError> {
        stories::list_stories(self, after, limit).await
    }

    async fn find_analyses(
        &self,
        key: &str,
        text_hashes: &[String],
    ) -> Result<Vec<(String, Analysis)>, StoreError> {
        analyses::find_analyses(self, key, text_hashes).await
    }

    async fn save_analysis(
        &self,
        key: &str,
        text_hash: &str,
        analysis: &Analysis,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        analyses::save_analysis(self, key, text_hash, analysis, now).await
    }

    async fn find_served(&self, story_id: &StoryId) -> Result<Option<Served>, StoreError> {
        summaries::find_served(self, story_id).await
    }

    async fn find_current_summary(&self, story_id: &StoryId) -> Result<Option<Summary>, StoreError> {
        summaries::find_current_summary(self, story_id).await
    }

    async fn find_version(&self, story_id: &StoryId, version: u32) -> Result<Option<Summary>, StoreError> {
        summaries::find_version(self, story_id, version).await
    }

    async fn list_versions(
        &self,
        story_id: &StoryId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<Summary>, StoreError> {
        summaries::list_versions(self, story_id, before, limit).await
    }

    async fn finish_job(
        &self,
        claim: &Claim,
        summary: &Summary,
        now: Timestamp,
    ) -> Result<Saved, StoreError> {
        summaries::finish_job(self, claim, summary, now).await
    }

    async fn list_withheld(&self, story_id: &StoryId, version: u32) -> Result<Vec<Withheld>, StoreError> {
        withheld::list_withheld(self, story_id, version).await
    }

    async fn list_corrections(
        &self,
        story_id: Option<&StoryId>,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Correction>, StoreError> {
        corrections::list_corrections(self, story_id, before, limit).await
    }

    async fn enqueue(&self, selector: &Selector, lane: Lane, now: Timestamp) -> Result<u64, StoreError> {
        jobs::enqueue(self, selector, lane, now).await
    }

    async fn select_stories(&self, selector: &Selector) -> Result<Vec<StoryId>, StoreError> {
        stories::select_stories(self, selector).await
    }

    async fn claim_job(&self, now: Timestamp, lease_until: Timestamp) -> Result<Option<Claim>, StoreError> {
        jobs::claim_job(self, now, lease_until).await
    }

    async fn heartbeat(&self, claim: &Claim, lease_until: Timestamp) -> Result<bool, StoreError> {
        jobs::heartbeat(self, claim, lease_until).await
    }

    async fn fail_job(
        &self,
        claim: &Claim,
        error: &str,
        retry_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        jobs::fail_job(self, claim, error, retry_at).await
    }

    async fn release_job(&self, claim: &Claim, now: Timestamp) -> Result<(), StoreError> {
        jobs::release_job(self, claim, now).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        jobs::next_due(self).await
    }

    async fn list_jobs(
        &self,
        state: JobState,
        after: Option<&StoryId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        jobs::list_jobs(self, state, after, limit).await
    }

    async fn find_job(&self, story_id: &StoryId) -> Result<Option<Job>, StoreError> {
        jobs::find_job(self, story_id).await
    }

    async fn append_event(
        &self,
        story_id: &StoryId,
        kind: EventKind,
        data: &Value,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        events::append_event(self, story_id, kind, data, now).await
    }

    async fn list_events(
        &self,
        story_ids: &[StoryId],
        after: i64,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        events::list_events(self, story_ids, after, limit).await
    }

    async fn last_event_seq(&self) -> Result<i64, StoreError> {
        events::last_event_seq(self).await
    }

    async fn prune_events(&self, before: Timestamp) -> Result<u64, StoreError> {
        events::prune_events(self, before).await
    }

    async fn create_feedback(&self, feedback: &Feedback) -> Result<(), StoreError> {
        feedback::create_feedback(self, feedback).await
    }

    async fn find_feedback(&self, id: Uuid) -> Result<Option<Feedback>, StoreError> {
        feedback::find_feedback(self, id).await
    }

    async fn begin_idempotent(
        &self,
        key: &str,
        scope: &str,
        body_hash: &str,
        now: Timestamp,
        stale_before: Timestamp,
    ) -> Result<Idempotency, StoreError> {
        idempotency::begin_idempotent(self, key, scope, body_hash, now, stale_before).await
    }

    async fn finish_idempotent(
        &self,
        key: &str,
        scope: &str,
        answer: &RecordedAnswer,
    ) -> Result<(), StoreError> {
        idempotency::finish_idempotent(self, key, scope, answer).await
    }

    async fn abandon_idempotent(&self, key: &str, scope: &str) -> Result<(), StoreError> {
        idempotency::abandon_idempotent(self, key, scope).await
    }

    async fn prune_idempotent(&self, before: Timestamp) -> Result<u64, StoreError> {
        idempotency::prune_idempotent(self, before).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT count(*) FROM sqlite_schema")
            .execute(&self.readers)
            .await?;
        Ok(())
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        stories::counts(self).await
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
