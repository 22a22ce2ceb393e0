//! Wake-ups inside one process: who waits for jobs or events need not poll as long as the change happened here.
//! What another process changes is found by polling, which the waiting side does anyway.

use tokio::sync::{Notify, watch};

/// Shared by whoever writes (HTTP handlers, the worker) and whoever waits (the worker, event streams).
#[derive(Debug)]
pub struct Signals {
    /// A job was enqueued.
    pub jobs: Notify,
    events: watch::Sender<u64>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            jobs: Notify::new(),
            events: watch::Sender::new(0),
        }
    }
}

impl Signals {
    /// Tells every event stream to look at the store.
    pub fn notify_events(&self) {
        self.events
            .send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    /// Changes whenever [`Signals::notify_events`] is called.
    pub fn subscribe_events(&self) -> watch::Receiver<u64> {
        self.events.subscribe()
    }
}
