//! What changes a story: its articles and fields, and in the same transaction the job, the events and the bullets
//! that lost their ground.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::rows::{to_article_id, to_code, to_json_list, to_ms};
use super::{SqliteStore, jobs, stories, withheld};
use crate::domain::{Article, ArticleId, Story, StoryId, article_set_hash};
use crate::store::{ChangeOutcome, RestOfArticles, StoreError, StoryChange, StoryFields};

/// What a change does to the articles: computed before anything is written.
struct Plan<'a> {
    write: Vec<&'a Article>,
    remove: BTreeSet<ArticleId>,
    hashes: BTreeMap<ArticleId, String>,
    added: usize,
    updated: usize,
}

pub(super) async fn change_story(
    store: &SqliteStore,
    change: &StoryChange,
) -> Result<ChangeOutcome, StoreError> {
    let story_id = &change.story_id;
    let mut transaction = store.begin_write().await?;
    let before = stories::read_story(&mut transaction, story_id).await?;
    let plan = plan(change, read_content_hashes(&mut transaction, story_id).await?);
    if plan.hashes.len() > change.max_articles {
        return Err(StoreError::TooManyArticles {
            story_id: story_id.clone(),
            articles: plan.hashes.len(),
            max: change.max_articles,
        });
    }

    let fields = fields_after(change.fields.as_ref(), before.as_ref());
    let hash = set_hash(&fields, &plan.hashes);
    let changed = before.as_ref().is_none_or(|story| story.article_set_hash != hash);
    write_story(&mut transaction, story_id, &fields, &hash, change.now).await?;
    for article in &plan.write {
        write_article(&mut transaction, story_id, article).await?;
    }
    remove_articles(&mut transaction, story_id, &plan.remove).await?;
    if !plan.remove.is_empty() || plan.updated > 0 {
        withheld::withhold_unsupported(&mut transaction, story_id, change.now).await?;
    }
    if changed {
        jobs::enqueue_changed(&mut transaction, story_id, change.now, change.run_after).await?;
    }
    transaction.commit().await?;
    Ok(ChangeOutcome {
        created: before.is_none(),
        changed,
        articles_added: plan.added,
        articles_updated: plan.updated,
        articles_removed: plan.remove.len(),
    })
}

pub(super) async fn delete_article(
    store: &SqliteStore,
    story_id: &StoryId,
    article_id: &ArticleId,
    now: Timestamp,
    run_after: Timestamp,
) -> Result<bool, StoreError> {
    let mut transaction = store.begin_write().await?;
    let Some(story) = stories::read_story(&mut transaction, story_id).await? else {
        return Ok(false);
    };
    let mut hashes = read_content_hashes(&mut transaction, story_id).await?;
    if hashes.remove(article_id).is_none() {
        return Ok(false);
    }
    let fields = fields_after(None, Some(&story));
    let hash = set_hash(&fields, &hashes);
    write_story(&mut transaction, story_id, &fields, &hash, now).await?;
    remove_articles(&mut transaction, story_id, &BTreeSet::from([article_id.clone()])).await?;
    withheld::withhold_unsupported(&mut transaction, story_id, now).await?;
    jobs::enqueue_changed(&mut transaction, story_id, now, run_after).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Compares what is there with what is sent. Of two articles with one id the later one counts.
fn plan(change: &StoryChange, present: BTreeMap<ArticleId, String>) -> Plan<'_> {
    let sent: BTreeMap<&ArticleId, &Article> = change
        .upsert
        .iter()
        .map(|article| (&article.meta.id, article))
        .collect();
    let mut plan = Plan {
        write: Vec::new(),
        remove: BTreeSet::new(),
        hashes: present,
        added: 0,
        updated: 0,
    };
    if change.rest == RestOfArticles::Remove {
        let gone = |id: &ArticleId, _: &mut String| !sent.contains_key(id);
        plan.remove = plan.hashes.extract_if(.., gone).map(|(id, _)| id).collect();
    }
    for (id, article) in sent {
        let content_hash = &article.meta.content_hash;
        match plan.hashes.insert(id.clone(), content_hash.clone()) {
            Some(present) if present == *content_hash => continue,
            Some(_) => plan.updated += 1,
            None => plan.added += 1,
        }
        plan.write.push(article);
    }
    plan
}

fn fields_after(sent: Option<&StoryFields>, before: Option<&Story>) -> StoryFields {
    match (sent, before) {
        (Some(fields), _) => fields.clone(),
        (None, Some(story)) => StoryFields {
            headline: story.headline.clone(),
            language: story.language.clone(),
        },
        (None, None) => StoryFields::default(),
    }
}

fn set_hash(fields: &StoryFields, hashes: &BTreeMap<ArticleId, String>) -> String {
    let articles = hashes.iter().map(|(id, hash)| (id, hash.as_str()));
    article_set_hash(fields.headline.as_deref(), fields.language.as_deref(), articles)
}

async fn read_content_hashes(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
) -> Result<BTreeMap<ArticleId, String>, StoreError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id, content_hash FROM articles WHERE story_id = $1")
            .bind(story_id.as_str())
            .fetch_all(connection)
            .await?;
    rows.into_iter()
        .map(|(id, hash)| Ok((to_article_id("articles", id)?, hash)))
        .collect()
}

/// Writes nothing, not even `updated_at_ms`, when the story is as it was.
async fn write_story(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    fields: &StoryFields,
    hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO stories (id, headline, language, article_set_hash, created_at_ms, updated_at_ms)
         VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (id) DO UPDATE SET
             headline = excluded.headline,
             language = excluded.language,
             article_set_hash = excluded.article_set_hash,
             updated_at_ms = excluded.updated_at_ms
         WHERE stories.headline IS DISTINCT FROM excluded.headline
            OR stories.language IS DISTINCT FROM excluded.language
            OR stories.article_set_hash <> excluded.article_set_hash",
    )
    .bind(story_id.as_str())
    .bind(&fields.headline)
    .bind(&fields.language)
    .bind(hash)
    .bind(to_ms(now))
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_article(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    article: &Article,
) -> Result<(), StoreError> {
    let meta = &article.meta;
    let bias = meta.bias.map(|bias| to_code("articles", &bias)).transpose()?;
    sqlx::query(
        "INSERT INTO articles (story_id, id, url, title, outlet, author, published_at, language, bias,
                               factuality, owner, text_hash, content_hash, text)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (story_id, id) DO UPDATE SET
             url = excluded.url, title = excluded.title, outlet = excluded.outlet,
             author = excluded.author, published_at = excluded.published_at, language = excluded.language,
             bias = excluded.bias, factuality = excluded.factuality, owner = excluded.owner,
             text_hash = excluded.text_hash, content_hash = excluded.content_hash, text = excluded.text",
    )
    .bind(story_id.as_str())
    .bind(meta.id.as_str())
    .bind(&meta.url)
    .bind(&meta.title)
    .bind(&meta.outlet)
    .bind(&meta.author)
    .bind(meta.published_at.map(|at| at.to_string()))
    .bind(&meta.language)
    .bind(bias)
    .bind(&meta.factuality)
    .bind(&meta.owner)
    .bind(&meta.text_hash)
    .bind(&meta.content_hash)
    .bind(&article.text)
    .execute(connection)
    .await?;
    Ok(())
}

async fn remove_articles(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    ids: &BTreeSet<ArticleId>,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query("DELETE FROM articles WHERE story_id = $1 AND id IN (SELECT value FROM json_each($2))")
        .bind(story_id.as_str())
        .bind(to_json_list("articles", ids.iter().map(ArticleId::as_str))?)
        .execute(connection)
        .await?;
    Ok(())
}
