//! Opening a database file: how its connections are set, and bringing the schema up to date.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};

use super::SqliteStore;
use crate::store::StoreError;

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a statement waits for another process's write before it fails. Writes take milliseconds; a minute-long
/// one does not exist.
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);

/// The wait between two tries of what SQLite itself does not wait for.
const BUSY_RETRY: Duration = Duration::from_millis(10);

/// SQLite's code for a lock that another connection holds (<https://sqlite.org/rescode.html#busy>).
const SQLITE_BUSY: &str = "5";

/// Readers in one process. A read takes well under a millisecond; more connections only cost memory.
const MAX_READERS: u32 = 4;

/// What the write-ahead log is cut back to after a checkpoint, bytes: a large import must not leave a large file.
const WAL_SIZE_LIMIT_BYTES: &str = "67108864";

impl SqliteStore {
    /// Opens a database file, creates it and its folder where they are absent, and brings its schema up to date.
    /// Any number of processes may open one file.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the file cannot be used; [`StoreError::Migration`] when it was written by a newer
    /// nutgraf or a migration fails: the file is then as it was.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        create_folder(path).map_err(|error| cannot_open(path, error.into()))?;
        let writer = connect_writer(path)
            .await
            .map_err(|error| cannot_open(path, error))?;
        migrate(&writer).await?;
        let readers = connect_readers(path)
            .await
            .map_err(|error| cannot_open(path, error))?;
        Ok(Self { writer, readers })
    }

    /// A transaction that may write. `IMMEDIATE` takes the write lock first: a deferred one that read and then
    /// wants to write fails with `SQLITE_BUSY` at once, whatever the timeout, when another process wrote meanwhile.
    pub(super) async fn begin_write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// A transaction whose reads all see the same state. It waits for no write, and no write waits for it.
    pub(super) async fn begin_read(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.readers.begin().await?)
    }
}

fn cannot_open(path: &Path, source: sqlx::Error) -> StoreError {
    StoreError::Open {
        path: path.to_owned(),
        source,
    }
}

fn create_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder),
        _ => Ok(()),
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // NORMAL would do for a crash of the process, but after a power cut it may forget the last answered writes
        // (https://sqlite.org/pragma.html#pragma_synchronous). A reader's report must not vanish, and beside the
        // seconds that the model takes for a story one more sync does not show.
        .synchronous(SqliteSynchronous::Full)
}

/// One connection: SQLite has one write lock a file, and waiting in the pool is fair where waiting for the lock is
/// not.
async fn connect_writer(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options = options(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("journal_size_limit", WAL_SIZE_LIMIT_BYTES);
    // Changing a new file to WAL needs it alone for a moment, and for that SQLite waits no timeout.
    let started = Instant::now();
    loop {
        match pool_options(1).connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && started.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(BUSY_RETRY).await;
            }
            connected => return connected,
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().as_deref() == Some(SQLITE_BUSY),
        _ => false,
    }
}

async fn connect_readers(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    // A write that strays here fails instead of fighting for the lock.
    let options = options(path).pragma("query_only", "ON");
    pool_options(MAX_READERS).connect_with(options).await
}

/// Connections live as long as the store, and are not tested before use: there is no network to lose them to.
fn pool_options(max_connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(max_connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// All migrations in one transaction: sqlx takes no lock on SQLite, so two processes that start at once would both
/// apply them; and a migration that fails leaves the schema as it was.
async fn migrate(writer: &SqlitePool) -> Result<(), StoreError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    // `run` itself makes a future that is not `Send`, hence `open` one that no task can be spawned with; sqlx keeps
    // this entrance for that (https://docs.rs/sqlx-core/0.9.0/src/sqlx_core/migrate/migrator.rs.html).
    MIGRATOR.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    Ok(())
}
