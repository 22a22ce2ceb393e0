//! Where stories, versions, reports and jobs are kept.
//!
//! One trait, one implementation a database; every method is one statement or one named transaction, so that a
//! crash at any point leaves the last good version served. Rules that need no database live elsewhere (when a
//! story is due: `ingest`; backoff: `jobs`).

pub mod signals;
pub mod sqlite;

pub use signals::Signals;

use std::path::PathBuf;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::{
    Analysis, Article, ArticleId, ArticleMeta, Correction, Event, EventKind, Feedback, Job, JobState, Lane,
    Story, StoryId, Summary,
};

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database file cannot be used. The operator looks at the path and its rights.
    #[error("cannot open database `{}`: {source}", .path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: sqlx::Error,
    },
    /// The database refused or cannot be reached. The operator looks at it; the caller may try again.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date. The operator looks at it.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row does not read back as what was written. The operator restores a backup.
    #[error("corrupt row in `{table}`: {detail}")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The change would break a limit. The caller sends less.
    #[error("story `{story_id}` would have {articles} articles; at most {max} are kept")]
    TooManyArticles {
        /// Which story.
        story_id: StoryId,
        /// How many it would have.
        articles: usize,
        /// How many it may have.
        max: usize,
    },
    /// Somebody else holds the job now, since its lease ran out. The worker drops its result.
    #[error("the lease on story `{0}` was lost")]
    LeaseLost(StoryId),
}

/// A change to a story's articles and fields, applied in one transaction together with the job that it causes.
#[derive(Debug, Clone)]
pub struct StoryChange {
    /// Which story; created when absent.
    pub story_id: StoryId,
    /// `Some`: set headline and language to these. `None`: leave them as they are.
    pub fields: Option<StoryFields>,
    /// Added, or replaced when their id is there.
    pub upsert: Vec<Article>,
    /// Whether articles that are not in `upsert` go.
    pub rest: RestOfArticles,
    /// The most articles that the story may have afterwards.
    pub max_articles: usize,
    /// When the change happened.
    pub now: Timestamp,
    /// When the job that it causes may start (debouncing).
    pub run_after: Timestamp,
}

/// The fields of a story that a caller sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoryFields {
    /// The caller's own headline.
    pub headline: Option<String>,
    /// A BCP 47 language tag.
    pub language: Option<String>,
}

/// What happens to the articles that a change does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestOfArticles {
    /// They stay.
    Keep,
    /// They are removed.
    Remove,
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeOutcome {
    /// The story was not there before.
    pub created: bool,
    /// The article set is another one now, so a job was enqueued.
    pub changed: bool,
    /// Articles that were not there before.
    pub articles_added: usize,
    /// Articles whose content is another one now.
    pub articles_updated: usize,
    /// Articles that were removed.
    pub articles_removed: usize,
}

/// A job that this worker holds until `lease_until`.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The job as it was claimed; `attempts` counts this try.
    pub job: Job,
    /// Proves that the lease is ours; another claim has another token.
    pub token: Uuid,
}

/// What saving a summary did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It became this version.
    Version(u32),
    /// It says the same as the current version, made the same way from the same articles: nothing was stored.
    Unchanged(u32),
}

/// The current summary of a story, as a reader may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// The story.
    pub story: Story,
    /// The newest version, if there is one, as it was stored.
    pub summary: Option<Summary>,
    /// Bullets of that version that readers must not see.
    pub withheld: Vec<Withheld>,
    /// The story's job, if it has one.
    pub job: Option<Job>,
    /// How many reports were made on the story.
    pub feedback_count: u64,
}

impl Served {
    /// Whether the article set changed since the summary was made (P15).
    pub fn is_stale(&self) -> bool {
        self.summary
            .as_ref()
            .is_some_and(|s| s.made.article_set_hash != self.story.article_set_hash)
    }
}

/// A tombstone: this bullet was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// Which bullet.
    pub bullet_id: Uuid,
    /// Why: a [`CorrectionReason`](crate::domain::CorrectionReason)'s code.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The correction that tells about it.
    pub correction_id: Option<Uuid>,
}

/// A story in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryListing {
    /// The story.
    pub story: Story,
    /// How many articles it has.
    pub articles: u64,
    /// Its newest summary version.
    pub version: Option<u32>,
    /// Whether the article set changed since.
    pub stale: bool,
}

/// Which stories a batch is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Stories whose summary is stale or absent.
    Stale,
    /// All stories.
    All,
    /// These stories; unknown ones are left out of the answer.
    Ids(Vec<StoryId>),
}

/// What the store says to a POST that carries an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idempotency {
    /// First use: the caller does the work, then records the answer with [`Store::finish_idempotent`].
    Fresh,
    /// The same request was answered with this.
    Replay(RecordedAnswer),
    /// The same request is being worked on.
    InFlight,
    /// The key was used for another request.
    Mismatch,
}

/// An answer to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAnswer {
    /// HTTP status.
    pub status: u16,
    /// The `Location` header, if there was one.
    pub location: Option<String>,
    /// The `Content-Type` header, if there was one.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// How many rows there are; for metrics and for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Stories.
    pub stories: u64,
    /// Articles.
    pub articles: u64,
    /// Summary versions.
    pub versions: u64,
    /// Jobs that wait.
    pub jobs_queued: u64,
    /// Jobs that run.
    pub jobs_running: u64,
    /// Jobs that gave up.
    pub jobs_dead: u64,
    /// Reports.
    pub feedback: u64,
    /// Corrections that no version settled yet.
    pub corrections_open: u64,
    /// Corrections that are settled.
    pub corrections_settled: u64,
}

/// Everything that is kept. "Not there" is `Ok(None)`.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    // Stories and articles

    /// Applies a change. When the article set is another one afterwards (a new story's always is): enqueues the
    /// story's live job in the reader's lane (an existing queued job keeps its earlier `run_after`; a running one
    /// becomes `dirty`; a dead one is queued again with its attempts at 0), and appends a `queued` event
    /// (`{"lane"}`). All in one transaction. Removed and updated articles withhold the bullets that lose their ground,
    /// as in [`Store::delete_article`].
    async fn change_story(&self, change: &StoryChange) -> Result<ChangeOutcome, StoreError>;

    /// Removes an article, withholds at once the current version's bullets (and lede) that cite no sentence which
    /// the story's articles still have ([`lost_ground`](crate::domain::lost_ground); a `withheld` event each:
    /// `{"version", "bullet_id", "reason"}`), opens a [`Correction`] for each, and enqueues as
    /// [`Store::change_story`] does. `false`: not there.
    async fn delete_article(
        &self,
        story_id: &StoryId,
        article_id: &ArticleId,
        now: Timestamp,
        run_after: Timestamp,
    ) -> Result<bool, StoreError>;

    /// A story without its articles.
    async fn find_story(&self, story_id: &StoryId) -> Result<Option<Story>, StoreError>;

    /// What is known of a story's articles, by id.
    async fn list_article_metas(&self, story_id: &StoryId) -> Result<Vec<ArticleMeta>, StoreError>;

    /// A story's articles with their texts, by id; with the story as it was in the same snapshot.
    async fn load_story(&self, story_id: &StoryId) -> Result<Option<(Story, Vec<Article>)>, StoreError>;

    /// Up to `limit` stories with an id greater than `after`, by id.
    async fn list_stories(
        &self,
        after: Option<&StoryId>,
        limit: u32,
    ) -> Result<Vec<StoryListing>, StoreError>;

    // Analyses: per text, once

    /// The kept analyses among these texts under this key (rules' version and embedder), as (text hash, analysis).
    async fn find_analyses(
        &self,
        key: &str,
        text_hashes: &[String],
    ) -> Result<Vec<(String, Analysis)>, StoreError>;

    /// Keeps an analysis; an existing one stays.
    async fn save_analysis(
        &self,
        key: &str,
        text_hash: &str,
        analysis: &Analysis,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    // Summaries

    /// The current summary as a reader may see it; `None` when there is no such story.
    async fn find_served(&self, story_id: &StoryId) -> Result<Option<Served>, StoreError>;

    /// The newest version as it was stored.
    async fn find_current_summary(&self, story_id: &StoryId) -> Result<Option<Summary>, StoreError>;

    /// One version as it was stored.
    async fn find_version(&self, story_id: &StoryId, version: u32) -> Result<Option<Summary>, StoreError>;

    /// Up to `limit` versions below `before` (all when `None`), newest first.
    async fn list_versions(
        &self,
        story_id: &StoryId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<Summary>, StoreError>;

    /// Stores the summary as the story's next version and ends the job, in one transaction: the job's row goes, or
    /// is queued again at `now` with attempts 0 when it is dirty or the article set is no longer the summary's.
    /// Stores nothing when it [says the same](Summary::says_the_same) as the current one. A version appends a
    /// `summary` event (`{"version", "status"}`). Fails with [`StoreError::LeaseLost`] when the claim's token no
    /// longer holds the job.
    ///
    /// A summary made from other articles than those that are there now is stored with the bullets withheld that
    /// lost their ground since, as in [`Store::delete_article`]. One made from just those lifts what was withheld of
    /// its bullets for that reason: the article came back.
    ///
    /// The same transaction settles the open corrections that the current version then ends
    /// ([`Correction::outcome_in`]), whether it is a new one or not; a `corrected` event each (`{"version",
    /// "bullet_id", "correction_id", "status"}`, the status being `fixed` or `restored`).
    async fn finish_job(&self, claim: &Claim, summary: &Summary, now: Timestamp)
    -> Result<Saved, StoreError>;

    /// What is withheld of a version, the newest or an older one, in reading order.
    async fn list_withheld(&self, story_id: &StoryId, version: u32) -> Result<Vec<Withheld>, StoreError>;

    /// Up to `limit` corrections of a story, or of all (`None`), older than `before`, newest first. They are opened
    /// and settled by the methods above, and go with their story only.
    async fn list_corrections(
        &self,
        story_id: Option<&StoryId>,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Correction>, StoreError>;

    // Jobs

    /// Enqueues the live jobs of the selected stories, all in one transaction; returns how many were enqueued.
    /// Existing queued and running jobs stay as they are; dead ones are queued again. A `queued` event each
    /// (`{"lane"}`).
    async fn enqueue(&self, selector: &Selector, lane: Lane, now: Timestamp) -> Result<u64, StoreError>;

    /// The selected stories' ids, in the order of ids; what [`Store::enqueue`] would enqueue if none had a job.
    async fn select_stories(&self, selector: &Selector) -> Result<Vec<StoryId>, StoreError>;

    /// Claims the next due job (queued and `run_after` reached, or running with its lease run out), lane first,
    /// then `run_after`: marks it running, not dirty, with one more attempt and a new token.
    async fn claim_job(&self, now: Timestamp, lease_until: Timestamp) -> Result<Option<Claim>, StoreError>;

    /// Prolongs a lease. `false`: it was lost.
    async fn heartbeat(&self, claim: &Claim, lease_until: Timestamp) -> Result<bool, StoreError>;

    /// Ends a failed try: queued again at `retry_at`, or dead when that is `None`. A dirty job does not die: it is
    /// queued again with attempts 0, as if the change had come a moment later. No-op when the lease was lost.
    async fn fail_job(
        &self,
        claim: &Claim,
        error: &str,
        retry_at: Option<Timestamp>,
    ) -> Result<(), StoreError>;

    /// Gives a job back untouched (shutdown): queued at its old place, due by `now`, this attempt not counted.
    /// No-op when the lease was lost.
    async fn release_job(&self, claim: &Claim, now: Timestamp) -> Result<(), StoreError>;

    /// When the next job may be claimed: the earliest `run_after` of a queued or `lease_until` of a running job.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Jobs in a state, by story id, after `after`.
    async fn list_jobs(
        &self,
        state: JobState,
        after: Option<&StoryId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError>;

    /// A story's live job.
    async fn find_job(&self, story_id: &StoryId) -> Result<Option<Job>, StoreError>;

    // Events

    /// Appends an event and returns its number.
    async fn append_event(
        &self,
        story_id: &StoryId,
        kind: EventKind,
        data: &Value,
        now: Timestamp,
    ) -> Result<i64, StoreError>;

    /// Up to `limit` events of these stories with a number greater than `after`, in order.
    async fn list_events(
        &self,
        story_ids: &[StoryId],
        after: i64,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError>;

    /// The number of the newest event that is kept (0 when there is none).
    async fn last_event_seq(&self) -> Result<i64, StoreError>;

    /// Forgets events older than `before`; returns how many.
    async fn prune_events(&self, before: Timestamp) -> Result<u64, StoreError>;

    // Reports

    /// Keeps a report.
    async fn create_feedback(&self, feedback: &Feedback) -> Result<(), StoreError>;

    /// A report.
    async fn find_feedback(&self, id: Uuid) -> Result<Option<Feedback>, StoreError>;

    // Idempotency keys

    /// Takes a key for a request (`scope`: method and path; `body_hash`: SHA-256 of the body, hex). A key that was
    /// taken before `stale_before` and never answered counts as fresh again: its process died.
    async fn begin_idempotent(
        &self,
        key: &str,
        scope: &str,
        body_hash: &str,
        now: Timestamp,
        stale_before: Timestamp,
    ) -> Result<Idempotency, StoreError>;

    /// Records the answer.
    async fn finish_idempotent(
        &self,
        key: &str,
        scope: &str,
        answer: &RecordedAnswer,
    ) -> Result<(), StoreError>;

    /// Forgets a key that was taken but not answered for good (the handler failed with 5xx).
    async fn abandon_idempotent(&self, key: &str, scope: &str) -> Result<(), StoreError>;

    /// Forgets keys taken before `before`; returns how many.
    async fn prune_idempotent(&self, before: Timestamp) -> Result<u64, StoreError>;

    // Operation

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// How many rows there are.
    async fn counts(&self) -> Result<Counts, StoreError>;

    /// Lets go of the database; pending work is finished first.
    async fn close(&self);
}
