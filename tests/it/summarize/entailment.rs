//! What an entailment model says of a wording decides with the checks; a broken one verifies nothing.

use std::ops::ControlFlow;

use nutgraf::domain::{BulletKind, CHECKS_VERSION, CheckReason, Verdict};
use nutgraf::engine::{
    Cancel, Engine, EngineError, GenerateRequest, Generation, ModelInfo, Pair, ScoreRequest,
};

use super::sample::{GOOD, Story, about, on_the_cracks};
use crate::support::ScriptedEngine;

/// A scripted engine that judges, too.
struct Judged {
    engine: ScriptedEngine,
    info: ModelInfo,
    probability: fn(&Pair) -> Result<f32, EngineError>,
}

impl Judged {
    fn new(probability: fn(&Pair) -> Result<f32, EngineError>) -> Self {
        let engine = on_the_cracks(GOOD);
        let info = ModelInfo {
            name: "scripted-judge".to_owned(),
            ..engine.writer().clone()
        };
        Self {
            engine,
            info,
            probability,
        }
    }
}

impl Engine for Judged {
    fn generate(
        &self,
        requests: Vec<GenerateRequest>,
        cancel: &Cancel,
        on_token: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Generation>, EngineError> {
        self.engine.generate(requests, cancel, on_token)
    }

    fn score(&self, requests: Vec<ScoreRequest>, cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        self.engine.score(requests, cancel)
    }

    fn embed(&self, texts: &[&str], cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        self.engine.embed(texts, cancel)
    }

    fn entail(&self, pairs: Vec<Pair>, _cancel: &Cancel) -> Result<Vec<f32>, EngineError> {
        pairs.iter().map(self.probability).collect()
    }

    fn judge(&self) -> Option<&ModelInfo> {
        Some(&self.info)
    }

    fn writer(&self) -> &ModelInfo {
        self.engine.writer()
    }

    fn embedder(&self) -> &ModelInfo {
        self.engine.embedder()
    }
}

#[test]
fn p1_a_wording_that_the_evidence_entails_stands_and_the_judge_is_named() {
    let summary = Story::bridge().summarize(&Judged::new(|pair| {
        assert!(
            pair.premise.contains("14 cracks") && pair.hypothesis == GOOD,
            "{pair:?}"
        );
        // As readers see it: with its days written out, as in the wording.
        assert!(!pair.premise.contains("Monday"), "{pair:?}");
        Ok(0.5)
    }));
    let bullet = about(&summary, "14 cracks");
    assert_eq!(
        (bullet.text.as_str(), bullet.check.verdict),
        (GOOD, Verdict::Verified)
    );
    assert_eq!(summary.made.checks, format!("{CHECKS_VERSION}+scripted-judge"));
}

#[test]
fn p1_a_wording_that_the_evidence_does_not_entail_is_refused() {
    for probability in [|_: &Pair| Ok(0.49), |_: &Pair| Ok(f32::NAN)] {
        let summary = Story::bridge().summarize(&Judged::new(probability));
        let bullet = about(&summary, "14 cracks");
        assert_eq!(bullet.kind, BulletKind::Extractive, "{bullet:#?}");
        assert_eq!(bullet.check.refused[0], [CheckReason::NotEntailed]);
    }
}

#[test]
fn p21_a_judge_that_fails_verifies_nothing() {
    let broken = |_: &Pair| Err(EngineError::Compute("broken".to_owned()));
    let summary = Story::bridge().summarize(&Judged::new(broken));
    let bullet = about(&summary, "14 cracks");
    assert_eq!(bullet.kind, BulletKind::Extractive, "{bullet:#?}");
    assert_eq!(bullet.check.refused[0], [CheckReason::CheckError]);
}

#[test]
fn a_bullet_that_no_judge_saw_is_written_anew_once_there_is_one() {
    let story = Story::bridge();
    let before = story.summarize(&on_the_cracks(GOOD));
    assert_eq!(before.made.checks, CHECKS_VERSION);
    let refusing = Judged::new(|_| Ok(0.0));
    let after = story.summarize_after(Some(&before), &refusing, &mut |_| {});
    assert_eq!(about(&after, "14 cracks").kind, BulletKind::Extractive);
}
