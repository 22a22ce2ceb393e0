//! Health, readiness, metrics, and the queue.

use std::sync::atomic::Ordering;

use reqwest::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;

use super::{header, json, problem};
use crate::support::{Service, bullet, metrics_handle};

#[tokio::test]
async fn a_process_is_alive_but_not_ready_without_its_models_or_its_store() {
    let service = Service::start().await;
    let ready = service.get("/readyz").await;
    assert_eq!(header(&ready, "cache-control"), "no-store");
    assert_eq!(json(ready, StatusCode::OK).await, json!({"status": "ready"}));
    service.state.models_ready.store(false, Ordering::Release);
    let body = problem(service.get("/readyz").await, 503, "not-ready").await;
    assert_eq!(body["errors"][0]["pointer"], "/models");
    service.state.store.close().await;
    let body = problem(service.get("/readyz").await, 503, "not-ready").await;
    assert_eq!(
        (&body["errors"][0]["pointer"], &body["errors"][1]["pointer"]),
        (&json!("/store"), &json!("/models"))
    );
    assert_eq!(
        json(service.get("/healthz").await, StatusCode::OK).await,
        json!({"status": "ok"})
    );
}

#[tokio::test]
async fn metrics_tell_durations_by_route_and_what_is_stored_on_a_listener_of_their_own() {
    let handle = metrics_handle();
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b", "c"]).await;
    service
        .publish("bridge", vec![bullet(1, "It was closed.", &["c"])])
        .await;
    service.put_story("bridge", &["a", "b"]).await;
    service.get("/v1/stories/bridge").await;
    service.get("/nowhere/at/all").await;
    problem(service.get("/metrics").await, 404, "unknown-route").await;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let server = tokio::spawn(nutgraf::serve::run_metrics(
        listener,
        handle,
        service.state.clone(),
    ));
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    for line in [
        "nutgraf_stories 1",
        "nutgraf_articles 2",
        "nutgraf_corrections{state=\"open\"} 1",
        "nutgraf_corrections{state=\"settled\"} 0",
        "nutgraf_jobs{state=\"queued\"} 1",
        "nutgraf_store_up 1",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    for part in [
        "method=\"GET\",route=\"/v1/stories/{story_id}\",status=\"200\"",
        "method=\"GET\",route=\"none\",status=\"404\"",
        "nutgraf_http_requests_in_flight",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    service.state.shutdown.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_queue_is_listed_by_state_with_the_reasons_of_dead_jobs() {
    let service = Service::start().await;
    for id in ["a", "b", "c"] {
        service.put_story(id, &["x"]).await;
    }
    let now = service.state.clock.now();
    let lease = now + jiff::SignedDuration::from_mins(1);
    let claim = service.state.store.claim_job(now, lease).await.unwrap().unwrap();
    service
        .state
        .store
        .fail_job(&claim, "the model broke", None)
        .await
        .unwrap();
    let dead = json(service.get("/v1/jobs?state=dead").await, StatusCode::OK).await;
    assert_eq!(dead["items"].as_array().unwrap().len(), 1);
    assert_eq!(dead["items"][0]["last_error"], "the model broke");
    let queued = service.get("/v1/jobs?state=queued&limit=1").await;
    assert_eq!(header(&queued, "cache-control"), "no-store");
    assert!(header(&queued, "link").starts_with("</v1/jobs?state=queued&limit=1&cursor="));
    for bad in ["", "?state=done", "?state=dead&limit=0"] {
        problem(
            service.get(&format!("/v1/jobs{bad}")).await,
            400,
            "malformed-request",
        )
        .await;
    }
}
