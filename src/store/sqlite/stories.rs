//! Reading stories and articles. What changes them stands in `changes.rs`.

use sqlx::{FromRow, SqliteConnection};

use super::SqliteStore;
use super::rows::{corrupt, from_code, from_ms, to_article_id, to_json_list, to_story_id, to_u32, to_u64};
use crate::domain::{Article, ArticleMeta, PublishedAt, Story, StoryId};
use crate::store::{Counts, Selector, StoreError, StoryListing};

#[derive(FromRow)]
struct StoryRow {
    id: String,
    headline: Option<String>,
    language: Option<String>,
    article_set_hash: String,
    created_at_ms: i64,
    updated_at_ms: i64,
}

#[derive(FromRow)]
struct ListingRow {
    #[sqlx(flatten)]
    story: StoryRow,
    articles: i64,
    version: Option<i64>,
    stale: bool,
}

#[derive(FromRow)]
struct MetaRow {
    id: String,
    url: Option<String>,
    title: Option<String>,
    outlet: Option<String>,
    author: Option<String>,
    published_at: Option<String>,
    language: Option<String>,
    bias: Option<String>,
    factuality: Option<String>,
    owner: Option<String>,
    text_hash: String,
    content_hash: String,
}

#[derive(FromRow)]
struct ArticleRow {
    #[sqlx(flatten)]
    meta: MetaRow,
    text: String,
}

#[derive(FromRow)]
struct CountsRow {
    stories: i64,
    articles: i64,
    versions: i64,
    jobs_queued: i64,
    jobs_running: i64,
    jobs_dead: i64,
    feedback: i64,
    corrections_open: i64,
    corrections_settled: i64,
}

pub(super) async fn find_story(store: &SqliteStore, story_id: &StoryId) -> Result<Option<Story>, StoreError> {
    let mut connection = store.readers.acquire().await?;
    read_story(&mut connection, story_id).await
}

pub(super) async fn list_article_metas(
    store: &SqliteStore,
    story_id: &StoryId,
) -> Result<Vec<ArticleMeta>, StoreError> {
    let rows: Vec<MetaRow> = sqlx::query_as(
        "SELECT id, url, title, outlet, author, published_at, language, bias, factuality, owner,
                text_hash, content_hash
         FROM articles WHERE story_id = $1 ORDER BY id",
    )
    .bind(story_id.as_str())
    .fetch_all(&store.readers)
    .await?;
    rows.into_iter().map(MetaRow::into_meta).collect()
}

pub(super) async fn load_story(
    store: &SqliteStore,
    story_id: &StoryId,
) -> Result<Option<(Story, Vec<Article>)>, StoreError> {
    let mut snapshot = store.begin_read().await?;
    let Some(story) = read_story(&mut snapshot, story_id).await? else {
        return Ok(None);
    };
    let rows: Vec<ArticleRow> = sqlx::query_as(
        "SELECT id, url, title, outlet, author, published_at, language, bias, factuality, owner,
                text_hash, content_hash, text
         FROM articles WHERE story_id = $1 ORDER BY id",
    )
    .bind(story_id.as_str())
    .fetch_all(&mut *snapshot)
    .await?;
    let articles: Result<Vec<Article>, StoreError> = rows
        .into_iter()
        .map(|row| {
            let (meta, text) = (row.meta.into_meta()?, row.text);
            Ok(Article { meta, text })
        })
        .collect();
    Ok(Some((story, articles?)))
}

pub(super) async fn list_stories(
    store: &SqliteStore,
    after: Option<&StoryId>,
    limit: u32,
) -> Result<Vec<StoryListing>, StoreError> {
    // No id is empty, so "after the empty string" is the beginning.
    let rows: Vec<ListingRow> = sqlx::query_as(
        "SELECT s.id, s.headline, s.language, s.article_set_hash, s.created_at_ms, s.updated_at_ms,
                (SELECT count(*) FROM articles a WHERE a.story_id = s.id) AS articles,
                v.version,
                coalesce(v.article_set_hash <> s.article_set_hash, 0) AS stale
         FROM stories s
         LEFT JOIN summary_versions v ON v.story_id = s.id
              AND v.version = (SELECT max(version) FROM summary_versions WHERE story_id = s.id)
         WHERE s.id > $1 ORDER BY s.id LIMIT $2",
    )
    .bind(after.map_or("", StoryId::as_str))
    .bind(limit)
    .fetch_all(&store.readers)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(StoryListing {
                story: row.story.into_story()?,
                articles: to_u64("articles", row.articles)?,
                version: row
                    .version
                    .map(|version| to_u32("summary_versions", version))
                    .transpose()?,
                stale: row.stale,
            })
        })
        .collect()
}

pub(super) async fn select_stories(
    store: &SqliteStore,
    selector: &Selector,
) -> Result<Vec<StoryId>, StoreError> {
    let mut connection = store.readers.acquire().await?;
    let ids = read_selected(&mut connection, selector).await?;
    ids.into_iter().map(|id| to_story_id("stories", id)).collect()
}

/// The ids of the selected stories, in order.
pub(super) async fn read_selected(
    connection: &mut SqliteConnection,
    selector: &Selector,
) -> Result<Vec<String>, StoreError> {
    let query = match selector {
        Selector::All => sqlx::query_scalar("SELECT id FROM stories ORDER BY id"),
        Selector::Stale => sqlx::query_scalar(
            "SELECT s.id FROM stories s
             LEFT JOIN summary_versions v ON v.story_id = s.id
                  AND v.version = (SELECT max(version) FROM summary_versions WHERE story_id = s.id)
             WHERE v.article_set_hash IS DISTINCT FROM s.article_set_hash ORDER BY s.id",
        ),
        Selector::Ids(ids) => sqlx::query_scalar(
            "SELECT id FROM stories WHERE id IN (SELECT value FROM json_each($1)) ORDER BY id",
        )
        .bind(to_json_list("stories", ids.iter().map(StoryId::as_str))?),
    };
    Ok(query.fetch_all(connection).await?)
}

/// A story, through a connection that may be inside a transaction.
pub(super) async fn read_story(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
) -> Result<Option<Story>, StoreError> {
    let row: Option<StoryRow> = sqlx::query_as(
        "SELECT id, headline, language, article_set_hash, created_at_ms, updated_at_ms
         FROM stories WHERE id = $1",
    )
    .bind(story_id.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(StoryRow::into_story).transpose()
}

pub(super) async fn counts(store: &SqliteStore) -> Result<Counts, StoreError> {
    let row: CountsRow = sqlx::query_as(
        "SELECT (SELECT count(*) FROM stories) AS stories,
                (SELECT count(*) FROM articles) AS articles,
                (SELECT count(*) FROM summary_versions) AS versions,
                (SELECT count(*) FROM jobs WHERE state = 'queued') AS jobs_queued,
                (SELECT count(*) FROM jobs WHERE state = 'running') AS jobs_running,
                (SELECT count(*) FROM jobs WHERE state = 'dead') AS jobs_dead,
                (SELECT count(*) FROM feedback) AS feedback,
                (SELECT count(*) FROM corrections WHERE settled_at_ms IS NULL) AS corrections_open,
                (SELECT count(*) FROM corrections WHERE settled_at_ms IS NOT NULL) AS corrections_settled",
    )
    .fetch_one(&store.readers)
    .await?;
    Ok(Counts {
        stories: to_u64("stories", row.stories)?,
        articles: to_u64("articles", row.articles)?,
        versions: to_u64("summary_versions", row.versions)?,
        jobs_queued: to_u64("jobs", row.jobs_queued)?,
        jobs_running: to_u64("jobs", row.jobs_running)?,
        jobs_dead: to_u64("jobs", row.jobs_dead)?,
        feedback: to_u64("feedback", row.feedback)?,
        corrections_open: to_u64("corrections", row.corrections_open)?,
        corrections_settled: to_u64("corrections", row.corrections_settled)?,
    })
}

impl StoryRow {
    fn into_story(self) -> Result<Story, StoreError> {
        Ok(Story {
            id: to_story_id("stories", self.id)?,
            headline: self.headline,
            language: self.language,
            article_set_hash: self.article_set_hash,
            created_at: from_ms("stories", self.created_at_ms)?,
            updated_at: from_ms("stories", self.updated_at_ms)?,
        })
    }
}

impl MetaRow {
    fn into_meta(self) -> Result<ArticleMeta, StoreError> {
        let published_at = self.published_at.as_deref().map(PublishedAt::parse).transpose();
        let bias = self.bias.as_deref().map(|bias| from_code("articles", bias));
        Ok(ArticleMeta {
            id: to_article_id("articles", self.id)?,
            url: self.url,
            title: self.title,
            outlet: self.outlet,
            author: self.author,
            published_at: published_at.map_err(|error| corrupt("articles", &error))?,
            language: self.language,
            bias: bias.transpose()?,
            factuality: self.factuality,
            owner: self.owner,
            text_hash: self.text_hash,
            content_hash: self.content_hash,
        })
    }
}
