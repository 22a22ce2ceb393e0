//! Where time goes: how long threads were in each span whose target is [`TARGET`], without the spans inside it.
//!
//! Such a span costs one comparison where no profile is taken.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tracing::level_filters::LevelFilter;
use tracing::span::Id;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

/// The target of spans that are counted.
pub const TARGET: &str = "profile";

/// What was counted so far. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Profile(Arc<Mutex<BTreeMap<&'static str, Total>>>);

/// How often threads were in a span, and how long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Total {
    /// How often.
    pub times: u64,
    /// Seconds, of all threads, without those of the spans inside it.
    pub seconds: f64,
}

thread_local! {
    /// The spans that this thread is in, the innermost last.
    static INSIDE: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

struct Entered {
    at: Instant,
    /// In the spans inside it.
    elsewhere: Duration,
}

impl Profile {
    /// What was counted since it was asked before: by name, the longest first.
    pub fn take(&self) -> Vec<(&'static str, Total)> {
        let totals = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut totals: Vec<_> = totals.into_iter().collect();
        totals.sort_by(|(_, a), (_, b)| b.seconds.total_cmp(&a.seconds));
        totals
    }

    fn add(&self, name: &'static str, time: Duration) {
        let mut totals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let total = totals.entry(name).or_default();
        total.times += 1;
        total.seconds += time.as_secs_f64();
    }
}

/// A table in Markdown, with the share of all that was counted.
pub fn table(what: &str, totals: &[(&'static str, Total)]) -> String {
    let all: f64 = totals.iter().map(|(_, total)| total.seconds).sum();
    let mut table = format!("| {what} | times | seconds | share |\n|---|---|---|---|\n");
    for (name, total) in totals {
        let _ = writeln!(
            table,
            "| {name} | {} | {:.2} | {:.1} % |",
            total.times,
            total.seconds,
            total.seconds * 100.0 / all
        );
    }
    table
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Profile {
    fn on_enter(&self, _id: &Id, _context: Context<'_, S>) {
        INSIDE.with_borrow_mut(|inside| {
            inside.push(Entered {
                at: Instant::now(),
                elsewhere: Duration::ZERO,
            });
        });
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let time = INSIDE.with_borrow_mut(|inside| {
            let entered = inside.pop()?;
            let whole = entered.at.elapsed();
            if let Some(around) = inside.last_mut() {
                around.elsewhere += whole;
            }
            Some(whole.saturating_sub(entered.elsewhere))
        });
        if let (Some(time), Some(span)) = (time, context.span(id)) {
            self.add(span.name(), time);
        }
    }
}

/// Lets only the spans through that are counted.
pub(super) struct Counted;

impl<S> Filter<S> for Counted {
    fn enabled(&self, metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        metadata.is_span() && metadata.target() == TARGET
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }
}

#[cfg(test)]
mod tests {
    use tracing::{subscriber::with_default, trace_span};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn a_span_is_counted_without_those_inside_it_and_others_are_not_counted() {
        let profile = Profile::default();
        let subscriber = tracing_subscriber::registry().with(profile.clone().with_filter(Counted));
        let wait = |time| {
            let started = Instant::now();
            while started.elapsed() < Duration::from_millis(time) {}
        };
        with_default(subscriber, || {
            let _outer = trace_span!(target: TARGET, "outer").entered();
            for _ in 0..2 {
                let _inner = trace_span!(target: TARGET, "inner").entered();
                let _other = trace_span!("other").entered();
                wait(20);
            }
        });
        let totals = profile.take();
        assert!(profile.take().is_empty());
        let names: Vec<&str> = totals.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["inner", "outer"]);
        assert_eq!((totals[0].1.times, totals[1].1.times), (2, 1));
        assert!(totals[0].1.seconds >= 0.04 && totals[1].1.seconds < totals[0].1.seconds);
        let table = table("where", &totals);
        assert!(table.contains("| inner | 2 | 0.0"), "{table}");
    }
}
