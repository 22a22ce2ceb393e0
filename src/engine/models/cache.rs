//! One model's folder in the model cache: which of its files are there and verified, the lock under which they are
//! fetched, and how a fetched one takes its place.
//!
//! Beside `FILE` may lie `FILE.part` (half a download, resumed next time) and `FILE.verified` (what the file looked
//! like when its hash was last right, so that a start need not read 200 MB again).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::error::{ModelError, disk_error, write_error};
use super::manifest::{Manifest, ModelFile};
use super::progress::FetchProgress;

/// Bytes read at a time.
const BUFFER_BYTES: usize = 1 << 17;

/// One model's folder.
#[derive(Debug, Clone)]
pub(super) struct ModelFolder {
    path: PathBuf,
    model: String,
}

/// While it lives, no other process or thread fetches into the folder. A process that dies lets go of it.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

impl ModelFolder {
    pub(super) fn new(models_dir: &Path, manifest: &Manifest) -> Self {
        Self {
            path: models_dir.join(&manifest.name),
            model: manifest.name.clone(),
        }
    }

    /// Where the file lies, or would.
    pub(super) fn file(&self, file: &ModelFile) -> PathBuf {
        self.path.join(&file.name)
    }

    /// Where it lies while it is fetched.
    pub(super) fn part(&self, file: &ModelFile) -> PathBuf {
        self.path.join(format!("{}.part", file.name))
    }

    /// A folder for what is fetched only to be unpacked.
    pub(super) fn scratch(&self) -> PathBuf {
        self.path.join("unpacking")
    }

    /// Whether the file is there with the right content. Reads it only when size or modification time are not as
    /// they were when it was last verified; a file that was put there by hand is found here.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub(super) fn holds(&self, file: &ModelFile) -> Result<bool, ModelError> {
        let path = self.file(file);
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(disk_error("read", &path)(error)),
        };
        if metadata.len() != file.bytes {
            return Ok(false);
        }
        let stamp = stamp(file, &metadata);
        if fs::read_to_string(self.stamp_path(file)).is_ok_and(|kept| kept == stamp) {
            return Ok(true);
        }
        if sha256_of(&path)? != file.sha256 {
            return Ok(false);
        }
        // A folder that cannot be written costs a look at the whole file each time, and nothing else.
        let _ = fs::write(self.stamp_path(file), stamp);
        Ok(true)
    }

    /// Makes the folder and waits until no one else fetches into it.
    ///
    /// # Errors
    /// The folder cannot be made, or its file system has no locks.
    pub(super) fn lock(&self, progress: &dyn FetchProgress) -> Result<FolderLock, ModelError> {
        fs::create_dir_all(&self.path).map_err(|error| write_error(error, &self.path, &self.model, 0))?;
        let path = self.path.join(".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| write_error(error, &path, ".lock", 0))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress.notice(&format!(
                    "another process is fetching model `{}`; waiting for it",
                    self.model
                ));
                file.lock().map_err(disk_error("lock", &path))?;
            }
            Err(TryLockError::Error(error)) => return Err(disk_error("lock", &path)(error)),
        }
        Ok(FolderLock { _file: file })
    }

    /// Puts a verified `FILE.part` in the file's place: after a power cut there is the whole file or none.
    ///
    /// # Errors
    /// The disk is full or not writable.
    pub(super) fn publish(&self, file: &ModelFile) -> Result<(), ModelError> {
        let (part, path) = (self.part(file), self.file(file));
        let publish = || -> io::Result<()> {
            OpenOptions::new().write(true).open(&part)?.sync_all()?;
            fs::rename(&part, &path)?;
            // The rename itself is durable once the folder is; not every platform can open one.
            if let Ok(folder) = File::open(&self.path) {
                let _ = folder.sync_all();
            }
            let _ = fs::write(self.stamp_path(file), stamp(file, &fs::metadata(&path)?));
            Ok(())
        };
        publish().map_err(|error| write_error(error, &path, &file.name, file.bytes))
    }

    fn stamp_path(&self, file: &ModelFile) -> PathBuf {
        self.path.join(format!("{}.verified", file.name))
    }
}

/// SHA-256 (hex) of a file's content. Reads about 100 MB in half a second or less.
///
/// # Errors
/// It cannot be read.
pub(super) fn sha256_of(path: &Path) -> Result<String, ModelError> {
    let hash = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(hex::encode(hasher.finalize()));
            }
            hasher.update(buffer.get(..read).unwrap_or_default());
        }
    };
    hash().map_err(disk_error("read", path))
}

/// What the file looks like from outside. A manifest with another hash makes another stamp.
fn stamp(file: &ModelFile, metadata: &fs::Metadata) -> String {
    let modified = metadata.modified().ok();
    let modified_ns = modified
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |age| age.as_nanos());
    format!("{} {} {modified_ns}\n", file.sha256, metadata.len())
}
