//! `Idempotency-Key`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use nutgraf::clock::Clock;
use nutgraf::serve::Settings;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{header, json, problem};
use crate::support::{Service, at_ms, bullet, sample_article, state};

const ARTICLES: &str = "/v1/stories/bridge/articles";

fn keyed(service: &Service, path: &str, key: &str) -> RequestBuilder {
    let request = service.request(Method::POST, path);
    request
        .header("idempotency-key", key)
        .header("content-type", "application/json")
}

#[tokio::test]
async fn the_same_key_and_body_get_the_first_answer_again() {
    let service = Service::start().await;
    let body = json!([sample_article("a")]).to_string();
    let first = keyed(&service, ARTICLES, "k1")
        .body(body.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(first.status(), StatusCode::CREATED);
    let first = first.text().await.unwrap();
    let second = keyed(&service, ARTICLES, "k1")
        .body(body.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(
        (second.status(), header(&second, "idempotent-replayed")),
        (StatusCode::CREATED, "true")
    );
    assert_eq!(header(&second, "location"), "/v1/stories/bridge");
    assert_eq!(header(&second, "content-type"), "application/json");
    assert_eq!(second.text().await.unwrap(), first);
    let other_path = keyed(&service, "/v1/stories/tunnel/articles", "k1")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(header(&other_path, "idempotent-replayed"), "");
}

#[tokio::test]
async fn a_report_that_is_sent_twice_counts_once() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    service
        .publish("bridge", vec![bullet(1, "It was closed.", &["a"])])
        .await;
    let body = json!({"version": 1, "reason": "other"}).to_string();
    let mut locations = Vec::new();
    for _ in 0..2 {
        let sent = keyed(&service, "/v1/stories/bridge/feedback", "k1")
            .body(body.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), StatusCode::CREATED);
        locations.push(header(&sent, "location").to_owned());
    }
    assert_eq!(locations[0], locations[1]);
    assert_eq!(service.state.store.counts().await.unwrap().feedback, 1);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let service = Service::start().await;
    keyed(&service, ARTICLES, "k1")
        .body(json!([sample_article("a")]).to_string())
        .send()
        .await
        .unwrap();
    let other = keyed(&service, ARTICLES, "k1")
        .body(json!([sample_article("b")]).to_string())
        .send()
        .await
        .unwrap();
    problem(other, 422, "idempotency-key-reused").await;
}

#[tokio::test]
async fn a_refusal_is_given_again_as_well() {
    let service = Service::start().await;
    for _ in 0..2 {
        let answer = keyed(&service, ARTICLES, "k1").body("[]").send().await.unwrap();
        problem(answer, 422, "invalid-fields").await;
    }
}

#[tokio::test]
async fn a_request_that_is_still_being_worked_on_is_a_conflict_until_its_process_is_dead() {
    let service = Service::start().await;
    let body = json!([sample_article("a")]).to_string();
    let hash = hex::encode(Sha256::digest(&body));
    let scope = format!("POST {ARTICLES}");
    service
        .state
        .store
        .begin_idempotent("k1", &scope, &hash, at_ms(0), at_ms(-1))
        .await
        .unwrap();
    let answer = keyed(&service, ARTICLES, "k1")
        .body(body.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(header(&answer, "retry-after"), "1");
    problem(answer, 409, "request-in-flight").await;
    service.clock.advance_ms(120_000);
    let answer = keyed(&service, ARTICLES, "k1").body(body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_key_is_one_short_visible_string() {
    let service = Service::start().await;
    let long = "x".repeat(256);
    for bad in ["", "a b", "é", long.as_str()] {
        let answer = keyed(&service, ARTICLES, bad).body("[]").send().await.unwrap();
        problem(answer, 400, "malformed-request").await;
    }
    let two = keyed(&service, ARTICLES, "a")
        .header("idempotency-key", "b")
        .body("[]")
        .send()
        .await
        .unwrap();
    problem(two, 400, "malformed-request").await;
}

/// Panics the `panic_at`-th time it is read.
struct FlakyClock {
    reads: AtomicUsize,
    panic_at: usize,
}

impl Clock for FlakyClock {
    fn now(&self) -> Timestamp {
        let read = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        assert_ne!(read, self.panic_at, "the clock broke at /secret/path");
        at_ms(0)
    }
}

#[tokio::test]
async fn a_panic_is_a_500_without_detail_and_the_key_can_be_used_again() {
    let (mut state, clock, folder) = state(Settings::default()).await;
    state.clock = Arc::new(FlakyClock {
        reads: AtomicUsize::new(0),
        panic_at: 2,
    });
    let service = Service::start_on(state, clock, folder).await;
    let body = json!([sample_article("a")]).to_string();
    let send = || {
        keyed(&service, ARTICLES, "k1")
            .header("x-request-id", "r1")
            .body(body.clone())
            .send()
    };
    let broken = send().await.unwrap();
    assert_eq!(header(&broken, "x-request-id"), "r1");
    let broken = problem(broken, 500, "internal").await;
    assert!(!broken.to_string().contains("secret"), "{broken}");
    json(send().await.unwrap(), StatusCode::CREATED).await;
}
