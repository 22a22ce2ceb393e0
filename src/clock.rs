//! Time and ids as parameters: nothing else in the crate reads the system clock for a stored value.

use std::sync::Mutex;

use jiff::Timestamp;
use uuid::Uuid;

/// Where the current time comes from. Two implementations: [`SystemClock`], and [`ManualClock`] for tests.
pub trait Clock: Send + Sync + 'static {
    /// The current time, UTC, with millisecond precision: what is read back from a store equals what went in.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        truncate_to_ms(Timestamp::now())
    }
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct ManualClock {
    // std Mutex: held for one read or write, never across an await.
    now: Mutex<Timestamp>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now: Mutex::new(truncate_to_ms(now)),
        }
    }

    /// Moves the clock forward by `ms` milliseconds.
    pub fn advance_ms(&self, ms: u64) {
        let mut now = self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = plus_ms(*now, ms);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The time `ms` milliseconds later; the last representable time when there is none.
pub fn plus_ms(time: Timestamp, ms: u64) -> Timestamp {
    let later = time
        .as_millisecond()
        .saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
    Timestamp::from_millisecond(later).unwrap_or(Timestamp::MAX)
}

/// A new UUIDv7 stamped with the clock's time.
pub fn new_id(clock: &dyn Clock) -> Uuid {
    new_id_at(clock.now())
}

/// A new UUIDv7 stamped with this time.
pub fn new_id_at(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds))
}

fn truncate_to_ms(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}
