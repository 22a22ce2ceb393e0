//! Versions and what changed between them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{json, problem};
use crate::support::{Service, bullet};

async fn with_two_versions() -> Service {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let first = vec![
        bullet(1, "It stays.", &["b"]),
        bullet(2, "It goes.", &["b"]),
        bullet(3, "Old text.", &["b"]),
    ];
    service.publish("bridge", first).await;
    service.put_story("bridge", &["a", "b", "c"]).await;
    let second = vec![
        bullet(1, "It stays.", &["b"]),
        bullet(3, "New text.", &["b"]),
        bullet(4, "It comes.", &["a"]),
    ];
    service.publish("bridge", second).await;
    service
}

#[tokio::test]
async fn every_version_is_listed_newest_first_and_can_be_read() {
    let service = with_two_versions().await;
    let list = json(
        service.get("/v1/stories/bridge/summary/versions?limit=1").await,
        StatusCode::OK,
    )
    .await;
    assert_eq!(
        (&list["items"][0]["version"], &list["next_cursor"]),
        (&json!(2), &json!("2"))
    );
    let rest = json(
        service.get("/v1/stories/bridge/summary/versions?cursor=2").await,
        StatusCode::OK,
    )
    .await;
    assert_eq!(
        (&rest["items"][0]["version"], &rest["next_cursor"]),
        (&json!(1), &Value::Null)
    );
    let first = json(
        service.get("/v1/stories/bridge/summary/versions/1").await,
        StatusCode::OK,
    )
    .await;
    assert_eq!((&first["version"], &first["stale"]), (&json!(1), &json!(true)));
    assert_eq!(first["bullets"][2]["text"], "Old text.");
    problem(
        service.get("/v1/stories/bridge/summary/versions/3").await,
        404,
        "not-found",
    )
    .await;
    problem(
        service.get("/v1/stories/unknown/summary/versions").await,
        404,
        "not-found",
    )
    .await;
    problem(
        service.get("/v1/stories/bridge/summary/versions/x").await,
        400,
        "invalid-id",
    )
    .await;
}

#[tokio::test]
async fn a_diff_tells_what_came_went_and_changed() {
    let service = with_two_versions().await;
    let path = "/v1/stories/bridge/summary/versions/2/diff";
    let diff = json(service.get(path).await, StatusCode::OK).await;
    let texts = |list: &Value| {
        list.as_array()
            .unwrap()
            .iter()
            .map(|b| b["text"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(&diff["added"]), ["It comes."]);
    assert_eq!(texts(&diff["removed"]), ["It goes."]);
    assert_eq!(diff["changed"].as_array().unwrap().len(), 1);
    assert_eq!(diff["changed"][0]["before"]["text"], "Old text.");
    assert_eq!(diff["changed"][0]["after"]["text"], "New text.");
    assert_eq!(
        (&diff["article_set"]["changed"], &diff["model"]["changed"]),
        (&json!(true), &json!(false))
    );
    let itself = json(service.get(&format!("{path}?from=2")).await, StatusCode::OK).await;
    assert_eq!(
        (&itself["added"], &itself["removed"], &itself["changed"]),
        (&json!([]), &json!([]), &json!([]))
    );
    problem(service.get(&format!("{path}?from=9")).await, 404, "not-found").await;
    problem(
        service.get("/v1/stories/bridge/summary/versions/1/diff").await,
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn what_was_withheld_shows_in_no_version_and_no_diff() {
    let service = with_two_versions().await;
    service
        .request(Method::DELETE, "/v1/stories/bridge/articles/b")
        .send()
        .await
        .unwrap();
    for path in ["versions/1", "versions/2", "versions/2/diff"] {
        let text = service
            .get(&format!("/v1/stories/bridge/summary/{path}"))
            .await
            .text()
            .await
            .unwrap();
        for gone in ["It stays.", "It goes.", "Old text.", "New text."] {
            assert!(!text.contains(gone), "{path} shows {gone}: {text}");
        }
    }
    let old = json(
        service.get("/v1/stories/bridge/summary/versions/1").await,
        StatusCode::OK,
    )
    .await;
    assert_eq!(
        (&old["status"], old["withheld"].as_array().unwrap().len()),
        (&json!("withheld"), 3)
    );
}
