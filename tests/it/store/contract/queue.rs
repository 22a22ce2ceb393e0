//! How jobs come into the queue, and how a change meets the job that is there.

use nutgraf::domain::{Job, JobState, Lane, StoryId};
use nutgraf::store::{Selector, Store, StoryChange};
use serde_json::json;

use super::{Database, change, claim, event_log, publish};
use crate::support::{add, article, at_ms, bullet, replace, story_id, summary};

/// Adds an article to the story `s` at `now`; its job may run at `run_after`.
fn addition(text: &str, now: i64, run_after: i64) -> StoryChange {
    let mut change = add("s", vec![article(text, text)]);
    change.now = at_ms(now);
    change.run_after = at_ms(run_after);
    change
}

async fn job(store: &dyn Store) -> Job {
    store.find_job(&story_id("s")).await.unwrap().unwrap()
}

/// Debouncing never puts off a story for ever: the first change sets the start.
pub async fn a_change_keeps_the_earlier_start_of_a_queued_job(database: &dyn Database) {
    let store = database.open().await;
    change(&*store, addition("one", 0, 1_000)).await;
    change(&*store, addition("two", 500, 1_500)).await;
    assert_eq!(
        (job(&*store).await.run_after, job(&*store).await.enqueued_at),
        (at_ms(1_000), at_ms(0))
    );
    change(&*store, addition("three", 600, 700)).await;
    assert_eq!(job(&*store).await.run_after, at_ms(700));
    assert_eq!(store.counts().await.unwrap().jobs_queued, 1, "one job a story");
    assert_eq!(
        event_log(&*store, &story_id("s")).await.len(),
        3,
        "each change is told"
    );
}

/// Somebody may be reading it.
pub async fn a_change_moves_a_batch_job_to_the_readers_lane(database: &dyn Database) {
    let store = database.open().await;
    change(&*store, addition("one", 0, 0)).await;
    let story = store.find_story(&story_id("s")).await.unwrap().unwrap();
    publish(&*store, &summary(&story, Vec::new()), 0).await;
    store
        .enqueue(&Selector::All, Lane::Batch, at_ms(1))
        .await
        .unwrap();
    assert_eq!(job(&*store).await.lane, Lane::Batch);
    change(&*store, addition("two", 2, 1_002)).await;
    assert_eq!(
        (job(&*store).await.lane, job(&*store).await.run_after),
        (Lane::Reader, at_ms(1))
    );
}

/// The worker may have read the articles before the change, so the job runs once more.
pub async fn a_change_while_the_job_runs_queues_it_again_once_it_ends(database: &dyn Database) {
    let store = database.open().await;
    change(&*store, addition("one", 0, 0)).await;
    let running = claim(&*store, 0).await;
    change(&*store, addition("two", 1, 1_001)).await;
    let dirty = job(&*store).await;
    assert_eq!(
        (dirty.state, dirty.dirty, dirty.attempts),
        (JobState::Running, true, 1)
    );

    // It did see the change: the article set is the present one, but the job is dirty all the same.
    let story = store.find_story(&story_id("s")).await.unwrap().unwrap();
    let made = summary(&story, vec![bullet(1, "Text.", &["one"])]);
    store.finish_job(&running, &made, at_ms(5)).await.unwrap();
    let again = job(&*store).await;
    assert_eq!(
        (again.state, again.dirty, again.attempts),
        (JobState::Queued, false, 0)
    );
    assert_eq!(
        (again.run_after, again.enqueued_at, again.lane),
        (at_ms(5), at_ms(5), Lane::Reader)
    );

    let rerun = claim(&*store, 5).await;
    assert_eq!((rerun.job.dirty, rerun.job.attempts), (false, 1));
    store.finish_job(&rerun, &made, at_ms(6)).await.unwrap();
    assert_eq!(store.find_job(&story_id("s")).await.unwrap(), None);
}

/// A claim clears `dirty`; a summary of articles that were read before still does not count as current.
pub async fn a_summary_of_an_older_article_set_queues_the_job_again(database: &dyn Database) {
    let store = database.open().await;
    change(&*store, addition("one", 0, 0)).await;
    let old = store.find_story(&story_id("s")).await.unwrap().unwrap();
    change(&*store, addition("two", 1, 1)).await;
    let running = claim(&*store, 2).await;
    assert!(!running.job.dirty);
    let made = summary(&old, vec![bullet(1, "Text.", &["one"])]);
    store.finish_job(&running, &made, at_ms(3)).await.unwrap();
    assert_eq!(job(&*store).await.state, JobState::Queued);
    assert!(store.find_served(&old.id).await.unwrap().unwrap().is_stale());
}

/// What failed for the old articles may succeed for the new ones.
pub async fn a_dead_job_is_revived_by_a_change(database: &dyn Database) {
    let store = database.open().await;
    change(&*store, addition("one", 0, 0)).await;
    let running = claim(&*store, 0).await;
    store.fail_job(&running, "the model is gone", None).await.unwrap();
    let dead = job(&*store).await;
    assert_eq!((dead.state, dead.attempts), (JobState::Dead, 1));
    assert_eq!(dead.last_error.as_deref(), Some("the model is gone"));
    assert_eq!(store.claim_job(at_ms(99), at_ms(100)).await.unwrap(), None);

    change(&*store, addition("two", 10, 1_010)).await;
    let revived = job(&*store).await;
    assert_eq!(
        (revived.state, revived.attempts, revived.run_after),
        (JobState::Queued, 0, at_ms(1_010))
    );
    assert_eq!(revived.enqueued_at, at_ms(10));
}

/// `a` is up to date, `b` is stale, `c` has no summary; none has a job but `b`.
async fn three_stories(store: &dyn Store) {
    for id in ["c", "a", "b"] {
        change(store, replace(id, vec![article("x", id)])).await;
    }
    for id in ["a", "b", "c"] {
        let story = store.find_story(&story_id(id)).await.unwrap().unwrap();
        let running = claim(store, 0).await;
        assert_eq!(running.job.story_id, story.id);
        if id == "c" {
            store.fail_job(&running, "broken", None).await.unwrap();
        } else {
            store
                .finish_job(&running, &summary(&story, Vec::new()), at_ms(0))
                .await
                .unwrap();
        }
    }
    change(store, add("b", vec![article("y", "More.")])).await;
}

/// A dry run names what the run would enqueue.
pub async fn selectors_select_and_enqueue_what_they_say(database: &dyn Database) {
    let store = database.open().await;
    three_stories(&*store).await;
    let selected = async |selector: &Selector| {
        let ids: Vec<StoryId> = store.select_stories(selector).await.unwrap();
        ids.iter().map(StoryId::to_string).collect::<Vec<_>>().join(" ")
    };
    let ids = ["c", "nobody", "a", "c"].map(story_id).to_vec();
    assert_eq!(selected(&Selector::All).await, "a b c");
    assert_eq!(selected(&Selector::Stale).await, "b c");
    assert_eq!(selected(&Selector::Ids(ids.clone())).await, "a c");
    assert_eq!(selected(&Selector::Ids(Vec::new())).await, "");

    assert_eq!(
        store
            .enqueue(&Selector::Ids(ids), Lane::Batch, at_ms(7))
            .await
            .unwrap(),
        2
    );
    let enqueued = store.find_job(&story_id("a")).await.unwrap().unwrap();
    assert_eq!(
        (enqueued.state, enqueued.lane, enqueued.attempts),
        (JobState::Queued, Lane::Batch, 0)
    );
    assert_eq!((enqueued.run_after, enqueued.enqueued_at), (at_ms(7), at_ms(7)));
    let log = event_log(&*store, &story_id("a")).await;
    assert_eq!(log.last().unwrap(), &("queued", json!({"lane": "batch"})));
}

/// A batch takes nothing away from what already waits or runs.
pub async fn enqueueing_leaves_live_jobs_as_they_are_and_revives_dead_ones(database: &dyn Database) {
    let store = database.open().await;
    three_stories(&*store).await;
    let queued = store.find_job(&story_id("b")).await.unwrap();
    let events = event_log(&*store, &story_id("b")).await;
    assert_eq!(
        store
            .enqueue(&Selector::Stale, Lane::Batch, at_ms(7))
            .await
            .unwrap(),
        1,
        "c, which was dead"
    );
    assert_eq!(store.find_job(&story_id("b")).await.unwrap(), queued);
    assert_eq!(event_log(&*store, &story_id("b")).await, events);
    let revived = store.find_job(&story_id("c")).await.unwrap().unwrap();
    assert_eq!(
        (revived.state, revived.attempts, revived.run_after),
        (JobState::Queued, 0, at_ms(7))
    );

    let running = claim(&*store, 7).await;
    assert_eq!(running.job.story_id, story_id("b"));
    assert_eq!(
        store
            .enqueue(&Selector::All, Lane::Reader, at_ms(8))
            .await
            .unwrap(),
        1,
        "a, which had none"
    );
    assert_eq!(store.find_job(&story_id("b")).await.unwrap(), Some(running.job));
    assert_eq!(
        store
            .enqueue(&Selector::All, Lane::Reader, at_ms(9))
            .await
            .unwrap(),
        0
    );
}

/// An operator pages through dead letters.
pub async fn jobs_are_listed_by_state_page_by_page(database: &dyn Database) {
    let store = database.open().await;
    for id in ["c", "a", "d", "b"] {
        change(&*store, replace(id, vec![article("x", id)])).await;
    }
    for _ in ["a", "b", "c"] {
        let running = claim(&*store, 0).await;
        store.fail_job(&running, "broken", None).await.unwrap();
    }
    let first = store.list_jobs(JobState::Dead, None, 2).await.unwrap();
    let rest = store
        .list_jobs(JobState::Dead, Some(&first[1].story_id), 2)
        .await
        .unwrap();
    let ids: Vec<_> = first
        .iter()
        .chain(&rest)
        .map(|job| job.story_id.as_str())
        .collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert!(
        first
            .iter()
            .all(|job| job.last_error.as_deref() == Some("broken"))
    );
    let queued = store.list_jobs(JobState::Queued, None, 9).await.unwrap();
    assert_eq!(queued, [store.find_job(&story_id("d")).await.unwrap().unwrap()]);
    assert_eq!(store.list_jobs(JobState::Running, None, 9).await.unwrap(), []);
}
