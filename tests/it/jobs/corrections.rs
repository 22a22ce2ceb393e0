//! From articles that change to a settled correction, with summaries as the worker makes them.

use nutgraf::domain::{ArticleInput, Correction, CorrectionOutcome, CorrectionReason};
use nutgraf::store::Store;

use super::bench::{Bench, article};
use crate::support::{ScriptedEngine, story_id};

async fn corrections(bench: &Bench) -> Vec<Correction> {
    let id = story_id("s");
    bench.store.list_corrections(Some(&id), None, 100).await.unwrap()
}

#[tokio::test]
async fn what_the_outlets_took_back_is_withheld_at_once_and_corrected_by_the_next_version() {
    let bench = Bench::new().await;
    let worker = bench.worker(ScriptedEngine::gibberish());
    bench.put("s").await;
    worker.run_due_jobs().await;
    let id = story_id("s");
    let first = bench.store.find_current_summary(&id).await.unwrap().unwrap();
    assert!(first.statements().count() > 0);

    for number in 0..3 {
        let retitled = ArticleInput {
            title: Some("Another title".to_owned()),
            ..article("s", number)
        };
        bench.add("s", retitled).await;
    }
    assert_eq!(
        corrections(&bench).await,
        [],
        "every sentence stands where it stood"
    );

    for number in 0..3 {
        let rewritten = ArticleInput {
            text: article("another", number).text,
            ..article("s", number)
        };
        bench.add("s", rewritten).await;
    }
    let open = corrections(&bench).await;
    assert_eq!(open.len(), first.statements().count());
    for correction in &open {
        assert_eq!(correction.reason, CorrectionReason::SourceChanged);
        assert_eq!(correction.outcome, CorrectionOutcome::Open);
    }
    worker.run_due_jobs().await;
    assert_eq!(bench.version("s").await, 2);
    for correction in corrections(&bench).await {
        assert!(
            matches!(correction.outcome, CorrectionOutcome::Fixed { version: 2, .. }),
            "{correction:?}"
        );
    }
    assert_eq!(bench.store.list_withheld(&id, 2).await.unwrap(), []);
}
