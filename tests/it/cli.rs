//! The program itself, as far as it needs no model.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// Runs `nutgraf` on a data directory of its own, with nothing of the caller's configuration.
fn nutgraf(data_dir: &Path, args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nutgraf"))
        .args(args)
        .arg("--data-dir")
        .arg(data_dir)
        .current_dir(data_dir)
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that ends before it reads closes the pipe; what it says then is what the test looks at.
    let _closed = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn story(id: &str) -> String {
    json!({"id": id, "headline": "A dam is inspected", "articles": [
        {"source": "The Valley Post", "text": "Engineers inspected the dam on Monday. They found no cracks."}]})
    .to_string()
}

#[test]
fn import_reports_a_bad_line_with_its_place_and_takes_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("stories.jsonl");
    let bad_url = json!({"id": "c", "articles": [{"text": "Text.", "url": "nonsense"}]});
    std::fs::write(
        &file,
        format!("{}\n{{\"id\": \n{}\n{bad_url}\n", story("a"), story("b")),
    )
    .unwrap();

    let output = nutgraf(dir.path(), &["import", file.to_str().unwrap(), "--json"], "");

    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let counts: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        counts,
        json!({"created": 2, "changed": 0, "unchanged": 0, "failed": 2})
    );
    assert!(stderr(&output).contains("stories.jsonl:2"), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("stories.jsonl:4: /articles/0/url"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn importing_the_same_file_twice_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let first = nutgraf(dir.path(), &["import", "-", "--json"], &story("a"));
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    let again = nutgraf(dir.path(), &["import", "-", "--json"], &story("a"));
    let counts: Value = serde_json::from_str(&stdout(&again)).unwrap();
    assert_eq!(
        counts,
        json!({"created": 0, "changed": 0, "unchanged": 1, "failed": 0})
    );
}

#[test]
fn a_dry_run_says_which_stories_it_would_be_and_an_unknown_id_is_named() {
    let dir = tempfile::tempdir().unwrap();
    nutgraf(
        dir.path(),
        &["import", "-"],
        &format!("{}\n{}", story("a"), story("b")),
    );
    let stale = nutgraf(dir.path(), &["resummarize", "--stale", "--dry-run", "--json"], "");
    let listed: Value = serde_json::from_str(&stdout(&stale)).unwrap();
    assert_eq!(listed, json!({"selected": 2, "story_ids": ["a", "b"]}));
    let unknown = nutgraf(dir.path(), &["resummarize", "a", "nowhere", "--dry-run"], "");
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("`nowhere`"), "{}", stderr(&unknown));
}

#[test]
fn resummarize_wants_to_know_which_stories() {
    let dir = tempfile::tempdir().unwrap();
    let output = nutgraf(dir.path(), &["resummarize"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--stale"), "{}", stderr(&output));
}

#[test]
fn a_wrong_setting_is_named_with_its_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("nutgraf.toml"), "[jobs]\nmax_attempts = 'many'\n").unwrap();
    let output = nutgraf(dir.path(), &["migrate"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("max_attempts") && stderr(&output).contains("nutgraf.toml"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn migrate_makes_a_database_and_says_where() {
    let dir = tempfile::tempdir().unwrap();
    let output = nutgraf(dir.path(), &["migrate"], "");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("nutgraf.db: schema is up to date"),
        "{}",
        stdout(&output)
    );
    assert!(dir.path().join("nutgraf.db").is_file());
}

#[test]
fn a_model_that_is_not_known_is_refused_with_the_names_that_are() {
    let dir = tempfile::tempdir().unwrap();
    let output = nutgraf(dir.path(), &["models", "fetch", "gpt-12"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("smollm2-135m-instruct"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn models_list_shows_both_defaults_as_json_lines() {
    let dir = tempfile::tempdir().unwrap();
    let output = nutgraf(dir.path(), &["models", "list", "--json"], "");
    let names: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].clone())
        .collect();
    assert!(
        names.contains(&json!("smollm2-135m-instruct")) && names.contains(&json!("all-minilm-l6-v2")),
        "{names:?}"
    );
}
