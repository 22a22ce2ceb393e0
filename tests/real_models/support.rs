//! Where the models of these tests are kept, and the way to them.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use nutgraf::engine::embedder::Embedder;
use nutgraf::engine::models::{DEFAULT_EMBEDDER, ModelFiles, SilentProgress, ensure};
use nutgraf::engine::writer::Writer;

/// `NUTGRAF_TEST_MODELS_DIR`, else where the program itself keeps them: nothing is fetched twice.
pub(crate) fn models_dir() -> PathBuf {
    let named = std::env::var_os("NUTGRAF_TEST_MODELS_DIR").map(PathBuf::from);
    let platform = || nutgraf::config::project_dirs().unwrap().data_dir().join("models");
    named.unwrap_or_else(platform)
}

/// The default model that embeds, fetched when absent.
pub(crate) fn embedder_files() -> ModelFiles {
    ensure(DEFAULT_EMBEDDER, &models_dir(), &SilentProgress).unwrap()
}

/// The model of which other implementations' answers are kept, as anybody can fetch it.
const KNOWN_WRITER: &str = "smollm2-135m-instruct";

/// The known writer, loaded once for all tests: they use it one after another.
pub(crate) fn writer() -> MutexGuard<'static, Writer> {
    static WRITER: OnceLock<Mutex<Writer>> = OnceLock::new();
    let load = || {
        let files = ensure(KNOWN_WRITER, &models_dir(), &SilentProgress).unwrap();
        Mutex::new(Writer::load(&files).unwrap())
    };
    // A test that failed while it held the writer left nothing in it: each text starts afresh.
    WRITER
        .get_or_init(load)
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// The default model that embeds, loaded once for all tests.
pub(crate) fn embedder() -> &'static Embedder {
    static EMBEDDER: OnceLock<Embedder> = OnceLock::new();
    EMBEDDER.get_or_init(|| Embedder::load(&embedder_files()).unwrap())
}
