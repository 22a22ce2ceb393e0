//! What a bullet may say is decided by its evidence; what careful editors wrote from theirs is hardly ever cut off.

use std::path::PathBuf;

use nutgraf::engine::constraint::{Constraint, admits};
use nutgraf::summarize::grounding::{Automaton, straight};
use serde::Deserialize;

/// The least share of the editors' bullets that the automaton admits whole.
const MIN_ADMITTED: f64 = 0.70;

#[derive(Deserialize)]
struct Record {
    evidence: Vec<Sentence>,
    bullet: Option<String>,
}

#[derive(Deserialize)]
struct Sentence {
    text: String,
}

fn grounding(record: &Record) -> Automaton {
    let evidence: Vec<&str> = record
        .evidence
        .iter()
        .map(|sentence| sentence.text.as_str())
        .collect();
    Automaton::new(&evidence)
}

/// How much of a text can be written.
fn admitted_part<'t>(grounding: &Automaton, text: &'t str) -> &'t str {
    let mut state = grounding.start();
    for (at, byte) in text.bytes().enumerate() {
        match grounding.step(state, byte) {
            Some(next) => state = next,
            None => return text.get(..at).unwrap_or_default(),
        }
    }
    text
}

#[test]
fn most_of_what_editors_wrote_is_admitted() {
    let Some(folder) = std::env::var_os("NUTGRAF_TEST_DATA") else {
        eprintln!("skipped: NUTGRAF_TEST_DATA names no folder with editors' bullets");
        return;
    };
    let file = PathBuf::from(folder).join("bullets_dev.jsonl");
    let mut bullets = 0;
    let mut refused = Vec::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let record: Record = serde_json::from_str(line).unwrap();
        let Some(bullet) = &record.bullet else {
            continue;
        };
        let (grounding, bullet) = (grounding(&record), straight(bullet));
        bullets += 1;
        if !admits(&grounding, &bullet) {
            let part = admitted_part(&grounding, &bullet);
            refused.push(format!(
                "{part} | {}",
                bullet.strip_prefix(part).unwrap_or_default()
            ));
        }
    }
    let share = 1.0 - refused.len() as f64 / f64::from(bullets);
    assert!(
        share >= MIN_ADMITTED,
        "{share:.3} of {bullets}; refused:\n{}",
        refused.join("\n")
    );
}
