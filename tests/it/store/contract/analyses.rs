//! What is computed of a text once.

use nutgraf::domain::{Analysis, Sentence};

use super::Database;
use crate::support::at_ms;

fn sentence(start: usize, end: usize, paragraph: u32, embedding: Option<Vec<f32>>) -> Sentence {
    Sentence {
        start,
        end,
        paragraph,
        embedding,
    }
}

/// Embeddings are compared bit by bit, so a re-summary sees what the first one saw.
pub async fn an_analysis_reads_back_to_the_last_bit(database: &dyn Database) {
    let store = database.open().await;
    let full = Analysis {
        sentences: vec![
            sentence(0, 41, 0, Some(vec![0.1, -0.7, f32::MIN_POSITIVE])),
            sentence(42, 50, 0, None),
            sentence(51, 200_000, 1, Some(vec![1.0 / 3.0, f32::MAX, -0.0])),
        ],
    };
    let empty = Analysis::default();
    store.save_analysis("v1", "full", &full, at_ms(0)).await.unwrap();
    store
        .save_analysis("v1", "empty", &empty, at_ms(0))
        .await
        .unwrap();
    let hashes = ["absent", "full", "empty"].map(str::to_owned);
    let mut found = store.find_analyses("v1", &hashes).await.unwrap();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(found, [("empty".to_owned(), empty), ("full".to_owned(), full)]);
}

/// The first one stays; another version of the rules has its own.
pub async fn an_analysis_is_kept_once_and_for_its_key_only(database: &dyn Database) {
    let store = database.open().await;
    let of = |float| Analysis {
        sentences: vec![sentence(0, 1, 0, Some(vec![float]))],
    };
    store
        .save_analysis("v1", "text", &of(1.0), at_ms(0))
        .await
        .unwrap();
    store
        .save_analysis("v1", "text", &of(2.0), at_ms(1))
        .await
        .unwrap();
    store
        .save_analysis("v2", "text", &of(3.0), at_ms(2))
        .await
        .unwrap();
    let text = ["text".to_owned()];
    assert_eq!(
        store.find_analyses("v1", &text).await.unwrap(),
        [("text".to_owned(), of(1.0))]
    );
    assert_eq!(
        store.find_analyses("v2", &text).await.unwrap(),
        [("text".to_owned(), of(3.0))]
    );
    assert_eq!(store.find_analyses("v3", &text).await.unwrap(), []);
    assert_eq!(store.find_analyses("v1", &[]).await.unwrap(), []);
}
