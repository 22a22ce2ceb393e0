//! What becomes of a job that fails: it is tried again, later and later, and buried with its reason; others go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nutgraf::clock::{Clock, plus_ms};
use nutgraf::domain::{JobState, StoryInput};
use nutgraf::engine::{EngineError, GenerateRequest};
use nutgraf::ingest::{self, put_story};
use nutgraf::store::{Selector, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};
use tokio_util::sync::CancellationToken;

use super::bench::{Bench, WaitingEngine, article};
use crate::support::{ScriptedEngine, story_id};

fn mentions(request: &GenerateRequest, word: &str) -> bool {
    request
        .messages
        .iter()
        .any(|message| message.content.contains(word))
}

/// A story whose every sentence carries a word that the script looks for.
async fn put_poison(bench: &Bench) {
    let settings = ingest::Settings {
        debounce_ms: 0,
        ..ingest::Settings::default()
    };
    let mut articles: Vec<_> = (0..3).map(|number| article("poison", number)).collect();
    for article in &mut articles {
        article.text = article
            .text
            .replace(" of ", " of Poisonville and ")
            .replace("The plan", "The Poisonville plan");
    }
    let input = StoryInput {
        articles: Some(articles),
        ..StoryInput::default()
    };
    put_story(&*bench.store, &*bench.clock, &settings, story_id("poison"), input)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_failing_job_waits_longer_and_longer_and_dies_with_its_reason() {
    let bench = Bench::new().await;
    let engine = ScriptedEngine::new(|_| Err(EngineError::Compute("a wheel came off".to_owned())));
    let mut worker = bench.worker(engine);
    worker.settings.max_attempts = 3;
    worker.settings.backoff_base_ms = 1_000;
    bench.put("s").await;
    for (attempt, longest_wait_ms) in [(1, 1_000), (2, 2_000)] {
        worker.run_due_jobs().await;
        let job = bench.job("s").await.unwrap();
        assert_eq!((job.state, job.attempts), (JobState::Queued, attempt));
        assert!(job.run_after >= bench.clock.now());
        assert!(job.run_after < plus_ms(bench.clock.now(), longest_wait_ms));
        bench.clock.advance_ms(longest_wait_ms);
    }
    worker.run_due_jobs().await;
    let job = bench.job("s").await.unwrap();
    assert_eq!((job.state, job.attempts), (JobState::Dead, 3));
    assert_eq!(
        job.last_error.as_deref(),
        Some("the model could not be run: a wheel came off")
    );
}

#[tokio::test]
async fn a_dead_job_starts_afresh_when_its_story_changes() {
    let bench = Bench::new().await;
    let failing = ScriptedEngine::new(|_| Err(EngineError::Compute("no".to_owned())));
    let mut worker = bench.worker(failing);
    worker.settings.max_attempts = 1;
    bench.put("s").await;
    worker.run_due_jobs().await;
    assert_eq!(bench.state("s").await, Some(JobState::Dead));
    bench.add("s", article("s", 9)).await;
    assert_eq!(bench.job("s").await.unwrap().attempts, 0);
    bench.worker(ScriptedEngine::gibberish()).run_due_jobs().await;
    assert_eq!((bench.version("s").await, bench.job("s").await), (1, None));
}

#[tokio::test]
async fn a_poison_story_does_not_keep_others_waiting() {
    let bench = Bench::new().await;
    let engine = ScriptedEngine::new(|request| {
        if mentions(request, "Poisonville") {
            return Err(EngineError::Compute("poison".to_owned()));
        }
        Ok("zzz".to_owned())
    });
    let mut worker = bench.worker(engine);
    worker.settings.backoff_base_ms = 0;
    put_poison(&bench).await;
    for id in ["a", "b", "c"] {
        bench.put(id).await;
    }
    worker.run_due_jobs().await;
    for id in ["a", "b", "c"] {
        assert_eq!(bench.version(id).await, 1, "{id}");
    }
    let job = bench.job("poison").await.unwrap();
    assert_eq!(
        (job.state, job.attempts),
        (JobState::Dead, worker.settings.max_attempts)
    );
}

#[tokio::test]
async fn a_panic_is_a_failure_with_its_message_and_the_worker_lives() {
    let bench = Bench::new().await;
    let engine = ScriptedEngine::new(|request| {
        assert!(!mentions(request, "Poisonville"), "the scripted panic");
        Ok("zzz".to_owned())
    });
    let worker = bench.worker(engine);
    put_poison(&bench).await;
    bench.put("fine").await;
    worker.run_due_jobs().await;
    assert_eq!(bench.version("fine").await, 1);
    let job = bench.job("poison").await.unwrap();
    assert_eq!(job.last_error.as_deref(), Some("panicked: the scripted panic"));
    assert_eq!((job.state, job.attempts), (JobState::Queued, 1));
}

#[tokio::test]
async fn a_busy_engine_costs_no_attempt() {
    let bench = Bench::new().await;
    let refused = Arc::new(AtomicUsize::new(0));
    let engine = {
        let refused = Arc::clone(&refused);
        ScriptedEngine::new(move |_| {
            if refused.fetch_add(1, Ordering::SeqCst) < 2 {
                return Err(EngineError::Busy { capacity: 1 });
            }
            Ok("zzz".to_owned())
        })
    };
    let mut worker = bench.worker(engine);
    worker.settings.max_attempts = 1;
    bench.put("s").await;
    worker.run_due_jobs().await;
    assert!(refused.load(Ordering::SeqCst) > 2);
    assert_eq!((bench.version("s").await, bench.job("s").await), (1, None));
}

#[tokio::test]
async fn a_stopped_engine_ends_the_worker_before_it_burns_every_job() {
    let bench = Bench::new().await;
    let mut worker = bench.worker(ScriptedEngine::new(|_| Err(EngineError::Stopped)));
    worker.settings.concurrency = 1;
    for id in ["a", "b", "c"] {
        bench.put(id).await;
    }
    let never = CancellationToken::new;
    tokio::time::timeout(Duration::from_secs(20), worker.run(never(), never()))
        .await
        .unwrap();
    assert_eq!(bench.job("a").await.unwrap().attempts, 1);
    assert_eq!(bench.job("b").await.unwrap().attempts, 0);
    assert_eq!(bench.counts().await.jobs_queued, 3);
}

#[tokio::test]
async fn a_job_that_takes_too_long_fails_and_its_work_is_cancelled() {
    let bench = Bench::new().await;
    let mut worker = bench.worker(WaitingEngine::new());
    worker.settings.job_timeout_ms = 100;
    bench.put("s").await;
    worker.run_due_jobs().await;
    let job = bench.job("s").await.unwrap();
    assert_eq!(job.last_error.as_deref(), Some("took longer than 100 ms"));
    assert_eq!((job.state, job.attempts), (JobState::Queued, 1));
}

#[tokio::test]
async fn a_job_whose_process_died_every_time_is_buried_without_another_try() {
    let bench = Bench::new().await;
    let engine = ScriptedEngine::gibberish();
    let worker = bench.worker(engine.clone());
    bench.put("s").await;
    for _ in 0..worker.settings.max_attempts {
        let lease_until = plus_ms(bench.clock.now(), 1_000);
        assert!(
            bench
                .store
                .claim_job(bench.clock.now(), lease_until)
                .await
                .unwrap()
                .is_some()
        );
        bench.clock.advance_ms(1_000);
    }
    worker.run_due_jobs().await;
    let job = bench.job("s").await.unwrap();
    assert_eq!(job.state, JobState::Dead);
    assert_eq!(
        job.last_error.as_deref(),
        Some("the process died while working on it")
    );
    assert_eq!(engine.embedded(), 0);
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_does_not_end_the_worker() {
    let bench = Bench::new().await;
    let mut other = connect(&bench).await;
    other
        .execute("ALTER TABLE jobs RENAME TO jobs_away")
        .await
        .unwrap();
    let shutdown = CancellationToken::new();
    let worker = bench.worker(ScriptedEngine::gibberish());
    let working = tokio::spawn(worker.run(shutdown.clone(), CancellationToken::new()));
    bench
        .until("the store fails", async |bench| {
            bench.store.next_due().await.is_err()
        })
        .await;
    other
        .execute("ALTER TABLE jobs_away RENAME TO jobs")
        .await
        .unwrap();
    bench.put("s").await;
    bench
        .until("the story is summarized", async |bench| {
            bench.version("s").await == 1
        })
        .await;
    shutdown.cancel();
    working.await.unwrap();
}

#[tokio::test]
async fn dead_jobs_are_queued_again_by_a_batch() {
    let bench = Bench::new().await;
    let mut worker = bench.worker(ScriptedEngine::new(|_| {
        Err(EngineError::Compute("no".to_owned()))
    }));
    worker.settings.max_attempts = 1;
    bench.put("s").await;
    worker.run_due_jobs().await;
    assert_eq!(bench.counts().await.jobs_dead, 1);
    let lane = nutgraf::domain::Lane::Batch;
    assert_eq!(
        bench
            .store
            .enqueue(&Selector::Stale, lane, bench.clock.now())
            .await
            .unwrap(),
        1
    );
    bench.worker(ScriptedEngine::gibberish()).run_due_jobs().await;
    assert_eq!(bench.version("s").await, 1);
}

async fn connect(bench: &Bench) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(bench.folder.path().join("test.db"));
    options.connect().await.unwrap()
}
