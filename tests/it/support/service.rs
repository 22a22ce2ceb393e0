//! A running service on a database of its own, spoken to over HTTP.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use nutgraf::clock::ManualClock;
use nutgraf::domain::{ArticleInput, Bullet, Lane, Summary};
use nutgraf::ingest;
use nutgraf::serve::{self, AppState, Settings};
use nutgraf::store::sqlite::SqliteStore;
use nutgraf::store::{Saved, Selector, Signals};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{CITED, at_ms, story_id, summary};

/// A service that listens on a free port of this machine until it is dropped.
pub struct Service {
    /// What its handlers work with.
    pub state: AppState,
    /// Moves its time.
    pub clock: Arc<ManualClock>,
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub base: String,
    client: Client,
    server: Option<JoinHandle<std::io::Result<()>>>,
    _folder: TempDir,
}

/// A state on a new database; the folder has to outlive it.
pub async fn state(settings: Settings) -> (AppState, Arc<ManualClock>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("test.db")).await.unwrap();
    let clock = Arc::new(ManualClock::new(at_ms(0)));
    let state = AppState {
        store: Arc::new(store),
        clock: clock.clone(),
        signals: Arc::new(Signals::default()),
        settings: Arc::new(settings),
        ingest: Arc::new(ingest::Settings {
            debounce_ms: 0,
            ..ingest::Settings::default()
        }),
        models_ready: Arc::new(AtomicBool::new(true)),
        shutdown: CancellationToken::new(),
    };
    (state, clock, folder)
}

impl Service {
    /// A service as it is by default, but for a report limit that no test meets by chance.
    pub async fn start() -> Self {
        let settings = Settings {
            feedback_burst: 10_000,
            ..Settings::default()
        };
        Self::start_with(settings).await
    }

    /// A service with other settings.
    pub async fn start_with(settings: Settings) -> Self {
        let (state, clock, folder) = state(settings).await;
        Self::start_on(state, clock, folder).await
    }

    /// A service on this state.
    pub async fn start_on(state: AppState, clock: Arc<ManualClock>, folder: TempDir) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(serve::run(listener, state.clone()));
        Self {
            state,
            clock,
            base,
            client: Client::builder().no_proxy().no_gzip().build().unwrap(),
            server: Some(server),
            _folder: folder,
        }
    }

    /// A request to a path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// `PUT` or `POST` of JSON.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Response {
        self.request(method, path).json(body).send().await.unwrap()
    }

    /// Puts a story with articles named by these ids, each with an outlet of its own.
    pub async fn put_story(&self, id: &str, articles: &[&str]) {
        let articles: Vec<ArticleInput> = articles.iter().map(|id| sample_article(id)).collect();
        let body = json!({"headline": format!("Headline of {id}"), "language": "en", "articles": articles});
        let answer = self.send(Method::PUT, &format!("/v1/stories/{id}"), &body).await;
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Stores a summary as a worker does: claims the story's job and finishes it.
    pub async fn publish(&self, id: &str, bullets: Vec<Bullet>) -> u32 {
        let story = self.state.store.find_story(&story_id(id)).await.unwrap().unwrap();
        self.publish_summary(summary(&story, bullets)).await
    }

    /// The same with a summary of one's own.
    pub async fn publish_summary(&self, mut summary: Summary) -> u32 {
        let now = self.state.clock.now();
        summary.made.at = now;
        let selector = Selector::Ids(vec![summary.story_id.clone()]);
        self.state
            .store
            .enqueue(&selector, Lane::Batch, now)
            .await
            .unwrap();
        let mut others = Vec::new();
        let claim = loop {
            let claim = self
                .state
                .store
                .claim_job(now, lease(now))
                .await
                .unwrap()
                .expect("no job is due");
            if claim.job.story_id == summary.story_id {
                break claim;
            }
            others.push(claim);
        };
        for other in others {
            self.state.store.release_job(&other, now).await.unwrap();
        }
        let saved = self.state.store.finish_job(&claim, &summary, now).await.unwrap();
        self.state.signals.notify_events();
        match saved {
            Saved::Version(version) | Saved::Unchanged(version) => version,
        }
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) {
        self.state.shutdown.cancel();
        self.server.take().unwrap().await.unwrap().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.state.shutdown.cancel();
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

/// An article of an outlet of its own, dated and rated, with the sentence that bullets cite.
pub fn sample_article(id: &str) -> ArticleInput {
    ArticleInput {
        id: Some(id.to_owned()),
        url: Some(format!("https://{id}.example/report")),
        title: Some(format!("Report {id}")),
        outlet: Some(format!("Outlet {id}")),
        published_at: Some("2025-07-04T09:30:00+02:00".to_owned()),
        text: format!(
            "{CITED}\n\nArticle {id} says that the bridge over the Lume was closed on Friday.\n\nNobody was hurt."
        ),
        ..ArticleInput::default()
    }
}

/// The recorder of this test process: the `metrics` crate knows one only.
pub fn metrics_handle() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            PrometheusBuilder::new()
                .install_recorder()
                .expect("a recorder was installed before")
        })
        .clone()
}

fn lease(now: Timestamp) -> Timestamp {
    now + jiff::SignedDuration::from_mins(1)
}
