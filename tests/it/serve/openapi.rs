//! The OpenAPI document, and whether the service keeps it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{header, json};
use crate::support::{Service, bullet, sample_article};

#[tokio::test]
async fn the_document_is_what_was_agreed() {
    let service = Service::start().await;
    let document = json(service.get("/openapi.json").await, StatusCode::OK).await;
    assert_eq!(document["openapi"].as_str().unwrap().get(..4), Some("3.1."));
    insta::assert_json_snapshot!("openapi", document, { ".info.version" => "[version]" });
}

#[tokio::test]
async fn every_operation_answers_as_the_document_says() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    service
        .publish("bridge", vec![bullet(1, "It was closed.", &["a"])])
        .await;
    service.put_story("bridge", &["a", "b", "c"]).await;
    service
        .publish("bridge", vec![bullet(1, "It was closed.", &["a"])])
        .await;
    let report = json!({"version": 1, "reason": "other"});
    let reported = service
        .send(Method::POST, "/v1/stories/bridge/feedback", &report)
        .await;
    let reported = json(reported, StatusCode::CREATED).await;
    let document = json(service.get("/openapi.json").await, StatusCode::OK).await;

    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let path = path
                .replace("{story_id}", "bridge")
                .replace("{article_id}", "c")
                .replace("{version}", "2")
                .replace("{id}", reported["id"].as_str().unwrap());
            let path = path + query_of(operation);
            let mut request = service.request(method.to_uppercase().parse().unwrap(), &path);
            if let Some(body) = body_of(operation) {
                request = request.json(&body);
            }
            let answer = request.send().await.unwrap();
            assert_documented(operation, &answer, &format!("{method} {path}"));
        }
    }
    assert_eq!(operations, 20);
}

/// The required query parameters.
fn query_of(operation: &Value) -> &'static str {
    match operation["operationId"].as_str().unwrap() {
        "list_summaries" | "stream_events" => "?story_id=bridge",
        "list_jobs" => "?state=dead",
        _ => "",
    }
}

fn body_of(operation: &Value) -> Option<Value> {
    match operation["operationId"].as_str().unwrap() {
        "put_story" => Some(json!({"headline": "Bridge closed"})),
        "create_articles" => Some(json!({"articles": [sample_article("d")]})),
        "create_feedback" => Some(json!({"version": 1, "reason": "other"})),
        _ => None,
    }
}

/// A success, with a status and a media type that the document lists.
fn assert_documented(operation: &Value, answer: &reqwest::Response, what: &str) {
    assert!(answer.status().is_success(), "{what}: {}", answer.status());
    let response = &operation["responses"][answer.status().as_str()];
    assert!(
        response.is_object(),
        "{what}: {} is not documented",
        answer.status()
    );
    let media_type = header(answer, "content-type").split(';').next().unwrap();
    match response["content"].as_object() {
        Some(content) => assert!(
            content.contains_key(media_type),
            "{what}: {media_type} is not documented"
        ),
        None => assert_eq!(media_type, "", "{what}"),
    }
}

#[tokio::test]
async fn the_documentation_page_shows_every_operation_and_type() {
    let service = Service::start().await;
    let document = json(service.get("/openapi.json").await, StatusCode::OK).await;
    let page = service.get("/docs").await.text().await.unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        // The template escapes the slash as well.
        assert!(page.contains(&path.replace('/', "&#x2f;")), "{path}");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    assert!(page.contains("urn:nutgraf:problem:invalid-fields"));
}
