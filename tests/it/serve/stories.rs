//! Stories and their articles.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{header, json, problem};
use crate::support::{Service, sample_article};

#[tokio::test]
async fn a_story_is_created_then_left_alone_when_it_says_the_same() {
    let service = Service::start().await;
    let body = json!({"headline": "Bridge closed", "articles": [sample_article("a"), sample_article("b")]});
    let created = service.send(Method::PUT, "/v1/stories/bridge", &body).await;
    assert_eq!(header(&created, "location"), "/v1/stories/bridge");
    let created = json(created, StatusCode::CREATED).await;
    insta::assert_json_snapshot!("put_story", created);
    let again = json(
        service.send(Method::PUT, "/v1/stories/bridge", &body).await,
        StatusCode::OK,
    )
    .await;
    assert_eq!(
        (&again["created"], &again["changed"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(service.state.store.counts().await.unwrap().jobs_queued, 1);
}

#[tokio::test]
async fn a_story_shows_its_articles_without_their_texts_and_its_coverage() {
    let service = Service::start().await;
    let mut left = sample_article("a");
    left.bias = Some(nutgraf::domain::Bias::Left);
    let mut early = sample_article("b");
    early.published_at = Some("2025-07-03".to_owned());
    early.outlet = left.outlet.clone();
    let body = json!({"headline": "Bridge closed", "articles": [left, early, sample_article("c")]});
    service.send(Method::PUT, "/v1/stories/bridge", &body).await;
    let story = json(service.get("/v1/stories/bridge").await, StatusCode::OK).await;
    insta::assert_json_snapshot!("story", story, {
        ".articles[].text_hash" => "[hash]",
        ".articles[].content_hash" => "[hash]",
        ".article_set_hash" => "[hash]",
    });
    assert!(!story.to_string().contains("Nobody was hurt"), "{story}");
    problem(service.get("/v1/stories/unknown").await, 404, "not-found").await;
}

#[tokio::test]
async fn articles_come_as_an_object_an_array_or_lines() {
    let service = Service::start().await;
    let path = "/v1/stories/bridge/articles";
    let object = json!({"articles": [sample_article("a")]});
    let first = json(
        service.send(Method::POST, path, &object).await,
        StatusCode::CREATED,
    )
    .await;
    assert_eq!(
        (&first["created"], &first["articles_added"]),
        (&json!(true), &json!(1))
    );
    let array = json!([sample_article("a"), sample_article("b")]);
    let second = json(service.send(Method::POST, path, &array).await, StatusCode::OK).await;
    assert_eq!(
        (&second["articles_added"], &second["articles_updated"]),
        (&json!(1), &json!(0))
    );
    let lines = format!(
        "{}\n\n{}\n",
        json!(sample_article("c")),
        json!(sample_article("d"))
    );
    let request = service
        .request(Method::POST, path)
        .header("content-type", "application/x-ndjson");
    let third = json(request.body(lines).send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(third["articles_added"], 2);
}

#[tokio::test]
async fn a_wrong_article_is_named_where_it_stands_and_nothing_is_stored() {
    let service = Service::start().await;
    let path = "/v1/stories/bridge/articles";
    let good = json!(sample_article("a"));
    let bad = json!({"text": "Text.", "url": "ftp://example.org"});

    let body = problem(
        service
            .send(Method::POST, path, &json!({"articles": [good, bad]}))
            .await,
        422,
        "invalid-fields",
    );
    assert_eq!(body.await["errors"][0]["pointer"], "/articles/1/url");
    let body = problem(
        service.send(Method::POST, path, &json!([good, bad])).await,
        422,
        "invalid-fields",
    )
    .await;
    assert_eq!(body["errors"][0]["pointer"], "/1/url");
    let body = problem(
        service
            .send(Method::POST, path, &json!([good, {"text": 3}]))
            .await,
        422,
        "invalid-fields",
    )
    .await;
    assert_eq!(body["errors"][0]["pointer"], "/1/text");

    let lines = |second: &str| {
        let request = service
            .request(Method::POST, path)
            .header("content-type", "application/x-ndjson");
        request.body(format!("{good}\n\n{second}\n")).send()
    };
    let body = problem(lines(&bad.to_string()).await.unwrap(), 422, "invalid-fields").await;
    assert_eq!(body["errors"][0]["pointer"], "/1/url");
    assert!(
        body["errors"][0]["detail"]
            .as_str()
            .unwrap()
            .starts_with("line 3: "),
        "{body}"
    );
    let body = problem(lines("{\"text\": 3}").await.unwrap(), 422, "invalid-fields").await;
    assert_eq!(body["errors"][0]["pointer"], "/1/text");
    assert!(body["detail"].as_str().unwrap().starts_with("line 3: "), "{body}");
    let body = problem(lines("{\"text\": ").await.unwrap(), 400, "malformed-request").await;
    assert!(body["detail"].as_str().unwrap().starts_with("line 3: "), "{body}");

    for nothing in [json!([]), json!({"articles": []})] {
        problem(
            service.send(Method::POST, path, &nothing).await,
            422,
            "invalid-fields",
        )
        .await;
    }
    assert_eq!(service.state.store.counts().await.unwrap().stories, 0);
}

#[tokio::test]
async fn more_than_five_hundred_articles_at_once_are_refused() {
    let service = Service::start().await;
    let articles: Vec<_> = (0..501)
        .map(|n| json!({"id": n.to_string(), "text": "Text."}))
        .collect();
    let answer = service
        .send(Method::POST, "/v1/stories/s/articles", &json!(articles))
        .await;
    problem(answer, 422, "invalid-fields").await;
}

#[tokio::test]
async fn a_withdrawn_article_leaves_the_story() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let path = "/v1/stories/bridge/articles/a";
    let gone = service.request(Method::DELETE, path).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let again = service.request(Method::DELETE, path).send().await.unwrap();
    problem(again, 404, "not-found").await;
    let story = json(service.get("/v1/stories/bridge").await, StatusCode::OK).await;
    assert_eq!(story["coverage"]["articles"], 1);
}

#[tokio::test]
async fn the_id_in_the_body_must_be_the_one_in_the_path() {
    let service = Service::start().await;
    let answer = service
        .send(Method::PUT, "/v1/stories/bridge", &json!({"id": "tunnel"}))
        .await;
    let body = problem(answer, 422, "invalid-fields").await;
    assert_eq!(body["errors"][0]["pointer"], "/id");
}

#[tokio::test]
async fn lists_are_paged_by_cursor_and_link() {
    let service = Service::start().await;
    for id in ["a", "b", "c", "d", "e"] {
        service.put_story(id, &["x"]).await;
    }
    let mut path = "/v1/stories?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let answer = service.get(&path).await;
        let link = header(&answer, "link").to_owned();
        let page = json(answer, StatusCode::OK).await;
        let ids = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned());
        seen.extend(ids);
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!(link, "");
            break;
        };
        assert_eq!(
            link,
            format!("</v1/stories?limit=2&cursor={cursor}>; rel=\"next\"")
        );
        path = link[1..].split_once('>').unwrap().0.to_owned();
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    for bad in ["limit=0", "limit=201", "limit=x", "cursor=a/b"] {
        problem(
            service.get(&format!("/v1/stories?{bad}")).await,
            400,
            "malformed-request",
        )
        .await;
    }
}

#[tokio::test]
async fn a_change_wakes_the_worker() {
    let service = Service::start().await;
    let signals = service.state.signals.clone();
    let woken = signals.jobs.notified();
    service.put_story("bridge", &["a"]).await;
    woken.await;
}
