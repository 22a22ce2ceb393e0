//! Event streams.

use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use nutgraf::domain::EventKind;
use nutgraf::serve::Settings;
use nutgraf::store::Store;
use nutgraf::store::sqlite::SqliteStore;
use reqwest::Method;
use serde_json::{Value, json};

use super::{header, problem};
use crate::support::{Service, bullet, state, story_id};

/// A stream as a browser reads it.
pub(super) struct EventSource {
    bytes: Pin<Box<dyn Stream<Item = reqwest::Result<Vec<u8>>> + Send>>,
    text: String,
}

impl EventSource {
    pub(super) async fn open(service: &Service, path: &str, last_event_id: Option<i64>) -> Self {
        let mut request = service.request(Method::GET, path);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(header(&answer, "content-type"), "text/event-stream");
        let mut source = Self {
            bytes: Box::pin(
                answer
                    .bytes_stream()
                    .map(|chunk| chunk.map(|bytes| bytes.to_vec())),
            ),
            text: String::new(),
        };
        let hello = source.block().await.unwrap();
        assert!(hello.contains("retry: 2000"), "{hello}");
        source
    }

    /// The next event's kind, number and data; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Option<(String, i64, Value)> {
        let block = self.block().await?;
        let field = |name: &str| {
            block
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap_or_default()
                .trim()
        };
        let data = serde_json::from_str(field("data:")).unwrap();
        Some((field("event:").to_owned(), field("id:").parse().unwrap(), data))
    }

    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.bytes.next());
            let chunk = chunk.await.expect("no event came")?.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn a_stream_tells_what_happens_from_now_on() {
    let service = Service::start().await;
    service.put_story("bridge", &["a", "b"]).await;
    let mut events = EventSource::open(&service, "/v1/stories/bridge/events", None).await;
    service
        .publish("bridge", vec![bullet(1, "It was closed.", &["a"])])
        .await;
    let (kind, _, data) = events.next().await.unwrap();
    assert_eq!(
        (kind.as_str(), &data["story_id"]),
        ("summary", &json!("bridge")),
        "{data}"
    );
    assert!(data["at"].is_string(), "{data}");
    service
        .request(Method::DELETE, "/v1/stories/bridge/articles/a")
        .send()
        .await
        .unwrap();
    let mut kinds = vec![events.next().await.unwrap().0, events.next().await.unwrap().0];
    kinds.sort();
    assert_eq!(kinds, ["queued", "withheld"]);
}

#[tokio::test]
async fn a_stream_resumes_after_the_last_event_it_gave() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    service
        .publish("bridge", vec![bullet(1, "It was closed.", &["a"])])
        .await;
    let path = "/v1/stories/bridge/events";
    let mut all = EventSource::open(&service, path, Some(0)).await;
    let (first, first_id, _) = all.next().await.unwrap();
    let (second, second_id, _) = all.next().await.unwrap();
    assert_eq!((first.as_str(), second.as_str()), ("queued", "summary"));
    let mut rest = EventSource::open(&service, path, Some(first_id)).await;
    assert_eq!(rest.next().await.unwrap().1, second_id);
    // A number from another database must not make it wait for ever.
    let mut future = EventSource::open(&service, path, Some(1_000_000)).await;
    service.put_story("bridge", &["a", "b"]).await;
    assert_eq!(future.next().await.unwrap().0, "queued");
    let bad = service
        .request(Method::GET, path)
        .header("last-event-id", "x")
        .send()
        .await
        .unwrap();
    problem(bad, 400, "malformed-request").await;
}

#[tokio::test]
async fn one_stream_tells_of_many_stories_and_of_no_others() {
    let service = Service::start().await;
    let mut events = EventSource::open(&service, "/v1/events?story_id=a,c", None).await;
    for id in ["a", "b", "c"] {
        service.put_story(id, &["x"]).await;
    }
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(events.next().await.unwrap().2["story_id"].clone());
    }
    assert_eq!(seen, ["a", "c"]);
    problem(service.get("/v1/stories/unknown/events").await, 404, "not-found").await;
    problem(
        service.get("/v1/events?story_id=").await,
        400,
        "malformed-request",
    )
    .await;
}

#[tokio::test]
async fn what_another_process_appends_is_told_too() {
    let (state, clock, folder) = state(Settings::default()).await;
    let other = SqliteStore::open(&folder.path().join("test.db")).await.unwrap();
    let service = Service::start_on(state, clock, folder).await;
    service.put_story("bridge", &["a"]).await;
    let mut events = EventSource::open(&service, "/v1/stories/bridge/events", None).await;
    let data = json!({"provisional": true});
    other
        .append_event(
            &story_id("bridge"),
            EventKind::Bullet,
            &data,
            service.state.clock.now(),
        )
        .await
        .unwrap();
    let (kind, _, data) = events.next().await.unwrap();
    assert_eq!((kind.as_str(), &data["provisional"]), ("bullet", &json!(true)));
}

#[tokio::test]
async fn there_is_a_bounded_number_of_streams() {
    let settings = Settings {
        max_event_streams: 1,
        ..Settings::default()
    };
    let service = Service::start_with(settings).await;
    service.put_story("bridge", &["a"]).await;
    let first = EventSource::open(&service, "/v1/stories/bridge/events", None).await;
    let answer = service.get("/v1/events?story_id=bridge").await;
    assert_eq!(header(&answer, "retry-after"), "10");
    problem(answer, 503, "too-many-streams").await;
    drop(first);
    // The place is free as soon as the service sees that the reader is gone.
    let freed = async {
        while service.get("/v1/events?story_id=bridge").await.status() != 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), freed)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_stream_is_neither_compressed_nor_kept() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    let request = service
        .request(Method::GET, "/v1/stories/bridge/events")
        .header("accept-encoding", "gzip, br");
    let answer = request
        .header("origin", "https://reader.example")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            header(&answer, "content-encoding"),
            header(&answer, "cache-control")
        ),
        ("", "no-store")
    );
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
}
