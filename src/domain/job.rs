//! A job: one row for each story and purpose, which is also what keeps a story from being done twice at once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::StoryId;

/// What the job's summary is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobPurpose {
    /// To be served.
    Live,
}

/// Which jobs go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// A story that changed: somebody may be reading it.
    Reader,
    /// Batches and backfill.
    Batch,
}

/// Where a job stands. A job that is done has no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for `run_after`.
    Queued,
    /// A worker holds its lease.
    Running,
    /// Gave up after the last try; `last_error` says why.
    Dead,
}

/// A job as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Which story.
    pub story_id: StoryId,
    /// What for.
    pub purpose: JobPurpose,
    /// Which lane.
    pub lane: Lane,
    /// Where it stands.
    pub state: JobState,
    /// Not before.
    #[schema(value_type = String, format = DateTime)]
    pub run_after: Timestamp,
    /// How often it was started since it was last enqueued.
    pub attempts: u32,
    /// The story changed while the job ran: it runs once more.
    pub dirty: bool,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was enqueued.
    #[schema(value_type = String, format = DateTime)]
    pub enqueued_at: Timestamp,
}
