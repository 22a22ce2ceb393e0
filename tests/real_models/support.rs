//! Where the models of these tests are kept.

use std::path::PathBuf;

/// `NUTGRAF_TEST_MODELS_DIR`, else where the program itself keeps them: nothing is fetched twice.
pub(crate) fn models_dir() -> PathBuf {
    let named = std::env::var_os("NUTGRAF_TEST_MODELS_DIR").map(PathBuf::from);
    let platform = || nutgraf::config::project_dirs().unwrap().data_dir().join("models");
    named.unwrap_or_else(platform)
}
