//! One try at one claimed job: the lease is kept alive, the time is bounded, and whatever happens the job is left in
//! a state from which it goes on: saved, tried again later, dead, or given back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{counter, histogram};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use super::work::{Done, work};
use super::worker::Worker;
use super::{JobError, backoff, heartbeat};
use crate::clock::plus_ms;
use crate::engine::{Cancel, EngineError};
use crate::store::{Claim, Saved, StoreError};

/// How long a job is held back when the engine's queue is full.
const BUSY_WAIT: Duration = Duration::from_millis(250);

/// The most characters of an error that are kept with a job.
const MAX_ERROR_CHARS: usize = 2_000;

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A new version was stored.
    Saved,
    /// The summary says what the current one says.
    Unchanged,
    /// The story is no longer there.
    Gone,
    /// It failed and will be tried again.
    Failed,
    /// It failed for the last time.
    Dead,
    /// The engine had no room; given back.
    Busy,
    /// Given back at shutdown.
    Released,
    /// Somebody else holds the job; the result was dropped.
    Lost,
    /// The engine is gone: no job can succeed in this process any more.
    EngineStopped,
}

impl Outcome {
    /// The label in metrics.
    fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Unchanged => "unchanged",
            Self::Gone => "gone",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Busy => "busy",
            Self::Released => "released",
            Self::Lost => "lost",
            Self::EngineStopped => "engine_stopped",
        }
    }
}

/// Works on a claimed job and settles it.
pub(super) async fn run(worker: Worker, claim: Claim, shutdown_now: CancellationToken) -> Outcome {
    let job = &claim.job;
    let span = info_span!("job", story_id = %job.story_id, attempt = job.attempts);
    async move {
        let started = Instant::now();
        let outcome = attempt(&worker, Arc::new(claim), &shutdown_now).await;
        let took = started.elapsed();
        counter!("nutgraf_jobs_total", "outcome" => outcome.as_str()).increment(1);
        histogram!("nutgraf_job_seconds").record(took.as_secs_f64());
        info!(
            outcome = outcome.as_str(),
            took_ms = took.as_millis(),
            "job ended"
        );
        outcome
    }
    .instrument(span)
    .await
}

async fn attempt(worker: &Worker, claim: Arc<Claim>, shutdown_now: &CancellationToken) -> Outcome {
    if claim.job.attempts > worker.settings.max_attempts {
        return fail(worker, &claim, &JobError::ProcessDied).await;
    }
    let cancel = Cancel::new();
    let _cancel_on_drop = CancelOnDrop(cancel.clone());
    let heartbeat = heartbeat::start(worker, &claim, &cancel);
    let limit_ms = worker.settings.job_timeout_ms;
    let worked = tokio::select! {
        biased;
        worked = timeout(Duration::from_millis(limit_ms), work(worker, &claim, &cancel)) => {
            worked.unwrap_or(Err(JobError::TimedOut { limit_ms }))
        }
        () = shutdown_now.cancelled() => {
            cancel.cancel();
            return give_back(worker, &claim, Outcome::Released).await;
        }
    };
    cancel.cancel();
    match worked {
        Ok(Done::Saved(saved)) => {
            worker.signals.notify_events();
            match saved {
                Saved::Version(_) => Outcome::Saved,
                Saved::Unchanged(_) => Outcome::Unchanged,
            }
        }
        Ok(Done::Gone) => Outcome::Gone,
        Err(JobError::Store(StoreError::LeaseLost(_))) => Outcome::Lost,
        Err(_) if heartbeat.is_lost() => Outcome::Lost,
        Err(JobError::Engine(EngineError::Busy { .. })) => {
            // The lease is kept meanwhile, so that no worker comes back to the full queue at once.
            let _ = timeout(BUSY_WAIT, shutdown_now.cancelled()).await;
            give_back(worker, &claim, Outcome::Busy).await
        }
        Err(error) => fail(worker, &claim, &error).await,
    }
}

/// Queues the job again with this attempt not counted.
async fn give_back(worker: &Worker, claim: &Claim, outcome: Outcome) -> Outcome {
    if let Err(error) = worker.store.release_job(claim, worker.clock.now()).await {
        warn!(%error, "the job could not be given back; it is tried again when its lease ends");
    }
    outcome
}

/// Queues the job for another try, or buries it after the last.
async fn fail(worker: &Worker, claim: &Claim, error: &JobError) -> Outcome {
    let settings = &worker.settings;
    let attempts = claim.job.attempts;
    let reason: String = error.to_string().chars().take(MAX_ERROR_CHARS).collect();
    let (retry_at, outcome) = if attempts >= settings.max_attempts {
        warn!(attempts, reason, "the story can't be summarized; its job is dead");
        (None, Outcome::Dead)
    } else {
        let (base_ms, max_ms) = (settings.backoff_base_ms, settings.backoff_max_ms);
        let wait_ms = backoff::full_jitter_ms(attempts, base_ms, max_ms, rand::random());
        warn!(
            attempts,
            wait_ms, reason, "the story could not be summarized; tried again later"
        );
        (Some(plus_ms(worker.clock.now(), wait_ms)), Outcome::Failed)
    };
    if let Err(error) = worker.store.fail_job(claim, &reason, retry_at).await {
        warn!(%error, "the failure could not be recorded; the job is tried again when its lease ends");
    }
    match error {
        // This story may have brought the engine down, so that its attempt counts; those of others must not.
        JobError::Engine(EngineError::Stopped) => Outcome::EngineStopped,
        _ => outcome,
    }
}

/// Threads that still work for an attempt that was dropped must not go on.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
