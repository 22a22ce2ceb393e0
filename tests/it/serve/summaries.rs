//! The current summary, and many at once.

use nutgraf::domain::{Bias, Bullet, Conflict, ConflictValue, Lens, LensReason};
use reqwest::{Method, StatusCode};

use super::{header, json, problem};
use crate::support::{Service, bullet, lede, story_id, summary};

#[tokio::test]
async fn a_summary_is_pending_until_there_is_a_version() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let answer = service.get("/v1/stories/bridge/summary").await;
    assert_eq!(header(&answer, "retry-after"), "2");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert_eq!(header(&answer, "etag"), "");
    insta::assert_json_snapshot!("summary_pending", json(answer, StatusCode::ACCEPTED).await);
    problem(service.get("/v1/stories/unknown/summary").await, 404, "not-found").await;
}

#[tokio::test]
async fn a_ready_summary_has_the_shape_of_the_contract() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let story = service
        .state
        .store
        .find_story(&story_id("bridge"))
        .await
        .unwrap()
        .unwrap();
    let mut made = summary(&story, vec![bullet(2, "Nobody was hurt.", &["b"])]);
    made.lede = Some(lede(bullet(1, "The bridge was closed.", &["a", "b"])));
    made.lenses.left = lens(Bias::Left, vec![bullet(3, "The left stresses tolls.", &["a"])]);
    made.lenses.right = Lens::omitted(LensReason::TooFewOutlets);
    made.conflicts = vec![death_toll()];
    service.publish_summary(made).await;
    let answer = json(service.get("/v1/stories/bridge/summary").await, StatusCode::OK).await;
    insta::assert_json_snapshot!("summary_ready", answer, { ".made.article_set_hash" => "[hash]" });
}

/// What a side stresses.
fn lens(side: Bias, mut bullets: Vec<Bullet>) -> Lens {
    for bullet in &mut bullets {
        bullet.lens = Some(side);
    }
    Lens::of(bullets)
}

fn death_toll() -> Conflict {
    let value = |value: &str, outlet: &str| ConflictValue {
        value: value.to_owned(),
        outlets: vec![outlet.to_owned()],
    };
    Conflict {
        about: "death toll".to_owned(),
        values: vec![value("15", "Outlet <b>"), value("12", "Outlet a")],
    }
}

#[tokio::test]
async fn p8_p11_lenses_and_conflicts_are_in_the_fragment_and_go_with_their_sources() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let id = story_id("bridge");
    let story = service.state.store.find_story(&id).await.unwrap().unwrap();
    let mut made = summary(&story, vec![bullet(1, "Both say so.", &["a", "b"])]);
    made.lenses.left = lens(Bias::Left, vec![bullet(2, "The left stresses tolls.", &["a"])]);
    made.lenses.right = lens(Bias::Right, vec![bullet(3, "The right stresses delays.", &["b"])]);
    made.conflicts = vec![death_toll()];
    service.publish_summary(made).await;
    let fragment = async || {
        let request = service.request(Method::GET, "/v1/stories/bridge/summary");
        let answer = request.header("accept", "text/html").send().await.unwrap();
        answer.text().await.unwrap()
    };
    let html = fragment().await;
    for part in [
        "data-lens=\"left\"",
        "The left stresses tolls.",
        "The right stresses delays.",
        "Death toll",
        "Outlet &lt;b&gt;",
    ] {
        assert!(html.contains(part), "{part} is not in {html}");
    }

    let request = service.request(Method::DELETE, "/v1/stories/bridge/articles/a");
    request.send().await.unwrap();
    let html = fragment().await;
    assert!(
        !html.contains("stresses tolls") && html.contains("stresses delays"),
        "{html}"
    );
    let answer = json(service.get("/v1/stories/bridge/summary").await, StatusCode::OK).await;
    let status = |side: &str| answer["lenses"][side]["status"].clone();
    assert_eq!(
        (status("left"), status("right")),
        ("withheld".into(), "ready".into())
    );
    assert_eq!(answer["withheld"].as_array().unwrap().len(), 1, "{answer}");
}

#[tokio::test]
async fn a_summary_is_stale_the_moment_the_articles_change() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    service
        .publish("bridge", vec![bullet(1, "It was closed.", &["a"])])
        .await;
    let fresh = json(service.get("/v1/stories/bridge/summary").await, StatusCode::OK).await;
    assert_eq!(fresh["stale"], false);
    service.put_story("bridge", &["a", "b"]).await;
    let stale = json(service.get("/v1/stories/bridge/summary").await, StatusCode::OK).await;
    assert_eq!(
        (&stale["stale"], &stale["status"]),
        (&true.into(), &"ready".into())
    );
}

#[tokio::test]
async fn what_rests_on_a_withdrawn_article_alone_is_a_tombstone_at_once() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let bullets = vec![
        bullet(1, "Only a says so.", &["a"]),
        bullet(2, "Both say so.", &["a", "b"]),
    ];
    service.publish("bridge", bullets).await;
    service
        .request(Method::DELETE, "/v1/stories/bridge/articles/a")
        .send()
        .await
        .unwrap();
    let answer = service
        .get("/v1/stories/bridge/summary")
        .await
        .text()
        .await
        .unwrap();
    assert!(!answer.contains("Only a says so."), "{answer}");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        answer["withheld"][0]["bullet_id"],
        bullet(1, "", &[]).id.to_string()
    );
    assert_eq!(answer["withheld"][0]["reason"], "source_withdrawn");
    assert_eq!(
        (&answer["status"], answer["bullets"].as_array().unwrap().len()),
        (&"ready".into(), 1)
    );
    service
        .request(Method::DELETE, "/v1/stories/bridge/articles/b")
        .send()
        .await
        .unwrap();
    let answer = json(service.get("/v1/stories/bridge/summary").await, StatusCode::OK).await;
    assert_eq!(
        answer["status"], "withheld",
        "now nothing backs the second either: {answer}"
    );
}

#[tokio::test]
async fn a_summary_of_which_everything_is_withheld_says_so() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    service
        .publish("bridge", vec![bullet(1, "Only a says so.", &["a"])])
        .await;
    service
        .request(Method::DELETE, "/v1/stories/bridge/articles/a")
        .send()
        .await
        .unwrap();
    let answer = json(service.get("/v1/stories/bridge/summary").await, StatusCode::OK).await;
    assert_eq!(answer["status"], "withheld", "{answer}");
}

#[tokio::test]
async fn a_story_whose_job_died_without_a_version_has_failed() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    let now = service.state.clock.now();
    let lease = now + jiff::SignedDuration::from_mins(1);
    let claim = service.state.store.claim_job(now, lease).await.unwrap().unwrap();
    service
        .state
        .store
        .fail_job(&claim, "the model broke on /secret/path", None)
        .await
        .unwrap();
    let text = service
        .get("/v1/stories/bridge/summary")
        .await
        .text()
        .await
        .unwrap();
    assert!(text.contains("\"status\":\"failed\""), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn accept_chooses_between_json_and_a_labelled_fragment() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    service
        .publish(
            "bridge",
            vec![bullet(1, "It was <b>closed</b> & \"shut\".", &["a"])],
        )
        .await;
    let get = |accept: &'static str| {
        let request = service.request(Method::GET, "/v1/stories/bridge/summary");
        request.header("accept", accept).send()
    };
    let html = get("text/html;q=0.9, application/json;q=0.8").await.unwrap();
    assert_eq!(header(&html, "content-type"), "text/html; charset=utf-8");
    assert!(header(&html, "content-security-policy").contains("default-src 'none'"));
    let html = html.text().await.unwrap();
    assert!(html.contains("AI-generated summary"), "{html}");
    assert!(
        html.contains("It was &lt;b&gt;closed&lt;&#x2f;b&gt; &amp; &quot;shut&quot;."),
        "{html}"
    );
    assert!(html.contains("<details>"), "{html}");
    let answer = get("text/html;q=0.8, application/json").await.unwrap();
    assert_eq!(header(&answer, "content-type"), "application/json");
    problem(get("image/png").await.unwrap(), 406, "not-acceptable").await;
}

#[tokio::test]
async fn many_summaries_come_in_the_order_asked_for_with_the_missing_listed() {
    let service = Service::start().await;
    service.put_story("a", &["x"]).await;
    service.put_story("b", &["x"]).await;
    service
        .publish("a", vec![bullet(1, "It was closed.", &["x"])])
        .await;
    let answer = json(
        service.get("/v1/summaries?story_id=b,unknown,a,b").await,
        StatusCode::OK,
    )
    .await;
    let items = answer["items"].as_array().unwrap();
    let seen: Vec<_> = items
        .iter()
        .map(|item| (item["story_id"].as_str().unwrap(), &item["status"]))
        .collect();
    assert_eq!(seen, [("b", &"pending".into()), ("a", &"ready".into())]);
    assert_eq!(answer["missing"], serde_json::json!(["unknown"]));

    let ids: Vec<String> = (0..51).map(|n| n.to_string()).collect();
    let many = service
        .get(&format!("/v1/summaries?story_id={}", ids.join(",")))
        .await;
    problem(many, 400, "malformed-request").await;
    problem(service.get("/v1/summaries").await, 400, "malformed-request").await;
}
