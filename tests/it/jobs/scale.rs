//! A story of many articles: it completes, and one more article costs one article's work.

use nutgraf::domain::SummaryStatus;
use nutgraf::ingest::analyze::analysis_key;
use nutgraf::ingest::{Settings, put_story};
use nutgraf::store::Store;
use nutgraf::summarize;

use super::bench::{Bench, article, story};
use crate::support::{ScriptedEngine, story_id};

const ARTICLES: usize = 405;

#[tokio::test]
async fn one_more_article_among_405_is_the_only_one_analyzed_again() {
    let bench = Bench::new().await;
    let engine = ScriptedEngine::gibberish();
    let worker = bench.worker(engine.clone());
    let settings = Settings {
        debounce_ms: 0,
        ..Settings::default()
    };
    put_story(
        &*bench.store,
        &*bench.clock,
        &settings,
        story_id("s"),
        story("s", ARTICLES),
    )
    .await
    .unwrap();
    worker.run_due_jobs().await;
    let summary = bench
        .store
        .find_current_summary(&story_id("s"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((summary.version, summary.status), (1, SummaryStatus::Ready));
    assert_eq!(summary.coverage.articles as usize, ARTICLES);

    let embedded_before = engine.embedded();
    bench.add("s", article("s", ARTICLES)).await;
    worker.run_due_jobs().await;
    let embedded = engine.embedded() - embedded_before;

    let (_, articles) = bench.store.load_story(&story_id("s")).await.unwrap().unwrap();
    let hashes: Vec<String> = articles
        .iter()
        .map(|article| article.meta.text_hash.clone())
        .collect();
    let kept = bench
        .store
        .find_analyses(&analysis_key(&engine, &summarize::Settings::default()), &hashes)
        .await
        .unwrap();
    assert_eq!(kept.len(), ARTICLES + 1);
    let newest = articles
        .iter()
        .find(|article| article.meta.id.as_str() == "article-405")
        .unwrap();
    let (_, analysis) = kept
        .iter()
        .find(|(hash, _)| *hash == newest.meta.text_hash)
        .unwrap();
    assert_eq!(
        embedded,
        analysis.sentences.len(),
        "only the new article's sentences were embedded"
    );
    assert_eq!(embedded, 5);
    let served = bench.store.find_served(&story_id("s")).await.unwrap().unwrap();
    assert!(!served.is_stale());
}
