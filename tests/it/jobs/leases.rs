//! Who holds a job: a lease is renewed while its holder works, lost when the holder is silent, and then the holder's
//! result counts no more.

use nutgraf::clock::{Clock, plus_ms};
use nutgraf::domain::JobState;
use nutgraf::store::Store;

use super::bench::{Bench, Gate, LONG, WaitingEngine};
use crate::support::ScriptedEngine;

fn gated(gate: &Gate) -> ScriptedEngine {
    let gate = gate.clone();
    ScriptedEngine::new(move |_| {
        gate.pass();
        Ok("zzz".to_owned())
    })
}

#[tokio::test]
async fn the_job_of_a_dead_process_is_taken_over_when_its_lease_ends() {
    let bench = Bench::new().await;
    bench.put("s").await;
    let lease_until = plus_ms(bench.clock.now(), 60_000);
    // The process that claims here is never heard of again.
    bench
        .store
        .claim_job(bench.clock.now(), lease_until)
        .await
        .unwrap()
        .unwrap();
    bench.clock.advance_ms(59_999);
    assert_eq!(
        bench
            .store
            .claim_job(bench.clock.now(), lease_until)
            .await
            .unwrap(),
        None
    );
    bench.clock.advance_ms(1);
    bench.worker(ScriptedEngine::gibberish()).run_due_jobs().await;
    assert_eq!((bench.version("s").await, bench.job("s").await), (1, None));
}

#[tokio::test]
async fn the_result_of_a_worker_that_lost_its_lease_is_dropped() {
    let bench = Bench::new().await;
    let gate = Gate::default();
    let worker = bench.worker(gated(&gate));
    bench.put("s").await;
    let working = tokio::spawn(async move { worker.run_due_jobs().await });
    gate.reached().await;
    // The worker's heartbeat comes every 20 seconds of real time: the lease ends before it.
    bench.clock.advance_ms(60_000);
    let lease_until = plus_ms(bench.clock.now(), 60_000);
    let taken = bench
        .store
        .claim_job(bench.clock.now(), lease_until)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(taken.job.attempts, 2);
    bench
        .store
        .fail_job(&taken, "given up by the test", None)
        .await
        .unwrap();
    gate.open();
    working.await.unwrap();
    let job = bench.job("s").await.unwrap();
    assert_eq!(
        (job.state, job.last_error.as_deref()),
        (JobState::Dead, Some("given up by the test"))
    );
    assert_eq!(bench.version("s").await, 0);
}

#[tokio::test]
async fn a_worker_that_works_keeps_its_lease() {
    let bench = Bench::new().await;
    let gate = Gate::default();
    let mut worker = bench.worker(gated(&gate));
    worker.settings.lease_ms = 300;
    bench.put("s").await;
    let working = tokio::spawn(async move { worker.run_due_jobs().await });
    gate.reached().await;
    for _ in 0..5 {
        bench.clock.advance_ms(200);
        let renewed = plus_ms(bench.clock.now(), 300);
        bench
            .until("the lease is renewed", async |bench| {
                bench.store.next_due().await.unwrap() == Some(renewed)
            })
            .await;
    }
    assert_eq!(bench.now_ms(), 1_000);
    gate.open();
    working.await.unwrap();
    assert_eq!(bench.version("s").await, 1);
}

#[tokio::test]
async fn losing_the_lease_cancels_the_work() {
    let bench = Bench::new().await;
    let engine = WaitingEngine::new();
    let mut worker = bench.worker(engine.clone());
    worker.settings.lease_ms = 300;
    bench.put("s").await;
    let working = tokio::spawn(async move { worker.run_due_jobs().await });
    engine.asked().await;
    let taken = loop {
        // A heartbeat may come between the two; then the next round takes it.
        bench.clock.advance_ms(300);
        let lease_until = plus_ms(bench.clock.now(), 600_000);
        if let Some(claim) = bench
            .store
            .claim_job(bench.clock.now(), lease_until)
            .await
            .unwrap()
        {
            break claim;
        }
    };
    bench
        .store
        .fail_job(&taken, "given up by the test", None)
        .await
        .unwrap();
    // The engine waits until it is cancelled, and longer than this test.
    tokio::time::timeout(LONG / 2, working).await.unwrap().unwrap();
    let job = bench.job("s").await.unwrap();
    assert_eq!(
        (job.state, job.last_error.as_deref()),
        (JobState::Dead, Some("given up by the test"))
    );
    assert_eq!(bench.version("s").await, 0);
}
