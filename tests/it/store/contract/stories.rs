//! Stories and articles: what a change stores, and what it leaves alone.

use nutgraf::domain::{ArticleInput, Bias, JobState, Lane, article_set_hash};
use nutgraf::store::{ChangeOutcome, Counts, StoreError, StoryFields};
use serde_json::json;

use super::{Database, change, claim, event_log, publish};
use crate::support::{
    CITED, add, article, article_from, at, at_ms, bullet, feedback, replace, story_id, summary,
};

/// A created story has its articles, a job in the reader's lane, and an event.
pub async fn a_new_story_reads_back_and_is_queued(database: &dyn Database) {
    let store = database.open().await;
    let mut creation = at(
        replace("s", vec![article("b", "Second."), article("a", "First.")]),
        at_ms(5),
    );
    creation.run_after = at_ms(1_005);
    creation.fields = Some(StoryFields {
        headline: Some("Headline".to_owned()),
        language: Some("en".to_owned()),
    });
    let outcome = store.change_story(&creation).await.unwrap();
    let expected = ChangeOutcome {
        created: true,
        changed: true,
        articles_added: 2,
        articles_updated: 0,
        articles_removed: 0,
    };
    assert_eq!(outcome, expected);

    let (story, articles) = store.load_story(&story_id("s")).await.unwrap().unwrap();
    assert_eq!(articles, [article("a", "First."), article("b", "Second.")]);
    let ids = articles
        .iter()
        .map(|article| (&article.meta.id, article.meta.content_hash.as_str()));
    assert_eq!(
        story.article_set_hash,
        article_set_hash(Some("Headline"), Some("en"), ids)
    );
    assert_eq!((story.created_at, story.updated_at), (at_ms(5), at_ms(5)));
    assert_eq!(store.find_story(&story_id("s")).await.unwrap(), Some(story));

    let job = store.find_job(&story_id("s")).await.unwrap().unwrap();
    assert_eq!(
        (job.state, job.lane, job.attempts, job.dirty),
        (JobState::Queued, Lane::Reader, 0, false)
    );
    assert_eq!((job.run_after, job.enqueued_at), (at_ms(1_005), at_ms(5)));
    assert_eq!(
        event_log(&*store, &story_id("s")).await,
        [("queued", json!({"lane": "reader"}))]
    );
}

/// Nothing that a caller sent is lost or rounded, an odd offset and sub-second digits included.
pub async fn every_field_of_an_article_reads_back(database: &dyn Database) {
    let store = database.open().await;
    let full = |id: &str, published_at: &str, bias| {
        article_from(ArticleInput {
            id: Some(id.to_owned()),
            url: Some("https://example.org/a?q=1".to_owned()),
            title: Some("A title — “quoted”".to_owned()),
            outlet: Some("The Example".to_owned()),
            author: Some("A. Writer".to_owned()),
            published_at: Some(published_at.to_owned()),
            language: Some("de-AT".to_owned()),
            bias: Some(bias),
            factuality: Some("high".to_owned()),
            owner: Some("Example Holding".to_owned()),
            text: "Ein Satz.\n\nNoch einer: 東京, 🦀.".to_owned(),
        })
    };
    let articles = vec![
        full("a", "2025-07-04T09:30:00.123456+04:30", Bias::Left),
        full("b", "2025-07-04", Bias::Center),
        full("c", "2025-07-04T00:00:00Z", Bias::Right),
        article("d", "Only a text."),
    ];
    change(&*store, replace("s", articles.clone())).await;
    let metas: Vec<_> = articles.iter().map(|article| article.meta.clone()).collect();
    assert_eq!(store.list_article_metas(&story_id("s")).await.unwrap(), metas);
    assert_eq!(
        store.load_story(&story_id("s")).await.unwrap().unwrap().1,
        articles
    );
}

/// Sending what is there, in any order, changes nothing: no job, no event, no newer time.
pub async fn the_same_content_again_makes_no_job(database: &dyn Database) {
    let store = database.open().await;
    let articles = vec![article("a", "First."), article("b", "Second.")];
    change(&*store, replace("s", articles.clone())).await;
    let story = store.find_story(&story_id("s")).await.unwrap().unwrap();
    publish(&*store, &summary(&story, vec![bullet(1, "First.", &["a"])]), 1).await;
    let events = event_log(&*store, &story_id("s")).await;

    let reversed = articles.into_iter().rev().collect();
    let outcome = store
        .change_story(&at(replace("s", reversed), at_ms(9)))
        .await
        .unwrap();
    let nothing = ChangeOutcome {
        created: false,
        changed: false,
        articles_added: 0,
        articles_updated: 0,
        articles_removed: 0,
    };
    assert_eq!(outcome, nothing);
    assert_eq!(store.find_job(&story_id("s")).await.unwrap(), None);
    assert_eq!(event_log(&*store, &story_id("s")).await, events);
    assert_eq!(store.find_story(&story_id("s")).await.unwrap(), Some(story));
}

/// Adding keeps the other articles and the fields; replacing removes what is not named.
pub async fn a_change_keeps_what_it_does_not_name(database: &dyn Database) {
    let store = database.open().await;
    let mut creation = replace("s", vec![article("a", "First."), article("b", "Second.")]);
    creation.fields = Some(StoryFields {
        headline: Some("Kept".to_owned()),
        language: None,
    });
    change(&*store, creation).await;

    let update = add(
        "s",
        vec![article("b", "Second, corrected."), article("c", "Third.")],
    );
    let outcome = store.change_story(&at(update, at_ms(7))).await.unwrap();
    assert_eq!(
        (
            outcome.articles_added,
            outcome.articles_updated,
            outcome.articles_removed
        ),
        (1, 1, 0)
    );
    let (story, articles) = store.load_story(&story_id("s")).await.unwrap().unwrap();
    let texts: Vec<_> = articles
        .iter()
        .map(|article| article.text.trim_start_matches(CITED).trim())
        .collect();
    assert_eq!(texts, ["First.", "Second, corrected.", "Third."]);
    assert_eq!(story.headline.as_deref(), Some("Kept"));
    assert_eq!((story.created_at, story.updated_at), (at_ms(0), at_ms(7)));

    let outcome = store
        .change_story(&replace("s", vec![article("c", "Third.")]))
        .await
        .unwrap();
    assert_eq!(
        (
            outcome.articles_added,
            outcome.articles_updated,
            outcome.articles_removed
        ),
        (0, 0, 2)
    );
    let (story, articles) = store.load_story(&story_id("s")).await.unwrap().unwrap();
    assert_eq!(articles, [article("c", "Third.")]);
    assert_eq!(story.headline, None);
}

/// A summary carries the headline, so another headline makes it stale.
pub async fn a_change_of_the_headline_is_a_change(database: &dyn Database) {
    let store = database.open().await;
    change(&*store, replace("s", vec![article("a", "First.")])).await;
    let before = store.find_story(&story_id("s")).await.unwrap().unwrap();
    let mut renamed = add("s", Vec::new());
    renamed.fields = Some(StoryFields {
        headline: Some("New".to_owned()),
        language: None,
    });
    assert!(store.change_story(&renamed).await.unwrap().changed);
    let after = store.find_story(&story_id("s")).await.unwrap().unwrap();
    assert_ne!(after.article_set_hash, before.article_set_hash);
}

/// A transaction that ends half-way leaves everything as it was.
pub async fn a_change_over_the_limit_changes_nothing(database: &dyn Database) {
    let store = database.open().await;
    change(&*store, replace("s", vec![article("a", "First.")])).await;
    let running = claim(&*store, 0).await;
    let before = store.load_story(&story_id("s")).await.unwrap();
    let events = event_log(&*store, &story_id("s")).await;

    let mut over = add(
        "s",
        vec![
            article("a", "Changed."),
            article("b", "Second."),
            article("c", "Third."),
        ],
    );
    over.max_articles = 2;
    let error = store.change_story(&over).await.unwrap_err();
    let StoreError::TooManyArticles {
        story_id: id,
        articles,
        max,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((id, articles, max), (story_id("s"), 3, 2));
    assert_eq!(store.load_story(&story_id("s")).await.unwrap(), before);
    assert_eq!(event_log(&*store, &story_id("s")).await, events);
    assert!(!store.find_job(&story_id("s")).await.unwrap().unwrap().dirty);

    let mut new = replace("t", vec![article("a", "First."), article("b", "Second.")]);
    new.max_articles = 1;
    assert!(store.change_story(&new).await.is_err());
    assert_eq!(store.find_story(&story_id("t")).await.unwrap(), None);
    assert!(store.heartbeat(&running, at_ms(9)).await.unwrap());
    new.max_articles = 2;
    assert!(
        store.change_story(&new).await.unwrap().created,
        "the limit itself is allowed"
    );
}

/// Absence is an answer, not an error.
pub async fn what_is_not_there_is_none(database: &dyn Database) {
    let store = database.open().await;
    let nobody = story_id("nobody");
    assert_eq!(store.find_story(&nobody).await.unwrap(), None);
    assert_eq!(store.load_story(&nobody).await.unwrap(), None);
    assert_eq!(store.list_article_metas(&nobody).await.unwrap(), []);
    assert_eq!(store.find_served(&nobody).await.unwrap(), None);
    assert_eq!(store.find_current_summary(&nobody).await.unwrap(), None);
    assert_eq!(store.find_version(&nobody, 1).await.unwrap(), None);
    assert_eq!(store.list_versions(&nobody, None, 10).await.unwrap(), []);
    assert_eq!(store.find_job(&nobody).await.unwrap(), None);
    assert_eq!(store.find_feedback(crate::support::uuid(1)).await.unwrap(), None);
    assert_eq!(store.claim_job(at_ms(0), at_ms(1)).await.unwrap(), None);
    assert_eq!(store.next_due().await.unwrap(), None);
}

/// A page starts after the last id of the page before; `stale` and `version` are the story's own.
pub async fn stories_are_listed_page_by_page(database: &dyn Database) {
    let store = database.open().await;
    for id in ["b", "a", "c"] {
        change(
            &*store,
            replace(id, vec![article("x", "Text."), article("y", id)]),
        )
        .await;
    }
    for id in ["a", "b"] {
        let story = store.find_story(&story_id(id)).await.unwrap().unwrap();
        publish(&*store, &summary(&story, vec![bullet(1, "Text.", &["x"])]), 1).await;
    }
    change(&*store, add("b", vec![article("z", "More.")])).await;

    let first = store.list_stories(None, 2).await.unwrap();
    let rest = store.list_stories(Some(&first[1].story.id), 2).await.unwrap();
    let seen: Vec<_> = first
        .iter()
        .chain(&rest)
        .map(|listing| {
            (
                listing.story.id.as_str(),
                listing.articles,
                listing.version,
                listing.stale,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("a", 2, Some(1), false),
            ("b", 3, Some(1), true),
            ("c", 2, None, false)
        ]
    );
}

/// What one process stored, another one sees and works on.
pub async fn a_change_is_in_the_database_of_every_handle(database: &dyn Database) {
    let (one, other) = (database.open().await, database.open().await);
    change(&*one, replace("s", vec![article("a", "First.")])).await;
    assert!(other.find_story(&story_id("s")).await.unwrap().is_some());
    let taken = claim(&*other, 0).await;
    assert_eq!(one.find_job(&story_id("s")).await.unwrap(), Some(taken.job));
    other.ping().await.unwrap();
    other.close().await;
    one.ping().await.unwrap();
}

/// Metrics show how much there is.
pub async fn counts_count_the_rows(database: &dyn Database) {
    let store = database.open().await;
    assert_eq!(store.counts().await.unwrap(), Counts::default());
    for id in ["a", "b", "c", "d", "e"] {
        change(
            &*store,
            replace(id, vec![article("x", "Text."), article("y", id)]),
        )
        .await;
    }
    let done = claim(&*store, 0).await;
    let story = store.find_story(&done.job.story_id).await.unwrap().unwrap();
    store
        .finish_job(&done, &summary(&story, Vec::new()), at_ms(1))
        .await
        .unwrap();
    let dead = claim(&*store, 0).await;
    store.fail_job(&dead, "broken", None).await.unwrap();
    claim(&*store, 0).await;
    store.create_feedback(&feedback(1, "a", 1)).await.unwrap();
    let expected = Counts {
        stories: 5,
        articles: 10,
        versions: 1,
        jobs_queued: 2,
        jobs_running: 1,
        jobs_dead: 1,
        feedback: 1,
        corrections_open: 0,
        corrections_settled: 0,
    };
    assert_eq!(store.counts().await.unwrap(), expected);
}
