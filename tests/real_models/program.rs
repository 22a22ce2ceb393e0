//! The program as a newcomer runs it, on the real models: `summarize` on a file, `demo` with its service.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::models_dir;

const TEXTS: [(&str, &str); 3] = [
    (
        "The Valley Post",
        "Engineers inspected the Alder Dam on Monday and found a crack 12 metres long near the spillway. \
         The county ordered 1,400 residents of Lower Alder to leave their homes by Tuesday evening. \
         \"We will not gamble with lives,\" said county engineer Maria Kest.",
    ),
    (
        "Kestrel News",
        "A crack 12 metres long was found near the spillway of the Alder Dam during an inspection on Monday, officials said. \
         About 1,400 residents of Lower Alder were told to leave by Tuesday evening. The reservoir is being lowered.",
    ),
    (
        "Morning Ledger",
        "Lower Alder is being evacuated after engineers found a crack in the Alder Dam. Officials said 1,400 residents must leave by Tuesday evening. \
         The reservoir will be lowered by three metres, the county said.",
    ),
];

fn story(id: &str) -> Value {
    let articles: Vec<Value> = TEXTS
        .iter()
        .enumerate()
        .map(|(index, (outlet, text))| {
            json!({"id": format!("a{index}"), "outlet": outlet, "published_at": "2026-09-14", "text": text})
        })
        .collect();
    json!({"id": id, "articles": articles})
}

fn command(data_dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nutgraf"));
    command
        .args(args)
        .args(["--data-dir".as_ref(), data_dir.as_os_str()])
        .args(["--models-dir".as_ref(), models_dir().as_os_str()])
        .current_dir(data_dir)
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn summarize(data_dir: &Path, lines: &str) -> Output {
    let mut child = command(data_dir, &["summarize", "-", "--json"]).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The summary without what may differ between two runs.
fn without_stamps(mut summary: Value) -> Value {
    for stamp in ["at", "took_ms"] {
        summary["made"][stamp] = Value::Null;
    }
    summary["lede"]["id"] = Value::Null;
    for bullet in summary["bullets"].as_array_mut().unwrap() {
        bullet["id"] = Value::Null;
    }
    summary
}

#[test]
fn summaries_come_out_in_order_the_same_each_time_and_a_bad_line_does_not_stop_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let lines = format!("{}\nnot json\n{}\n", story("first"), story("second"));

    let output = summarize(dir.path(), &lines);

    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(":2"), "the bad line is not named: {stderr}");
    let summaries: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    let ids: Vec<_> = summaries
        .iter()
        .map(|summary| summary["story_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["first", "second"]);
    assert!(
        !dir.path().join("nutgraf.db").exists(),
        "summarize made a database"
    );

    let mut second = without_stamps(summaries[1].clone());
    second["story_id"] = json!("first");
    assert_eq!(
        without_stamps(summaries[0].clone()),
        second,
        "the same articles gave another summary"
    );
    every_statement_is_backed_by_its_citations(&summaries[0]);
}

/// P1 and P2 as an outsider would check them: each quote is that slice of that article, and each run of digits in a
/// statement stands in one of its quotes.
fn every_statement_is_backed_by_its_citations(summary: &Value) {
    assert_eq!(summary["status"], "ready", "{summary}");
    let statements = std::iter::once(&summary["lede"]).chain(summary["bullets"].as_array().unwrap());
    for statement in statements {
        let citations = statement["citations"].as_array().unwrap();
        assert!(!citations.is_empty(), "{statement}");
        for citation in citations {
            let article: usize = citation["article_id"].as_str().unwrap()[1..].parse().unwrap();
            let range = |key: &str| usize::try_from(citation[key].as_u64().unwrap()).unwrap();
            let slice: String = TEXTS[article]
                .1
                .chars()
                .skip(range("start"))
                .take(range("end") - range("start"))
                .collect();
            assert_eq!(citation["quote"], json!(slice));
        }
        let text = statement["text"].as_str().unwrap();
        for digits in text
            .split(|c: char| !c.is_ascii_digit())
            .filter(|digits| !digits.is_empty())
        {
            let backed = citations
                .iter()
                .flat_map(|citation| [&citation["quote"], &citation["resolved"]["date"]])
                .filter_map(Value::as_str)
                .any(|passage| passage.contains(digits));
            assert!(backed, "{digits} in `{text}` is in no cited sentence");
        }
    }
}

/// A demo that is stopped when the test ends, however it ends.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[test]
fn the_demo_summarizes_its_samples_serves_them_and_stops_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = Demo(
        command(dir.path(), &["demo", "--bind", "127.0.0.1:0"])
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    let mut printed = String::new();
    let base = loop {
        let line = lines
            .next()
            .unwrap_or_else(|| panic!("the demo ended early: {}", stderr_of(&mut demo.0)))
            .unwrap();
        if let Some(rest) = line.strip_prefix("Open ") {
            break rest.split('/').take(3).collect::<Vec<_>>().join("/");
        }
        printed.push_str(&line);
        printed.push('\n');
    };
    assert!(
        printed.contains("AI-generated summary") && printed.contains("↳"),
        "{printed}"
    );

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let get = async |path: &str| reqwest::get(format!("{base}{path}")).await.unwrap();
        assert_eq!(get("/readyz").await.status(), 200);
        let stories: Value = get("/v1/stories").await.json().await.unwrap();
        let ids: Vec<&str> = stories["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["id"].as_str().unwrap())
            .collect();
        assert!(ids.len() >= 3, "{stories}");
        for id in ids {
            let summary = get(&format!("/v1/stories/{id}/summary")).await;
            assert_eq!(summary.status(), 200, "{id}");
            let summary: Value = summary.json().await.unwrap();
            assert_eq!(summary["status"], "ready", "{id}: {summary}");
        }
    });

    let interrupted = Command::new("kill")
        .args(["-INT", &demo.0.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupted.success());
    let status = demo.0.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{}", stderr_of(&mut demo.0));

    let again = command(dir.path(), &["demo", "--exit", "--bind", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(
        again.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&again.stderr)
    );
    let versions = rows_of_versions(dir.path());
    let samples = versions.len();
    assert!(
        samples >= 3 && versions.iter().all(|version| *version == 1),
        "summarized again: {versions:?}"
    );
}

fn stderr_of(child: &mut Child) -> String {
    let mut text = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _unreadable = stderr.read_to_string(&mut text);
    }
    text
}

/// The version of every stored summary, through the library's own store.
fn rows_of_versions(data_dir: &Path) -> Vec<u32> {
    use nutgraf::store::Store;
    use nutgraf::store::sqlite::SqliteStore;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&data_dir.join("demo.db")).await.unwrap();
        let mut versions = Vec::new();
        for listing in store.list_stories(None, 100).await.unwrap() {
            for summary in store.list_versions(&listing.story.id, None, 100).await.unwrap() {
                versions.push(summary.version);
            }
        }
        store.close().await;
        versions
    })
}
