//! Every error is a problem.

use std::time::Duration;

use futures_util::StreamExt;
use nutgraf::serve::Settings;
use reqwest::{Body, Method};
use serde_json::json;

use super::{header, problem};
use crate::support::Service;

#[tokio::test]
async fn unknown_routes_and_wrong_methods_are_problems() {
    let service = Service::start().await;
    let body = problem(service.get("/v1/nonsense?x=1").await, 404, "unknown-route").await;
    assert_eq!(body["instance"], "/v1/nonsense");
    let answer = service.send(Method::PUT, "/v1/summaries", &json!({})).await;
    assert_eq!(header(&answer, "allow"), "GET,HEAD");
    problem(answer, 405, "method-not-allowed").await;
    let answer = service
        .request(Method::PATCH, "/v1/stories/bridge")
        .send()
        .await
        .unwrap();
    for method in ["GET", "HEAD", "PUT"] {
        assert!(
            header(&answer, "allow").contains(method),
            "{:?}",
            answer.headers()
        );
    }
    problem(answer, 405, "method-not-allowed").await;
}

#[tokio::test]
async fn broken_json_is_told_with_line_and_column() {
    let service = Service::start().await;
    let put = |body: &'static [u8]| {
        let request = service
            .request(Method::PUT, "/v1/stories/bridge")
            .header("content-type", "application/json");
        request.body(body).send()
    };
    for (body, place) in [
        (b"{\"headline\":\n nonsense}".as_slice(), "line 2 column"),
        (b"", "line 1 column 0"),
        (b"{\"headline\": \"\xff\"}", "line 1 column"),
        (b"{} {}", "line 1 column 4"),
        (b"[1, 2", "line 1 column"),
    ] {
        let body = problem(put(body).await.unwrap(), 400, "malformed-request").await;
        assert!(body["detail"].as_str().unwrap().contains(place), "{body}");
    }
    for body in [
        b"[]".as_slice(),
        b"null",
        b"\"text\"",
        b"{\"headline\": 3}",
        b"{\"articles\": {}}",
    ] {
        problem(put(body).await.unwrap(), 422, "invalid-fields").await;
    }
}

#[tokio::test]
async fn a_body_without_a_media_type_is_not_taken() {
    let service = Service::start().await;
    let answer = service
        .request(Method::PUT, "/v1/stories/bridge")
        .body("{}")
        .send()
        .await
        .unwrap();
    problem(answer, 415, "unsupported-media-type").await;
}

#[tokio::test]
async fn an_id_that_cannot_be_is_a_bad_request() {
    let service = Service::start().await;
    let long = format!("/v1/stories/{}", "x".repeat(201));
    for path in [
        long.as_str(),
        "/v1/stories/a%20b",
        "/v1/stories/%ff",
        "/v1/stories/a%2Fb",
        "/v1/stories/%E4%BD%A0",
    ] {
        problem(service.get(path).await, 400, "invalid-id").await;
    }
}

#[tokio::test]
async fn too_large_a_body_is_refused() {
    let settings = Settings {
        max_body_bytes: 10_000,
        ..Settings::default()
    };
    let service = Service::start_with(settings).await;
    let large = json!({"headline": "x".repeat(20_000)});
    problem(
        service.send(Method::PUT, "/v1/stories/bridge", &large).await,
        413,
        "too-large",
    )
    .await;
    // The same where the idempotency layer reads it, and where its length is not announced.
    let chunks = futures_util::stream::iter((0..4).map(|_| Ok::<_, std::io::Error>(vec![b' '; 5_000])));
    let request = service
        .request(Method::POST, "/v1/stories/bridge/articles")
        .header("idempotency-key", "k");
    let request = request
        .header("content-type", "application/json")
        .body(Body::wrap_stream(chunks));
    problem(request.send().await.unwrap(), 413, "too-large").await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_ended() {
    let settings = Settings {
        request_timeout_ms: 50,
        ..Settings::default()
    };
    let service = Service::start_with(settings).await;
    let never = || futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    for key in [None, Some("k")] {
        let mut request = service.request(Method::PUT, "/v1/stories/bridge");
        if let Some(key) = key {
            request = service
                .request(Method::POST, "/v1/stories/bridge/articles")
                .header("idempotency-key", key);
        }
        let start = futures_util::stream::iter([Ok(b"{".to_vec())]);
        let body = Body::wrap_stream(start.chain(never()));
        let answer = request
            .header("content-type", "application/json")
            .body(body)
            .send();
        let answer = tokio::time::timeout(Duration::from_secs(10), answer)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(header(&answer, "retry-after"), "1");
        problem(answer, 503, "timeout").await;
    }
}

#[tokio::test]
async fn a_store_that_is_gone_is_unavailable_not_a_fault() {
    let service = Service::start().await;
    service.state.store.close().await;
    let answer = service.get("/v1/stories/bridge/summary").await;
    assert_eq!(header(&answer, "retry-after"), "1");
    problem(answer, 503, "store-unavailable").await;
}

#[tokio::test]
async fn a_sane_request_id_is_echoed_and_another_replaced() {
    let service = Service::start().await;
    let get = |id: &str| {
        service
            .request(Method::GET, "/nowhere")
            .header("x-request-id", id)
            .send()
    };
    assert_eq!(
        header(&get("page-7/42").await.unwrap(), "x-request-id"),
        "page-7/42"
    );
    let long = "x".repeat(129);
    for bad in ["<script>", "a b", "", long.as_str()] {
        let answer = get(bad).await.unwrap();
        assert!(
            header(&answer, "x-request-id").parse::<uuid::Uuid>().is_ok(),
            "{bad}"
        );
    }
}
