//! Conditional reads, cache headers, compression, `HEAD`.

use reqwest::{Method, StatusCode};

use super::header;
use crate::support::{Service, bullet};

const SUMMARY: &str = "/v1/stories/bridge/summary";

async fn with_summary() -> Service {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let bullets = (1..30)
        .map(|n| bullet(n, "The bridge over the Lume was closed.", &["a"]))
        .collect();
    service.publish("bridge", bullets).await;
    service
}

#[tokio::test]
async fn an_unchanged_representation_is_not_sent_again() {
    let service = with_summary().await;
    let first = service.get(SUMMARY).await;
    let etag = header(&first, "etag").to_owned();
    assert!(etag.starts_with("W/\""), "{etag}");
    assert_eq!(
        header(&first, "cache-control"),
        "public, max-age=5, stale-while-revalidate=25"
    );
    assert_eq!(header(&first, "vary").to_lowercase(), "accept, accept-encoding");
    let strong = etag.trim_start_matches("W/").to_owned();
    for tags in [etag.clone(), format!("\"other\", {etag}"), "*".to_owned(), strong] {
        let again = service
            .request(Method::GET, SUMMARY)
            .header("if-none-match", &tags)
            .send()
            .await
            .unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{tags}");
        assert_eq!(
            (header(&again, "etag"), header(&again, "cache-control")),
            (&*etag, header(&first, "cache-control"))
        );
        assert_eq!(again.bytes().await.unwrap().len(), 0);
    }
    let other = service
        .request(Method::GET, SUMMARY)
        .header("if-none-match", "\"other\"")
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), StatusCode::OK);
    let html = service
        .request(Method::GET, SUMMARY)
        .header("accept", "text/html");
    assert_eq!(
        html.header("if-none-match", &etag).send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn staleness_a_withheld_bullet_and_a_report_change_the_tag() {
    let service = with_summary().await;
    let mut tags = vec![header(&service.get(SUMMARY).await, "etag").to_owned()];
    service.put_story("bridge", &["a", "b", "c"]).await;
    tags.push(header(&service.get(SUMMARY).await, "etag").to_owned());
    let report = serde_json::json!({"version": 1, "reason": "other"});
    service
        .send(Method::POST, "/v1/stories/bridge/feedback", &report)
        .await;
    tags.push(header(&service.get(SUMMARY).await, "etag").to_owned());
    service
        .request(Method::DELETE, "/v1/stories/bridge/articles/a")
        .send()
        .await
        .unwrap();
    tags.push(header(&service.get(SUMMARY).await, "etag").to_owned());
    let distinct: std::collections::HashSet<_> = tags.iter().collect();
    assert_eq!(distinct.len(), 4, "{tags:?}");
}

#[tokio::test]
async fn answers_are_compressed_on_request_and_keep_their_tag() {
    let service = with_summary().await;
    let plain = service.get(SUMMARY).await;
    let etag = header(&plain, "etag").to_owned();
    for encoding in ["gzip", "br"] {
        let request = service
            .request(Method::GET, SUMMARY)
            .header("accept-encoding", encoding);
        let answer = request.send().await.unwrap();
        assert_eq!(
            (header(&answer, "content-encoding"), header(&answer, "etag")),
            (encoding, &*etag)
        );
    }
}

#[tokio::test]
async fn head_answers_what_get_would_without_the_body() {
    let service = with_summary().await;
    let get = service.get(SUMMARY).await;
    let head = service.request(Method::HEAD, SUMMARY).send().await.unwrap();
    assert_eq!(
        (head.status(), header(&head, "etag")),
        (get.status(), header(&get, "etag"))
    );
    assert_eq!(head.bytes().await.unwrap().len(), 0);
}
