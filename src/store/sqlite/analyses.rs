//! What is computed of a text once: its sentences and embeddings, one row a text.

use futures_util::TryStreamExt;
use jiff::Timestamp;
use sqlx::FromRow;

use super::SqliteStore;
use super::rows::{corrupt, from_json, to_json, to_json_list, to_ms};
use crate::domain::{Analysis, Sentence};
use crate::store::StoreError;

const BYTES_PER_FLOAT: usize = size_of::<f32>();

/// Start, end, paragraph, and whether it has an embedding.
type Span = (usize, usize, u32, bool);

#[derive(FromRow)]
struct AnalysisRow {
    text_hash: String,
    sentences: String,
    dimension: i64,
    embeddings: Vec<u8>,
}

pub(super) async fn find_analyses(
    store: &SqliteStore,
    key: &str,
    text_hashes: &[String],
) -> Result<Vec<(String, Analysis)>, StoreError> {
    let hashes = to_json_list("analyses", text_hashes.iter().map(String::as_str))?;
    // Decoded row by row: 405 articles are 25 MB of floats, too much to hold up the runtime for in one go.
    let mut rows = sqlx::query_as::<_, AnalysisRow>(
        "SELECT text_hash, sentences, dimension, embeddings FROM analyses
         WHERE key = $1 AND text_hash IN (SELECT value FROM json_each($2))",
    )
    .bind(key)
    .bind(hashes)
    .fetch(&store.readers);
    let mut found = Vec::with_capacity(text_hashes.len());
    while let Some(row) = rows.try_next().await? {
        let analysis = decode(&row)?;
        found.push((row.text_hash, analysis));
    }
    Ok(found)
}

pub(super) async fn save_analysis(
    store: &SqliteStore,
    key: &str,
    text_hash: &str,
    analysis: &Analysis,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (spans, dimension, embeddings) = encode(analysis)?;
    sqlx::query(
        "INSERT INTO analyses (key, text_hash, sentences, dimension, embeddings, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (key, text_hash) DO NOTHING",
    )
    .bind(key)
    .bind(text_hash)
    .bind(spans)
    .bind(dimension)
    .bind(embeddings)
    .bind(to_ms(now))
    .execute(&store.writer)
    .await?;
    Ok(())
}

/// The columns `sentences`, `dimension` and `embeddings`.
fn encode(analysis: &Analysis) -> Result<(String, i64, Vec<u8>), StoreError> {
    let mut embedded = analysis
        .sentences
        .iter()
        .filter_map(|sentence| sentence.embedding.as_ref())
        .peekable();
    let dimension = embedded.peek().map_or(0, |first| first.len());
    let mut embeddings = Vec::with_capacity(analysis.sentences.len() * dimension * BYTES_PER_FLOAT);
    for embedding in embedded {
        if embedding.len() != dimension {
            return Err(corrupt("analyses", &"embeddings of different lengths"));
        }
        embeddings.extend(embedding.iter().flat_map(|float| float.to_le_bytes()));
    }
    let span = |sentence: &Sentence| {
        (
            sentence.start,
            sentence.end,
            sentence.paragraph,
            sentence.embedding.is_some(),
        )
    };
    let spans: Vec<Span> = analysis.sentences.iter().map(span).collect();
    let dimension = i64::try_from(dimension).map_err(|error| corrupt("analyses", &error))?;
    Ok((to_json("analyses", &spans)?, dimension, embeddings))
}

fn decode(row: &AnalysisRow) -> Result<Analysis, StoreError> {
    let spans: Vec<Span> = from_json("analyses", &row.sentences)?;
    let embedded = spans.iter().filter(|(.., is_embedded)| *is_embedded).count();
    let dimension = usize::try_from(row.dimension).map_err(|error| corrupt("analyses", &error))?;
    let bytes_per_embedding = dimension.saturating_mul(BYTES_PER_FLOAT);
    if embedded.saturating_mul(bytes_per_embedding) != row.embeddings.len() {
        let bytes = row.embeddings.len();
        let detail = format!("{embedded} sentences of {dimension} floats do not fill {bytes} bytes");
        return Err(corrupt("analyses", &detail));
    }
    let (floats, _) = row.embeddings.as_chunks::<BYTES_PER_FLOAT>();
    let mut floats = floats.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let sentences = spans
        .into_iter()
        .map(|(start, end, paragraph, is_embedded)| Sentence {
            start,
            end,
            paragraph,
            embedding: is_embedded.then(|| floats.by_ref().take(dimension).collect()),
        })
        .collect();
    Ok(Analysis { sentences })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_of_the_wrong_length_is_corrupt() {
        let mut row = AnalysisRow {
            text_hash: "h".to_owned(),
            sentences: "[[0,4,0,true],[5,9,1,true],[10,12,1,false]]".to_owned(),
            dimension: 3,
            embeddings: vec![0; 2 * 3 * 4],
        };
        assert_eq!(decode(&row).unwrap().sentences.len(), 3);
        row.embeddings.pop();
        let error = decode(&row).unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::Corrupt {
                    table: "analyses",
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn embeddings_of_different_lengths_are_refused() {
        let sentence = |floats: usize| Sentence {
            start: 0,
            end: 1,
            paragraph: 0,
            embedding: Some(vec![0.5; floats]),
        };
        let analysis = Analysis {
            sentences: vec![sentence(3), sentence(2)],
        };
        assert!(encode(&analysis).is_err());
    }
}
