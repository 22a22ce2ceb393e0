//! What happens to a story, in order: the source of the event streams.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::StoryId;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A summary was asked for.
    Queued,
    /// A bullet passed its checks; `provisional` until the version is stored.
    Bullet,
    /// A version was stored.
    Summary,
    /// A bullet was withheld.
    Withheld,
    /// A correction was published.
    Corrected,
}

impl EventKind {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Bullet => "bullet",
            Self::Summary => "summary",
            Self::Withheld => "withheld",
            Self::Corrected => "corrected",
        }
    }
}

/// One event of one story.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Grows with every event of every story; the `Last-Event-ID`.
    pub seq: i64,
    /// The story.
    pub story_id: StoryId,
    /// What happened.
    pub kind: EventKind,
    /// The details, as they are sent.
    pub data: serde_json::Value,
    /// When.
    pub at: Timestamp,
}
