//! A workbench: store, clock, worker, and stories whose sentences can be summarized.

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nutgraf::clock::{Clock, ManualClock};
use nutgraf::domain::{ArticleInput, Job, JobState, StoryInput};
use nutgraf::engine::{Cancel, Engine, EngineError, GenerateRequest, Generation, ModelInfo, ScoreRequest};
use nutgraf::ingest::{self, add_articles, put_story};
use nutgraf::jobs::Settings;
use nutgraf::jobs::worker::Worker;
use nutgraf::store::sqlite::SqliteStore;
use nutgraf::store::{Counts, Signals, Store};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::support::{ScriptedEngine, at_ms, story_id};

/// No test waits longer for anything.
pub(super) const LONG: Duration = Duration::from_secs(20);

pub(super) struct Bench {
    pub(super) store: Arc<SqliteStore>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) folder: TempDir,
}

impl Bench {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("test.db")).await.unwrap();
        Self {
            store: Arc::new(store),
            clock: Arc::new(ManualClock::new(at_ms(0))),
            folder,
        }
    }

    /// A worker with leases so long that no heartbeat comes in between.
    pub(super) fn worker(&self, engine: impl Engine) -> Worker {
        Worker {
            store: self.store.clone(),
            engine: Arc::new(engine),
            clock: self.clock.clone(),
            signals: Arc::new(Signals::default()),
            settings: Settings {
                poll_ms: 20,
                ..Settings::default()
            },
            summarize: nutgraf::summarize::Settings::default(),
        }
    }

    /// Stores a story of three articles, its job due at once.
    pub(super) async fn put(&self, id: &str) {
        let settings = ingest::Settings {
            debounce_ms: 0,
            ..ingest::Settings::default()
        };
        put_story(&*self.store, &*self.clock, &settings, story_id(id), story(id, 3))
            .await
            .unwrap();
    }

    /// Adds an article to a story, its job due at once.
    pub(super) async fn add(&self, id: &str, article: ArticleInput) {
        let settings = ingest::Settings {
            debounce_ms: 0,
            ..ingest::Settings::default()
        };
        add_articles(&*self.store, &*self.clock, &settings, story_id(id), vec![article])
            .await
            .unwrap();
    }

    pub(super) async fn counts(&self) -> Counts {
        self.store.counts().await.unwrap()
    }

    pub(super) async fn job(&self, id: &str) -> Option<Job> {
        self.store.find_job(&story_id(id)).await.unwrap()
    }

    /// The number of a story's newest version; 0 when there is none.
    pub(super) async fn version(&self, id: &str) -> u32 {
        let summary = self.store.find_current_summary(&story_id(id)).await.unwrap();
        summary.map_or(0, |summary| summary.version)
    }

    pub(super) async fn state(&self, id: &str) -> Option<JobState> {
        self.job(id).await.map(|job| job.state)
    }

    /// Waits for something that another task or process brings about.
    pub(super) async fn until(&self, what: &str, mut holds: impl AsyncFnMut(&Self) -> bool) {
        let started = Instant::now();
        while !holds(self).await {
            assert!(started.elapsed() < LONG, "waited in vain until {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond() - at_ms(0).as_millisecond()
    }
}

const PLACES: [&str; 8] = [
    "Norwick",
    "Eastham",
    "Larkfield",
    "Stonebridge",
    "Highmoor",
    "Westerley",
    "Oakford",
    "Millbrook",
];
const SUBJECTS: [&str; 7] = [
    "bridge",
    "harbour",
    "library",
    "hospital",
    "railway",
    "reservoir",
    "school",
];
const VERBS: [&str; 6] = [
    "approved",
    "rejected",
    "postponed",
    "financed",
    "inspected",
    "reopened",
];
const BODIES: [&str; 5] = [
    "council",
    "ministry",
    "regional board",
    "planning office",
    "court",
];

/// A story about one event, told in other words and with other details by each outlet.
pub(super) fn story(id: &str, articles: usize) -> StoryInput {
    StoryInput {
        articles: Some((0..articles).map(|number| article(id, number)).collect()),
        ..StoryInput::default()
    }
}

/// The `number`-th article of a story: five sentences, of which the first tells the event.
pub(super) fn article(story: &str, number: usize) -> ArticleInput {
    let seed = story.bytes().map(usize::from).sum::<usize>();
    let pick = |words: &[&'static str], salt: usize| words[salt % words.len()];
    let (place, subject) = (pick(&PLACES, seed), pick(&SUBJECTS, seed));
    let (body, verb) = (pick(&BODIES, seed), pick(&VERBS, seed));
    let (neighbour, other) = (
        pick(&PLACES, seed + number + 1),
        pick(&SUBJECTS, seed + number + 1),
    );
    let text = format!(
        "The {body} of {place} {verb} the new {subject} on Monday after {hours} hours of debate.\n\n\
         The plan for the {subject} had been drawn up {years} years ago by engineers in {neighbour}. \
         Its cost is now put at {cost} million pounds, which is more than the {other} of {neighbour} had cost.\n\n\
         About {people} people attended the meeting in {place} and many of them spoke against the {other}. \
         Work on the {subject} is expected to begin in the spring and to last for {months} months.",
        hours = 2 + number % 9,
        years = 3 + number % 17,
        cost = 10 + number,
        people = 100 + 3 * number,
        months = 6 + number % 30,
    );
    ArticleInput {
        id: Some(format!("article-{number}")),
        outlet: Some(format!("The {neighbour} Courier {number}")),
        published_at: Some(format!("2025-07-0{}", 1 + number % 9)),
        text,
        ..ArticleInput::default()
    }
}

/// What stops a script until the test lets it go on.
#[derive(Clone, Default)]
pub(super) struct Gate {
    open: Arc<(Mutex<bool>, Condvar)>,
    entered: Arc<Entered>,
}

struct Entered(Semaphore);

impl Default for Entered {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Gate {
    /// Called by the script: tells the test, and waits until the gate is open.
    pub(super) fn pass(&self) {
        self.entered.0.add_permits(1);
        let (open, changed) = &*self.open;
        let guard = open.lock().unwrap();
        let (guard, _) = changed.wait_timeout_while(guard, LONG, |open| !*open).unwrap();
        assert!(*guard, "the test never opened the gate");
    }

    /// Called by the test: waits until a script stands at the gate.
    pub(super) async fn reached(&self) {
        let permit = tokio::time::timeout(LONG, self.entered.0.acquire()).await;
        permit.expect("no script came to the gate").unwrap().forget();
    }

    /// Called by the test.
    pub(super) fn open(&self) {
        let (open, changed) = &*self.open;
        *open.lock().unwrap() = true;
        changed.notify_all();
    }
}

/// An engine that writes nothing until it is cancelled, so that only a cancel ends what it is asked.
#[derive(Clone)]
pub(super) struct WaitingEngine {
    embedder: ScriptedEngine,
    entered: Arc<Entered>,
}

impl WaitingEngine {
    pub(super) fn new() -> Self {
        Self {
            embedder: ScriptedEngine::gibberish(),
            entered: Arc::default(),
        }
    }

    /// Waits until it was asked to write.
    pub(super) async fn asked(&self) {
        let permit = tokio::time::timeout(LONG, self.entered.0.acquire()).await;
        permit.expect("the engine was never asked").unwrap().forget();
    }
}

impl Engine for WaitingEngine {
    fn generate(
        &self,
        _requests: Vec<GenerateRequest>,
        cancel: &Cancel,
        _on_token: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Generation>, EngineError> {
        self.entered.0.add_permits(1);
        let started = Instant::now();
        while !cancel.is_cancelled() {
            if started.elapsed() > LONG {
                return Err(EngineError::Compute("nobody cancelled".to_owned()));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(EngineError::Cancelled)
    }

    fn score(&self, requests: Vec<ScoreRequest>, cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        self.embedder.score(requests, cancel)
    }

    fn embed(&self, texts: &[&str], cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        self.embedder.embed(texts, cancel)
    }

    fn writer(&self) -> &ModelInfo {
        self.embedder.writer()
    }

    fn embedder(&self) -> &ModelInfo {
        self.embedder.embedder()
    }
}
