//! Keeps a claimed job's lease alive while it is worked on, and cancels the work when the lease is lost.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, Span, warn};

use super::worker::Worker;
use crate::clock::plus_ms;
use crate::engine::Cancel;
use crate::store::Claim;

/// Renewals within one lease: two may fail before it runs out.
const RENEWALS_PER_LEASE: u64 = 3;

/// Renews until it is dropped or the lease is lost.
pub(super) struct Heartbeat {
    lost: CancellationToken,
    // Held for its drop: no renewal outlives the attempt.
    _task: AbortOnDropHandle<()>,
}

impl Heartbeat {
    /// Whether somebody else may hold the job by now.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }
}

/// Renews the claim's lease every third of its length; when it is lost, `cancel` is cancelled.
pub(super) fn start(worker: &Worker, claim: &Arc<Claim>, cancel: &Cancel) -> Heartbeat {
    let lost = CancellationToken::new();
    let task = {
        let (worker, claim) = (worker.clone(), Arc::clone(claim));
        let (cancel, lost) = (cancel.clone(), lost.clone());
        async move {
            renew_until_lost(&worker, &claim).await;
            warn!("the lease was lost; the work is dropped");
            lost.cancel();
            cancel.cancel();
        }
    };
    Heartbeat {
        lost,
        _task: AbortOnDropHandle::new(tokio::spawn(task.instrument(Span::current()))),
    }
}

/// Returns when the store says that the lease is lost, or could not be asked until it ran out.
async fn renew_until_lost(worker: &Worker, claim: &Claim) {
    let lease_ms = worker.settings.lease_ms;
    let between = Duration::from_millis((lease_ms / RENEWALS_PER_LEASE).max(1));
    let mut held_until = plus_ms(worker.clock.now(), lease_ms);
    loop {
        tokio::time::sleep(between).await;
        let lease_until = plus_ms(worker.clock.now(), lease_ms);
        match worker.store.heartbeat(claim, lease_until).await {
            Ok(true) => held_until = lease_until,
            Ok(false) => return,
            Err(error) => {
                warn!(%error, "the lease could not be renewed");
                if worker.clock.now() >= held_until {
                    return;
                }
            }
        }
    }
}
