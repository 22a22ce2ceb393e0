//! Readers' reports.

use nutgraf::serve::Settings;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{header, json, problem};
use crate::support::{Service, bullet};

const REPORTS: &str = "/v1/stories/bridge/feedback";

async fn with_summary(service: Service) -> Service {
    service.put_story("bridge", &["a"]).await;
    service
        .publish("bridge", vec![bullet(1, "It was closed.", &["a"])])
        .await;
    service
}

fn report() -> Value {
    json!({"version": 1, "bullet_id": bullet(1, "", &[]).id, "reason": "factual_error", "quoted": {"start": 0, "end": 14},
        "comment": "It was open on Friday.", "contact_email": "reader@example.org"})
}

#[tokio::test]
async fn a_report_is_stored_counted_and_can_be_followed_without_its_words() {
    let service = with_summary(Service::start().await).await;
    let answer = service.send(Method::POST, REPORTS, &report()).await;
    let location = header(&answer, "location").to_owned();
    let created = json(answer, StatusCode::CREATED).await;
    insta::assert_json_snapshot!("feedback", created, { ".id" => "[uuid]" });
    assert_eq!(
        location,
        format!("/v1/feedback/{}", created["id"].as_str().unwrap())
    );
    let followed = json(service.get(&location).await, StatusCode::OK).await;
    assert_eq!(followed, created);
    assert!(!followed.to_string().contains("example.org"), "{followed}");
    let summary = json(service.get("/v1/stories/bridge/summary").await, StatusCode::OK).await;
    assert_eq!(summary["feedback_count"], 1);
    let id = created["id"].as_str().unwrap().parse().unwrap();
    let stored = service.state.store.find_feedback(id).await.unwrap().unwrap();
    assert_eq!(stored.input.contact_email.as_deref(), Some("reader@example.org"));
}

#[tokio::test]
async fn a_report_on_what_never_was_is_refused() {
    let service = with_summary(Service::start().await).await;
    let with = |field: &str, value: Value| {
        let mut body = report();
        body[field] = value;
        body
    };
    for (body, pointer) in [
        (with("version", json!(2)), "/version"),
        (with("version", json!(0)), "/version"),
        (with("version", json!("one")), "/version"),
        (with("bullet_id", json!(bullet(9, "", &[]).id)), "/bullet_id"),
        (with("quoted", json!({"start": 0, "end": 15})), "/quoted/end"),
        (with("reason", json!("dislike")), "/reason"),
        (
            with("evidence_urls", json!(["javascript:alert(1)"])),
            "/evidence_urls/0",
        ),
        (with("comment", json!("x".repeat(2_001))), "/comment"),
        (with("contact_email", json!("nobody")), "/contact_email"),
    ] {
        let body = problem(
            service.send(Method::POST, REPORTS, &body).await,
            422,
            "invalid-fields",
        )
        .await;
        assert_eq!(body["errors"][0]["pointer"], pointer, "{body}");
    }
    problem(
        service
            .send(Method::POST, "/v1/stories/unknown/feedback", &report())
            .await,
        404,
        "not-found",
    )
    .await;
    problem(
        service
            .get("/v1/feedback/00000000-0000-7000-8000-000000000000")
            .await,
        404,
        "not-found",
    )
    .await;
    problem(service.get("/v1/feedback/none").await, 400, "invalid-id").await;
    assert_eq!(service.state.store.counts().await.unwrap().feedback, 0);
}

#[tokio::test]
async fn one_address_may_not_report_without_end() {
    let settings = Settings {
        feedback_burst: 2,
        feedback_refill_ms: 3_600_000,
        ..Settings::default()
    };
    let service = with_summary(Service::start_with(settings).await).await;
    for _ in 0..2 {
        let answer = service.send(Method::POST, REPORTS, &report()).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
    }
    let answer = service.send(Method::POST, REPORTS, &report()).await;
    let wait: u64 = header(&answer, "retry-after").parse().unwrap();
    assert!((1..=3_600).contains(&wait), "{wait}");
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    problem(answer, 429, "too-many-requests").await;
    assert_eq!(
        service.get("/v1/stories/bridge/summary").await.status(),
        StatusCode::OK
    );
}
