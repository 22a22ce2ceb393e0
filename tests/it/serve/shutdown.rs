//! Stopping: streams end, requests under way are answered, and nobody is waited for without end.

use std::time::Duration;

use futures_util::StreamExt;
use nutgraf::serve::Settings;
use reqwest::{Body, Method};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::events::EventSource;
use crate::support::Service;

const SOON: Duration = Duration::from_secs(20);

type Chunks = mpsc::Sender<Result<Vec<u8>, std::io::Error>>;

/// A `PUT` whose body comes as it is sent on the channel.
fn slow_put(
    service: &Service,
) -> (
    Chunks,
    tokio::task::JoinHandle<reqwest::Result<reqwest::Response>>,
) {
    let (sender, receiver) = mpsc::channel(1);
    let request = service
        .request(Method::PUT, "/v1/stories/bridge")
        .header("content-type", "application/json");
    let request = request.body(Body::wrap_stream(ReceiverStream::new(receiver).boxed()));
    (sender, tokio::spawn(request.send()))
}

#[tokio::test]
async fn streams_end_at_shutdown() {
    let service = Service::start().await;
    service.put_story("bridge", &["a"]).await;
    let mut events = EventSource::open(&service, "/v1/stories/bridge/events", None).await;
    tokio::time::timeout(SOON, service.stop())
        .await
        .expect("the stream held it");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_request_under_way_is_answered() {
    let service = Service::start().await;
    let (body, answer) = slow_put(&service);
    // The second chunk is taken from the channel only when the first was sent on.
    for chunk in ["{", " ", " "] {
        body.send(Ok(chunk.into())).await.unwrap();
    }
    service.state.shutdown.cancel();
    body.send(Ok("}".into())).await.unwrap();
    drop(body);
    let answer = tokio::time::timeout(SOON, answer)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(answer.status(), 201);
    tokio::time::timeout(SOON, service.stop()).await.unwrap();
}

#[tokio::test]
async fn a_request_that_hangs_does_not_hold_the_process() {
    let settings = Settings {
        shutdown_grace_ms: 100,
        ..Settings::default()
    };
    let service = Service::start_with(settings).await;
    let (body, _answer) = slow_put(&service);
    for chunk in ["{", " ", " "] {
        body.send(Ok(chunk.into())).await.unwrap();
    }
    tokio::time::timeout(SOON, service.stop())
        .await
        .expect("the request held it");
}
