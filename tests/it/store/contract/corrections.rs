//! Corrections: opened with what is withheld, settled by the version that does without it or has it back.

use nutgraf::domain::{Bullet, Correction, CorrectionOutcome, CorrectionReason, Said, Story, StoryId};
use nutgraf::store::{Saved, Store, StoreError};
use serde_json::json;

use super::{Database, change, claim, event_log, publish};
use crate::support::{
    add, article, article_id, article_without_cited, at, at_ms, bullet, replace, story_id, summary, uuid,
};

const SAID: &str = "Twelve people died in the flood.";

/// A story of the articles `a` and `b`, with these bullets published at `at_ms(1)`.
async fn published(store: &dyn Store, bullets: Vec<Bullet>) -> StoryId {
    let articles = vec![article("a", "First."), article("b", "Second.")];
    change(store, replace("s", articles)).await;
    let id = story_id("s");
    publish(store, &summary(&story(store, &id).await, bullets), 1).await;
    id
}

async fn story(store: &dyn Store, id: &StoryId) -> Story {
    store.find_story(id).await.unwrap().unwrap()
}

async fn delete(store: &dyn Store, id: &StoryId, article: &str, now: i64) {
    let article = article_id(article);
    let deleted = store.delete_article(id, &article, at_ms(now), at_ms(now)).await;
    assert!(deleted.unwrap());
}

/// Publishes a summary of the articles that are there now.
async fn publish_now(store: &dyn Store, id: &StoryId, bullets: Vec<Bullet>, now: i64) -> Saved {
    let made = summary(&story(store, id).await, bullets);
    publish(store, &made, now).await
}

async fn corrections(store: &dyn Store, id: &StoryId) -> Vec<Correction> {
    store.list_corrections(Some(id), None, 100).await.unwrap()
}

async fn only_correction(store: &dyn Store, id: &StoryId) -> Correction {
    let mut corrections = corrections(store, id).await;
    assert_eq!(corrections.len(), 1, "{corrections:?}");
    corrections.remove(0)
}

fn fixed(version: u32, now: i64, replacement: Option<&str>) -> CorrectionOutcome {
    CorrectionOutcome::Fixed {
        version,
        at: at_ms(now),
        replacement: replacement.map(str::to_owned),
    }
}

fn restored(version: u32, now: i64) -> CorrectionOutcome {
    CorrectionOutcome::Restored {
        version,
        at: at_ms(now),
    }
}

/// It names the first version that said so, not the one that was current; what stands on another article has none.
pub async fn a_withheld_bullet_opens_a_correction_of_what_was_said(database: &dyn Database) {
    let store = database.open().await;
    let kept = bullet(2, "It rained.", &["a", "b"]);
    let id = published(&*store, vec![bullet(1, SAID, &["a"]), kept.clone()]).await;
    let more = bullet(3, "The bridge is closed.", &["b"]);
    publish_now(&*store, &id, vec![bullet(1, SAID, &["a"]), kept, more], 2).await;
    delete(&*store, &id, "a", 9).await;

    let correction = only_correction(&*store, &id).await;
    let expected = Correction {
        id: correction.id,
        story_id: id.clone(),
        bullet_id: uuid(1),
        text: SAID.to_owned(),
        reason: CorrectionReason::SourceWithdrawn,
        said: Said {
            version: 1,
            at: at_ms(1),
            headline: None,
            label: "AI-generated summary".to_owned(),
            model: "scripted-writer".to_owned(),
            prompt: "bullets.v1".to_owned(),
        },
        withheld_at: at_ms(9),
        outcome: CorrectionOutcome::Open,
    };
    assert_eq!(correction, expected);
    assert_eq!(correction.id.get_version_num(), 7);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.corrections_open, counts.corrections_settled), (1, 0));
}

/// The event comes with the version, and tells which correction it settles.
pub async fn a_version_without_the_bullet_fixes_its_correction(database: &dyn Database) {
    let store = database.open().await;
    let id = published(
        &*store,
        vec![bullet(1, SAID, &["a"]), bullet(2, "It rained.", &["b"])],
    )
    .await;
    delete(&*store, &id, "a", 9).await;
    let open = only_correction(&*store, &id).await;
    publish_now(&*store, &id, vec![bullet(2, "It rained.", &["b"])], 10).await;

    let correction = only_correction(&*store, &id).await;
    assert_eq!(
        correction,
        Correction {
            outcome: fixed(2, 10, None),
            ..open
        }
    );
    let told = json!({"version": 2, "bullet_id": uuid(1), "correction_id": correction.id, "status": "fixed"});
    let version = ("summary", json!({"version": 2, "status": "ready"}));
    let log = event_log(&*store, &id).await;
    assert!(log.ends_with(&[version, ("corrected", told)]), "{log:?}");
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.corrections_open, counts.corrections_settled), (0, 1));

    publish_now(&*store, &id, vec![bullet(5, "Another one.", &["b"])], 11).await;
    assert_eq!(
        only_correction(&*store, &id).await.outcome,
        fixed(2, 10, None),
        "it is settled once"
    );
}

/// Most of the words have to be shared: the bullet in the same place may be about something else.
pub async fn a_replacement_is_another_wording_or_nothing(database: &dyn Database) {
    let store = database.open().await;
    let said = vec![
        bullet(1, SAID, &["a"]),
        bullet(2, "The bridge is closed.", &["a"]),
    ];
    let id = published(&*store, said).await;
    delete(&*store, &id, "a", 9).await;
    let new = vec![
        bullet(3, "Officials spoke of the flood.", &["b"]),
        bullet(4, "Fifteen people died in the flood.", &["b"]),
    ];
    publish_now(&*store, &id, new, 10).await;
    for correction in corrections(&*store, &id).await {
        let replacement = (correction.bullet_id == uuid(1)).then_some("Fifteen people died in the flood.");
        assert_eq!(correction.outcome, fixed(2, 10, replacement));
    }
}

/// The article came back and the summary says what it said: no version is made, but the record and an event.
pub async fn a_bullet_that_stands_again_restores_its_correction(database: &dyn Database) {
    let store = database.open().await;
    let said = vec![bullet(1, SAID, &["a"])];
    let id = published(&*store, said.clone()).await;
    delete(&*store, &id, "a", 9).await;
    change(&*store, at(add("s", vec![article("a", "First.")]), at_ms(10))).await;
    assert_eq!(
        only_correction(&*store, &id).await.outcome,
        CorrectionOutcome::Open,
        "until the articles were looked at again"
    );
    assert_eq!(publish_now(&*store, &id, said, 11).await, Saved::Unchanged(1));

    let correction = only_correction(&*store, &id).await;
    assert_eq!(correction.outcome, restored(1, 11));
    assert_eq!(store.list_withheld(&id, 1).await.unwrap(), []);
    let told =
        json!({"version": 1, "bullet_id": uuid(1), "correction_id": correction.id, "status": "restored"});
    let log = event_log(&*store, &id).await;
    assert!(log.ends_with(&[("corrected", told)]), "{log:?}");
}

/// Another article says just that: nothing was wrong with the words.
pub async fn the_same_words_on_other_evidence_restore_a_correction(database: &dyn Database) {
    let store = database.open().await;
    let id = published(&*store, vec![bullet(1, SAID, &["a"])]).await;
    delete(&*store, &id, "a", 9).await;
    publish_now(&*store, &id, vec![bullet(7, SAID, &["b"])], 10).await;
    assert_eq!(only_correction(&*store, &id).await.outcome, restored(2, 10));
}

/// What happened stays on record; what happens again is told again.
pub async fn a_bullet_withheld_twice_has_two_corrections(database: &dyn Database) {
    let store = database.open().await;
    let said = vec![bullet(1, SAID, &["a"])];
    let id = published(&*store, said.clone()).await;
    delete(&*store, &id, "a", 9).await;
    change(&*store, at(add("s", vec![article("a", "First.")]), at_ms(10))).await;
    publish_now(&*store, &id, said, 11).await;
    delete(&*store, &id, "a", 12).await;
    let outcomes: Vec<_> = corrections(&*store, &id)
        .await
        .into_iter()
        .map(|correction| correction.outcome)
        .collect();
    assert_eq!(outcomes, [CorrectionOutcome::Open, restored(1, 11)]);
    let withheld = store.list_withheld(&id, 1).await.unwrap();
    assert_eq!(
        withheld[0].correction_id,
        Some(corrections(&*store, &id).await[0].id),
        "the tombstone leads to the newest"
    );
}

/// A worker that did not see the withdrawal brings the bullet along once more.
pub async fn a_correction_stays_open_while_a_version_still_carries_its_bullet(database: &dyn Database) {
    let store = database.open().await;
    let id = published(&*store, vec![bullet(1, SAID, &["a"])]).await;
    let old = story(&*store, &id).await;
    delete(&*store, &id, "a", 9).await;
    let made = summary(
        &old,
        vec![bullet(1, SAID, &["a"]), bullet(2, "It rained.", &["b"])],
    );
    assert_eq!(publish(&*store, &made, 10).await, Saved::Version(2));
    assert_eq!(
        only_correction(&*store, &id).await.outcome,
        CorrectionOutcome::Open
    );
    publish_now(&*store, &id, vec![bullet(2, "It rained.", &["b"])], 11).await;
    assert_eq!(only_correction(&*store, &id).await.outcome, fixed(3, 11, None));
}

/// The outlet no longer says it: as good as withdrawn, under a reason of its own.
pub async fn a_text_whose_cited_sentence_is_gone_withholds_what_rests_on_it_alone(database: &dyn Database) {
    let store = database.open().await;
    let said = vec![bullet(1, SAID, &["a"]), bullet(2, "It rained.", &["a", "b"])];
    let id = published(&*store, said).await;
    let edited = article_without_cited("a", "Fifteen people died, said officials.");
    change(&*store, at(add("s", vec![edited]), at_ms(9))).await;

    let correction = only_correction(&*store, &id).await;
    assert_eq!(
        (correction.bullet_id, correction.reason, correction.withheld_at),
        (uuid(1), CorrectionReason::SourceChanged, at_ms(9))
    );
    let withheld = store.list_withheld(&id, 1).await.unwrap();
    assert_eq!(withheld.len(), 1);
    assert_eq!(
        (withheld[0].bullet_id, withheld[0].reason.as_str()),
        (uuid(1), "source_changed")
    );
    publish_now(
        &*store,
        &id,
        vec![bullet(3, "Fifteen people died in the flood.", &["a"])],
        10,
    )
    .await;
    assert_eq!(
        only_correction(&*store, &id).await.outcome,
        fixed(2, 10, Some("Fifteen people died in the flood."))
    );
}

/// A correction of its spelling, another comma and more text leave the cited sentence where it is.
pub async fn a_text_changed_elsewhere_withholds_nothing(database: &dyn Database) {
    let store = database.open().await;
    let id = published(&*store, vec![bullet(1, SAID, &["a"])]).await;
    let edited = article_without_cited("a", "New first sentence. «0123456789»! And more.");
    change(&*store, at(add("s", vec![edited]), at_ms(9))).await;
    assert_eq!(corrections(&*store, &id).await, []);
    assert_eq!(store.list_withheld(&id, 1).await.unwrap(), []);
}

/// The outlet took its change back: what was withheld for it stands again, on record.
pub async fn a_sentence_that_came_back_lifts_the_tombstone(database: &dyn Database) {
    let store = database.open().await;
    let said = vec![bullet(1, SAID, &["a"])];
    let id = published(&*store, said.clone()).await;
    let edited = article_without_cited("a", "Other.");
    change(&*store, at(add("s", vec![edited]), at_ms(9))).await;
    assert_eq!(store.list_withheld(&id, 1).await.unwrap().len(), 1);
    change(&*store, at(add("s", vec![article("a", "First.")]), at_ms(10))).await;
    publish_now(&*store, &id, said, 11).await;
    assert_eq!(store.list_withheld(&id, 1).await.unwrap(), []);
    assert_eq!(only_correction(&*store, &id).await.outcome, restored(1, 11));
}

/// The worker read the article before it was changed.
pub async fn a_summary_that_missed_a_change_is_stored_with_its_bullets_withheld(database: &dyn Database) {
    let store = database.open().await;
    let articles = vec![article("a", "First."), article("b", "Second.")];
    change(&*store, replace("s", articles)).await;
    let id = story_id("s");
    let old = story(&*store, &id).await;
    let running = claim(&*store, 0).await;
    let edited = article_without_cited("a", "Other.");
    change(&*store, at(add("s", vec![edited]), at_ms(1))).await;
    let made = summary(
        &old,
        vec![bullet(1, SAID, &["a"]), bullet(2, "It rained.", &["b"])],
    );
    store.finish_job(&running, &made, at_ms(2)).await.unwrap();
    let correction = only_correction(&*store, &id).await;
    assert_eq!(
        (correction.bullet_id, correction.said.version, &correction.outcome),
        (uuid(1), 1, &CorrectionOutcome::Open)
    );
    assert_eq!(store.list_withheld(&id, 1).await.unwrap().len(), 1);
}

/// The tombstone of a bullet outlives the version that was current when it was set.
pub async fn what_was_withheld_of_an_old_version_is_known(database: &dyn Database) {
    let store = database.open().await;
    let id = published(
        &*store,
        vec![bullet(1, SAID, &["a"]), bullet(2, "It rained.", &["b"])],
    )
    .await;
    delete(&*store, &id, "a", 9).await;
    publish_now(&*store, &id, vec![bullet(2, "It rained.", &["b"])], 10).await;
    let withheld = store.list_withheld(&id, 1).await.unwrap();
    assert_eq!((withheld.len(), withheld[0].bullet_id), (1, uuid(1)));
    assert_eq!(withheld[0].at, at_ms(9));
    assert_eq!(store.list_withheld(&id, 2).await.unwrap(), []);
    assert_eq!(store.list_withheld(&id, 9).await.unwrap(), []);
}

/// Over all stories and of one.
pub async fn corrections_are_listed_newest_first_page_by_page(database: &dyn Database) {
    let store = database.open().await;
    let mut now = 1;
    for id in ["s", "t"] {
        change(&*store, replace(id, vec![article("a", id), article("b", id)])).await;
        let bullets = vec![bullet(1, SAID, &["a"]), bullet(2, "It rained.", &["b"])];
        publish_now(&*store, &story_id(id), bullets, now).await;
        for gone in ["a", "b"] {
            now += 1;
            delete(&*store, &story_id(id), gone, now).await;
        }
        publish_now(&*store, &story_id(id), Vec::new(), now + 1).await;
        now += 10;
    }
    let told = |corrections: &[Correction]| -> Vec<(String, u128)> {
        corrections
            .iter()
            .map(|correction| (correction.story_id.to_string(), correction.bullet_id.as_u128()))
            .collect()
    };
    let expected = |of: &[(&str, u128)]| -> Vec<(String, u128)> {
        of.iter()
            .map(|(story, bullet)| ((*story).to_owned(), *bullet))
            .collect()
    };
    let all = store.list_corrections(None, None, 3).await.unwrap();
    assert_eq!(told(&all), expected(&[("t", 2), ("t", 1), ("s", 2)]));
    let rest = store.list_corrections(None, Some(all[2].id), 3).await.unwrap();
    assert_eq!(told(&rest), expected(&[("s", 1)]));
    let of_one = store
        .list_corrections(Some(&story_id("s")), None, 1)
        .await
        .unwrap();
    assert_eq!(told(&of_one), expected(&[("s", 2)]));
    let rest = store
        .list_corrections(Some(&story_id("s")), Some(of_one[0].id), 9)
        .await;
    assert_eq!(told(&rest.unwrap()), expected(&[("s", 1)]));
    assert_eq!(corrections(&*store, &story_id("nobody")).await, []);
}

/// The result of a worker that lost its job is dropped as a whole.
pub async fn a_lost_lease_settles_nothing(database: &dyn Database) {
    let store = database.open().await;
    let id = published(&*store, vec![bullet(1, SAID, &["a"])]).await;
    delete(&*store, &id, "a", 9).await;
    let lost = claim(&*store, 9).await;
    claim(&*store, 9 + super::LEASE_MS).await;
    let made = summary(&story(&*store, &id).await, Vec::new());
    let error = store.finish_job(&lost, &made, at_ms(10)).await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost(_)), "{error}");
    assert_eq!(
        only_correction(&*store, &id).await.outcome,
        CorrectionOutcome::Open
    );
}
