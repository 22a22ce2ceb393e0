//! Thousands of malformed requests: none may break the service, change anything by halves, or be refused in a shape
//! that clients cannot read.

use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use nutgraf::serve::{Settings, router};
use nutgraf::store::Store;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use tower::ServiceExt;

use crate::support::{sample_article, state, story_id};

const CASES: u32 = 12_000;

#[derive(Debug, Clone)]
struct Garbage {
    method: String,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

fn one_of(choices: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(choices).prop_map(str::to_owned)
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => one_of(&["PUT", "POST", "DELETE", "GET"]),
        1 => one_of(&["HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW"]),
    ]
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => one_of(&["v1", "stories", "bridge", "articles", "summary", "versions", "diff", "feedback", "1", "a"]),
        1 => one_of(&["", ".", "..", "%", "%00", "%ff", "%2f", "%2e%2e", "a%20b", "%F0%9F%92%A9", "-1", "4294967296",
            "00000000-0000-0000-0000-000000000000", "{story_id}", "*", "a;b", "a=b", "+", "~"]),
        1 => "[A-Za-z0-9._~:@!$&'()*+,;=-]{0,12}",
    ]
}

fn path() -> impl Strategy<Value = String> {
    let known = one_of(&[
        "/v1/stories/bridge",
        "/v1/stories/new",
        "/v1/stories/bridge/articles",
        "/v1/stories/bridge/articles/a",
        "/v1/stories/bridge/feedback",
        "/v1/stories/bridge/summary",
        "/v1/stories/bridge/summary/versions",
        "/v1/stories",
        "/v1/summaries",
        "/v1/jobs",
        "/v1/feedback/x",
        "/v1/corrections",
        "/v1/corrections.json",
        "/v1/stories/bridge/corrections",
        "/corrections",
        "/",
        "/stories/bridge",
    ]);
    let random = prop::collection::vec(segment(), 0..7).prop_map(|parts| format!("/{}", parts.join("/")));
    let query = prop_oneof![
        4 => Just(String::new()),
        2 => one_of(&["?limit=0", "?limit=-1", "?limit=99999999999", "?limit=1&limit=2", "?cursor=%ff", "?cursor=../x",
            "?story_id=", "?story_id=a,,b", "?story_id=%00", "?state=", "?state=dead&limit=x", "?from=-1", "?&=&", "?%"]),
        1 => "\\?[a-z_]{0,8}=[A-Za-z0-9%,]{0,12}",
    ];
    (prop_oneof![3 => known, 1 => random], query).prop_map(|(path, query)| path + &query)
}

fn headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let content_type = one_of(&[
        "application/json",
        "application/json",
        "application/json",
        "application/x-ndjson",
        "application/x-ndjson",
        "text/plain",
        "application/json; charset=utf-16",
        ";;;",
        "",
    ]);
    let name = one_of(&[
        "accept",
        "if-none-match",
        "idempotency-key",
        "last-event-id",
        "x-request-id",
        "origin",
        "sec-fetch-site",
        "forwarded",
        "host",
        "content-length",
        "expect",
        "range",
        "accept-encoding",
    ]);
    let value = prop_oneof![
        one_of(&[
            "*",
            "*/*",
            "W/\"",
            "\"",
            "q=9",
            "text/html;q=x",
            "null",
            "-1",
            "18446744073709551616",
            "localhost"
        ])
        .prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..24),
    ];
    (
        prop::option::weighted(0.9, content_type),
        prop::collection::vec((name, value), 0..3),
    )
        .prop_map(|(kind, mut rest)| {
            rest.extend(kind.map(|kind| ("content-type".to_owned(), kind.into_bytes())));
            rest
        })
}

/// Something that nearly is what a route takes.
fn document() -> impl Strategy<Value = String> {
    let field = one_of(&[
        "null",
        "3",
        "-1e999",
        "\"\"",
        "\"x\"",
        "[]",
        "{}",
        "[[]]",
        "true",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"2025-13-40\"",
        "\"javascript:x\"",
        "\"left\"",
        "18446744073709551616",
        "{\"start\":4,\"end\":1}",
    ]);
    let key = one_of(&[
        "id",
        "text",
        "url",
        "headline",
        "articles",
        "published_at",
        "bias",
        "version",
        "reason",
        "bullet_id",
        "quoted",
        "comment",
        "evidence_urls",
        "contact_email",
        "outlet",
        "source",
        "nonsense",
    ]);
    let object = prop::collection::vec((key, field), 0..6).prop_map(|fields| {
        let fields: Vec<String> = fields
            .into_iter()
            .map(|(key, value)| format!("\"{key}\":{value}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    });
    let object = object.boxed();
    let good = Just(json!(sample_article("b")).to_string());
    let articles = prop::collection::vec(prop_oneof![2 => object.clone(), 1 => good], 0..4).boxed();
    prop_oneof![
        object,
        articles.clone().prop_map(|list| format!("[{}]", list.join(","))),
        articles
            .clone()
            .prop_map(|list| format!("{{\"articles\":[{}]}}", list.join(","))),
        articles.prop_map(|list| list.join("\n")),
        (1usize..300).prop_map(|depth| "[".repeat(depth)),
        (1usize..300).prop_map(|depth| "{\"articles\":".repeat(depth)),
    ]
}

/// Documents, some with a byte changed, cut off or doubled; and noise.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let mutated =
        (document(), any::<prop::sample::Index>(), any::<u8>(), 0..4u8).prop_map(|(text, at, byte, how)| {
            let mut bytes = text.into_bytes();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                match how {
                    0 => bytes[at] = byte,
                    1 => bytes.truncate(at),
                    2 => bytes.extend_from_slice(&bytes.clone()[at..]),
                    _ => {}
                }
            }
            bytes
        });
    prop_oneof![
        8 => mutated,
        1 => prop::collection::vec(any::<u8>(), 0..64),
        1 => Just(vec![b' '; 70_000]),
    ]
}

fn garbage() -> impl Strategy<Value = Garbage> {
    (method(), path(), headers(), body()).prop_map(|(method, path, headers, body)| Garbage {
        method,
        path,
        headers,
        body,
    })
}

/// What HTTP itself does not let through cannot arrive.
fn request(garbage: &Garbage) -> Option<Request<Body>> {
    let mut request = Request::builder()
        .method(Method::from_bytes(garbage.method.as_bytes()).ok()?)
        .uri(&garbage.path)
        .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))))
        .body(Body::from(garbage.body.clone()))
        .ok()?;
    request
        .headers_mut()
        .insert("host", HeaderValue::from_static("localhost"));
    for (name, value) in &garbage.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        request
            .headers_mut()
            .append(name, HeaderValue::from_bytes(value).ok()?);
    }
    Some(request)
}

/// What a write would change: how much there is, and the article set of the story.
async fn fingerprint(store: &dyn Store) -> (nutgraf::store::Counts, Option<String>) {
    let story = store.find_story(&story_id("bridge")).await.unwrap();
    (
        store.counts().await.unwrap(),
        story.map(|story| story.article_set_hash),
    )
}

#[test]
fn no_malformed_request_breaks_anything() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let settings = Settings {
        max_body_bytes: 65_536,
        feedback_burst: u32::MAX,
        ..Settings::default()
    };
    let (state, _clock, _folder) = runtime.block_on(state(settings));
    let router = router(state.clone());
    let put = Request::put("/v1/stories/bridge")
        .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))))
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(json!({"articles": [sample_article("a")]}).to_string()))
        .unwrap();
    let put = runtime.block_on(router.clone().oneshot(put)).unwrap();
    assert_eq!(put.status(), StatusCode::CREATED);

    // A seed of its own, so that a failure can be repeated; no file of failures is kept.
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let refused = std::sync::atomic::AtomicU32::new(0);
    TestRunner::new_with_rng(config, rng)
        .run(&garbage(), |garbage| {
            let Some(request) = request(&garbage) else {
                return Ok(());
            };
            let is_head = request.method() == Method::HEAD;
            runtime.block_on(async {
                let before = fingerprint(state.store.as_ref()).await;
                let answer = router.clone().oneshot(request).await.unwrap();
                let status = answer.status();
                prop_assert!(!status.is_server_error(), "{status}");
                if !status.is_client_error() {
                    return Ok(());
                }
                refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                prop_assert_eq!(
                    fingerprint(state.store.as_ref()).await,
                    before,
                    "a refused request changed something"
                );
                prop_assert_eq!(&answer.headers()["content-type"], "application/problem+json");
                let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
                if !is_head {
                    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
                    prop_assert_eq!(&problem["status"], status.as_u16());
                }
                Ok(())
            })
        })
        .unwrap();
    let refused = refused.into_inner();
    assert!(
        refused > CASES / 2,
        "only {refused} of {CASES} requests were malformed"
    );
}
