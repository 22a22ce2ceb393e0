//! The HTTP interface, over real HTTP on a real SQLite database; each convention of the contract has a test.

mod stories;
mod summaries;
mod versions;
mod diff;
mod corrections;
mod events;
mod feedback;
mod idempotency;
mod local_only;
mod problems;
mod caching;
mod browsers;
mod operation;
mod shutdown;
mod pages;
mod openapi;
mod garbage;

use reqwest::{Response, StatusCode};
use serde_json::Value;

/// The answer's header, empty when it is absent.
fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// Checks that the answer is a problem of this status and type, and gives its body.
async fn problem(answer: Response, status: u16, kind: &str) -> Value {
    assert_eq!(header(&answer, "content-type"), "application/problem+json");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let found = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(found.as_u16(), status, "{body}");
    assert_eq!(body["type"], format!("urn:nutgraf:problem:{kind}"), "{body}");
    assert_eq!(body["status"], status, "{body}");
    body
}

/// Checks the status and gives the JSON body.
async fn json(answer: Response, status: StatusCode) -> Value {
    let found = answer.status();
    let body = answer.text().await.unwrap();
    assert_eq!(found, status, "{body}");
    serde_json::from_str(&body).unwrap()
}
