//! A story: what a caller sends, what is kept, and how its articles are spread over outlets and lenses.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{ArticleId, ArticleInput, ArticleMeta, Bias, PublishedAt, StoryId};

/// What a caller sends to create or replace a story; also a line of a story file, where `id` is required.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct StoryInput {
    /// The story's id; taken from the path over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The caller's own headline for the story.
    pub headline: Option<String>,
    /// A BCP 47 language tag; found from the articles when absent.
    pub language: Option<String>,
    /// The articles. Absent: the story's articles stay as they are.
    pub articles: Option<Vec<ArticleInput>>,
}

/// A story as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// The caller's own id.
    pub id: StoryId,
    /// The caller's own headline.
    pub headline: Option<String>,
    /// A BCP 47 language tag, if the caller gave one.
    pub language: Option<String>,
    /// See [`article_set_hash`]. A summary made from another hash is stale.
    pub article_set_hash: String,
    /// When the story was first stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// SHA-256 (hex) over what a summary is made from: headline, language, and the content hash of every article,
/// in the order of their ids. The order in which articles came does not matter.
pub fn article_set_hash<'a>(
    headline: Option<&str>,
    language: Option<&str>,
    articles: impl IntoIterator<Item = (&'a ArticleId, &'a str)>,
) -> String {
    let sorted: BTreeMap<&ArticleId, &str> = articles.into_iter().collect();
    let mut hasher = Sha256::new();
    for part in [headline.unwrap_or_default(), language.unwrap_or_default()] {
        hasher.update(part);
        hasher.update([0]);
    }
    for (id, content_hash) in sorted {
        hasher.update(id.as_str());
        hasher.update([0]);
        hasher.update(content_hash);
        hasher.update([0]);
    }
    hex::encode(hasher.finalize())
}

/// How a story's articles are spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    /// How many articles the story has.
    pub articles: u32,
    /// How many are left when reprints and wire copies count once; absent until the story was summarized.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub families: Option<u32>,
    /// Share (0 to 1) of left outlets among the articles whose outlet has a known lens.
    pub left: f64,
    /// The same for the center.
    pub center: f64,
    /// The same for the right.
    pub right: f64,
    /// How many articles have no known lens.
    pub unknown_bias: u32,
    /// Who published first, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<FirstReport>,
    /// Articles that the summary does not rest on because they do not belong or cannot be used.
    pub left_out: Vec<LeftOut>,
}

/// The earliest dated article of a story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FirstReport {
    /// The outlet, if it has a name.
    pub outlet: Option<String>,
    /// When it was published.
    pub published_at: PublishedAt,
    /// Where it can be read.
    pub url: Option<String>,
}

/// An article that was left out of a summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    /// Which article.
    pub article_id: ArticleId,
    /// Its outlet.
    pub outlet: Option<String>,
    /// Why.
    pub reason: LeftOutReason,
}

/// Why an article was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// Nothing but boilerplate was found in it.
    NoUsableText,
    /// It is in another language than the story.
    OtherLanguage,
    /// It is about something else than the other articles.
    OffTopic,
    /// Its address, title or outlet says that it is an opinion piece.
    Opinion,
    /// Its address or title says that it is a newsletter.
    Newsletter,
}

impl Coverage {
    /// Counts articles, lenses and the first report; `families` and `left_out` are the summary's to fill in.
    pub fn of<'a>(articles: impl IntoIterator<Item = &'a ArticleMeta>) -> Self {
        let (mut count, mut left, mut center, mut right) = (0u32, 0u32, 0u32, 0u32);
        let mut first: Option<&ArticleMeta> = None;
        for article in articles {
            count += 1;
            match article.bias {
                Some(Bias::Left) => left += 1,
                Some(Bias::Center) => center += 1,
                Some(Bias::Right) => right += 1,
                None => {}
            }
            let instant = |article: &ArticleMeta| article.published_at.map(|at| at.instant());
            if instant(article).is_some_and(|at| first.and_then(instant).is_none_or(|earliest| at < earliest))
            {
                first = Some(article);
            }
        }
        let known = left + center + right;
        let share = |part: u32| {
            if known == 0 {
                0.0
            } else {
                round_to_hundredth(f64::from(part) / f64::from(known))
            }
        };
        Self {
            articles: count,
            families: None,
            left: share(left),
            center: share(center),
            right: share(right),
            unknown_bias: count - known,
            first: first.and_then(|article| {
                let published_at = article.published_at?;
                Some(FirstReport {
                    outlet: article.outlet.clone(),
                    published_at,
                    url: article.url.clone(),
                })
            }),
            left_out: Vec::new(),
        }
    }
}

fn round_to_hundredth(share: f64) -> f64 {
    (share * 100.0).round() / 100.0
}
