//! Versions: immutable, counted, and what a reader is served.

use nutgraf::domain::{
    Added, ArticleInput, Bias, BulletKind, Check, CheckReason, Conflict, ConflictValue, Coverage, Lane,
    LeftOut, LeftOutReason, Lens, LensReason, Resolved, Story, SummaryReason, SummaryStatus, Verdict,
};
use nutgraf::store::{Saved, Selector, Store, StoreError};
use serde_json::json;

use super::{Database, change, claim, event_log, publish};
use crate::support::{
    add, article, article_from, article_id, at_ms, bullet, feedback, lede, replace, story_id, summary, uuid,
};

async fn story(store: &dyn Store) -> Story {
    change(
        store,
        replace("s", vec![article("a", "First."), article("b", "Second.")]),
    )
    .await;
    store.find_story(&story_id("s")).await.unwrap().unwrap()
}

/// The summary goes in with every field set to something odd, and comes out the same.
pub async fn every_field_of_a_summary_reads_back(database: &dyn Database) {
    let store = database.open().await;
    let story = story(&*store).await;
    let mut odd = bullet(2, "“Quoted” – and 🦀.", &["a", "gone"]);
    odd.kind = BulletKind::Extractive;
    odd.outlets = u32::MAX;
    odd.check = Check {
        verdict: Verdict::NotChecked,
        score: Some(0.1 + 0.2),
        reasons: vec![CheckReason::CheckError],
        refused: vec![
            vec![CheckReason::NumberNotInEvidence, CheckReason::CopiedRun],
            vec![],
        ],
    };
    odd.citations[0].url = Some("https://example.org/a".to_owned());
    odd.citations[1].outlet = None;
    odd.citations[1].resolved = Some(Resolved {
        text: "on Monday".to_owned(),
        date: "2025-07-07".parse().unwrap(),
    });
    odd.added = vec![Added {
        start: 0,
        end: 8,
        text: "“Quoted”".to_owned(),
    }];
    let mut first = lede(bullet(1, "The lede.", &["a"]));
    first.place = Some("KABUL".to_owned());
    first.date = Some("2025-07-04".parse().unwrap());

    let dated = article_from(ArticleInput {
        outlet: Some("The Example".to_owned()),
        published_at: Some("2025-07-04T09:30:00+04:30".to_owned()),
        bias: Some(Bias::Left),
        text: "Text.".to_owned(),
        ..ArticleInput::default()
    });
    let mut coverage = Coverage::of([&dated.meta, &article("b", "Text.").meta]);
    coverage.families = Some(2);
    coverage.left_out = vec![LeftOut {
        article_id: article_id("b"),
        outlet: None,
        reason: LeftOutReason::OffTopic,
    }];

    let mut made = summary(&story, vec![odd, bullet(3, "Plain.", &[])]);
    made.lede = Some(first);
    made.reason = Some(SummaryReason::UnsupportedLanguage);
    made.language = Some("ps".to_owned());
    made.headline = Some("Headline".to_owned());
    made.coverage = coverage;
    let mut stressed = bullet(4, "The left says so.", &["a"]);
    stressed.lens = Some(Bias::Left);
    made.lenses.left = Lens::of(vec![stressed]);
    made.lenses.center = Lens::omitted(LensReason::NothingDistinct);
    made.lenses.right = Lens::omitted(LensReason::TooFewOutlets);
    made.conflicts = vec![Conflict {
        about: "death toll".to_owned(),
        values: vec![ConflictValue {
            value: "at least 12".to_owned(),
            outlets: vec!["The Example".to_owned()],
        }],
    }];
    made.made.covers_until = Some(at_ms(-5));
    made.made.seed = u64::MAX;
    publish(&*store, &made, 1).await;

    made.version = 1;
    assert_eq!(
        store.find_current_summary(&story.id).await.unwrap(),
        Some(made.clone())
    );
    assert_eq!(store.find_version(&story.id, 1).await.unwrap(), Some(made));
}

/// 1, 2, 3, whatever came between; a page goes on below the last number.
pub async fn versions_count_without_gaps_and_are_listed_newest_first(database: &dyn Database) {
    let store = database.open().await;
    let story = story(&*store).await;
    for number in 1..=5 {
        let text = format!("Version {number}.");
        let bullets = vec![bullet(1, &text, &["a"]), bullet(2, "Stays.", &["b"])];
        let saved = publish(&*store, &summary(&story, bullets.clone()), number).await;
        assert_eq!(saved, Saved::Version(u32::try_from(number).unwrap()));
        let again = publish(&*store, &summary(&story, bullets), number).await;
        assert_eq!(again, Saved::Unchanged(u32::try_from(number).unwrap()));
    }
    let numbers = async |before, limit| {
        let versions = store.list_versions(&story.id, before, limit).await.unwrap();
        for version in &versions {
            assert_eq!(version.bullets[0].text, format!("Version {}.", version.version));
            assert_eq!(version.bullets[1].citations[0].article_id, article_id("b"));
        }
        versions
            .into_iter()
            .map(|version| version.version)
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(None, 2).await, [5, 4]);
    assert_eq!(numbers(Some(4), 2).await, [3, 2]);
    assert_eq!(numbers(Some(2), 2).await, [1]);
    assert_eq!(
        store.find_version(&story.id, 3).await.unwrap().unwrap().version,
        3
    );
    assert_eq!(store.find_version(&story.id, 6).await.unwrap(), None);
    assert_eq!(store.find_version(&story.id, 0).await.unwrap(), None);
    let log = event_log(&*store, &story.id).await;
    let told: Vec<_> = log
        .into_iter()
        .filter(|(kind, _)| *kind == "summary")
        .map(|(_, data)| data)
        .collect();
    assert_eq!(
        told,
        [1, 2, 3, 4, 5].map(|number| json!({"version": number, "status": "ready"}))
    );
}

/// Another run of the same models over the same articles differs in ids and times only, and is no version; nor do
/// digits below the millisecond, which are not kept, make one.
pub async fn a_summary_that_says_the_same_makes_no_version(database: &dyn Database) {
    let store = database.open().await;
    let story = story(&*store).await;
    let mut made = summary(&story, vec![bullet(1, "Text.", &["a"])]);
    made.made.covers_until = Some("2025-07-04T09:30:00.123456Z".parse().unwrap());
    assert_eq!(publish(&*store, &made, 1).await, Saved::Version(1));

    let mut again = made.clone();
    again.bullets[0].id = uuid(9);
    again.made.at = at_ms(77);
    again.made.took_ms = 99;
    assert_eq!(publish(&*store, &again, 2).await, Saved::Unchanged(1));
    let current = store.find_current_summary(&story.id).await.unwrap().unwrap();
    assert_eq!((current.bullets[0].id, current.made.at), (uuid(1), made.made.at));

    again.made.prompt = "bullets.v2".to_owned();
    assert_eq!(publish(&*store, &again, 3).await, Saved::Version(2));
}

/// Staleness follows the change itself, with no step between.
pub async fn a_summary_is_stale_once_the_articles_change(database: &dyn Database) {
    let store = database.open().await;
    let story = story(&*store).await;
    assert!(
        !store.find_served(&story.id).await.unwrap().unwrap().is_stale(),
        "there is none yet"
    );
    publish(&*store, &summary(&story, vec![bullet(1, "Text.", &["a"])]), 1).await;
    assert!(!store.find_served(&story.id).await.unwrap().unwrap().is_stale());
    change(&*store, add("s", vec![article("c", "Third.")])).await;
    assert!(store.find_served(&story.id).await.unwrap().unwrap().is_stale());
}

/// What a reader gets besides the text.
pub async fn a_served_story_counts_its_reports_and_shows_its_job(database: &dyn Database) {
    let store = database.open().await;
    let story = story(&*store).await;
    let served = store.find_served(&story.id).await.unwrap().unwrap();
    assert_eq!((served.summary, served.feedback_count), (None, 0));
    assert_eq!(served.job, store.find_job(&story.id).await.unwrap());
    assert!(served.job.is_some());

    let mut made = summary(&story, Vec::new());
    made.status = SummaryStatus::InsufficientSources;
    made.reason = Some(SummaryReason::NoUsableText);
    publish(&*store, &made, 1).await;
    for number in 1..=3 {
        store.create_feedback(&feedback(number, "s", 1)).await.unwrap();
    }
    store.create_feedback(&feedback(4, "another", 1)).await.unwrap();
    let served = store.find_served(&story.id).await.unwrap().unwrap();
    made.version = 1;
    assert_eq!((served.story, served.summary), (story, Some(made)));
    assert_eq!((served.job, served.feedback_count), (None, 3));
}

/// A worker that slept through its lease must not overwrite the work of the one that came after.
pub async fn a_lost_lease_stores_nothing(database: &dyn Database) {
    let store = database.open().await;
    let story = story(&*store).await;
    let slow = store.claim_job(at_ms(0), at_ms(10)).await.unwrap().unwrap();
    let quick = claim(&*store, 10).await;
    let late = summary(&story, vec![bullet(1, "Late.", &["a"])]);
    let error = store.finish_job(&slow, &late, at_ms(11)).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::LeaseLost(id) if *id == story.id),
        "{error}"
    );
    assert_eq!(store.find_current_summary(&story.id).await.unwrap(), None);

    let made = summary(&story, vec![bullet(2, "In time.", &["a"])]);
    assert_eq!(
        store.finish_job(&quick, &made, at_ms(12)).await.unwrap(),
        Saved::Version(1)
    );
    let error = store.finish_job(&quick, &made, at_ms(13)).await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost(_)), "a job ends once");
    store
        .enqueue(&Selector::All, Lane::Batch, at_ms(14))
        .await
        .unwrap();
    assert!(
        store.finish_job(&quick, &late, at_ms(15)).await.is_err(),
        "another job is not ours"
    );
}
