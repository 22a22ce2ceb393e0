//! An article comes in: checked, made plain, and stored; later, in the worker, split into sentences and embedded
//! once. Every way in (HTTP, `import`, `demo`, `summarize`) passes here.

pub mod files;
mod read;
pub mod analyze;

pub use read::{read_articles, read_story};

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, plus_ms};
use crate::domain::{
    Article, ArticleId, ArticleInput, ArticleLimits, FieldError, MAX_ARTICLES_PER_REQUEST, StoryId,
    StoryInput,
};
use crate::store::{ChangeOutcome, RestOfArticles, Store, StoreError, StoryChange};

/// How articles are taken in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How large an article and a story may be.
    pub limits: ArticleLimits,
    /// How long a changed story waits for more changes before it is summarized, milliseconds.
    pub debounce_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: ArticleLimits::default(),
            debounce_ms: 1_000,
        }
    }
}

/// Why something was not taken in. Nothing was stored then.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The caller corrects the named fields.
    #[error("{}", .0.iter().map(|e| format!("{}: {}", e.pointer, e.detail)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Making the texts plain broke: a defect in this crate.
    #[error("the articles could not be read: {0}")]
    Broken(String),
}

/// Creates or replaces a story (`PUT`): its fields become these; its articles too, when `articles` is present.
///
/// # Errors
/// See [`IngestError`]; nothing is stored then.
pub async fn put_story(
    store: &dyn Store,
    clock: &dyn Clock,
    settings: &Settings,
    story_id: StoryId,
    input: StoryInput,
) -> Result<ChangeOutcome, IngestError> {
    let limits = settings.limits;
    let (fields, articles) = off_the_runtime(move || read_story(input, &limits)).await?;
    let rest = match articles {
        Some(_) => RestOfArticles::Remove,
        None => RestOfArticles::Keep,
    };
    let change = change(clock, settings, story_id, articles.unwrap_or_default(), rest);
    let change = StoryChange {
        fields: Some(fields),
        ..change
    };
    Ok(store.change_story(&change).await?)
}

/// Adds or updates 1 to [`MAX_ARTICLES_PER_REQUEST`] articles; creates the story when it is not there. Pointers of
/// errors are `/articles/{index}/field`.
///
/// # Errors
/// See [`IngestError`]; nothing is stored then.
pub async fn add_articles(
    store: &dyn Store,
    clock: &dyn Clock,
    settings: &Settings,
    story_id: StoryId,
    articles: Vec<ArticleInput>,
) -> Result<ChangeOutcome, IngestError> {
    if articles.is_empty() || articles.len() > MAX_ARTICLES_PER_REQUEST {
        return Err(IngestError::Invalid(vec![FieldError {
            pointer: "/articles".to_owned(),
            detail: format!(
                "{} articles; one request takes 1 to {MAX_ARTICLES_PER_REQUEST}",
                articles.len()
            ),
        }]));
    }
    let limits = settings.limits;
    let articles = off_the_runtime(move || read_articles(articles, "/articles", &limits)).await?;
    let change = change(clock, settings, story_id, articles, RestOfArticles::Keep);
    Ok(store.change_story(&change).await?)
}

/// Removes an article that its outlet withdrew. `false`: it was not there.
///
/// # Errors
/// See [`StoreError`].
pub async fn delete_article(
    store: &dyn Store,
    clock: &dyn Clock,
    settings: &Settings,
    story_id: &StoryId,
    article_id: &ArticleId,
) -> Result<bool, StoreError> {
    let now = clock.now();
    let run_after = plus_ms(now, settings.debounce_ms);
    store.delete_article(story_id, article_id, now, run_after).await
}

/// A change of articles that leaves the story's fields alone; its job waits for the debounce.
fn change(
    clock: &dyn Clock,
    settings: &Settings,
    story_id: StoryId,
    upsert: Vec<Article>,
    rest: RestOfArticles,
) -> StoryChange {
    let now = clock.now();
    StoryChange {
        story_id,
        fields: None,
        upsert,
        rest,
        max_articles: settings.limits.max_articles_per_story,
        now,
        run_after: plus_ms(now, settings.debounce_ms),
    }
}

/// Megabytes of HTML take longer to parse than a runtime thread may be kept busy.
async fn off_the_runtime<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Vec<FieldError>> + Send + 'static,
) -> Result<T, IngestError> {
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => read.map_err(IngestError::Invalid),
        Err(error) => Err(IngestError::Broken(error.to_string())),
    }
}
