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

/// The same, with nobody who reads what it prints.
fn nutgraf_unread(data_dir: &Path, args: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Command::new(env!("CARGO_BIN_EXE_nutgraf"))
        .args(args)
        .arg("--data-dir")
        .arg(data_dir)
        .current_dir(data_dir)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap()
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
fn resummarize_wants_to_know_which_stories_even_when_it_is_told_how() {
    let dir = tempfile::tempdir().unwrap();
    for how in ["--json", "--dry-run", "--enqueue-only"] {
        let output = nutgraf(dir.path(), &["resummarize", how], "");
        assert_eq!(output.status.code(), Some(2), "{how}");
        assert!(stderr(&output).contains("--stale"), "{}", stderr(&output));
    }
}

#[test]
fn resummarize_takes_one_way_to_choose_only() {
    let dir = tempfile::tempdir().unwrap();
    let output = nutgraf(dir.path(), &["resummarize", "--all", "--stale"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("cannot be used with"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_missing_file_is_named_and_the_reason_given_once() {
    let dir = tempfile::tempdir().unwrap();
    for command in ["import", "summarize"] {
        let output = nutgraf(dir.path(), &[command, "nowhere.jsonl"], "");
        assert_eq!(output.status.code(), Some(2), "{command}");
        let message = stderr(&output);
        assert!(message.contains("`nowhere.jsonl`"), "{message}");
        assert_eq!(message.matches("os error").count(), 1, "{message}");
    }
}

#[test]
fn a_database_that_is_none_is_named_once() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("nutgraf.db"),
        "no database, but long enough to be one".repeat(50),
    )
    .unwrap();
    let output = nutgraf(dir.path(), &["migrate"], "");
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert_eq!(message.matches("cannot open database").count(), 1, "{message}");
    assert!(message.contains("file is not a database"), "{message}");
}

#[test]
fn an_unknown_key_in_the_configuration_file_is_named_with_its_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("nutgraf.toml"), "[serve]\nbnid = '127.0.0.1:1'\n").unwrap();
    let output = nutgraf(dir.path(), &["migrate"], "");
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert_eq!(message.matches("`bnid`").count(), 1, "{message}");
    assert!(message.contains("nutgraf.toml"), "{message}");
}

#[test]
fn a_port_that_is_taken_is_named_with_its_setting() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (setting, toml) in [
        ("serve.bind", format!("[serve]\nbind = '{address}'\n")),
        (
            "serve.metrics_bind",
            format!("[serve]\nbind = '127.0.0.1:0'\nmetrics_bind = '{address}'\n"),
        ),
    ] {
        std::fs::write(dir.path().join("nutgraf.toml"), toml).unwrap();
        let output = nutgraf(dir.path(), &["serve", "--no-worker"], "");
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        let named = format!("cannot listen on {address} ({setting})");
        assert!(stderr(&output).contains(&named), "{}", stderr(&output));
    }
}

#[test]
fn whoever_stops_reading_ends_the_program_without_a_complaint() {
    let dir = tempfile::tempdir().unwrap();
    let stories: Vec<String> = (0..20).map(|n| story(&format!("story-{n}"))).collect();
    // So long that a line of JSON does not wait in the buffer for its end.
    let far_away = "x/".repeat(600);
    nutgraf(dir.path(), &["import", "-"], &stories.join("\n"));
    for args in [
        &["models", "list"][..],
        &["models", "list", "--json"],
        &["models", "list", "--json", "--models-dir", &far_away],
        &["resummarize", "--all", "--dry-run"],
        &["resummarize", "--all", "--dry-run", "--json"],
    ] {
        let output = nutgraf_unread(dir.path(), args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{args:?}");
    }
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
fn a_log_that_no_terminal_shows_is_plain_text() {
    let dir = tempfile::tempdir().unwrap();
    let logged = stderr(&nutgraf(dir.path(), &["--log", "debug", "migrate"], ""));
    assert!(logged.contains("DEBUG") && !logged.contains('\u{1b}'), "{logged}");
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
