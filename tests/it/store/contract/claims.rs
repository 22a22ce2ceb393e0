//! Who may work on a job, and for how long.

use std::collections::BTreeSet;
use std::sync::Arc;

use nutgraf::domain::{Job, JobState, Lane, StoryId};
use nutgraf::store::{Claim, Selector, Store};

use super::{Database, change, claim};
use crate::support::{add, article, at, at_ms, replace, story_id, summary};

async fn job(store: &dyn Store, id: &str) -> Job {
    store.find_job(&story_id(id)).await.unwrap().unwrap()
}

/// A story whose job may run from `run_after` on.
async fn queue(store: &dyn Store, id: &str, run_after: i64) {
    let mut creation = replace(id, vec![article("x", id)]);
    creation.run_after = at_ms(run_after);
    change(store, creation).await;
}

/// A story without a job, as if it had been summarized.
async fn finished(store: &dyn Store, id: &str) {
    queue(store, id, -1_000_000).await;
    let running = claim(store, -1_000_000).await;
    let story = store.find_story(&story_id(id)).await.unwrap().unwrap();
    store
        .finish_job(&running, &summary(&story, Vec::new()), at_ms(0))
        .await
        .unwrap();
}

/// Readers before batches, then who waits longest; nobody before the start.
pub async fn claims_go_by_lane_then_by_start_and_never_early(database: &dyn Database) {
    let store = database.open().await;
    for id in ["b1", "b2"] {
        finished(&*store, id).await;
    }
    for (id, now) in [("b2", 1), ("b1", 2)] {
        let one = Selector::Ids(vec![story_id(id)]);
        store.enqueue(&one, Lane::Batch, at_ms(now)).await.unwrap();
    }
    queue(&*store, "r1", 20).await;
    queue(&*store, "r2", 10).await;
    queue(&*store, "r3", 31).await;
    let mut order = Vec::new();
    while let Some(claim) = store.claim_job(at_ms(30), at_ms(90)).await.unwrap() {
        assert_eq!((claim.job.state, claim.job.attempts), (JobState::Running, 1));
        order.push(claim.job.story_id.to_string());
    }
    assert_eq!(order, ["r2", "r1", "b2", "b1"]);
    assert_eq!(
        claim(&*store, 31).await.job.story_id,
        story_id("r3"),
        "due at its start"
    );
}

/// That is how a job survives the process that ran it.
pub async fn a_lease_that_ran_out_can_be_claimed_by_another(database: &dyn Database) {
    let store = database.open().await;
    queue(&*store, "s", 0).await;
    let lost = store.claim_job(at_ms(0), at_ms(50)).await.unwrap().unwrap();
    change(&*store, at(add("s", vec![article("y", "More.")]), at_ms(10))).await;
    assert_eq!(store.claim_job(at_ms(49), at_ms(99)).await.unwrap(), None);
    let next = store.claim_job(at_ms(50), at_ms(100)).await.unwrap().unwrap();
    assert_eq!(
        (next.job.attempts, next.job.dirty),
        (2, false),
        "each try counts; it reads the story anew"
    );
    assert_ne!(next.token, lost.token);
    assert_eq!(store.claim_job(at_ms(51), at_ms(99)).await.unwrap(), None);
}

/// Working long is no reason to lose a job, dying is.
pub async fn a_heartbeat_prolongs_the_lease(database: &dyn Database) {
    let store = database.open().await;
    queue(&*store, "s", 0).await;
    let running = store.claim_job(at_ms(0), at_ms(50)).await.unwrap().unwrap();
    assert!(store.heartbeat(&running, at_ms(80)).await.unwrap());
    assert_eq!(store.claim_job(at_ms(79), at_ms(99)).await.unwrap(), None);
    assert!(store.claim_job(at_ms(80), at_ms(99)).await.unwrap().is_some());
    assert!(!store.heartbeat(&running, at_ms(200)).await.unwrap());
}

/// Queued with its reason until the retry, its tries counted on.
pub async fn a_failed_job_waits_for_its_retry(database: &dyn Database) {
    let store = database.open().await;
    queue(&*store, "s", 0).await;
    let running = claim(&*store, 0).await;
    store
        .fail_job(&running, "timed out", Some(at_ms(500)))
        .await
        .unwrap();
    let waiting = job(&*store, "s").await;
    assert_eq!(
        (waiting.state, waiting.attempts, waiting.run_after),
        (JobState::Queued, 1, at_ms(500))
    );
    assert_eq!(waiting.last_error.as_deref(), Some("timed out"));
    assert_eq!(store.claim_job(at_ms(499), at_ms(600)).await.unwrap(), None);
    assert_eq!(claim(&*store, 500).await.job.attempts, 2);
}

/// A change that came during the last try has the right to be tried, as one that comes after it has.
pub async fn a_dirty_job_does_not_die(database: &dyn Database) {
    let store = database.open().await;
    queue(&*store, "s", 0).await;
    let running = claim(&*store, 0).await;
    change(&*store, at(add("s", vec![article("y", "More.")]), at_ms(10))).await;
    store.fail_job(&running, "broken", None).await.unwrap();
    let queued = job(&*store, "s").await;
    assert_eq!(
        (queued.state, queued.attempts, queued.dirty),
        (JobState::Queued, 0, false)
    );
    let last = claim(&*store, 10).await;
    store.fail_job(&last, "broken", None).await.unwrap();
    assert_eq!(job(&*store, "s").await.state, JobState::Dead);
}

/// Shutting down costs a story nothing.
pub async fn a_released_job_loses_neither_its_place_nor_an_attempt(database: &dyn Database) {
    let store = database.open().await;
    queue(&*store, "first", 1).await;
    queue(&*store, "second", 2).await;
    let before = job(&*store, "first").await;
    let running = claim(&*store, 5).await;
    store.release_job(&running, at_ms(9)).await.unwrap();
    assert_eq!(job(&*store, "first").await, before);
    assert_eq!(claim(&*store, 9).await.job.story_id, story_id("first"));
}

/// None of the three ways to end a try touches another worker's job.
pub async fn who_lost_the_lease_changes_nothing(database: &dyn Database) {
    let store = database.open().await;
    queue(&*store, "s", 0).await;
    let lost = store.claim_job(at_ms(0), at_ms(10)).await.unwrap().unwrap();
    let held = claim(&*store, 10).await;
    store.fail_job(&lost, "late", None).await.unwrap();
    store.release_job(&lost, at_ms(11)).await.unwrap();
    assert!(!store.heartbeat(&lost, at_ms(99_999)).await.unwrap());
    assert_eq!(job(&*store, "s").await, held.job);
    assert!(store.heartbeat(&held, at_ms(99_999)).await.unwrap());
}

/// How long a worker may sleep.
pub async fn the_next_due_time_is_the_earliest_start_or_lease_end(database: &dyn Database) {
    let store = database.open().await;
    queue(&*store, "a", 10).await;
    queue(&*store, "b", 20).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at_ms(10)));
    let a = store.claim_job(at_ms(10), at_ms(15)).await.unwrap().unwrap();
    assert_eq!(
        store.next_due().await.unwrap(),
        Some(at_ms(15)),
        "a lease may run out"
    );
    store.heartbeat(&a, at_ms(30)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at_ms(20)));
    store.fail_job(&a, "broken", None).await.unwrap();
    let b = store.claim_job(at_ms(20), at_ms(25)).await.unwrap().unwrap();
    store.fail_job(&b, "broken", None).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), None, "the dead wait for nothing");
}

/// Four workers of two processes drain 200 jobs, and each job is done by one of them.
pub async fn two_claimers_never_get_the_same_job(database: &dyn Database) {
    let (one, other) = (database.open().await, database.open().await);
    for number in 0..200 {
        queue(&*one, &format!("s{number:03}"), 0).await;
    }
    let mut workers = tokio::task::JoinSet::new();
    for store in [&one, &other, &one, &other] {
        workers.spawn(drain(Arc::clone(store)));
    }
    let claims: Vec<Claim> = workers.join_all().await.into_iter().flatten().collect();
    let stories: BTreeSet<&StoryId> = claims.iter().map(|claim| &claim.job.story_id).collect();
    let tokens: BTreeSet<_> = claims.iter().map(|claim| claim.token).collect();
    assert_eq!((claims.len(), stories.len(), tokens.len()), (200, 200, 200));
    assert!(claims.iter().all(|claim| claim.job.attempts == 1));
    assert_eq!(one.counts().await.unwrap().jobs_running, 200);
}

async fn drain(store: Arc<dyn Store>) -> Vec<Claim> {
    let mut claims = Vec::new();
    while let Some(claim) = store.claim_job(at_ms(1), at_ms(90_000)).await.unwrap() {
        claims.push(claim);
    }
    claims
}
