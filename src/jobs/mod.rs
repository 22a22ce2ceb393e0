//! The queue's rules and the worker: claim → analyze → summarize → save.
//!
//! A job is claimed with a lease. Whoever holds it renews the lease while it works (`heartbeat`); a process that
//! dies stops renewing, and the next claim after the lease's end is the crash recovery. Results are saved with the
//! claim's token, so that a holder who lost the lease saves nothing.

pub mod backoff;
pub mod worker;
mod attempt;
mod work;
mod heartbeat;

use serde::{Deserialize, Serialize};

use crate::engine::EngineError;
use crate::store::StoreError;
use crate::summarize::SummarizeError;

/// How jobs are run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many stories one process works on at once.
    pub concurrency: usize,
    /// How long a claim holds without a heartbeat, milliseconds.
    pub lease_ms: u64,
    /// How often a job is tried before it is dead.
    pub max_attempts: u32,
    /// The longest wait before the second try, milliseconds; doubles with every try, with full jitter.
    pub backoff_base_ms: u64,
    /// The longest wait, milliseconds.
    pub backoff_max_ms: u64,
    /// How often the store is asked for work that another process enqueued, milliseconds.
    pub poll_ms: u64,
    /// How long a story may take before it counts as failed, milliseconds.
    pub job_timeout_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 2,
            lease_ms: 60_000,
            max_attempts: 5,
            backoff_base_ms: 2_000,
            backoff_max_ms: 600_000,
            poll_ms: 1_000,
            job_timeout_ms: 1_800_000,
        }
    }
}

/// Why a try ended without a summary. The message is kept with the job and shown to the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
    /// See [`EngineError`].
    #[error(transparent)]
    Engine(EngineError),
    /// A prompt is broken: a defect in this crate.
    #[error(transparent)]
    Summarize(SummarizeError),
    /// A defect in this crate. The operator reports it with this message.
    #[error("panicked: {0}")]
    Panicked(String),
    /// The operator allows more time, or finds out what takes so long.
    #[error("took longer than {limit_ms} ms")]
    TimedOut {
        /// How long it might have taken.
        limit_ms: u64,
    },
    /// Its process ended without giving the job back, as often as it was tried. The operator looks for a crash.
    #[error("the process died while working on it")]
    ProcessDied,
}

impl From<EngineError> for JobError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<SummarizeError> for JobError {
    fn from(error: SummarizeError) -> Self {
        match error {
            SummarizeError::Engine(error) => Self::Engine(error),
            other => Self::Summarize(other),
        }
    }
}
