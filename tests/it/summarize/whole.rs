//! Whole summaries: the same input gives the same bytes, large stories finish, and what a summary and a prompt look
//! like is kept as a snapshot.

use nutgraf::domain::{Article, Summary};
use nutgraf::engine::{Cancel, EngineError};

use super::sample::{GOOD, Story, article, asked, listening, on_the_cracks};
use crate::support::ScriptedEngine;

/// The summary's JSON without ids.
fn without_ids(summary: &Summary) -> String {
    let mut plain = summary.clone();
    for bullet in plain
        .lede
        .iter_mut()
        .map(|lede| &mut lede.bullet)
        .chain(&mut plain.bullets)
    {
        bullet.id = uuid::Uuid::nil();
    }
    serde_json::to_string_pretty(&plain).unwrap()
}

#[test]
fn the_same_articles_in_any_order_give_the_same_bytes() {
    let story = Story::bridge();
    let expected = without_ids(&story.summarize(&on_the_cracks(GOOD)));
    for turn in 0..story.articles.len() {
        let mut turned = story.clone();
        turned.articles.rotate_left(turn);
        assert_eq!(without_ids(&turned.summarize(&on_the_cracks(GOOD))), expected);
        turned.articles.reverse();
        assert_eq!(without_ids(&turned.summarize(&on_the_cracks(GOOD))), expected);
    }
}

#[test]
fn an_engine_that_fails_fails_the_summary() {
    let story = Story::bridge();
    let engine = ScriptedEngine::new(|_| Err(EngineError::Busy { capacity: 1 }));
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| story.summarize(&engine)));
    assert!(failed.is_err(), "the sample unwraps the error");
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(cancel.is_cancelled());
}

/// Articles of thirty sentences each; every fourth is a reprint of the one before.
fn many(count: usize) -> Vec<Article> {
    let who = [
        "The harbour master",
        "A council engineer",
        "The ferry operator",
        "The dock union",
        "A school head",
    ];
    let what = [
        "inspected",
        "counted",
        "repaired",
        "measured",
        "photographed",
        "painted",
        "closed",
    ];
    let things = [
        "girders", "rivets", "piers", "lanes", "signals", "barriers", "gates", "cables", "lamps",
    ];
    let places = [
        "north bank",
        "east quay",
        "old town",
        "river mouth",
        "west ramp",
        "toll house",
    ];
    let sentence = |article: usize, n: usize| {
        // A small linear congruential generator spreads the words differently over each article.
        let seed = (article * 7_919 + n * 104_729).wrapping_mul(2_654_435_761) >> 7;
        format!(
            "{} said crews {} {} {} near the {} of Alder in week {}.",
            who[seed % who.len()],
            what[seed / 5 % what.len()],
            seed % 90 + 10,
            things[seed / 35 % things.len()],
            places[seed / 315 % places.len()],
            n + 1,
        )
    };
    let mut articles = Vec::new();
    for index in 0..count {
        let original = if index % 4 == 3 { index - 1 } else { index };
        let text: Vec<String> = (0..30).map(|n| sentence(original, n)).collect();
        let day = format!("2025-03-{:02}", index % 28 + 1);
        articles.push(article(
            &format!("a{index}"),
            &format!("Outlet {}", index % 60),
            &day,
            &text.join(" "),
        ));
    }
    articles
}

#[test]
fn a_story_of_405_articles_finishes() {
    let summary = Story::of(many(405)).summarize(&ScriptedEngine::gibberish());
    assert_eq!(summary.coverage.articles, 405);
    assert!(
        summary.coverage.families.unwrap() <= 304,
        "{:?}",
        summary.coverage.families
    );
    assert!(summary.statements().count() > 0);
}

#[test]
fn a_summary_looks_like_this() {
    let summary = Story::bridge().summarize(&on_the_cracks(GOOD));
    insta::assert_json_snapshot!(summary, { ".**.id" => "[id]", ".lede.id" => "[id]" });
}

#[test]
fn a_prompt_looks_like_this() {
    let (engine, heard) = listening();
    Story::bridge().summarize(&engine);
    let heard = heard.lock().unwrap();
    let request = heard
        .iter()
        .find(|request| asked(request).contains("14 cracks"))
        .unwrap();
    insta::assert_json_snapshot!(request.messages);
}
