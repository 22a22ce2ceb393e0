//! The stories to measure on: JSON lines of `{id, split?, headline, articles, reference_summary?}`. The story itself is
//! read by `ingest`; here is what only the measuring needs.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor};
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::domain::{Article, ArticleLimits, StoryId};
use crate::ingest::{IngestError, analyze, files, read_story};

/// A story and what a person wrote of it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The story's id.
    pub id: StoryId,
    /// The caller's headline.
    pub headline: Option<String>,
    /// The caller's language tag.
    pub language: Option<String>,
    /// What a person wrote; ROUGE compares with it.
    pub reference: Option<String>,
    /// The articles.
    pub articles: Vec<Article>,
    /// The cleaned sentences of each article, as summaries are made from: the first ones only.
    pub sentences: Vec<Vec<String>>,
}

#[derive(Deserialize)]
struct Labels {
    split: Option<String>,
    reference_summary: Option<String>,
}

/// The cases of a file in its order, at most `limit`, of the split only when one is named.
///
/// # Errors
/// When the file cannot be read, or a story of it, which is named with its line.
pub fn read(
    path: &Path,
    split: Option<&str>,
    limit: usize,
    max_sentences_per_article: usize,
) -> anyhow::Result<Vec<Case>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot read `{name}`"))?;
    let mut cases = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        if cases.len() >= limit {
            break;
        }
        let line = line.with_context(|| format!("cannot read `{name}`"))?;
        if line.trim().is_empty() {
            continue;
        }
        let place = format!("{name}:{}", number + 1);
        let labels: Labels = serde_json::from_str(&line).with_context(|| place.clone())?;
        if split.is_some() && split != labels.split.as_deref() {
            continue;
        }
        for (_, entry) in files::read_text(&place, Cursor::new(line)) {
            let (id, story) = entry.with_context(|| place.clone())?;
            let (fields, articles) = read_story(story, &ArticleLimits::default())
                .map_err(IngestError::Invalid)
                .with_context(|| place.clone())?;
            let articles = articles.unwrap_or_default();
            let sentences = articles
                .iter()
                .map(|article| sentences(article, max_sentences_per_article));
            cases.push(Case {
                id,
                headline: fields.headline,
                language: fields.language,
                reference: labels
                    .reference_summary
                    .clone()
                    .filter(|text| !text.trim().is_empty()),
                sentences: sentences.collect(),
                articles,
            });
        }
    }
    Ok(cases)
}

fn sentences(article: &Article, most: usize) -> Vec<String> {
    analyze::sentences(article)
        .into_iter()
        .filter_map(|(_, span)| article.text.get(span))
        .map(|sentence| sentence.split_whitespace().collect::<Vec<_>>().join(" "))
        .take(most)
        .collect()
}
