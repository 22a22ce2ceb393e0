//! The web pages.

use reqwest::{Method, StatusCode};

use super::{header, problem};
use crate::support::{Service, bullet, lede, story_id, summary};

#[tokio::test]
async fn the_start_page_lists_stories_escaped_and_labelled() {
    let service = Service::start().await;
    let empty = service.get("/").await.text().await.unwrap();
    assert!(empty.contains("There are no stories here yet"), "{empty}");
    let body = serde_json::json!({"headline": "<script>alert(1)</script> & more"});
    service.send(Method::PUT, "/v1/stories/bridge", &body).await;
    let page = service.get("/").await;
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    let page = page.text().await.unwrap();
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt; &amp; more"),
        "{page}"
    );
    assert!(!page.contains("<script"), "{page}");
    assert!(
        page.contains("AI-generated summary")
            && page.contains("or chosen by it from an article")
            && page.contains("href=\"/stories/bridge\""),
        "{page}"
    );
}

#[tokio::test]
async fn the_start_page_goes_on_after_twenty_stories() {
    let service = Service::start().await;
    for n in 0..21 {
        let path = format!("/v1/stories/s{n:02}");
        service.send(Method::PUT, &path, &serde_json::json!({})).await;
    }
    let first = service.get("/").await.text().await.unwrap();
    assert!(
        first.contains("href=\"/?cursor=s19\"") && !first.contains("stories/s20"),
        "{first}"
    );
    let second = service.get("/?cursor=s19").await.text().await.unwrap();
    assert!(
        second.contains("stories/s20") && !second.contains("rel=\"next\""),
        "{second}"
    );
}

#[tokio::test]
async fn a_story_page_shows_bullets_with_their_evidence_and_every_state() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let pending = service.get("/stories/bridge").await.text().await.unwrap();
    assert!(pending.contains("being made"), "{pending}");

    let story = service
        .state
        .store
        .find_story(&story_id("bridge"))
        .await
        .unwrap()
        .unwrap();
    let mut cited = bullet(2, "It rains <i>often</i>.", &["a"]);
    cited.citations[0].url = Some("https://a.example/report?x=1&y=\"2\"".to_owned());
    let mut hostile = bullet(3, "It was open.", &["b"]);
    hostile.citations[0].url = Some("javascript:alert(1)".to_owned());
    let mut made = summary(&story, vec![cited, hostile]);
    made.lede = Some(lede(bullet(1, "The bridge was closed.", &["a", "b"])));
    service.publish_summary(made).await;
    let page = service.get("/stories/bridge").await.text().await.unwrap();
    for part in [
        "It rains &lt;i&gt;often&lt;&#x2f;i&gt;.",
        "rel=\"noopener nofollow ugc\"",
        "AI-generated summary",
        // Some of its statements are sentences of articles.
        "Made by a machine (scripted-writer",
        "<details>",
        "0123456789",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(
        !page.contains("javascript:") && !page.contains("<script"),
        "{page}"
    );

    service
        .request(Method::DELETE, "/v1/stories/bridge/articles/a")
        .send()
        .await
        .unwrap();
    let stale = service.get("/stories/bridge").await.text().await.unwrap();
    assert!(
        stale.contains("Outdated") && stale.contains("source withdrawn"),
        "{stale}"
    );
    let (summary, corrections) = stale.split_once("</article>").unwrap();
    assert!(!summary.contains("It rains"), "{stale}");
    assert!(
        corrections.contains("It rains"),
        "what was said is told as a correction: {stale}"
    );
    problem(service.get("/stories/unknown").await, 404, "not-found").await;
}

#[tokio::test]
async fn pages_need_nothing_from_elsewhere() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    for path in ["/", "/docs", "/stories/bridge", "/corrections"] {
        let page = service.get(path).await;
        assert_eq!(page.status(), StatusCode::OK);
        let page = page.text().await.unwrap();
        for part in ["src=", "<script", "<style", " style=", "@import", "onclick"] {
            assert!(!page.contains(part), "{path} has {part}");
        }
        assert!(
            page.contains("<html lang=\"en\">") && page.contains("<main id=\"main\">"),
            "{path}"
        );
    }
    let style = service.get("/assets/style.css").await;
    assert_eq!(header(&style, "content-type"), "text/css; charset=utf-8");
    let style = style.text().await.unwrap();
    assert!(style.contains("light dark") && !style.contains("url("), "{style}");
}
