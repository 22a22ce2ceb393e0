//! Idempotency keys: a POST that is sent twice acts once.

use nutgraf::store::{Idempotency, RecordedAnswer, Store};

use super::Database;
use crate::support::at_ms;

const SCOPE: &str = "POST /v1/stories/s/feedback";

/// Begins at `at_ms(now)`; a key that was taken in the last 100 ms is being worked on.
async fn begin(store: &dyn Store, key: &str, body: &str, now: i64) -> Idempotency {
    store
        .begin_idempotent(key, SCOPE, body, at_ms(now), at_ms(now - 100))
        .await
        .unwrap()
}

fn answer(status: u16) -> RecordedAnswer {
    RecordedAnswer {
        status,
        location: Some("/v1/feedback/1".to_owned()),
        content_type: None,
        body: vec![0, 159, 146, 150],
    }
}

/// The three states that one request meets.
pub async fn a_key_is_fresh_then_in_flight_then_replayed(database: &dyn Database) {
    let store = database.open().await;
    assert_eq!(begin(&*store, "k", "body", 0).await, Idempotency::Fresh);
    assert_eq!(begin(&*store, "k", "body", 1).await, Idempotency::InFlight);
    store.finish_idempotent("k", SCOPE, &answer(201)).await.unwrap();
    assert_eq!(
        begin(&*store, "k", "body", 2).await,
        Idempotency::Replay(answer(201))
    );
    let long_after = begin(&*store, "k", "body", 1_000_000).await;
    assert_eq!(
        long_after,
        Idempotency::Replay(answer(201)),
        "an answered key does not grow stale"
    );
    store.finish_idempotent("k", SCOPE, &answer(500)).await.unwrap();
    assert_eq!(
        begin(&*store, "k", "body", 3).await,
        Idempotency::Replay(answer(201)),
        "the first answer stays"
    );
}

/// Answered or not, a key belongs to one body; another path has its own keys.
pub async fn another_body_under_a_key_is_a_mismatch(database: &dyn Database) {
    let store = database.open().await;
    begin(&*store, "k", "body", 0).await;
    assert_eq!(begin(&*store, "k", "other", 1).await, Idempotency::Mismatch);
    store.finish_idempotent("k", SCOPE, &answer(201)).await.unwrap();
    assert_eq!(begin(&*store, "k", "other", 2).await, Idempotency::Mismatch);
    let elsewhere = store
        .begin_idempotent("k", "POST /elsewhere", "other", at_ms(3), at_ms(0))
        .await
        .unwrap();
    assert_eq!(elsewhere, Idempotency::Fresh);
    assert_eq!(begin(&*store, "k2", "other", 4).await, Idempotency::Fresh);
}

/// A handler that failed may be tried again; a recorded answer cannot be taken back.
pub async fn an_abandoned_key_is_fresh_again_and_an_answered_one_is_not(database: &dyn Database) {
    let store = database.open().await;
    begin(&*store, "k", "body", 0).await;
    store.abandon_idempotent("k", SCOPE).await.unwrap();
    assert_eq!(begin(&*store, "k", "other", 1).await, Idempotency::Fresh);
    store.finish_idempotent("k", SCOPE, &answer(201)).await.unwrap();
    store.abandon_idempotent("k", SCOPE).await.unwrap();
    assert_eq!(
        begin(&*store, "k", "other", 2).await,
        Idempotency::Replay(answer(201))
    );
}

/// Nobody will ever answer for a process that died.
pub async fn a_key_whose_process_died_is_fresh_again(database: &dyn Database) {
    let store = database.open().await;
    begin(&*store, "k", "body", 0).await;
    assert_eq!(begin(&*store, "k", "body", 100).await, Idempotency::InFlight);
    assert_eq!(begin(&*store, "k", "body", 101).await, Idempotency::Fresh);
    assert_eq!(
        begin(&*store, "k", "body", 102).await,
        Idempotency::InFlight,
        "taken anew"
    );
}

/// Two processes get the same request at once; one of them works.
pub async fn two_requests_with_one_key_are_worked_on_once(database: &dyn Database) {
    let (one, other) = (database.open().await, database.open().await);
    for round in 0..20 {
        let key = format!("k{round}");
        let (first, second) = tokio::join!(begin(&*one, &key, "body", 0), begin(&*other, &key, "body", 0));
        let fresh = [&first, &second]
            .into_iter()
            .filter(|state| **state == Idempotency::Fresh)
            .count();
        assert_eq!(fresh, 1, "{first:?} {second:?}");
    }
}

/// Keys are kept for a day or so, not for ever.
pub async fn old_keys_are_forgotten(database: &dyn Database) {
    let store = database.open().await;
    begin(&*store, "old", "body", 0).await;
    store.finish_idempotent("old", SCOPE, &answer(201)).await.unwrap();
    begin(&*store, "new", "body", 10).await;
    assert_eq!(store.prune_idempotent(at_ms(10)).await.unwrap(), 1);
    assert_eq!(begin(&*store, "old", "other", 11).await, Idempotency::Fresh);
    assert_eq!(begin(&*store, "new", "body", 11).await, Idempotency::InFlight);
}
