//! The quality tables: scores against independent implementations, and the command over stories.

mod checker;

use std::path::Path;
use std::process::{Command, Output};

use nutgraf::clock::SystemClock;
use nutgraf::eval::rows::{self, Desk, Row, Written};
use nutgraf::eval::{cases, extractive, graph, porter, rouge};
use nutgraf::summarize::Settings;
use nutgraf::text::similarity::is_function_word;
use serde_json::{Value, json};

use crate::support::ScriptedEngine;

#[test]
fn rouge_and_stems_are_those_of_the_python_packages() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/rouge.json")).unwrap();
    for pair in fixture["stems"].as_array().unwrap() {
        let word = pair[0].as_str().unwrap();
        assert_eq!(porter::stem(word), pair[1].as_str().unwrap(), "{word}");
    }
    for case in fixture["scores"].as_array().unwrap() {
        let tokens = |field: &str| rouge::tokens(case[field].as_str().unwrap());
        let found = rouge::score(&tokens("summary"), &tokens("reference"));
        for (found, expected) in [found.one, found.two, found.longest]
            .iter()
            .zip(case["f1"].as_array().unwrap())
        {
            assert!(
                (found - expected.as_f64().unwrap()).abs() < 1e-9,
                "{case}: {found}"
            );
        }
    }
}

fn evaluate(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nutgraf"))
        .args(["eval", "summaries", "stories.jsonl", "--json"])
        .args(args)
        .arg("--data-dir")
        .arg(dir)
        .current_dir(dir)
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

#[test]
fn a_row_of_nutgraf_keeps_its_evidence_and_an_extract_has_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stories.jsonl");
    let story = json!({"id": "a", "articles": [
        {"source": "The Valley Post", "text": "Engineers closed the old dam on Monday. They found many long cracks in it."},
        {"source": "Hill Times", "text": "The old dam was closed after engineers found cracks. Nobody was hurt that day."}]});
    std::fs::write(&path, story.to_string()).unwrap();
    let cases = cases::read(&path, None, 1, 20).unwrap();
    let (engine, settings) = (ScriptedEngine::gibberish(), Settings::default());
    let desk = Desk {
        engine: &engine,
        settings: &settings,
        clock: &SystemClock,
    };
    let kept = |row| {
        let written = rows::write(row, &cases[0], Some(&desk), 50, "recipe")
            .unwrap()
            .unwrap();
        serde_json::from_str::<Written>(&serde_json::to_string(&written).unwrap()).unwrap()
    };
    let (own, lead) = (kept(Row::Nutgraf), kept(Row::Lead3));
    let summary = own.summary.unwrap();
    assert_eq!(summary.statements().count(), own.statements.len());
    assert!(summary.statements().all(|bullet| !bullet.citations.is_empty()));
    assert!(!own.statements.is_empty() && lead.summary.is_none());
}

#[test]
fn extractive_rows_need_no_model_and_a_second_run_takes_what_was_kept() {
    let dir = tempfile::tempdir().unwrap();
    let articles = json!([
        {"source": "The Valley Post", "text": "Engineers closed the old dam on Monday. They found many long cracks in it."},
        {"source": "Hill Times", "text": "The old dam was closed after engineers found cracks. Nobody was hurt that day."}]);
    let lines = [
        json!({"id": "a", "split": "dev", "articles": articles, "reference_summary": "Engineers closed the old dam on Monday."}),
        json!({"id": "b", "split": "dev", "articles": articles}),
        json!({"id": "c", "split": "train", "articles": articles}),
    ];
    std::fs::write(
        dir.path().join("stories.jsonl"),
        lines.map(|line| line.to_string()).join("\n"),
    )
    .unwrap();
    let args = [
        "--split",
        "dev",
        "--rows",
        "oracle,lead3,lexrank",
        "--out",
        "kept",
    ];

    let first = evaluate(dir.path(), &args);

    assert!(
        first.status.success(),
        "{}",
        String::from_utf8_lossy(&first.stderr)
    );
    let report: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(
        (&report["stories"], &report["without_reference"]),
        (&json!(2), &json!(1))
    );
    let oracle = &report["rows"][0];
    assert_eq!(
        (&oracle["stories"], &oracle["rouge"]["one"]),
        (&json!(1), &json!(1.0))
    );
    assert_eq!(report["rows"][1]["stories"], 2);
    assert_eq!(report["rows"][1]["extractive"], 1.0);
    // A run that was cut off in the middle of a line makes that story again and no other.
    let kept = dir.path().join("kept/lead3.jsonl");
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, &text[..text.len() - 10]).unwrap();
    let again = evaluate(dir.path(), &args);
    let resumed: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(resumed["rows"][1]["rouge"], report["rows"][1]["rouge"]);
    let lines = std::fs::read_to_string(&kept).unwrap();
    assert_eq!(
        lines
            .lines()
            .filter(|line| line.contains("\"story_id\":\"a\""))
            .count(),
        1
    );
    assert_eq!(
        lines
            .lines()
            .filter(|line| line.contains("\"story_id\":\"b\""))
            .count(),
        2
    );
}

/// The cosines of all sentences with all, as `weight` makes links of them.
fn links(vectors: &[graph::Vector], weight: impl Fn(f64) -> f64) -> Vec<Vec<f64>> {
    let row = |a| vectors.iter().map(|b| weight(graph::cosine(a, b))).collect();
    vectors.iter().map(row).collect()
}

fn assert_close(found: &[f64], expected: &Value, what: &str) {
    let expected: Vec<f64> = serde_json::from_value(expected.clone()).unwrap();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{what}: {found}, not {expected}");
    }
}

#[test]
fn lexrank_and_textrank_are_those_of_the_python_package() {
    let stories: Value = serde_json::from_str(include_str!("fixtures/lexrank.json")).unwrap();
    for story in stories.as_array().unwrap() {
        let sentences: Vec<String> = serde_json::from_value(story["sentences"].clone()).unwrap();
        let words: Vec<Vec<String>> = sentences
            .iter()
            .map(|sentence| sentence.split(' ').map(str::to_owned).collect())
            .collect();
        let mut all_words = words.iter().flatten();
        assert!(
            !all_words.any(|word| is_function_word(word)),
            "our row leaves those out"
        );
        let vectors = graph::tf_idf(&words);

        // As the package has it: a link of weight 1 above the threshold, also to the sentence itself; no damping.
        let scores = graph::stationary(&links(&vectors, |alike| f64::from(alike > 0.1)), 1.0);
        let length = scores.iter().map(|x| x * x).sum::<f64>().sqrt();
        let scores: Vec<f64> = scores.iter().map(|x| x / length).collect();
        assert_close(&scores, &story["lexrank"], "lexrank");

        let shared = |a: &Vec<String>, b: &Vec<String>| {
            let shared: usize = a
                .iter()
                .map(|word| b.iter().filter(|other| word == *other).count())
                .sum();
            shared as f64 / ((a.len() as f64).ln() + (b.len() as f64).ln())
        };
        let row = |a| words.iter().map(|b| shared(a, b)).collect();
        let weights: Vec<Vec<f64>> = words.iter().map(row).collect();
        assert_close(&graph::stationary(&weights, 0.85), &story["textrank"], "textrank");

        // The row of our table ranks as the package's cosines do when they are weights.
        let scores: Vec<f64> = serde_json::from_value(story["continuous"].clone()).unwrap();
        let mut order: Vec<usize> = (0..sentences.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let expected: Vec<&String> = order.iter().map(|at| &sentences[*at]).collect();
        let ranked = extractive::lex_rank(std::slice::from_ref(&sentences));
        assert_eq!(ranked.iter().collect::<Vec<_>>(), expected);
    }
}
