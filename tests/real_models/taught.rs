//! What a model is taught with, and how it is measured, on groups of invented sentences.

use std::path::PathBuf;

use nutgraf::engine::Engine;
use nutgraf::engine::local::{EngineSettings, LocalEngine};
use nutgraf::engine::models::{DEFAULT_WRITER, SilentProgress, ensure};
use nutgraf::engine::writer::Writer;
use nutgraf::eval::writer::{examples, groups, trial};
use nutgraf::summarize::Settings;
use nutgraf::summarize::abstention::ABSTENTION;
use nutgraf::summarize::prompt::Prompt;

use crate::support::{embedder_files, models_dir};

const GROUPS: &str = r#"
{"id": "ferry#0", "evidence": [{"text": "The council of Alder said the old ferry will stop in May.", "outlet": "Courier"}, {"text": "Gulls nest on its roof."}], "bullet": "The old ferry will stop in May, the council of Alder said.", "uses": [0], "why": null}
{"id": "ferry#1", "evidence": [{"text": "The ferry is “old,” Ann Example said."}], "bullet": "Bob Other called the ferry old.", "uses": [0], "why": null}
{"id": "ferry#2", "evidence": [{"text": "He said so again."}], "bullet": null, "uses": [], "why": "nobody knows who he is"}
"#;

fn file(content: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("groups.jsonl");
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

#[test]
fn it_is_taught_what_it_will_be_asked_and_may_answer() {
    let (_folder, path) = file(GROUPS);
    let groups = groups::read(&path).unwrap();
    let files = ensure(DEFAULT_WRITER, &models_dir(), &SilentProgress).unwrap();
    let writer = Writer::load(&files).unwrap();
    let prompt = Prompt::for_model(writer.info()).unwrap();
    assert!(prompt.is_taught());
    let examples = examples::of(&groups, &writer, &prompt).unwrap();

    // The first with both of its sentences and with the one that it rests on; the second has a name from nowhere.
    let ids: Vec<&str> = examples.taught.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["ferry#0", "ferry#0", "ferry#2"]);
    assert_eq!(examples.forbidden, 1);
    let abstains: Vec<bool> = examples.taught.iter().map(|one| one.abstains).collect();
    assert_eq!(abstains, [false, false, true]);
    let views = [
        &groups[0].evidence[..],
        &groups[0].evidence[..1],
        &groups[2].evidence[..],
    ];
    let answers = [
        groups[0].bullet.as_deref().unwrap(),
        groups[0].bullet.as_deref().unwrap(),
        ABSTENTION,
    ];
    for ((example, view), answer) in examples.taught.iter().zip(views).zip(answers) {
        assert_eq!(
            example.prompt,
            writer.prompt(&prompt.messages(view).unwrap()).unwrap()
        );
        assert_eq!(example.answer, writer.tokenize(answer).unwrap());
    }
}

#[test]
fn a_group_that_is_none_is_named() {
    for (line, part) in [
        (r#"{"id": "a#1", "evidence": [], "bullet": null}"#, "group `a#1`"),
        (
            r#"{"id": "a#2", "evidence": [{"text": "It is."}], "bullet": "It.", "uses": [1]}"#,
            "group `a#2`",
        ),
        (r#"{"id": "a#3"}"#, "groups.jsonl:2"),
    ] {
        let (_folder, path) = file(&format!("\n{line}\n"));
        let told = format!("{:#}", groups::read(&path).unwrap_err());
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn every_group_is_answered_and_judged() {
    let (_folder, path) = file(GROUPS);
    let groups = groups::read(&path).unwrap();
    let files = ensure(DEFAULT_WRITER, &models_dir(), &SilentProgress).unwrap();
    let engine = LocalEngine::start(&files, &embedder_files(), &EngineSettings::default()).unwrap();
    let mut done = 0;
    let (answers, _) = trial::answers(&groups, &engine, &Settings::default(), || done += 1).unwrap();
    assert_eq!((answers.len(), done), (3, 3));
    for answer in &answers {
        assert!(!answer.text.is_empty());
        assert!(
            answer.least_log_probability <= answer.mean_log_probability,
            "{answer:?}"
        );
        assert_eq!(answer.rouge.is_some(), answer.bullet.is_some());
    }
    let row = trial::row(&engine.writer().name, &answers, 3.0);
    assert_eq!((row.usable, row.junk), (2, 1));
    assert!((row.seconds_a_group - 1.0).abs() < 1e-9);
}
