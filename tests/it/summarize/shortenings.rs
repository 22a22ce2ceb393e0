//! A model that was taught to write bullets shortens sentences for which there is no rule, or says that there is no news in
//! them.

use nutgraf::domain::{BulletKind, CheckReason, Summary, Verdict};
use nutgraf::engine::constraint::admits;
use nutgraf::summarize::compression;

use super::sample::{Story, about, article};
use crate::support::ScriptedEngine;

const LONG: &str =
    "A shortage of sound timber is slowing the town's work on the old bridge as the number of floods rises.";
const SHORT: &str = "A shortage of sound timber is slowing the town's work on the old bridge.";

fn story() -> Story {
    assert!(compression::wordings(LONG, 14).is_empty());
    Story::of(vec![article("one", "The Courier", "2025-03-03", LONG)])
}

/// Says the first of these that may be said.
fn saying(texts: &'static [&'static str]) -> ScriptedEngine {
    ScriptedEngine::new(move |request| {
        let constraint = request.constraint.clone().unwrap();
        let answer = texts.iter().find(|text| admits(constraint.as_ref(), text));
        Ok((*answer.unwrap_or(&"zzz")).to_owned())
    })
}

fn kind_and_refusals(summary: &Summary) -> (BulletKind, Vec<CheckReason>) {
    let bullet = about(summary, "timber");
    (bullet.kind, bullet.check.refused.concat())
}

#[test]
fn a_taught_model_shortens_what_no_rule_can() {
    let summary = story().summarize(&saying(&[SHORT]).taught("bullet.v2"));
    let bullet = about(&summary, "timber");
    assert_eq!(
        (bullet.text.as_str(), bullet.kind, bullet.check.verdict),
        (SHORT, BulletKind::Abstractive, Verdict::Verified)
    );
    assert_eq!(bullet.citations.len(), 1);
    assert_eq!(summary.made.prompt, "bullet.v2");
}

#[test]
fn what_it_is_not_sure_of_is_quoted_instead() {
    let summary = story().summarize(&saying(&[SHORT]).taught("bullet.v2").sure_by(-9.0));
    let (kind, refused) = kind_and_refusals(&summary);
    assert_eq!(kind, BulletKind::Extractive);
    assert!(refused.contains(&CheckReason::LowScore), "{refused:?}");
}

#[test]
fn it_chooses_from_a_list() {
    let engine = ScriptedEngine::new(|request| {
        let constraint = request.constraint.clone().unwrap();
        for other in [
            LONG,
            "A shortage is slowing work.",
            "A shortage of sound timber as the number of floods rises.",
        ] {
            assert!(!admits(constraint.as_ref(), other), "{other}");
        }
        Ok(SHORT.to_owned())
    });
    story().summarize(&engine.taught("bullet.v2"));
}

#[test]
fn it_may_say_that_there_is_no_news_if_it_is_sure() {
    let engine = || saying(&["None.", SHORT]).taught("bullet.v2");
    let (kind, refused) = kind_and_refusals(&story().summarize(&engine().sure_by(-0.1)));
    assert_eq!(kind, BulletKind::Extractive);
    assert!(refused.contains(&CheckReason::Abstained), "{refused:?}");

    let (kind, refused) = kind_and_refusals(&story().summarize(&engine().sure_by(-1.0)));
    assert_eq!(kind, BulletKind::Abstractive);
    assert!(!refused.contains(&CheckReason::Abstained), "{refused:?}");
}

#[test]
fn another_model_may_not_say_so() {
    let (kind, refused) = kind_and_refusals(&story().summarize(&saying(&["None."])));
    assert_eq!(kind, BulletKind::Extractive);
    assert!(!refused.contains(&CheckReason::Abstained), "{refused:?}");
}

#[test]
fn a_prompt_of_another_version_is_an_error_that_names_it() {
    let engine = saying(&[]).taught("bullet.v99");
    let told = story()
        .try_summarize(None, &engine, &mut |_| {})
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("scripted-writer") && told.contains("bullet.v99") && told.contains("bullet.v2"),
        "{told}"
    );
}
