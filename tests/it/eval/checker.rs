//! The checker's table: reading, kept answers, out-of-fold decisions, and what the command says of a broken file.

use std::process::Command;

use nutgraf::engine::Cancel;
use nutgraf::eval::checker::cache::Cache;
use nutgraf::eval::checker::examples::{self, Example};
use nutgraf::eval::checker::fit::{self, Labelled, Use};
use nutgraf::eval::checker::rows::Row;
use nutgraf::eval::checker::{folds, report};
use nutgraf::summarize::scoring::features::{self, Feature};
use nutgraf::summarize::scoring::{Model, gate, model};
use nutgraf::summarize::verify::Cited;
use serde_json::json;

use crate::support::ScriptedEngine;

/// Claims about so many towns: the supported one repeats its document, the other one names what is not there.
fn lines(towns: usize) -> String {
    let town = |at: usize| {
        let document =
            format!("The council of Town{at} closed bridge {at} on Monday. Nobody was hurt there.");
        [
            json!({"document": document, "claim": format!("The council of Town{at} closed bridge {at}."), "label": 1}),
            json!({"document": document, "claim": format!("Engineers of Port{at} opened {} tunnels.", at + 1), "label": 0}),
        ]
    };
    let lines = (0..towns).flat_map(town).map(|line| line.to_string());
    lines.collect::<Vec<_>>().join("\n")
}

fn labelled(examples: &[Example], cache: &Cache) -> Vec<Labelled> {
    let label = |example: &Example| {
        let claim = &example.claim;
        let all = features::of_claim(claim, &cache.cosines(claim), &cache.likelihood(claim));
        Labelled {
            set: example.set.clone(),
            used: Use::Both,
            fold: folds::fold_of(&example.document),
            is_supported: example.is_supported,
            passes_rules: fit::passes_rules(&all),
            chosen: all.clone(),
            all,
        }
    };
    examples.iter().map(label).collect()
}

#[test]
fn claims_are_asked_about_once_and_decided_out_of_fold() {
    let dir = tempfile::tempdir().unwrap();
    let (file, kept) = (dir.path().join("towns.jsonl"), dir.path().join("answers.jsonl"));
    std::fs::write(&file, lines(60)).unwrap();
    let examples = examples::read_claims(&file).unwrap();
    let claims: Vec<_> = examples.iter().map(|example| &example.claim).collect();
    let engine = ScriptedEngine::gibberish();
    let mut cache = Cache::open(Some(&kept), "models").unwrap();
    cache.ask_cosines(&claims, &engine, |_| {}).unwrap();
    cache.ask_likelihoods(&claims, &engine, |_| {}).unwrap();
    let asked = engine.embedded();

    let mut again = Cache::open(Some(&kept), "models").unwrap();
    again.ask_cosines(&claims, &engine, |_| {}).unwrap();

    assert_eq!(engine.embedded(), asked, "the second time everything is known");
    let examples = labelled(&examples, &again);
    let features: Vec<Feature> = features::all();
    let decided = fit::out_of_fold(Row::Ours, &examples, &features);
    assert_eq!(
        decided,
        fit::out_of_fold(Row::Ours, &examples, &features),
        "a refit is the same"
    );
    let table = report::row("ours", &examples, &decided);
    assert_eq!(table.sets[0].set, "towns");
    assert!(table.sets[0].area_under_curve.unwrap() > 0.95, "{table:?}");
    assert!(table.sets[0].balanced_accuracy.unwrap() > 0.75, "{table:?}");
    let other = Cache::open(Some(&kept), "other models").unwrap();
    assert!(
        other.cosines(claims[0]).is_empty(),
        "answers of other models are not taken"
    );
}

#[test]
fn the_shipped_score_prefers_what_the_evidence_says() {
    let evidence = ["The council of Hillford closed the old bridge on Monday after engineers found cracks."];
    let engine = ScriptedEngine::gibberish();
    let shipped: &Model = model::shipped().unwrap();
    let score = |text: &str| {
        let cited = Cited {
            text,
            evidence: evidence.iter().map(|sentence| (*sentence).to_owned()).collect(),
        };
        let scores = gate::probabilities(&[&cited], shipped, &engine, &Cancel::new());
        scores.unwrap().pop().unwrap()
    };
    let told = score("The council of Hillford closed the old bridge on Monday.");
    let invented = score("Voters of Lake County elected 14 new judges in June.");
    assert!(
        told > shipped.threshold && invented < shipped.threshold,
        "{told} {invented}"
    );
}

#[test]
fn a_broken_line_is_named_before_any_model_is_loaded() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("claims.jsonl"),
        format!("{}\n{{\"claim\": 1}}\n", lines(1)),
    )
    .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_nutgraf"))
        .args(["eval", "checker", "claims.jsonl", "--json"])
        .current_dir(dir.path())
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("claims.jsonl:3"), "{error}");
}
