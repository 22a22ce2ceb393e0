//! SIGKILL: the real program on the real models is killed again and again while it works; in the end every story has
//! exactly one version, and no job is lost, doubled or dead.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nutgraf::clock::SystemClock;
use nutgraf::domain::StoryInput;
use nutgraf::ingest::{self, files, put_story};
use nutgraf::store::sqlite::SqliteStore;
use nutgraf::store::{Counts, Store};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::bench::story;
use crate::support::story_id;

const STORIES: usize = 80;
const KILLS: usize = 20;

/// Made-up articles are shorter than real ones: with so many, a story takes about as long.
const MADE_UP_ARTICLES: usize = 20;

/// Loading the models on a busy machine, or fetching them once.
const STARTUP_LIMIT: Duration = Duration::from_secs(300);

/// The rest of the queue after the last kill: it takes five minutes on two cores, and must only end at all.
const FINISH_LIMIT: Duration = Duration::from_secs(1_500);

#[tokio::test]
async fn twenty_kills_lose_no_job_and_double_no_version() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("nutgraf.db");
    let store = SqliteStore::open(&database).await.unwrap();
    load(&store).await;

    let mut random = StdRng::seed_from_u64(20);
    let mut kills = 0;
    let mut while_running = 0;
    while kills < KILLS {
        let before = progress(&store).await;
        assert!(
            before.versions < STORIES as u64,
            "all was done after {kills} kills; too few stories"
        );
        let mut worker = Worker::spawn(folder.path());
        worker.shows_progress(&store, &before).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(50..1_500))).await;
        if worker.has_ended() {
            continue;
        }
        worker.kill();
        kills += 1;
        while_running += u64::from(progress(&store).await.jobs_running > 0);
        assert_versions_are_sound(&store).await;
    }
    assert!(while_running > 0, "no kill ever hit a running job");

    Worker::spawn(folder.path()).finish(&store).await;
    let counts = progress(&store).await;
    assert_eq!(counts.stories, STORIES as u64);
    assert_eq!(
        counts.versions, STORIES as u64,
        "exactly one version for each story"
    );
    assert_eq!(
        (counts.jobs_queued, counts.jobs_running, counts.jobs_dead),
        (0, 0, 0)
    );
    for listing in store.list_stories(None, STORIES as u32 + 1).await.unwrap() {
        assert_eq!(listing.version, Some(1), "{}", listing.story.id);
        assert!(!listing.stale, "{}", listing.story.id);
    }
    store.close().await;
    assert_eq!(integrity(&database).await, "ok");
}

/// Loads 80 stories, their jobs due at once: real ones where they are, else our own.
async fn load(store: &SqliteStore) {
    let settings = ingest::Settings {
        debounce_ms: 0,
        ..ingest::Settings::default()
    };
    let stories = real_stories().unwrap_or_else(|| {
        eprintln!("NUTGRAF_TEST_DATA is not set: the stories are made up");
        (0..STORIES)
            .map(|number| story(&format!("story-{number}"), MADE_UP_ARTICLES))
            .collect()
    });
    for (number, story) in stories.into_iter().enumerate() {
        let id = story_id(&format!("story-{number}"));
        put_story(store, &SystemClock, &settings, id, story)
            .await
            .unwrap();
    }
    assert_eq!(progress(store).await.jobs_queued, STORIES as u64);
}

fn real_stories() -> Option<Vec<StoryInput>> {
    let folder = PathBuf::from(std::env::var_os("NUTGRAF_TEST_DATA")?);
    let stories = files::open(&folder.join("clusters_load_auto.jsonl")).unwrap();
    Some(stories.map(|(_, entry)| entry.unwrap().1).take(STORIES).collect())
}

async fn progress(store: &SqliteStore) -> Counts {
    store.counts().await.unwrap()
}

/// What must hold at any moment: nobody's second version, nobody's dead job, every story done or in the queue.
async fn assert_versions_are_sound(store: &SqliteStore) {
    let counts = progress(store).await;
    assert_eq!(counts.jobs_dead, 0);
    assert_eq!(
        counts.versions + counts.jobs_queued + counts.jobs_running,
        STORIES as u64
    );
}

async fn integrity(database: &Path) -> String {
    let options = SqliteConnectOptions::new().filename(database);
    let mut connection = options.connect().await.unwrap();
    sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

/// The program, killed at the latest when the test ends.
struct Worker {
    child: Child,
    log: PathBuf,
}

impl Worker {
    fn spawn(folder: &Path) -> Self {
        let log = folder.join("worker.log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_nutgraf"));
        command
            .args(["worker", "--until-idle", "--data-dir"])
            .arg(folder)
            .current_dir(folder)
            .env_remove("RUST_LOG")
            // Twenty kills in a row must not look like twenty failures of one story.
            .env("NUTGRAF_JOBS__MAX_ATTEMPTS", "100")
            .env("NUTGRAF_JOBS__LEASE_MS", "1000")
            // A lede of a few words for each story: what is killed is the way there, not its length.
            .env("NUTGRAF_SUMMARIZE__MAX_BULLETS", "0")
            .env("NUTGRAF_SUMMARIZE__MAX_BULLET_TOKENS", "16")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap());
        if let Some(models) = models_dir() {
            command.arg("--models-dir").arg(models);
        }
        let child = command.spawn().unwrap();
        Self { child, log }
    }

    /// Waits until this process did something that the database shows.
    async fn shows_progress(&mut self, store: &SqliteStore, before: &Counts) {
        let started = Instant::now();
        while !self.has_ended() {
            let now = progress(store).await;
            // A job that a killed process left behind is `running` too: only its takeover or a version is progress.
            if now.versions > before.versions || now.jobs_queued < before.jobs_queued {
                return;
            }
            assert!(started.elapsed() < STARTUP_LIMIT, "no progress: {now:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn has_ended(&mut self) -> bool {
        let Some(status) = self.child.try_wait().unwrap() else {
            return false;
        };
        let log = std::fs::read_to_string(&self.log).unwrap();
        assert!(status.success(), "the worker ended with {status}: {log}");
        true
    }

    fn kill(&mut self) {
        // SIGKILL on Unix.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until the program has nothing more to do and ends by itself.
    async fn finish(mut self, store: &SqliteStore) {
        let started = Instant::now();
        while !self.has_ended() {
            assert!(
                started.elapsed() < FINISH_LIMIT,
                "not done: {:?}",
                progress(store).await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Where the models are when it is not the platform's data directory.
fn models_dir() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("NUTGRAF_MODELS_DIR") {
        return Some(folder.into());
    }
    let platform = directories::ProjectDirs::from("", "", "nutgraf")?;
    Some(platform.data_dir().join("models"))
}
