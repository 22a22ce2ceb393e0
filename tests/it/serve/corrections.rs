//! Corrections, as lists, as a feed and on the pages: what was withdrawn is told openly, and to the end.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{header, json, problem};
use crate::support::{Service, article_without_cited, at_ms, bullet, state, story_id, uuid};
use nutgraf::serve::Settings;

const SAID: &str = "Twelve people died in the flood.";

/// The story `bridge` of the articles a and b, with a bullet on each, the one on a withdrawn at 9 seconds.
async fn with_withdrawal(service: &Service, said: &str) {
    service.put_story("bridge", &["a", "b"]).await;
    let bullets = vec![bullet(1, said, &["a"]), bullet(2, "It rained.", &["b"])];
    service.publish("bridge", bullets).await;
    service.clock.advance_ms(9_000);
    withdraw(service, "a").await;
}

async fn withdraw(service: &Service, article: &str) {
    let path = format!("/v1/stories/bridge/articles/{article}");
    let answer = service.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

async fn get(service: &Service, path: &str) -> Value {
    json(service.get(path).await, StatusCode::OK).await
}

#[tokio::test]
async fn a_withdrawal_is_a_correction_from_the_first_moment_to_the_version_without_it() {
    let service = Service::start().await;
    with_withdrawal(&service, SAID).await;
    let list = get(&service, "/v1/stories/bridge/corrections").await;
    let open = &list["items"][0];
    assert_eq!(
        *open,
        json!({
            "id": open["id"],
            "story_id": "bridge",
            "bullet_id": uuid(1),
            "status": "open",
            "reason": "source_withdrawn",
            "text": SAID,
            "said": {
                "version": 1,
                "at": at_ms(0).to_string(),
                "headline": "Headline of bridge",
                "label": "AI-generated summary",
                "model": "scripted-writer",
                "prompt": "bullets.v1",
                "url": "/v1/stories/bridge/summary/versions/1",
            },
            "withheld_at": at_ms(9_000).to_string(),
            "fixed_in": null,
            "replacement": null,
            "restored_in": null,
            "settled_at": null,
            "version_url": null,
        })
    );
    let summary = get(&service, "/v1/stories/bridge/summary").await;
    assert_eq!(summary["withheld"][0]["correction_id"], open["id"]);
    assert_eq!(summary["bullets"].as_array().unwrap().len(), 1);

    service.clock.advance_ms(1_000);
    let instead = "Fifteen people died in the flood.";
    let bullets = vec![bullet(2, "It rained.", &["b"]), bullet(3, instead, &["b"])];
    service.publish("bridge", bullets).await;
    let fixed = get(&service, "/v1/corrections").await["items"][0].clone();
    assert_eq!(
        (
            &fixed["id"],
            &fixed["status"],
            &fixed["fixed_in"],
            &fixed["replacement"]
        ),
        (&open["id"], &json!("fixed"), &json!(2), &json!(instead))
    );
    assert_eq!(
        (&fixed["settled_at"], &fixed["version_url"]),
        (
            &json!(at_ms(10_000).to_string()),
            &json!("/v1/stories/bridge/summary/versions/2")
        )
    );
}

#[tokio::test]
async fn a_correction_stays_on_record_when_the_article_comes_back() {
    let service = Service::start().await;
    with_withdrawal(&service, SAID).await;
    service.put_story("bridge", &["a", "b"]).await;
    let bullets = vec![bullet(1, SAID, &["a"]), bullet(2, "It rained.", &["b"])];
    service.publish("bridge", bullets).await;
    let list = get(&service, "/v1/stories/bridge/corrections").await;
    let restored = &list["items"][0];
    assert_eq!(
        (
            &restored["status"],
            &restored["restored_in"],
            &restored["fixed_in"]
        ),
        (&json!("restored"), &json!(1), &Value::Null)
    );
    let page = service.get("/stories/bridge").await.text().await.unwrap();
    assert!(
        page.contains("Withdrawn for a time") && page.contains("It stands again in"),
        "{page}"
    );
}

#[tokio::test]
async fn an_article_that_no_longer_says_it_withholds_what_rests_on_it() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let bullets = vec![bullet(1, SAID, &["a"]), bullet(2, "It rained.", &["a", "b"])];
    service.publish("bridge", bullets).await;
    let edited = json!([{"id": "a", "text": article_without_cited("a", "Fifteen people died.").text}]);
    let answer = service
        .send(Method::POST, "/v1/stories/bridge/articles", &edited)
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    let summary = get(&service, "/v1/stories/bridge/summary").await;
    assert_eq!(summary["withheld"][0]["reason"], "source_changed");
    assert_eq!(summary["bullets"][0]["text"], "It rained.");
    let list = get(&service, "/v1/corrections").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["reason"], "source_changed");
}

#[tokio::test]
async fn the_stream_tells_of_a_correction_that_was_settled() {
    let service = Service::start().await;
    with_withdrawal(&service, SAID).await;
    service
        .publish("bridge", vec![bullet(2, "It rained.", &["b"])])
        .await;
    let correction = get(&service, "/v1/corrections").await["items"][0]["id"].clone();
    let stories = [story_id("bridge")];
    let events = service.state.store.list_events(&stories, 0, 100).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!(last.kind.as_str(), "corrected");
    assert_eq!(
        (
            &last.data["version"],
            &last.data["bullet_id"],
            &last.data["correction_id"]
        ),
        (&json!(2), &json!(uuid(1)), &correction)
    );
}

#[tokio::test]
async fn lists_go_page_by_page_and_refuse_what_is_not_theirs() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b", "c"]).await;
    let bullets = ["a", "b", "c"]
        .iter()
        .zip(1..)
        .map(|(id, number)| bullet(number, id, &[id]));
    service.publish("bridge", bullets.collect()).await;
    for article in ["a", "b", "c"] {
        service.clock.advance_ms(1);
        withdraw(&service, article).await;
    }
    for list in ["/v1/corrections", "/v1/stories/bridge/corrections"] {
        let mut next = format!("{list}?limit=2");
        let mut texts = Vec::new();
        loop {
            let answer = service.get(&next).await;
            let link = header(&answer, "link").to_owned();
            let page = json(answer, StatusCode::OK).await;
            texts.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["text"].clone()),
            );
            let Some(cursor) = page["next_cursor"].as_str() else {
                assert_eq!(link, "");
                break;
            };
            assert_eq!(link, format!("<{list}?limit=2&cursor={cursor}>; rel=\"next\""));
            next = format!("{list}?limit=2&cursor={cursor}");
        }
        assert_eq!(texts, ["c", "b", "a"], "{list}");
    }
    for wrong in ["?limit=0", "?cursor=x"] {
        for list in [
            "/v1/corrections",
            "/v1/corrections.json",
            "/v1/stories/bridge/corrections",
        ] {
            problem(
                service.get(&format!("{list}{wrong}")).await,
                400,
                "malformed-request",
            )
            .await;
        }
    }
    problem(
        service.get("/v1/stories/unknown/corrections").await,
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn reads_of_corrections_are_conditional() {
    let service = Service::start().await;
    with_withdrawal(&service, SAID).await;
    for path in [
        "/v1/corrections",
        "/v1/corrections.json",
        "/v1/stories/bridge/corrections",
        "/corrections",
    ] {
        let first = service.get(path).await;
        assert_eq!(
            header(&first, "cache-control"),
            "public, max-age=5, stale-while-revalidate=25"
        );
        let again = service
            .request(Method::GET, path)
            .header("if-none-match", header(&first, "etag"));
        assert_eq!(
            again.send().await.unwrap().status(),
            StatusCode::NOT_MODIFIED,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_feed_is_json_feed_1_1_and_labelled() {
    let settings = Settings {
        public_url: Some("https://news.example/".to_owned()),
        ..Settings::default()
    };
    let (state, clock, folder) = state(settings).await;
    let service = Service::start_on(state, clock, folder).await;
    with_withdrawal(&service, SAID).await;
    service.clock.advance_ms(1_000);
    service
        .publish("bridge", vec![bullet(2, "It rained.", &["b"])])
        .await;
    let answer = service.get("/v1/corrections.json").await;
    assert_eq!(header(&answer, "content-type"), "application/feed+json");
    let feed = json(answer, StatusCode::OK).await;
    assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(feed["title"], "Corrections");
    assert_eq!(feed["home_page_url"], "https://news.example/corrections");
    assert_eq!(feed["feed_url"], "https://news.example/v1/corrections.json");
    assert_eq!(feed.get("next_url"), None);
    let item = &feed["items"][0];
    let id = item["_nutgraf"]["id"].as_str().unwrap();
    assert_eq!(item["id"], format!("urn:uuid:{id}"));
    assert_eq!(
        item["url"],
        format!("https://news.example/stories/bridge#correction-{id}")
    );
    assert_eq!(item["title"], "Correction: Headline of bridge");
    assert_eq!(item["date_published"], at_ms(9_000).to_string());
    assert_eq!(item["date_modified"], at_ms(10_000).to_string());
    let text = item["content_text"].as_str().unwrap();
    for part in [
        "AI-generated summary (scripted-writer, bullets.v1).",
        SAID,
        "(version 1)",
        "the articles that it rested on were withdrawn",
        "Version 2 does without it.",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let page = service.get("/stories/bridge").await.text().await.unwrap();
    assert!(
        page.contains(&format!("id=\"correction-{id}\"")),
        "the item leads there"
    );
}

#[tokio::test]
async fn a_feed_that_does_not_know_where_it_is_links_by_path() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let bullets = vec![bullet(1, SAID, &["a"]), bullet(2, "It rained.", &["a"])];
    service.publish("bridge", bullets).await;
    withdraw(&service, "a").await;
    let feed = get(&service, "/v1/corrections.json?limit=1").await;
    assert_eq!((feed.get("feed_url"), feed.get("home_page_url")), (None, None));
    let item = &feed["items"][0];
    assert!(
        item["url"]
            .as_str()
            .unwrap()
            .starts_with("/stories/bridge#correction-"),
        "{item}"
    );
    let next = get(&service, feed["next_url"].as_str().unwrap()).await;
    assert_eq!(next["items"].as_array().unwrap().len(), 1);
    assert_ne!(next["items"][0]["id"], item["id"]);
    assert_eq!(next.get("next_url"), None);
}

#[tokio::test]
async fn pages_show_corrections_escaped_with_the_version_that_fixed_them() {
    let service = Service::start().await;
    let empty = service.get("/corrections").await.text().await.unwrap();
    assert!(empty.contains("There are no corrections"), "{empty}");
    with_withdrawal(
        &service,
        "<script>alert(\"1\")</script> & more people died in it.",
    )
    .await;
    for path in ["/corrections", "/stories/bridge"] {
        let page = service.get(path).await.text().await.unwrap();
        for part in [
            "a version without it is on its way",
            "were withdrawn",
            "&lt;script&gt;alert(&quot;1&quot;)",
        ] {
            assert!(
                page.to_lowercase().contains(part),
                "{part} is not in {path}: {page}"
            );
        }
        assert!(!page.contains("<script"), "{page}");
    }
    let instead = "<b>No</b> more people died in it.";
    service.publish("bridge", vec![bullet(3, instead, &["b"])]).await;
    for path in ["/corrections", "/stories/bridge"] {
        let page = service.get(path).await.text().await.unwrap();
        for part in [
            "AI-generated summary",
            "href=\"&#x2f;v1&#x2f;stories&#x2f;bridge&#x2f;summary&#x2f;versions&#x2f;2\">version 2</a>",
            "&lt;b&gt;No&lt;&#x2f;b&gt; more",
        ] {
            assert!(page.contains(part), "{part} is not in {path}: {page}");
        }
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    }
    let start = service.get("/").await.text().await.unwrap();
    assert!(start.contains("href=\"/corrections\""), "{start}");
    assert!(start.contains("type=\"application/feed+json\""), "{start}");
}

#[tokio::test]
async fn the_page_of_corrections_goes_on_after_fifty() {
    let service = Service::start().await;
    let articles: Vec<String> = (0..51).map(|number| format!("a{number}")).collect();
    let ids: Vec<&str> = articles.iter().map(String::as_str).collect();
    service.put_story("bridge", &ids).await;
    let bullets = ids.iter().zip(1..).map(|(id, number)| bullet(number, id, &[id]));
    service.publish("bridge", bullets.collect()).await;
    service.put_story("bridge", &[]).await;
    let first = service.get("/corrections").await.text().await.unwrap();
    assert_eq!(first.matches("id=\"correction-").count(), 50);
    let (_, rest) = first.split_once("href=\"/corrections?cursor=").unwrap();
    let (cursor, _) = rest.split_once('"').unwrap();
    let second = service.get(&format!("/corrections?cursor={cursor}")).await;
    let second = second.text().await.unwrap();
    assert_eq!(second.matches("id=\"correction-").count(), 1);
    assert!(!second.contains("rel=\"next\""), "{second}");
}
