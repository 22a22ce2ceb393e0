//! The first points tell what the story is about: by their worthiest sentence, and with what outlets agree that the news is.

use nutgraf::domain::{BulletKind, Summary};
use nutgraf::engine::constraint::admits;
use nutgraf::summarize::compression;

use super::sample::{Story, article};
use crate::support::ScriptedEngine;

/// Opens another article and says nothing of these stories.
const OTHER: &str = "Gulls nest on the roofs of the fish market in Brenholm.";

/// Says this where it may.
fn saying(text: &'static str) -> ScriptedEngine {
    ScriptedEngine::new(move |request| {
        let may_be_said = request
            .constraint
            .as_ref()
            .is_some_and(|constraint| admits(constraint.as_ref(), text));
        Ok(if may_be_said { text } else { "zzz" }.to_owned())
    })
}

fn story(first: &str, second: &str) -> Story {
    Story::of(vec![
        article("one", "The Courier", "2025-03-03", first),
        article("two", "Harbour Post", "2025-03-03", second),
    ])
}

fn says(summary: &Summary, text: &str) -> bool {
    summary.statements().any(|bullet| bullet.text == text)
}

#[test]
fn a_compression_of_a_first_point_keeps_what_other_outlets_open_with() {
    let long = "The council of Alder, which met for six hours on Monday, voted to close the old Velm Bridge to all heavy \
                cars and trucks, calling it a risk.";
    let short = "The council of Alder voted to close the old Velm Bridge to all heavy cars and trucks.";
    let agrees =
        "The council of Alder met for six hours on Monday before calling the old Velm Bridge a risk.";
    // A model that was taught does not write freely.
    let engine = || saying(short).taught("bullet.v2");
    assert!(says(&story(long, OTHER).summarize(&engine()), short));
    let summary = story(long, agrees).summarize(&engine());
    assert!(!says(&summary, short), "{summary:#?}");
    let mut kinds = summary.statements().map(|bullet| bullet.kind);
    assert!(kinds.all(|kind| kind == BulletKind::Extractive));
}

#[test]
fn so_does_a_shortening() {
    let long = "A shortage of sound timber is slowing the town's work on the old bridge as the number of spring floods rises.";
    let short = "A shortage of sound timber is slowing the town's work on the old bridge.";
    let agrees = "The number of spring floods on the lower Velm rises from year to year.";
    assert!(compression::wordings(long, 14).is_empty());
    let engine = || saying(short).taught("bullet.v2");
    assert!(says(&story(long, OTHER).summarize(&engine()), short));
    let summary = story(long, agrees).summarize(&engine());
    assert!(!says(&summary, short), "{summary:#?}");
}

#[test]
fn a_first_point_is_quoted_by_its_worthiest_sentence() {
    // It tells more of the headline than the other, which names somebody and thus reads better on its own.
    let worthiest = "The old river bridge was shut over 14 cracks in its main girder.";
    let readable = "Alder shut the old river bridge over cracks in its main girder.";
    let mut story = story(readable, worthiest);
    story.headline = Some("Fears for a bridge with 14 cracks".to_owned());
    for article in &mut story.articles {
        article.meta.title = None;
    }
    let summary = story.summarize(&ScriptedEngine::gibberish());
    let texts: Vec<&str> = summary.statements().map(|bullet| bullet.text.as_str()).collect();
    assert_eq!(texts, [format!("{worthiest} (Harbour Post)")]);
}
