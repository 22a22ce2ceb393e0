//! An outlet withdraws an article: what rests on it alone is withheld at once, and only that.

use nutgraf::domain::{Bias, Lens, Story, StoryId};
use nutgraf::store::{Saved, Store, Withheld};
use serde_json::json;
use uuid::Uuid;

use super::{Database, change, claim, event_log, publish};
use crate::support::{add, article, article_id, at_ms, bullet, lede, replace, story_id, summary, uuid};

/// A story of the articles `a` and `b`.
async fn story_of_two(store: &dyn Store) -> (StoryId, Story) {
    change(
        store,
        replace("s", vec![article("a", "First."), article("b", "Second.")]),
    )
    .await;
    let story = store.find_story(&story_id("s")).await.unwrap().unwrap();
    (story_id("s"), story)
}

async fn withheld_ids(store: &dyn Store, id: &StoryId) -> Vec<Uuid> {
    let served = store.find_served(id).await.unwrap().unwrap();
    served
        .withheld
        .into_iter()
        .map(|withheld| withheld.bullet_id)
        .collect()
}

async fn delete(store: &dyn Store, id: &StoryId, article: &str, now: i64) -> bool {
    let article = article_id(article);
    store
        .delete_article(id, &article, at_ms(now), at_ms(now))
        .await
        .unwrap()
}

/// The lede counts as a bullet; what another article backs stays.
pub async fn deleting_an_article_withholds_only_bullets_that_rest_on_it_alone(database: &dyn Database) {
    let store = database.open().await;
    let (id, story) = story_of_two(&*store).await;
    let bullets = vec![
        bullet(2, "Both.", &["a", "b"]),
        bullet(3, "Only b.", &["b"]),
        bullet(4, "Twice a.", &["a", "a"]),
    ];
    let mut made = summary(&story, bullets);
    made.lede = Some(lede(bullet(1, "Only a.", &["a"])));
    publish(&*store, &made, 1).await;

    assert!(delete(&*store, &id, "a", 9).await);
    let served = store.find_served(&id).await.unwrap().unwrap();
    let corrections = store.list_corrections(Some(&id), None, 10).await.unwrap();
    let tombstone = |number| Withheld {
        bullet_id: uuid(number),
        reason: "source_withdrawn".to_owned(),
        at: at_ms(9),
        correction_id: corrections
            .iter()
            .find(|correction| correction.bullet_id == uuid(number))
            .map(|correction| correction.id),
    };
    assert_eq!(served.withheld, [tombstone(1), tombstone(4)]);
    assert!(
        served
            .withheld
            .iter()
            .all(|withheld| withheld.correction_id.is_some())
    );
    assert_eq!(store.list_withheld(&id, 1).await.unwrap(), served.withheld);
    assert!(served.is_stale());
    assert!(served.job.is_some());
    assert_eq!(
        served.summary.unwrap().statements().count(),
        4,
        "the version itself stays as it was"
    );
    let told = |number: u128| json!({"version": 1, "bullet_id": uuid(number), "reason": "source_withdrawn"});
    let log = event_log(&*store, &id).await;
    let queued = ("queued", json!({"lane": "reader"}));
    assert!(
        log.ends_with(&[("withheld", told(1)), ("withheld", told(4)), queued]),
        "{log:?}"
    );
    assert_eq!(
        store.list_article_metas(&id).await.unwrap(),
        [article("b", "Second.").meta]
    );
}

/// The bullets of a lens are withheld as all others are.
pub async fn deleting_an_article_withholds_the_lens_bullets_that_rest_on_it_alone(database: &dyn Database) {
    let store = database.open().await;
    let (id, story) = story_of_two(&*store).await;
    let mut made = summary(&story, vec![bullet(1, "Both.", &["a", "b"])]);
    let of_left = |number, text, article| {
        let mut bullet = bullet(number, text, &[article]);
        bullet.lens = Some(Bias::Left);
        bullet
    };
    made.lenses.left = Lens::of(vec![of_left(2, "Only a.", "a"), of_left(3, "Only b.", "b")]);
    publish(&*store, &made, 1).await;

    assert!(delete(&*store, &id, "a", 9).await);
    assert_eq!(withheld_ids(&*store, &id).await, [uuid(2)]);
}

/// One after the other, both sources of a bullet are withdrawn.
pub async fn a_bullet_is_withheld_once_its_last_article_is_gone(database: &dyn Database) {
    let store = database.open().await;
    let (id, story) = story_of_two(&*store).await;
    publish(
        &*store,
        &summary(&story, vec![bullet(1, "Both.", &["a", "b"])]),
        1,
    )
    .await;
    delete(&*store, &id, "a", 2).await;
    assert!(withheld_ids(&*store, &id).await.is_empty());
    delete(&*store, &id, "b", 3).await;
    assert_eq!(withheld_ids(&*store, &id).await, [uuid(1)]);
}

/// A `PUT` without the article withdraws it, too.
pub async fn replacing_the_articles_withholds_as_deleting_does(database: &dyn Database) {
    let store = database.open().await;
    let (id, story) = story_of_two(&*store).await;
    let bullets = vec![bullet(1, "Only a.", &["a"]), bullet(2, "Only b.", &["b"])];
    publish(&*store, &summary(&story, bullets), 1).await;
    change(&*store, replace("s", vec![article("b", "Second, corrected.")])).await;
    assert_eq!(withheld_ids(&*store, &id).await, [uuid(1)]);
}

/// Neither an unknown story nor an unknown article makes a job.
pub async fn deleting_what_is_not_there_changes_nothing(database: &dyn Database) {
    let store = database.open().await;
    assert!(!delete(&*store, &story_id("nobody"), "a", 1).await);
    let (id, story) = story_of_two(&*store).await;
    publish(&*store, &summary(&story, vec![bullet(1, "Only a.", &["a"])]), 1).await;
    assert!(!delete(&*store, &id, "c", 2).await);
    assert_eq!(store.find_job(&id).await.unwrap(), None);
    assert_eq!(store.find_story(&id).await.unwrap(), Some(story));
}

/// The worker read the article before it was withdrawn: its summary must not publish it again.
pub async fn a_summary_that_missed_a_withdrawal_is_stored_with_its_bullets_withheld(database: &dyn Database) {
    let store = database.open().await;
    let (id, story) = story_of_two(&*store).await;
    let running = claim(&*store, 0).await;
    assert!(delete(&*store, &id, "a", 1).await);
    let made = summary(
        &story,
        vec![bullet(1, "Only a.", &["a"]), bullet(2, "Both.", &["a", "b"])],
    );
    assert_eq!(
        store.finish_job(&running, &made, at_ms(2)).await.unwrap(),
        Saved::Version(1)
    );
    assert_eq!(withheld_ids(&*store, &id).await, [uuid(1)]);
    assert!(
        store.find_job(&id).await.unwrap().is_some(),
        "the story is summarized once more"
    );
}

/// Withdrawn by mistake and sent again: the summary that is made then shows its bullets.
pub async fn an_article_that_came_back_lifts_the_tombstone(database: &dyn Database) {
    let store = database.open().await;
    let (id, story) = story_of_two(&*store).await;
    let made = summary(&story, vec![bullet(1, "Only a.", &["a"])]);
    publish(&*store, &made, 1).await;
    delete(&*store, &id, "a", 2).await;
    change(&*store, add("s", vec![article("a", "First.")])).await;
    assert_eq!(
        withheld_ids(&*store, &id).await,
        [uuid(1)],
        "until the articles were looked at again"
    );
    let running = claim(&*store, 3).await;
    assert_eq!(
        store.finish_job(&running, &made, at_ms(3)).await.unwrap(),
        Saved::Unchanged(1)
    );
    assert!(withheld_ids(&*store, &id).await.is_empty());
}

/// A version that keeps the bullet's id does not bring it back.
pub async fn a_bullet_that_stays_without_ground_stays_withheld(database: &dyn Database) {
    let store = database.open().await;
    let (id, story) = story_of_two(&*store).await;
    publish(&*store, &summary(&story, vec![bullet(1, "Only a.", &["a"])]), 1).await;
    delete(&*store, &id, "a", 2).await;
    let events = event_log(&*store, &id).await.len();
    let running = claim(&*store, 3).await;
    let from_old_set = summary(
        &story,
        vec![bullet(1, "Only a.", &["a"]), bullet(2, "Only b.", &["b"])],
    );
    assert_eq!(
        store.finish_job(&running, &from_old_set, at_ms(3)).await.unwrap(),
        Saved::Version(2)
    );
    assert_eq!(withheld_ids(&*store, &id).await, [uuid(1)]);
    assert_eq!(
        event_log(&*store, &id).await.len(),
        events + 1,
        "it was told once"
    );
}
