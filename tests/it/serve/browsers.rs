//! What browsers ask for: CORS for what is public, none for writes; headers that keep them from guessing.

use reqwest::{Method, Response, StatusCode};

use super::header;
use crate::support::{Service, bullet, lede, story_id, summary};

async fn preflight(service: &Service, path: &str, method: &str) -> Response {
    let request = service
        .request(Method::OPTIONS, path)
        .header("origin", "https://reader.example");
    let request = request.header("access-control-request-method", method);
    request
        .header("access-control-request-headers", "content-type,idempotency-key")
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn any_page_may_read_and_report() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    for path in [
        "/v1/stories",
        "/v1/stories/bridge",
        "/v1/stories/bridge/summary",
        "/v1/summaries?story_id=bridge",
    ] {
        let request = service
            .request(Method::GET, path)
            .header("origin", "https://reader.example");
        let answer = request.send().await.unwrap();
        assert_eq!(header(&answer, "access-control-allow-origin"), "*", "{path}");
        let exposed = header(&answer, "access-control-expose-headers").to_lowercase();
        for name in ["etag", "link", "location", "retry-after", "x-request-id"] {
            assert!(exposed.contains(name), "{path}: {exposed}");
        }
    }
    let answer = preflight(&service, "/v1/stories/bridge/feedback", "POST").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(&answer, "access-control-allow-methods"), "POST");
    assert!(header(&answer, "access-control-allow-headers").contains("idempotency-key"));
}

#[tokio::test]
async fn no_page_may_write() {
    let service = Service::start().await;
    let shared = preflight(&service, "/v1/stories/bridge", "PUT").await;
    assert_eq!(header(&shared, "access-control-allow-methods"), "GET,HEAD");
    for (path, method) in [
        ("/v1/stories/bridge/articles", "POST"),
        ("/v1/stories/bridge/articles/a", "DELETE"),
        ("/v1/jobs?state=dead", "GET"),
    ] {
        let answer = preflight(&service, path, method).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), "", "{path}");
        assert_eq!(header(&answer, "access-control-allow-methods"), "", "{path}");
    }
}

#[tokio::test]
async fn browsers_are_told_not_to_guess_and_not_to_run_scripts() {
    let service = Service::start().await;
    for path in ["/", "/docs", "/v1/stories", "/nowhere"] {
        let answer = service.get(path).await;
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&answer, "referrer-policy"), "no-referrer", "{path}");
        let is_page = header(&answer, "content-type").starts_with("text/html");
        let policy = header(&answer, "content-security-policy");
        assert_eq!(
            is_page,
            policy.starts_with("default-src 'none'; style-src 'self'"),
            "{path}: {policy}"
        );
    }
}

#[tokio::test]
async fn a_browser_shows_a_story_with_its_label_and_evidence() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    let story = service.state.store.find_story(&story_id("bridge")).await.unwrap();
    let mut summary = summary(
        &story.unwrap(),
        vec![bullet(2, "Boats <b>pass</b> again.", &["a"])],
    );
    summary.lede = Some(lede(bullet(1, "The bridge is closed.", &["a"])));
    service.publish_summary(summary).await;
    let folder = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/check.py");

    for (path, texts) in [
        (
            "/stories/bridge",
            [
                "AI-generated summary",
                "The bridge is closed.",
                "Boats <b>pass</b> again.",
                "0123456789",
            ]
            .as_slice(),
        ),
        ("/", ["AI-generated summary", "Headline of bridge"].as_slice()),
        ("/docs", ["/v1/stories/{story_id}/summary"].as_slice()),
    ] {
        let mut command = std::process::Command::new("python3");
        command
            .arg(script)
            .arg(format!("{}{path}", service.base))
            .arg(folder.path())
            .args(texts);
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("no chromium found") {
            eprintln!("skipped: no Chromium is installed");
            return;
        }
        assert!(
            output.status.success(),
            "{path}: {said}{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}
