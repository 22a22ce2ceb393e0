//! Model files: the manifests in `models/` and the operator's own beside the model files, where each file comes from, and how it gets into the model cache.
//!
//! [`ensure`] is the way: look whether every file is there and verified; if not, lock the model's folder, look
//! again, and fetch what is absent from the first source that gives the right bytes. What is in the files is not
//! looked into here.

mod manifest;
mod error;
mod progress;
mod cache;
mod hub;
mod wheel;
mod fetch;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;

use self::cache::ModelFolder;
use self::fetch::Fetcher;
use super::Sampling;

pub use self::error::{Attempt, Fault, ModelError, NoSource};
pub use self::fetch::{FetchSettings, Hub};
pub use self::hub::{DEFAULT_ENDPOINT, HubSettings};
pub use self::manifest::{
    FileRole, HubFile, Manifest, ModelFile, ModelKind, Source, find_manifest, manifests, names, own_manifests,
};
pub use self::progress::{BarProgress, FetchProgress, LineProgress, SilentProgress, stderr_progress};

/// The model that writes when none is named.
pub const DEFAULT_WRITER: &str = "nutgraf-writer-135m";

/// The model that embeds.
pub const DEFAULT_EMBEDDER: &str = "all-minilm-l6-v2";

/// A model whose files are on this machine and verified.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFiles {
    /// Its name in `models/`, or the file's name.
    pub name: String,
    /// GGUF, or safetensors.
    pub weights: PathBuf,
    /// `tokenizer.json`, where the weights' file does not hold the tokenizer.
    pub tokenizer: Option<PathBuf>,
    /// `config.json`, where the manifest names it.
    pub config: Option<PathBuf>,
    /// SHA-256 (hex) of `weights`.
    pub sha256: String,
    /// Most tokens of prompt and answer together; `None`: as the weights' own metadata says.
    pub context_tokens: Option<usize>,
    /// How the manifest would have tokens chosen.
    pub sampling: Sampling,
    /// The prompt that the manifest says it was taught with.
    pub prompt: Option<String>,
}

/// What `models list` shows of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedModel {
    /// Its name in `models/`.
    pub name: String,
    /// What it is for.
    pub kind: ModelKind,
    /// SPDX identifier.
    pub licence: String,
    /// The size of all its files.
    pub bytes: u64,
    /// Whether all its files are here and verified.
    pub present: bool,
    /// Where its weights lie, or would.
    pub path: PathBuf,
}

/// Finds the model's files, fetching what is absent: `spec` is a name in `models/`, that of a manifest `NAME.toml` in
/// `models_dir`, or a path to a `.gguf` file.
/// Blocks, for minutes on a slow network.
///
/// # Errors
/// Each says what to do: no such model, no source reachable, wrong hash, no space.
pub fn ensure(spec: &str, models_dir: &Path, progress: &dyn FetchProgress) -> Result<ModelFiles, ModelError> {
    if let Some(manifest) = named(spec, models_dir)? {
        return ensure_manifest(&manifest, models_dir, &FetchSettings::from_env(), progress);
    }
    let path = Path::new(spec);
    if has_gguf_name(path) || path.components().count() > 1 {
        return local_gguf(path);
    }
    Err(ModelError::UnknownModel {
        name: spec.to_owned(),
        known: names().join(", "),
    })
}

/// The manifest of that name, in `models/` or the operator's own.
fn named(name: &str, models_dir: &Path) -> Result<Option<Manifest>, ModelError> {
    match find_manifest(name)? {
        Some(manifest) => Ok(Some(manifest)),
        None => Ok(own_manifests(models_dir)?
            .into_iter()
            .find(|manifest| manifest.name == name)),
    }
}

/// [`ensure`] for a manifest that may not be in `models/`, with other settings than the environment's.
///
/// # Errors
/// As [`ensure`].
pub fn ensure_manifest(
    manifest: &Manifest,
    models_dir: &Path,
    settings: &FetchSettings,
    progress: &dyn FetchProgress,
) -> Result<ModelFiles, ModelError> {
    manifest.check()?;
    let folder = ModelFolder::new(models_dir, manifest);
    if !holds_all(&folder, manifest)? {
        let _lock = folder.lock(progress)?;
        let mut fetcher = Fetcher::new(manifest, &folder, models_dir, settings, progress);
        for file in &manifest.files {
            // Another process may have fetched it while this one waited for the lock.
            if !folder.holds(file)? {
                fetcher.fetch(file)?;
            }
        }
    }
    let weights = manifest.weights()?;
    Ok(ModelFiles {
        name: manifest.name.clone(),
        weights: folder.file(weights),
        tokenizer: manifest
            .file(FileRole::Tokenizer)
            .map(|tokenizer| folder.file(tokenizer)),
        config: manifest.file(FileRole::Config).map(|config| folder.file(config)),
        sha256: weights.sha256.clone(),
        context_tokens: manifest.context_tokens,
        sampling: manifest.sampling,
        prompt: manifest.prompt.clone(),
    })
}

/// The models in `models/` and the operator's own, and which of them are here. Fetches nothing.
///
/// # Errors
/// A file is there and cannot be read, or is no manifest.
pub fn list(models_dir: &Path) -> Result<Vec<ListedModel>, ModelError> {
    let mut listed = Vec::new();
    for manifest in manifests()?.into_iter().chain(own_manifests(models_dir)?) {
        let folder = ModelFolder::new(models_dir, &manifest);
        listed.push(ListedModel {
            kind: manifest.kind,
            bytes: manifest.files.iter().map(|file| file.bytes).sum(),
            present: holds_all(&folder, &manifest)?,
            path: folder.file(manifest.weights()?),
            licence: manifest.licence,
            name: manifest.name,
        });
    }
    Ok(listed)
}

fn holds_all(folder: &ModelFolder, manifest: &Manifest) -> Result<bool, ModelError> {
    for file in &manifest.files {
        if !folder.holds(file)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has_gguf_name(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}

/// A GGUF file that the caller names: it is what it is, so it is hashed, not verified.
fn local_gguf(path: &Path) -> Result<ModelFiles, ModelError> {
    let bad = |detail: String| ModelError::BadPath {
        path: path.to_path_buf(),
        detail,
    };
    if !has_gguf_name(path) {
        return Err(bad("its name does not end in .gguf".to_owned()));
    }
    let mut magic = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut magic))
        .map_err(|error| bad(error.to_string()))?;
    if magic != b"GGUF" {
        return Err(bad("it does not begin as a GGUF file does".to_owned()));
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(ModelFiles {
        name: name.into_owned(),
        weights: path.to_path_buf(),
        tokenizer: None,
        config: None,
        sha256: cache::sha256_of(path)?,
        context_tokens: None,
        sampling: Sampling::default(),
        prompt: None,
    })
}
