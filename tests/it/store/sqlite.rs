//! The contract on SQLite, and what only a file has to show.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nutgraf::store::sqlite::SqliteStore;
use nutgraf::store::{Store, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, FromRow};
use tempfile::TempDir;

use super::contract::{Database, change, contract, publish};
use crate::support::{article, article_id, at_ms, bullet, replace, story_id, summary};

/// A database file that goes away with the test.
struct SqliteFile {
    folder: TempDir,
}

impl SqliteFile {
    async fn create() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("not/there/yet/nutgraf.db")
    }

    async fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.path()).await.unwrap()
    }

    /// A connection beside the store, as an operator's shell would be.
    async fn shell(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new()
            .filename(self.path())
            .foreign_keys(true);
        SqliteConnection::connect_with(&options).await.unwrap()
    }
}

#[async_trait]
impl Database for SqliteFile {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.store().await)
    }
}

contract!(SqliteFile);

/// A story with one version of two bullets.
async fn published(store: &SqliteStore) {
    change(
        store,
        replace("s", vec![article("a", "First."), article("b", "Second.")]),
    )
    .await;
    let story = store.find_story(&story_id("s")).await.unwrap().unwrap();
    let bullets = vec![bullet(1, "First.", &["a"]), bullet(2, "Both.", &["a", "b"])];
    publish(store, &summary(&story, bullets), 1).await;
}

#[tokio::test]
async fn a_published_version_refuses_every_update() {
    let file = SqliteFile::create().await;
    let store = file.store().await;
    published(&store).await;
    let mut shell = file.shell().await;
    for statement in [
        "UPDATE summary_versions SET headline = 'other'",
        "UPDATE bullets SET text = 'other'",
        "UPDATE citations SET quote = 'other'",
    ] {
        let error = sqlx::query(statement).execute(&mut shell).await.unwrap_err();
        assert!(error.to_string().contains("immutable"), "{statement}: {error}");
    }
    let current = store.find_current_summary(&story_id("s")).await.unwrap().unwrap();
    assert_eq!(current.bullets[0].text, "First.");
}

#[tokio::test]
async fn a_correction_refuses_every_update_but_its_settling() {
    let file = SqliteFile::create().await;
    let store = file.store().await;
    published(&store).await;
    withdraw_first(&store).await;
    let mut shell = file.shell().await;
    for statement in [
        "UPDATE corrections SET text = 'other'",
        "UPDATE corrections SET withheld_at_ms = 0",
        "UPDATE corrections SET fixed_in = 2",
        "UPDATE corrections SET fixed_in = 2, restored_in = 2, settled_at_ms = 3",
    ] {
        sqlx::query(statement).execute(&mut shell).await.unwrap_err();
    }
    let settle = "UPDATE corrections SET fixed_in = 2, settled_at_ms = 3";
    sqlx::query(settle).execute(&mut shell).await.unwrap();
    let error = sqlx::query(settle).execute(&mut shell).await.unwrap_err();
    assert!(error.to_string().contains("immutable"), "{error}");
}

/// The article `a` goes, and with it the bullet that rests on it alone.
async fn withdraw_first(store: &SqliteStore) {
    let (id, first) = (story_id("s"), article_id("a"));
    let deleted = store.delete_article(&id, &first, at_ms(2), at_ms(2)).await;
    assert!(deleted.unwrap());
}

#[tokio::test]
async fn a_withdrawal_that_cannot_be_corrected_is_no_withdrawal() {
    let file = SqliteFile::create().await;
    let store = file.store().await;
    published(&store).await;
    let mut shell = file.shell().await;
    let broken = "CREATE TRIGGER broken BEFORE INSERT ON corrections BEGIN SELECT RAISE(ABORT, 'full'); END";
    sqlx::query(broken).execute(&mut shell).await.unwrap();
    let (id, first) = (story_id("s"), article_id("a"));
    store
        .delete_article(&id, &first, at_ms(2), at_ms(2))
        .await
        .unwrap_err();
    let served = store.find_served(&id).await.unwrap().unwrap();
    assert_eq!((served.withheld, served.job), (Vec::new(), None));
    assert_eq!(store.list_article_metas(&id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_deleted_story_takes_all_that_is_its_own_along() {
    let file = SqliteFile::create().await;
    let store = file.store().await;
    published(&store).await;
    withdraw_first(&store).await;
    let mut shell = file.shell().await;
    sqlx::query("DELETE FROM stories")
        .execute(&mut shell)
        .await
        .unwrap();
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM articles) + (SELECT count(*) FROM summary_versions)
              + (SELECT count(*) FROM bullets) + (SELECT count(*) FROM citations) + (SELECT count(*) FROM jobs)
              + (SELECT count(*) FROM corrections) + (SELECT count(*) FROM withheld_bullets)",
    )
    .fetch_one(&mut shell)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_do_not_wait_for_an_open_write_transaction() {
    let file = SqliteFile::create().await;
    let store = file.store().await;
    published(&store).await;
    let mut shell = file.shell().await;
    let mut writing = shell.begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::query("DELETE FROM stories")
        .execute(&mut *writing)
        .await
        .unwrap();

    let id = story_id("s");
    let read = tokio::time::timeout(Duration::from_secs(5), store.find_served(&id));
    let served = read.await.expect("a read does not wait");
    assert_eq!(
        served.unwrap().unwrap().summary.unwrap().version,
        1,
        "what was committed is served"
    );
    assert_eq!(store.list_article_metas(&story_id("s")).await.unwrap().len(), 2);

    // Dropped without a commit, as by a crash: the last good version is still there.
    drop(writing);
    drop(shell);
    change(&store, replace("s", vec![article("a", "Changed.")])).await;
    assert_eq!(
        store
            .find_current_summary(&story_id("s"))
            .await
            .unwrap()
            .unwrap()
            .version,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_is_given_up_half_way_leaves_nothing_behind() {
    let file = SqliteFile::create().await;
    let store = file.store().await;
    published(&store).await;
    let (_, original) = store.load_story(&story_id("s")).await.unwrap().unwrap();
    let mut given_up = 0;
    for budget_us in (0..3_000).step_by(50) {
        let texts = (0..50).map(|number| article(&format!("n{number}"), "New."));
        let everything = replace("s", texts.collect());
        let budget = Duration::from_micros(budget_us);
        // Dropped at some point on its way, as a request whose client is gone.
        if tokio::time::timeout(budget, store.change_story(&everything))
            .await
            .is_err()
        {
            given_up += 1;
            let articles = store.list_article_metas(&story_id("s")).await.unwrap().len();
            assert!(articles == 2 || articles == 50, "all or nothing, not {articles}");
        }
        change(&store, replace("s", original.clone())).await;
    }
    assert!(given_up > 0, "the shortest budget is none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_may_open_a_new_file_at_once() {
    let file = SqliteFile::create().await;
    let path = file.path();
    let opened = futures_util::future::join_all((0..8).map(|_| SqliteStore::open(&path))).await;
    for store in opened {
        store.unwrap().ping().await.unwrap();
    }
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let file = SqliteFile::create().await;
    let store = file.store().await;
    published(&store).await;
    let served = store.find_served(&story_id("s")).await.unwrap();
    store.close().await;
    assert!(store.ping().await.is_err(), "a closed store says so");
    let store = file.store().await;
    assert_eq!(store.find_served(&story_id("s")).await.unwrap(), served);
}

#[tokio::test]
async fn a_path_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = SqliteStore::open(folder.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error}");
    assert!(
        error.to_string().contains(&folder.path().display().to_string()),
        "{error}"
    );

    let text = folder.path().join("letter.txt");
    std::fs::write(&text, "Dear reader, this is no database at all. ".repeat(100)).unwrap();
    let error = SqliteStore::open(&text).await.unwrap_err();
    assert!(error.to_string().contains("not a database"), "{error}");
}

#[tokio::test]
async fn a_row_that_does_not_read_back_is_named() {
    let file = SqliteFile::create().await;
    let store = file.store().await;
    published(&store).await;
    let mut shell = file.shell().await;
    sqlx::query("UPDATE articles SET bias = 'upwards'")
        .execute(&mut shell)
        .await
        .unwrap();
    let error = store.load_story(&story_id("s")).await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Corrupt {
                table: "articles",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn hot_queries_find_their_rows_by_index_and_sort_nothing() {
    let file = SqliteFile::create().await;
    file.store().await.close().await;
    let mut shell = file.shell().await;
    for statement in [
        // claim_job
        "SELECT story_id, purpose FROM jobs
         WHERE lane IN (0, 1) AND run_after_ms <= $1
           AND (state = 'queued' OR (state = 'running' AND lease_until_ms <= $1))
         ORDER BY lane, run_after_ms, story_id LIMIT 1",
        // next_due
        "SELECT min(run_after_ms) FROM jobs WHERE state = 'queued'",
        "SELECT min(lease_until_ms) FROM jobs WHERE state = 'running'",
        // find_served
        "SELECT headline FROM summary_versions WHERE story_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
        "SELECT text FROM bullets WHERE story_id = $1 AND version BETWEEN $2 AND $3 ORDER BY version, position",
        "SELECT quote FROM citations WHERE story_id = $1 AND version BETWEEN $2 AND $3
         ORDER BY version, bullet_position, position",
        "SELECT w.bullet_id FROM bullets b JOIN withheld_bullets w ON w.story_id = b.story_id AND w.bullet_id = b.id
         WHERE b.story_id = $1 AND b.version = $2 ORDER BY b.position",
        "SELECT count(*) FROM feedback WHERE story_id = $1",
    ] {
        let plan = query_plan(&mut shell, statement).await;
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{statement}\n{plan}");
    }
}

async fn query_plan(shell: &mut SqliteConnection, statement: &'static str) -> String {
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let rows = sqlx::query(explain).fetch_all(shell).await.unwrap();
    let lines = rows
        .iter()
        .map(|row| <(i64, i64, i64, String)>::from_row(row).unwrap().3);
    lines.collect::<Vec<_>>().join("\n")
}
