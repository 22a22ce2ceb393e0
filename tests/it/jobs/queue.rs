//! What becomes of a job that nothing goes wrong with.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use nutgraf::domain::{EventKind, SummaryStatus};
use nutgraf::engine::Priority;
use nutgraf::ingest::{self, put_story};
use nutgraf::jobs::Settings;
use nutgraf::store::{Selector, Store};
use tokio_util::sync::CancellationToken;

use super::bench::{Bench, Gate, article, story};
use crate::support::{ScriptedEngine, story_id};

#[tokio::test]
async fn changes_within_the_debounce_make_one_version() {
    let bench = Bench::new().await;
    let worker = bench.worker(ScriptedEngine::gibberish());
    let settings = ingest::Settings::default();
    for articles in 2..5 {
        put_story(
            &*bench.store,
            &*bench.clock,
            &settings,
            story_id("s"),
            story("s", articles),
        )
        .await
        .unwrap();
        bench.clock.advance_ms(300);
        worker.run_due_jobs().await;
    }
    assert_eq!(bench.version("s").await, 0);
    bench.clock.advance_ms(100);
    worker.run_due_jobs().await;
    let summary = bench
        .store
        .find_current_summary(&story_id("s"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((summary.version, summary.coverage.articles), (1, 4));
    assert_eq!(summary.status, SummaryStatus::Ready);
    assert_eq!(bench.job("s").await, None);
}

#[tokio::test]
async fn the_same_content_makes_no_job() {
    let bench = Bench::new().await;
    let worker = bench.worker(ScriptedEngine::gibberish());
    bench.put("s").await;
    worker.run_due_jobs().await;
    bench.put("s").await;
    assert_eq!(bench.job("s").await, None);
}

#[tokio::test]
async fn a_story_summarized_again_without_a_change_keeps_its_version() {
    let bench = Bench::new().await;
    let engine = ScriptedEngine::gibberish();
    let worker = bench.worker(engine.clone());
    bench.put("s").await;
    worker.run_due_jobs().await;
    let embedded = engine.embedded();
    let lane = nutgraf::domain::Lane::Batch;
    let now = nutgraf::clock::Clock::now(&*bench.clock);
    assert_eq!(bench.store.enqueue(&Selector::All, lane, now).await.unwrap(), 1);
    worker.run_due_jobs().await;
    assert_eq!(bench.version("s").await, 1);
    assert_eq!(bench.job("s").await, None);
    assert_eq!(engine.embedded(), embedded, "kept analyses are used again");
}

#[tokio::test]
async fn what_a_batch_job_writes_goes_behind_what_readers_wait_for() {
    let bench = Bench::new().await;
    let asked: Arc<Mutex<Vec<Priority>>> = Arc::default();
    let engine = {
        let asked = Arc::clone(&asked);
        ScriptedEngine::new(move |request| {
            asked.lock().unwrap().push(request.priority);
            Ok("zzz".to_owned())
        })
    };
    let mut worker = bench.worker(engine);
    worker.summarize.max_bullets = 1;
    bench.put("s").await;
    worker.run_due_jobs().await;
    let first = std::mem::take(&mut *asked.lock().unwrap());
    assert!(!first.is_empty() && first.iter().all(|priority| *priority == Priority::Interactive));

    worker.summarize.max_bullets = 3;
    let now = nutgraf::clock::Clock::now(&*bench.clock);
    let lane = nutgraf::domain::Lane::Batch;
    bench.store.enqueue(&Selector::All, lane, now).await.unwrap();
    worker.run_due_jobs().await;
    let second = asked.lock().unwrap();
    assert!(!second.is_empty() && second.iter().all(|priority| *priority == Priority::Background));
}

#[tokio::test]
async fn a_story_that_changes_while_it_is_summarized_is_summarized_again() {
    let bench = Bench::new().await;
    let gate = Gate::default();
    let worker = {
        let gate = gate.clone();
        bench.worker(ScriptedEngine::new(move |_| {
            gate.pass();
            Ok("zzz".to_owned())
        }))
    };
    bench.put("s").await;
    let working = tokio::spawn(async move { worker.run_due_jobs().await });
    gate.reached().await;
    bench.add("s", article("s", 7)).await;
    assert!(bench.job("s").await.unwrap().dirty);
    gate.open();
    working.await.unwrap();
    let served = bench.store.find_served(&story_id("s")).await.unwrap().unwrap();
    assert!(!served.is_stale());
    let summary = served.summary.unwrap();
    assert_eq!((summary.version, summary.coverage.articles), (2, 4));
    assert_eq!(bench.job("s").await, None);
}

#[tokio::test]
async fn bullets_are_announced_as_provisional_before_the_version_is_stored() {
    let bench = Bench::new().await;
    let worker = bench.worker(ScriptedEngine::gibberish());
    let mut changes = worker.signals.subscribe_events();
    bench.put("s").await;
    worker.run_due_jobs().await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    let events = bench.store.list_events(&[story_id("s")], 0, 100).await.unwrap();
    let kinds: Vec<EventKind> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds.first(), Some(&EventKind::Queued));
    assert_eq!(kinds.last(), Some(&EventKind::Summary));
    let bullets: Vec<_> = events
        .iter()
        .filter(|event| event.kind == EventKind::Bullet)
        .collect();
    assert!(!bullets.is_empty());
    for event in bullets {
        assert_eq!(event.data["provisional"], true);
        assert!(event.data["bullet"]["text"].is_string(), "{}", event.data);
    }
}

#[tokio::test]
async fn fifty_stories_with_four_at_once_get_one_version_each() {
    let bench = Bench::new().await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let engine = {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        ScriptedEngine::new(move |_| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(2));
            running.fetch_sub(1, Ordering::SeqCst);
            Ok("zzz".to_owned())
        })
    };
    let mut worker = bench.worker(engine);
    worker.settings = Settings {
        concurrency: 4,
        ..worker.settings
    };
    for number in 0..50 {
        bench.put(&format!("story-{number}")).await;
    }
    worker.run_due_jobs().await;
    let counts = bench.counts().await;
    assert_eq!((counts.stories, counts.versions), (50, 50));
    assert_eq!(
        (counts.jobs_queued, counts.jobs_running, counts.jobs_dead),
        (0, 0, 0)
    );
    for number in 0..50 {
        assert_eq!(bench.version(&format!("story-{number}")).await, 1);
    }
    let most = most.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most} at once");
}

#[tokio::test]
async fn a_waiting_worker_is_woken_by_a_signal() {
    let bench = Bench::new().await;
    let mut worker = bench.worker(ScriptedEngine::gibberish());
    // Polling alone would take longer than the test waits.
    worker.settings.poll_ms = 3_600_000;
    let signals = Arc::clone(&worker.signals);
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(worker.run(shutdown.clone(), CancellationToken::new()));
    bench.put("s").await;
    signals.jobs.notify_one();
    bench
        .until("the story is summarized", async |bench| {
            bench.version("s").await == 1
        })
        .await;
    shutdown.cancel();
    working.await.unwrap();
}
