//! A point whose evidence did not change keeps its bullet, with no call of the model.

use std::collections::BTreeMap;

use nutgraf::domain::{BulletKind, Summary};
use uuid::Uuid;

use super::sample::{GOOD, Story, about, article, on_the_cracks};
use crate::support::ScriptedEngine;

fn texts_by_id(summary: &Summary) -> BTreeMap<Uuid, String> {
    summary
        .statements()
        .map(|bullet| (bullet.id, bullet.text.clone()))
        .collect()
}

#[test]
fn an_unchanged_story_keeps_every_id_and_text_without_the_model() {
    let story = Story::bridge();
    let first = story.summarize(&on_the_cracks(GOOD));
    let engine = ScriptedEngine::gibberish();
    let mut announced = 0;
    let second = story.summarize_after(Some(&first), &engine, &mut |_| announced += 1);
    assert_eq!(engine.generated(), 0);
    assert_eq!(texts_by_id(&first), texts_by_id(&second));
    assert!(second.says_the_same(&first));
    assert_eq!(announced, second.statements().count());
}

#[test]
fn an_article_about_something_new_leaves_the_other_bullets_alone() {
    let story = Story::bridge();
    let first = story.summarize(&on_the_cracks(GOOD));
    let news = "A court in Brenholm fined the steel company Norrvik Works on Thursday for false test reports about girders.";
    let engine = on_the_cracks("The model is not asked about the cracks again.");
    let grown = story.with(article("court", "Brenholm Times", "2025-03-08", news));
    let second = grown.summarize_after(Some(&first), &engine, &mut |_| {});
    let (before, after) = (about(&first, "14 cracks"), about(&second, "14 cracks"));
    assert_eq!((before.id, &before.text), (after.id, &after.text));
    assert_eq!(after.kind, BulletKind::Abstractive);
}

#[test]
fn a_bullet_made_with_another_seed_is_written_anew() {
    let mut story = Story::bridge();
    let first = story.summarize(&on_the_cracks(GOOD));
    story.settings.seed = 7;
    let engine = on_the_cracks(GOOD);
    let second = story.summarize_after(Some(&first), &engine, &mut |_| {});
    assert!(engine.generated() > 0);
    assert!(
        texts_by_id(&second)
            .keys()
            .all(|id| !texts_by_id(&first).contains_key(id))
    );
}

#[test]
fn a_bullet_whose_article_went_goes_with_it() {
    let mut story = Story::bridge();
    let first = story.summarize(&ScriptedEngine::gibberish());
    assert!(
        first
            .statements()
            .any(|bullet| bullet.text.contains("Dock Weekly"))
    );
    story
        .articles
        .retain(|article| article.meta.id.as_str() != "weekly");
    let second = story.summarize_after(Some(&first), &ScriptedEngine::gibberish(), &mut |_| {});
    assert!(
        second
            .statements()
            .flat_map(|bullet| &bullet.citations)
            .all(|citation| citation.article_id.as_str() != "weekly")
    );
}
