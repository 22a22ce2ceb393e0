//! The program itself, where its environment and its exit code are the point. Its manifests name real models; the
//! hub here has none of their bytes.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use nutgraf::engine::models::{Manifest, find_manifest, names};
use serde_json::Value;
use tempfile::TempDir;

use super::hub::{Answer, Hub};
use super::pip::pythons_without_network;

/// A writer whose files come from elsewhere.
const FETCHED: &str = "smollm2-135m-instruct";

/// What came before the cut.
const CUT_BYTES: usize = 300_000;

struct Program {
    folder: TempDir,
}

impl Program {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        pythons_without_network(&folder.path().join("bin"));
        Self { folder }
    }

    /// With nothing of the caller's settings, models, or Python.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nutgraf"));
        command
            .args(args)
            .arg("--data-dir")
            .arg(self.folder.path())
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", self.folder.path().join("bin"))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str], vars: &[(&str, &str)]) -> Output {
        self.command(args).envs(vars.iter().copied()).output().unwrap()
    }

    fn part(&self, manifest: &Manifest) -> std::path::PathBuf {
        let file = format!("{}.part", manifest.weights().unwrap().name);
        self.folder.path().join("models").join(&manifest.name).join(file)
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn writer() -> Manifest {
    find_manifest(FETCHED).unwrap().unwrap()
}

#[test]
fn endpoint_and_token_are_taken_from_the_environment() {
    let (program, hub) = (Program::new(), Hub::empty());
    let output = program.run(
        &["models", "fetch", FETCHED],
        &[("HF_ENDPOINT", hub.endpoint()), ("HF_TOKEN", "secret")],
    );

    assert_eq!(output.status.code(), Some(2));
    let requests = hub.requests();
    assert_eq!(requests.len(), 1);
    assert!(
        requests[0].path.contains("/resolve/")
            && requests[0].path.ends_with(&writer().weights().unwrap().name),
        "{}",
        requests[0].path
    );
    assert_eq!(requests[0].header("authorization"), Some("Bearer secret"));
    let message = stderr(&output);
    for part in [
        "HTTP status 404",
        "no matching distribution",
        "Or put the file there yourself",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("secret"), "{message}");
}

#[test]
fn the_offline_variable_keeps_the_program_from_the_hub() {
    let (program, hub) = (Program::new(), Hub::empty());
    let output = program.run(
        &["models", "fetch"],
        &[("HF_ENDPOINT", hub.endpoint()), ("HF_HUB_OFFLINE", "1")],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(hub.requests().is_empty());
    assert!(stderr(&output).contains("HF_HUB_OFFLINE"), "{}", stderr(&output));
}

#[test]
fn a_proxy_is_taken_from_the_environment() {
    let (program, proxy) = (Program::new(), Hub::empty());
    let output = program.run(
        &["models", "fetch", FETCHED],
        &[
            ("HF_ENDPOINT", "http://hub.invalid"),
            ("HTTP_PROXY", proxy.endpoint()),
        ],
    );
    assert_eq!(output.status.code(), Some(2));
    let asked: Vec<String> = proxy.requests().into_iter().map(|request| request.path).collect();
    assert!(
        asked.len() == 1 && asked[0].contains("hub.invalid"),
        "{asked:?}: {}",
        stderr(&output)
    );
}

#[test]
fn a_process_that_is_killed_in_the_middle_leaves_a_half_that_the_next_goes_on_with() {
    let program = Program::new();
    let manifest = writer();
    let bytes = manifest.weights().unwrap().bytes;
    let hub = Hub::start(move |request| match request.header("range") {
        Some(_) => Answer::status("404 Not Found"),
        None => Answer::whole(&vec![7; CUT_BYTES])
            .announcing(bytes)
            .silent_after(CUT_BYTES),
    });
    let vars = [("HF_ENDPOINT", hub.endpoint())];

    let mut first = program
        .command(&["models", "fetch", FETCHED])
        .envs(vars)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while length(&program.part(&manifest)) < CUT_BYTES as u64 {
        assert!(first.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::yield_now();
    }
    first.kill().unwrap();
    first.wait().unwrap();
    program.run(&["models", "fetch", FETCHED], &vars);

    assert_eq!(hub.ranges(), [None, Some(format!("bytes={CUT_BYTES}-"))]);
    assert_eq!(length(&program.part(&manifest)), CUT_BYTES as u64);
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[test]
fn the_list_says_which_models_are_not_here() {
    let program = Program::new();
    let output = program.run(&["models", "list"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    for name in names() {
        let line = text.lines().find(|line| line.starts_with(name)).expect(name);
        assert!(
            line.contains("Apache-2.0") && line.ends_with("not fetched"),
            "{line}"
        );
    }
}

#[test]
fn the_list_as_json_has_a_line_for_each_model() {
    let program = Program::new();
    let output = program.run(&["models", "list", "--json"], &[]);
    let listed: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(listed.len(), names().len());
    for model in listed {
        assert_eq!(model["present"], false, "{model}");
        assert!(model["bytes"].as_u64().unwrap() > 1_000_000, "{model}");
        let path = model["path"].as_str().unwrap();
        assert!(Path::new(path).starts_with(program.folder.path()), "{path}");
    }
}

#[test]
fn an_unknown_model_is_refused_with_the_names_that_are() {
    let output = Program::new().run(&["models", "fetch", "nosuch"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert!(message.contains("`nosuch`"), "{message}");
    for name in names() {
        assert!(message.contains(name), "{name}: {message}");
    }
}

/// What `models fetch` says of a configured model.
fn refusal(program: &Program, model: &str) -> String {
    let output = program.run(&["models", "fetch", "--model", model], &[("HF_HUB_OFFLINE", "1")]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    stderr(&output)
}

#[test]
fn a_model_file_that_is_not_there_is_named() {
    let message = refusal(&Program::new(), "models/mine.gguf");
    assert!(
        message.contains("`models/mine.gguf` cannot be used as a model: No such file"),
        "{message}"
    );
}

#[test]
fn a_model_file_that_is_no_gguf_is_refused_whatever_is_in_it() {
    let program = Program::new();
    for content in ["", "GG", "<html>log in first</html>"] {
        std::fs::write(program.folder.path().join("mine.gguf"), content).unwrap();
        let message = refusal(&program, "mine.gguf");
        assert!(
            message.contains("it does not begin as a GGUF file does"),
            "{content:?}: {message}"
        );
    }
}

#[test]
fn a_model_file_of_another_kind_is_refused_by_its_name() {
    let message = refusal(&Program::new(), "models/mine.safetensors");
    assert!(message.contains("does not end in .gguf"), "{message}");
}

/// A judge of three small files, as an operator would describe it.
fn own_manifest(name: &str, sha256_of: impl Fn(&str) -> String) -> String {
    let file = |role: &str, file: &str| {
        format!(
            "[[files]]\nrole = \"{role}\"\nname = \"{file}\"\nbytes = {}\nsha256 = \"{}\"\nsources = [{{ path = \"mine/{file}\" }}]\n",
            file.len(),
            sha256_of(file)
        )
    };
    format!(
        "name = \"{name}\"\nkind = \"entailment\"\narchitecture = \"deberta-v2\"\nlicence = \"MIT\"\n{}{}{}",
        file("weights", "model.safetensors"),
        file("tokenizer", "tokenizer.json"),
        file("config", "config.json")
    )
}

#[test]
fn a_manifest_in_the_folder_of_the_models_is_a_model_like_the_others() {
    use sha2::{Digest, Sha256};

    let program = Program::new();
    let models = program.folder.path().join("models");
    std::fs::create_dir_all(models.join("mine")).unwrap();
    for file in ["model.safetensors", "tokenizer.json", "config.json"] {
        std::fs::write(models.join("mine").join(file), file).unwrap();
    }
    let manifest = own_manifest("my-judge", |file| hex::encode(Sha256::digest(file)));
    std::fs::write(models.join("my-judge.toml"), manifest).unwrap();

    let listed = stdout(&program.run(&["models", "list"], &[]));
    let line = listed
        .lines()
        .find(|line| line.starts_with("my-judge"))
        .expect("no line");
    assert!(
        line.contains(" entailment ") && line.ends_with("not fetched"),
        "{line}"
    );
    let fetched = program.run(&["models", "fetch", "my-judge"], &[]);
    assert!(fetched.status.success(), "{}", stderr(&fetched));
    assert!(models.join("my-judge/config.json").is_file());
    let listed = stdout(&program.run(&["models", "list", "--json"], &[]));
    assert!(listed.contains("\"kind\":\"entailment\""), "{listed}");

    std::fs::remove_file(models.join("my-judge/config.json")).unwrap();
    std::fs::remove_file(models.join("mine/config.json")).unwrap();
    let output = program.run(&["models", "fetch", "my-judge"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("config.json"), "{}", stderr(&output));
}

#[test]
fn a_manifest_that_is_none_is_named() {
    let program = Program::new();
    let models = program.folder.path().join("models");
    std::fs::create_dir_all(&models).unwrap();
    for (text, part) in [
        ("name = 1", "name"),
        (own_manifest("other", |_| "0".repeat(64)).as_str(), "`other`"),
    ] {
        std::fs::write(models.join("my-judge.toml"), text).unwrap();
        let output = program.run(&["models", "list"], &[]);
        assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
        let message = stderr(&output);
        assert!(
            message.contains("my-judge.toml") && message.contains(part),
            "{message}"
        );
    }
}
