//! The HTTP interface: one file a resource, with its route, types and OpenAPI. Reads never run the model: this
//! module does not know the engine.

mod router;
mod server;
mod stories;
mod articles;
mod summary;
mod versions;
mod diff;
mod corrections;
mod feed;
mod events;
mod feedback;
mod jobs;
mod health;
mod pages;
mod view;
mod html;
mod document;
mod list;
mod extract;
mod negotiate;
mod conditional;
mod idempotency;
mod guard;
mod layers;
mod metrics;
mod error;

pub use router::router;
pub use server::{run, run_metrics};

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::ingest;
use crate::store::{ChangeOutcome, Signals, Store};

/// How the service answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where to listen.
    pub bind: SocketAddr,
    /// Where `/metrics` listens; absent: nowhere.
    pub metrics_bind: Option<SocketAddr>,
    /// Where readers reach the service, such as `https://news.example`: what links in a feed start with. Absent: they
    /// start with the path, and the feed does not say where it is.
    pub public_url: Option<String>,
    /// Largest request body, bytes.
    pub max_body_bytes: usize,
    /// How long a request may take, milliseconds (event streams excepted).
    pub request_timeout_ms: u64,
    /// Most event streams at once; one more is answered 503.
    pub max_event_streams: usize,
    /// Reports that one address may send in a burst, and how long one takes to be forgotten, milliseconds.
    pub feedback_burst: u32,
    /// See `feedback_burst`.
    pub feedback_refill_ms: u64,
    /// How long shutdown waits for requests that are under way, milliseconds.
    pub shutdown_grace_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics_bind: Some(SocketAddr::from(([127, 0, 0, 1], 9464))),
            public_url: None,
            max_body_bytes: 8_000_000,
            request_timeout_ms: 30_000,
            max_event_streams: 1_000,
            feedback_burst: 10,
            feedback_refill_ms: 6_000,
            shutdown_grace_ms: 10_000,
        }
    }
}

/// What handlers work with.
#[derive(Clone)]
pub struct AppState {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Wakes workers and event streams of this process.
    pub signals: Arc<Signals>,
    /// How the service answers.
    pub settings: Arc<Settings>,
    /// How articles are taken in.
    pub ingest: Arc<ingest::Settings>,
    /// Whether this process has its models loaded (always true where it runs no worker).
    pub models_ready: Arc<AtomicBool>,
    /// Ends event streams.
    pub shutdown: CancellationToken,
}

impl AppState {
    /// Wakes the worker and the event streams after a write that asked for a summary.
    fn announce(&self, outcome: &ChangeOutcome) {
        if outcome.changed {
            self.signals.jobs.notify_one();
            self.signals.notify_events();
        }
    }
}
