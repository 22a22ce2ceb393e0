//! Without keys, only somebody at this machine writes or sees the queue.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::problem;
use crate::support::{Service, sample_article};

const ROUTES: [(&str, &str); 4] = [
    ("PUT", "/v1/stories/bridge"),
    ("POST", "/v1/stories/bridge/articles"),
    ("DELETE", "/v1/stories/bridge/articles/a"),
    ("GET", "/v1/jobs?state=dead"),
];

#[tokio::test]
async fn a_proxy_a_foreign_host_and_a_web_page_may_not_write() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    let before = service.state.store.counts().await.unwrap();
    for (method, path) in ROUTES {
        for (name, value) in [
            ("host", "nutgraf.example"),
            ("forwarded", "for=192.0.2.1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-host", "nutgraf.example"),
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let request = service.request(method.parse().unwrap(), path).header(name, value);
            let answer = request
                .json(&json!({"articles": [sample_article("x")]}))
                .send()
                .await
                .unwrap();
            assert!(
                answer.headers().get("access-control-allow-origin").is_none(),
                "{method} {path} {name}"
            );
            problem(answer, 403, "local-only").await;
        }
    }
    assert_eq!(service.state.store.counts().await.unwrap(), before);
}

#[tokio::test]
async fn a_form_of_a_web_page_is_no_json() {
    let service = Service::start().await;
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let request = service
            .request(Method::POST, "/v1/stories/bridge/articles")
            .header("content-type", content_type);
        let answer = request
            .body(json!([sample_article("a")]).to_string())
            .send()
            .await
            .unwrap();
        problem(answer, 415, "unsupported-media-type").await;
    }
}

#[tokio::test]
async fn everybody_may_read_and_report() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    let request = service.request(Method::GET, "/v1/stories/bridge");
    let answer = request
        .header("host", "nutgraf.example")
        .header("x-forwarded-for", "192.0.2.1")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}
