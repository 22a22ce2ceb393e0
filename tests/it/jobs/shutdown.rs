//! At shutdown the running job is finished, or given back when there is no time for that.

use nutgraf::domain::JobState;
use tokio_util::sync::CancellationToken;

use super::bench::{Bench, Gate, LONG, WaitingEngine};
use crate::support::ScriptedEngine;

#[tokio::test]
async fn a_shutdown_finishes_the_running_job_and_starts_no_other() {
    let bench = Bench::new().await;
    let gate = Gate::default();
    let engine = {
        let gate = gate.clone();
        ScriptedEngine::new(move |_| {
            gate.pass();
            Ok("zzz".to_owned())
        })
    };
    bench.put("first").await;
    bench.put("second").await;
    let shutdown = CancellationToken::new();
    let mut worker = bench.worker(engine);
    worker.settings.concurrency = 1;
    let working = tokio::spawn(worker.run(shutdown.clone(), CancellationToken::new()));
    gate.reached().await;
    shutdown.cancel();
    gate.open();
    tokio::time::timeout(LONG, working).await.unwrap().unwrap();
    assert_eq!(
        (bench.version("first").await, bench.state("first").await),
        (1, None)
    );
    assert_eq!(
        (bench.version("second").await, bench.state("second").await),
        (0, Some(JobState::Queued))
    );
}

#[tokio::test]
async fn an_urgent_shutdown_gives_the_running_job_back_uncounted() {
    let bench = Bench::new().await;
    let engine = WaitingEngine::new();
    bench.put("s").await;
    let (shutdown, shutdown_now) = (CancellationToken::new(), CancellationToken::new());
    let worker = bench.worker(engine.clone());
    let working = tokio::spawn(worker.run(shutdown.clone(), shutdown_now.clone()));
    engine.asked().await;
    shutdown.cancel();
    shutdown_now.cancel();
    // The engine waits until it is cancelled, and longer than this.
    tokio::time::timeout(LONG / 2, working).await.unwrap().unwrap();
    let job = bench.job("s").await.unwrap();
    assert_eq!(
        (job.state, job.attempts, job.last_error),
        (JobState::Queued, 0, None)
    );
    // Another process goes on with it at once.
    bench.worker(ScriptedEngine::gibberish()).run_due_jobs().await;
    assert_eq!(bench.version("s").await, 1);
}

#[tokio::test]
async fn a_worker_that_is_told_to_end_when_idle_waits_for_later_jobs() {
    let bench = Bench::new().await;
    let worker = bench.worker(ScriptedEngine::gibberish());
    bench.put("due").await;
    let settings = nutgraf::ingest::Settings::default();
    let later = super::bench::story("later", 3);
    nutgraf::ingest::put_story(
        &*bench.store,
        &*bench.clock,
        &settings,
        crate::support::story_id("later"),
        later,
    )
    .await
    .unwrap();
    let never = CancellationToken::new();
    let working = {
        let never = never.clone();
        tokio::spawn(async move { worker.run_until_idle(never.clone(), never).await })
    };
    bench
        .until("the due story is summarized", async |bench| {
            bench.version("due").await == 1
        })
        .await;
    assert!(!working.is_finished());
    bench.clock.advance_ms(settings.debounce_ms);
    tokio::time::timeout(LONG, working).await.unwrap().unwrap();
    assert_eq!(
        (bench.version("later").await, bench.job("later").await),
        (1, None)
    );
}
