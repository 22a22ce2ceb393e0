//! Logs to standard error, metrics to a recorder that `/metrics` reads.

pub mod profile;

use std::io::{IsTerminal, stderr};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use self::profile::{Counted, Profile};
use crate::config::{LogFormat, LogSettings};

/// Upper bounds of the duration histograms' buckets, seconds.
const SECONDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0,
];

/// Logging or metrics could not be set up. The operator corrects the setting.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.filter` cannot be read.
    #[error("log.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The metrics recorder could not be installed.
    #[error("metrics: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// Starts logging; `default_filter` holds where neither the configuration nor `RUST_LOG` says anything. With a profile, the
/// spans that it counts are counted.
///
/// # Errors
/// [`TelemetryError::Filter`].
pub fn start_logging(
    settings: &LogSettings,
    default_filter: &str,
    profile: Option<Profile>,
) -> Result<(), TelemetryError> {
    let from_environment = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let filter = settings
        .filter
        .clone()
        .or(from_environment)
        .unwrap_or_else(|| default_filter.to_owned());
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(stderr().is_terminal() && !is_plain)
        .with_writer(stderr);
    let lines = match settings.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let subscriber = tracing_subscriber::registry()
        .with(lines.with_filter(EnvFilter::try_new(filter)?))
        .with(profile.map(|profile| profile.with_filter(Counted)));
    // A second subscriber in one process (tests) is refused; the first one stays.
    let _already_started = subscriber.try_init();
    Ok(())
}

/// Starts recording metrics; what was recorded is read through the handle.
///
/// # Errors
/// [`TelemetryError::Metrics`].
pub fn start_metrics() -> Result<PrometheusHandle, TelemetryError> {
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?;
    Ok(builder.install_recorder()?)
}
