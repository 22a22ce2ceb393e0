//! What changed between two versions, and why.

use nutgraf::domain::Summary;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::json;
use crate::support::{Service, bullet, lede, story_id, summary, uuid};

const DIFF: &str = "/v1/stories/bridge/summary/versions/2/diff";

async fn made_now(service: &Service, bullets: Vec<nutgraf::domain::Bullet>) -> Summary {
    let story = service.state.store.find_story(&story_id("bridge")).await;
    summary(&story.unwrap().unwrap(), bullets)
}

async fn diff(service: &Service) -> Value {
    json(service.get(DIFF).await, StatusCode::OK).await
}

#[tokio::test]
async fn a_diff_tells_what_the_versions_were_made_from_and_with() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let first = made_now(&service, vec![bullet(1, "It stays.", &["a"])]).await;
    service.publish_summary(first).await;
    service.put_story("bridge", &["a", "b", "c"]).await;
    let mut second = made_now(&service, vec![bullet(1, "It stays.", &["a"])]).await;
    second.headline = Some("Another headline".to_owned());
    second.coverage.articles = 3;
    second.made.model = "other-writer".to_owned();
    second.made.prompt = "bullets.v2".to_owned();
    second.made.checks = "v99".to_owned();
    service.publish_summary(second).await;

    let diff = diff(&service).await;
    assert_eq!(diff["why"], json!(["article_set", "model", "prompt", "checks"]));
    let told = |field: &str| (diff[field]["from"].clone(), diff[field]["to"].clone());
    assert_eq!(
        told("headline"),
        (json!("Headline of bridge"), json!("Another headline"))
    );
    assert_eq!(told("model"), (json!("scripted-writer"), json!("other-writer")));
    assert_eq!(told("prompt"), (json!("bullets.v1"), json!("bullets.v2")));
    assert_eq!(diff["checks"]["to"], "v99");
    assert_eq!(diff["coverage"]["to"]["articles"], 3);
    assert_eq!(diff["label"], "AI-generated summary");
    for field in ["headline", "model", "prompt", "checks", "coverage", "article_set"] {
        assert_eq!(diff[field]["changed"], true, "{field}");
    }
    for field in ["status", "lede"] {
        assert_eq!(diff[field]["changed"], false, "{field}");
    }
    assert_eq!(diff["changed"], json!([]));
}

#[tokio::test]
async fn a_statement_on_the_same_sentence_is_reworded_and_not_another_one() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let first = vec![
        bullet(1, "It was closed.", &["a"]),
        bullet(2, "It rained.", &["b"]),
    ];
    service.publish("bridge", first).await;
    let mut second = vec![
        bullet(3, "They closed it.", &["a"]),
        bullet(2, "It rained.", &["b"]),
    ];
    second[1].outlets = 4;
    service.publish("bridge", second).await;
    let diff = diff(&service).await;
    assert_eq!((&diff["added"], &diff["removed"]), (&json!([]), &json!([])));
    let changed = |index: usize| {
        let change = &diff["changed"][index];
        (change["id"].clone(), change["parts"].clone())
    };
    assert_eq!(changed(0), (json!(uuid(2)), json!(["outlets"])));
    assert_eq!(changed(1), (json!(uuid(3)), json!(["text"])));
    assert_eq!(diff["changed"][1]["before"]["id"], json!(uuid(1)));
}

#[tokio::test]
async fn a_new_lede_shows_with_its_place() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let first = vec![
        bullet(1, "It was closed.", &["a"]),
        bullet(2, "It rained.", &["b"]),
    ];
    service.publish("bridge", first).await;
    let mut second = made_now(&service, vec![bullet(2, "It rained.", &["b"])]).await;
    let mut opening = lede(bullet(1, "It was closed.", &["a"]));
    opening.place = Some("ALDER".to_owned());
    second.lede = Some(opening);
    service.publish_summary(second).await;
    let diff = diff(&service).await;
    let expected = json!({
        "changed": true,
        "from": null,
        "to": {"bullet_id": uuid(1), "place": "ALDER", "date": null},
    });
    assert_eq!(diff["lede"], expected);
    assert_eq!((&diff["added"], &diff["changed"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn what_was_withdrawn_leads_to_its_correction() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let first = vec![
        bullet(1, "Only a says so.", &["a"]),
        bullet(2, "It rained.", &["b"]),
    ];
    service.publish("bridge", first).await;
    service
        .request(Method::DELETE, "/v1/stories/bridge/articles/a")
        .send()
        .await
        .unwrap();
    service
        .publish("bridge", vec![bullet(2, "It rained.", &["b"])])
        .await;
    let answer = service.get(DIFF).await.text().await.unwrap();
    assert!(!answer.contains("Only a says so"), "{answer}");
    let diff: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(diff["why"], json!(["withdrawal", "article_set"]));
    assert_eq!(diff["removed"], json!([]));
    let withdrawn = &diff["withdrawn"][0];
    assert_eq!(
        (&withdrawn["bullet_id"], &withdrawn["reason"]),
        (&json!(uuid(1)), &json!("source_withdrawn"))
    );
    let corrections = service.get(diff["corrections_url"].as_str().unwrap()).await;
    let corrections = json(corrections, StatusCode::OK).await;
    assert_eq!(corrections["items"][0]["id"], withdrawn["correction_id"]);
    assert_eq!(corrections["items"][0]["fixed_in"], 2);
}

#[tokio::test]
async fn a_bullet_whose_sentence_was_changed_stays_withheld_in_its_old_version() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let first = vec![
        bullet(1, "Only a says so.", &["a"]),
        bullet(2, "It rained.", &["b"]),
    ];
    service.publish("bridge", first).await;
    let edited = json!([{"id": "a", "text": "Something else."}]);
    service
        .send(Method::POST, "/v1/stories/bridge/articles", &edited)
        .await;
    service
        .publish("bridge", vec![bullet(2, "It rained.", &["b"])])
        .await;
    let path = "/v1/stories/bridge/summary/versions/1";
    let old = json(service.get(path).await, StatusCode::OK).await;
    assert_eq!(old["bullets"].as_array().unwrap().len(), 1);
    assert_eq!(old["withheld"][0]["reason"], "source_changed");
    assert!(old["withheld"][0]["correction_id"].is_string(), "{old}");
    assert_eq!(diff(&service).await["withdrawn"][0]["reason"], "source_changed");
}
