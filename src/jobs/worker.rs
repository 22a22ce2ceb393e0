//! The worker: claims due jobs, works on several at once, and waits for the next. What is done with a claimed job is
//! left to `attempt`.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::attempt::{self, Outcome};
use super::{Settings, backoff};
use crate::clock::{Clock, plus_ms};
use crate::domain::JobState;
use crate::engine::Engine;
use crate::store::{Signals, Store, StoreError};

/// The shortest wait between two looks at the store when nothing could be claimed.
const SHORTEST_WAIT_MS: u64 = 10;

/// The wait after the store failed for the first time; doubles up to [`LONGEST_STORE_WAIT_MS`].
const STORE_WAIT_MS: u64 = 200;

/// The longest wait while the store keeps failing.
const LONGEST_STORE_WAIT_MS: u64 = 30_000;

/// What a worker works with.
#[derive(Clone)]
pub struct Worker {
    /// Where jobs come from and summaries go.
    pub store: Arc<dyn Store>,
    /// What writes and embeds.
    pub engine: Arc<dyn Engine>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Wakes the worker, and event streams.
    pub signals: Arc<Signals>,
    /// How jobs are run.
    pub settings: Settings,
    /// How summaries are made.
    pub summarize: crate::summarize::Settings,
}

impl Worker {
    /// Works until `shutdown`; then the running jobs are finished, or given back when `shutdown_now` fires first.
    /// Returns before that only when the engine has stopped: the process must be restarted.
    pub async fn run(self, shutdown: CancellationToken, shutdown_now: CancellationToken) {
        self.run_until(Until::Shutdown, &shutdown, &shutdown_now).await;
    }

    /// As [`Worker::run`], but ends by itself when no job is queued or running any more, here or in another process:
    /// waits for debounced jobs, for further tries, and for the leases of processes that died.
    pub async fn run_until_idle(&self, shutdown: CancellationToken, shutdown_now: CancellationToken) {
        self.run_until(Until::NothingLeft, &shutdown, &shutdown_now).await;
    }

    /// Works until no job is due or running; what waits for later is left. For tests, where the clock stands still.
    pub async fn run_due_jobs(&self) {
        let never = CancellationToken::new();
        self.run_until(Until::NothingDue, &never, &never).await;
    }

    async fn run_until(&self, until: Until, shutdown: &CancellationToken, shutdown_now: &CancellationToken) {
        let mut running = JoinSet::new();
        let mut store_failures = 0;
        while !shutdown.is_cancelled() && !shutdown_now.is_cancelled() {
            let wait = match self.look_for_work(until, &mut running, shutdown_now).await {
                Ok(Next::End) => break,
                Ok(Next::Wait(wait)) => {
                    store_failures = 0;
                    wait
                }
                Err(error) => {
                    store_failures += 1;
                    let wait = store_wait(store_failures);
                    warn!(%error, wait_ms = wait.as_millis(), "the store failed; asked again later");
                    wait
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = shutdown_now.cancelled() => break,
                Some(ended) = running.join_next() => {
                    if note(ended) == Some(Outcome::EngineStopped) {
                        break;
                    }
                }
                () = self.signals.jobs.notified(), if self.has_room(&running) => {}
                () = tokio::time::sleep(wait), if self.has_room(&running) => {}
            }
        }
        while let Some(ended) = running.join_next().await {
            note(ended);
        }
    }

    /// Claims due jobs as long as there is room, and tells how to go on.
    async fn look_for_work(
        &self,
        until: Until,
        running: &mut JoinSet<Outcome>,
        shutdown_now: &CancellationToken,
    ) -> Result<Next, StoreError> {
        while self.has_room(running) {
            let now = self.clock.now();
            let lease_until = plus_ms(now, self.settings.lease_ms);
            let Some(claim) = self.store.claim_job(now, lease_until).await? else {
                break;
            };
            running.spawn(attempt::run(self.clone(), claim, shutdown_now.clone()));
        }
        if running.is_empty() && self.is_over(until).await? {
            return Ok(Next::End);
        }
        Ok(Next::Wait(self.time_to_next_job().await?))
    }

    fn has_room(&self, running: &JoinSet<Outcome>) -> bool {
        running.len() < self.settings.concurrency.max(1)
    }

    /// Asked when nothing is due and nothing runs here.
    async fn is_over(&self, until: Until) -> Result<bool, StoreError> {
        let none = async |state| Ok::<_, StoreError>(self.store.list_jobs(state, None, 1).await?.is_empty());
        match until {
            Until::Shutdown => Ok(false),
            Until::NothingDue => none(JobState::Running).await,
            Until::NothingLeft => Ok(none(JobState::Running).await? && none(JobState::Queued).await?),
        }
    }

    /// The time until a job is due, at most until the store is to be asked for what other processes enqueued.
    async fn time_to_next_job(&self) -> Result<Duration, StoreError> {
        let poll_ms = self.settings.poll_ms.max(SHORTEST_WAIT_MS);
        let Some(due) = self.store.next_due().await? else {
            return Ok(Duration::from_millis(poll_ms));
        };
        let in_ms = due
            .as_millisecond()
            .saturating_sub(self.clock.now().as_millisecond());
        let in_ms = u64::try_from(in_ms).unwrap_or(0);
        Ok(Duration::from_millis(in_ms.clamp(SHORTEST_WAIT_MS, poll_ms)))
    }
}

/// When the loop ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Only at shutdown.
    Shutdown,
    /// When no job is due or running.
    NothingDue,
    /// When no job is queued or running.
    NothingLeft,
}

/// What the loop does after it looked for work.
enum Next {
    /// Leave.
    End,
    /// Wait for a job to end, to be enqueued or to become due.
    Wait(Duration),
}

fn store_wait(failures: u32) -> Duration {
    let wait_ms = backoff::full_jitter_ms(failures, STORE_WAIT_MS, LONGEST_STORE_WAIT_MS, rand::random());
    Duration::from_millis(wait_ms.max(SHORTEST_WAIT_MS))
}

/// Logs what nobody else would.
fn note(ended: Result<Outcome, tokio::task::JoinError>) -> Option<Outcome> {
    match ended {
        Ok(outcome) => {
            if outcome == Outcome::EngineStopped {
                error!("the engine has stopped; this process takes no more jobs and must be restarted");
            }
            Some(outcome)
        }
        Err(error) => {
            error!(%error, "an attempt broke; its job is tried again when its lease ends");
            None
        }
    }
}
