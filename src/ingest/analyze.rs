//! Clean → sentences → embed: what is computed of an article's text once and kept. Whether it was computed before
//! is for the caller to know.

use std::collections::HashMap;
use std::ops::Range;

use metrics::counter;
use tracing::trace_span;

use crate::domain::{Analysis, Article, Sentence, SentenceChoice};
use crate::engine::{Cancel, Engine, EngineError};
use crate::text::clean::{CLEAN_VERSION, paragraphs};
use crate::text::language::detect;
use crate::text::sentences::split;

/// The version of what this file adds to the cleaning rules: part of [`analysis_key`].
const ANALYSIS_VERSION: &str = "analysis.v2";

/// A longer "sentence" is a list or a table that lost its breaks; nobody could quote it in a bullet.
const MAX_SENTENCE_BYTES: usize = 1_000;

/// Bounds what one call to the engine holds in memory and how long a cancelled caller waits for it.
const TEXTS_PER_EMBED_CALL: usize = 256;

/// What a text is split as when its language can't be told.
const FALLBACK_LANGUAGE: &str = "en";

/// The key under which analyses are kept: the rules' versions and the embedder. Another key is another analysis.
pub fn analysis_key(engine: &dyn Engine, choice: &dyn SentenceChoice) -> String {
    let embedder = engine.embedder();
    format!(
        "{ANALYSIS_VERSION}/{CLEAN_VERSION}/{}/{}@{}",
        choice.rule(),
        embedder.name,
        embedder.sha256
    )
}

/// Cleans and splits the articles' texts, and embeds the sentences that are chosen; one analysis each, in their order. A
/// sentence that stands in several of them is embedded once.
///
/// # Errors
/// When the engine cannot embed.
pub fn analyze(
    articles: &[&Article],
    choice: &dyn SentenceChoice,
    engine: &dyn Engine,
    cancel: &Cancel,
) -> Result<Vec<Analysis>, EngineError> {
    let mut distinct = Distinct::default();
    let mut analyses = Vec::with_capacity(articles.len());
    for &article in articles {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let sentences = trace_span!(target: "profile", "clean and split").in_scope(|| sentences(article));
        let texts = sentences
            .iter()
            .filter_map(|(_, span)| article.text.get(span.clone()));
        let texts: Vec<&str> = texts.collect();
        let chosen = choice.choose(&texts);
        let index =
            |(text, is_chosen)| -> Option<usize> { bool::then(is_chosen, || distinct.index_of(text)) };
        let indices: Vec<Option<usize>> = texts.into_iter().zip(chosen).map(index).collect();
        analyses.push(sentences.into_iter().zip(indices).collect::<Vec<_>>());
    }
    let embeddings = embed(&distinct.texts, engine, cancel)?;
    counter!("nutgraf_articles_analyzed_total").increment(articles.len() as u64);

    let with_embedding = |((paragraph, span), index): ((u32, Range<usize>), Option<usize>)| Sentence {
        start: span.start,
        end: span.end,
        paragraph,
        embedding: index.and_then(|index| embeddings.get(index).cloned()),
    };
    let analyses = analyses.into_iter().map(|sentences| Analysis {
        sentences: sentences.into_iter().map(with_embedding).collect(),
    });
    Ok(analyses.collect())
}

/// The sentences worth keeping of one article, each with its paragraph.
pub fn sentences(article: &Article) -> Vec<(u32, Range<usize>)> {
    let kept = paragraphs(&article.text);
    let language = article.meta.language.as_deref();
    let language = language
        .or_else(|| detect(&article.text))
        .unwrap_or(FALLBACK_LANGUAGE);
    split(&article.text, &kept, language)
        .into_iter()
        .filter(|sentence| !sentence.span.is_empty() && sentence.span.len() <= MAX_SENTENCE_BYTES)
        .map(|sentence| {
            (
                u32::try_from(sentence.paragraph).unwrap_or(u32::MAX),
                sentence.span,
            )
        })
        .collect()
}

/// Texts in the order in which they were first seen.
#[derive(Default)]
struct Distinct<'a> {
    texts: Vec<&'a str>,
    indices: HashMap<&'a str, usize>,
}

impl<'a> Distinct<'a> {
    fn index_of(&mut self, text: &'a str) -> usize {
        *self.indices.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() - 1
        })
    }
}

/// One vector for each text, in their order.
fn embed(texts: &[&str], engine: &dyn Engine, cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
    let mut embeddings = Vec::with_capacity(texts.len());
    for batch in texts.chunks(TEXTS_PER_EMBED_CALL) {
        let vectors = engine.embed(batch, cancel)?;
        if vectors.len() != batch.len() {
            let detail = format!("{} vectors came for {} texts", vectors.len(), batch.len());
            return Err(EngineError::Compute(detail));
        }
        counter!("nutgraf_sentences_embedded_total").increment(batch.len() as u64);
        embeddings.extend(vectors);
    }
    Ok(embeddings)
}
