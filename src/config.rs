//! Configuration: defaults, `nutgraf.toml`, `NUTGRAF_*`, flags, in rising order. Each stage owns its settings;
//! this file only puts them together and says where a wrong one stands.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::engine::local::EngineSettings;
use crate::engine::models::{DEFAULT_EMBEDDER, DEFAULT_WRITER};
use crate::{ingest, jobs, serve, summarize};

/// The name of the configuration file that is looked for in the working directory and the configuration directory.
const FILE_NAME: &str = "nutgraf.toml";

/// Variables with our prefix that are not settings: where the tests find their data and their models.
const NOT_SETTINGS: [&str; 3] = ["config", "test_data", "test_models_dir"];

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the database and the models are kept, unless they are told apart below.
    pub data_dir: PathBuf,
    /// `sqlite://PATH`; absent: `nutgraf.db` in the data directory.
    #[serde(default)]
    pub database: Option<String>,
    /// Where model files are kept; absent: `models` in the data directory.
    #[serde(default)]
    pub models_dir: Option<PathBuf>,
    /// The model that writes: a name in `models/`, or the path of a GGUF file.
    pub model: String,
    /// The model that embeds: a name in `models/`.
    pub embedder: String,
    /// A model that checks whether the evidence entails a wording: a name in `models/`, or of a manifest in `models_dir`;
    /// absent: none.
    #[serde(default)]
    pub entailment: Option<String>,
    /// What is logged.
    #[serde(default)]
    pub log: LogSettings,
    /// How the local models are run.
    #[serde(default)]
    pub engine: EngineSettings,
    /// How articles are taken in.
    #[serde(default)]
    pub ingest: ingest::Settings,
    /// How summaries are made.
    #[serde(default)]
    pub summarize: summarize::Settings,
    /// How jobs are run.
    #[serde(default)]
    pub jobs: jobs::Settings,
    /// How the service answers.
    #[serde(default)]
    pub serve: serve::Settings,
}

/// What is logged, to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// As `tracing-subscriber`'s `EnvFilter` reads it; absent: `info` for the service, `warn` for other commands.
    pub filter: Option<String>,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            filter: None,
            format: LogFormat::Text,
        }
    }
}

/// What the command line sets; an absent flag leaves the file's or the environment's value.
#[derive(Debug, Clone, Default, Serialize, clap::Args)]
pub struct Flags {
    /// Configuration file (default: ./nutgraf.toml, then the platform's configuration directory)
    #[arg(long, global = true, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Where the database and the models are kept (default: the platform's data directory)
    #[arg(long, global = true, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// Database, as `sqlite://PATH` (default: nutgraf.db in the data directory)
    #[arg(long, global = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Where model files are kept (default: models in the data directory)
    #[arg(long, global = true, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models_dir: Option<PathBuf>,
    /// Model that writes: a name from `nutgraf models list`, or the path of a .gguf file
    #[arg(long, global = true, value_name = "NAME|FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// A configuration that cannot be used. The operator corrects the named setting.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value has the wrong type, a key is unknown, or a file cannot be read; the message names key and source.
    #[error("configuration: {0}")]
    Invalid(#[from] Box<figment::Error>),
    /// The file named with `--config` is not there.
    #[error("configuration file `{0}` does not exist")]
    NoSuchFile(PathBuf),
    /// The platform has no home directory to derive a data directory from.
    #[error("no data directory could be found for this user; name one with --data-dir or NUTGRAF_DATA_DIR")]
    NoDataDir,
    /// A database URL of another kind.
    #[error("database `{0}`: this version serves sqlite://PATH only")]
    UnknownDatabase(String),
}

impl Config {
    /// Reads every source.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Self::defaults()?));
        if let Some(file) = config_file(flags)? {
            figment = figment.merge(Toml::file_exact(file));
        }
        figment = figment.merge(Env::prefixed("NUTGRAF_").ignore(&NOT_SETTINGS).split("__"));
        figment = figment.merge(Serialized::defaults(flags));
        Ok(figment.extract::<Self>().map_err(Box::new)?)
    }

    fn defaults() -> Result<Self, ConfigError> {
        let dirs = project_dirs();
        let data_dir = dirs
            .as_ref()
            .map(|dirs| dirs.data_dir().to_owned())
            .ok_or(ConfigError::NoDataDir)?;
        Ok(Self {
            data_dir,
            database: None,
            models_dir: None,
            model: DEFAULT_WRITER.to_owned(),
            embedder: DEFAULT_EMBEDDER.to_owned(),
            entailment: None,
            log: LogSettings::default(),
            engine: EngineSettings::default(),
            ingest: ingest::Settings::default(),
            summarize: summarize::Settings::default(),
            jobs: jobs::Settings::default(),
            serve: serve::Settings::default(),
        })
    }

    /// The SQLite file.
    ///
    /// # Errors
    /// [`ConfigError::UnknownDatabase`] for a URL of another kind.
    pub fn database_path(&self) -> Result<PathBuf, ConfigError> {
        let Some(url) = &self.database else {
            return Ok(self.data_dir.join("nutgraf.db"));
        };
        match url
            .strip_prefix("sqlite://")
            .or_else(|| url.strip_prefix("sqlite:"))
        {
            Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
            _ => Err(ConfigError::UnknownDatabase(without_password(url))),
        }
    }

    /// Where model files are kept.
    pub fn models_path(&self) -> PathBuf {
        self.models_dir
            .clone()
            .unwrap_or_else(|| self.data_dir.join("models"))
    }
}

/// The platform's directories for this program; `None` without a home directory.
pub fn project_dirs() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "nutgraf")
}

fn config_file(flags: &Flags) -> Result<Option<PathBuf>, ConfigError> {
    let named = flags
        .config
        .clone()
        .or_else(|| std::env::var_os("NUTGRAF_CONFIG").map(PathBuf::from));
    if let Some(file) = named {
        return if file.is_file() {
            Ok(Some(file))
        } else {
            Err(ConfigError::NoSuchFile(file))
        };
    }
    let here = Path::new(FILE_NAME).to_owned();
    let platform = project_dirs().map(|dirs| dirs.config_dir().join(FILE_NAME));
    Ok(std::iter::once(here).chain(platform).find(|file| file.is_file()))
}

fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            let (head, tail) = (
                url.get(..scheme).unwrap_or_default(),
                url.get(at..).unwrap_or_default(),
            );
            format!("{head}://…{tail}")
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str, flags: &Flags) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("nutgraf.toml");
        std::fs::write(&file, toml).unwrap();
        Config::load(&Flags {
            config: Some(file),
            ..flags.clone()
        })
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let toml = "model = 'from-file'\nembedder = 'other'\n[jobs]\nmax_attempts = 9\n";
        let flags = Flags {
            model: Some("from-flag".to_owned()),
            ..Flags::default()
        };
        let config = load(toml, &flags).unwrap();
        assert_eq!(config.model, "from-flag");
        assert_eq!(config.embedder, "other");
        assert_eq!(config.jobs.max_attempts, 9);
        assert_eq!(config.jobs.lease_ms, jobs::Settings::default().lease_ms);
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = load("[jobs]\nmax_atempts = 9\n", &Flags::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("max_atempts"), "{error}");
    }

    #[test]
    fn a_database_of_another_kind_is_refused_without_showing_its_password() {
        let flags = Flags {
            database: Some("postgres://me:secret@host/db".to_owned()),
            ..Flags::default()
        };
        let error = load("", &flags).unwrap().database_path().unwrap_err().to_string();
        assert!(error.contains("sqlite") && !error.contains("secret"), "{error}");
    }
}
