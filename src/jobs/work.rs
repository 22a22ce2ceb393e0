//! What a job does: load the story, analyze what is new in it, summarize, save. How a failed or interrupted try is
//! settled is left to `attempt`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tracing::{Span, warn};

use super::JobError;
use super::worker::Worker;
use crate::domain::{Analysis, Article, Bullet, EventKind, Lane, Story, StoryId, Summary};
use crate::engine::{Background, Cancel, Engine};
use crate::ingest::analyze::{analysis_key, analyze};
use crate::store::{Claim, Saved};
use crate::summarize::{Input, Source, summarize};

/// Analyses are kept after this many articles: what a killed process loses of a large story.
const ARTICLES_PER_ANALYSIS: usize = 16;

/// Bullets that may wait to be appended as events; one more makes the summarizing thread wait.
const WAITING_BULLETS: usize = 16;

/// What became of the story.
pub(super) enum Done {
    /// It has a summary.
    Saved(Saved),
    /// There is no such story any more, and so no job.
    Gone,
}

/// Summarizes the claimed job's story and saves the result.
pub(super) async fn work(worker: &Worker, claim: &Claim, cancel: &Cancel) -> Result<Done, JobError> {
    let story_id = &claim.job.story_id;
    let Some((story, articles)) = worker.store.load_story(story_id).await? else {
        return Ok(Done::Gone);
    };
    let articles = Arc::new(articles);
    let analyses = find_or_make_analyses(worker, &articles, cancel).await?;
    let previous = worker.store.find_current_summary(story_id).await?;
    let material = Material {
        story,
        articles,
        analyses,
        previous,
    };
    let summary = summarize_and_tell(worker, story_id.clone(), claim.job.lane, material, cancel).await?;
    let saved = worker
        .store
        .finish_job(claim, &summary, worker.clock.now())
        .await?;
    Ok(Done::Saved(saved))
}

/// The analyses of the articles' texts by text hash; the ones that are not kept yet are made and kept.
async fn find_or_make_analyses(
    worker: &Worker,
    articles: &Arc<Vec<Article>>,
    cancel: &Cancel,
) -> Result<HashMap<String, Analysis>, JobError> {
    let key = analysis_key(&*worker.engine, &worker.summarize);
    let hashes: HashSet<&String> = articles.iter().map(|article| &article.meta.text_hash).collect();
    let hashes: Vec<String> = hashes.into_iter().cloned().collect();
    let kept = worker.store.find_analyses(&key, &hashes).await?;
    let mut analyses: HashMap<String, Analysis> = kept.into_iter().collect();

    for batch in missing(articles, &analyses).chunks(ARTICLES_PER_ANALYSIS) {
        let made = analyze_off_the_runtime(worker, articles, batch.to_vec(), cancel).await?;
        for (text_hash, analysis) in made {
            worker
                .store
                .save_analysis(&key, &text_hash, &analysis, worker.clock.now())
                .await?;
            analyses.insert(text_hash, analysis);
        }
    }
    Ok(analyses)
}

/// Indices of the articles whose text is not analyzed; of those with one text, the first.
fn missing(articles: &[Article], analyses: &HashMap<String, Analysis>) -> Vec<usize> {
    let mut seen: HashSet<&str> = analyses.keys().map(String::as_str).collect();
    let mut missing = Vec::new();
    for (index, article) in articles.iter().enumerate() {
        if seen.insert(&article.meta.text_hash) {
            missing.push(index);
        }
    }
    missing
}

async fn analyze_off_the_runtime(
    worker: &Worker,
    articles: &Arc<Vec<Article>>,
    batch: Vec<usize>,
    cancel: &Cancel,
) -> Result<Vec<(String, Analysis)>, JobError> {
    let (engine, articles, cancel) = (Arc::clone(&worker.engine), Arc::clone(articles), cancel.clone());
    let settings = worker.summarize.clone();
    off_the_runtime(move || {
        let batch: Vec<&Article> = batch
            .into_iter()
            .filter_map(|index| articles.get(index))
            .collect();
        let analyses = analyze(&batch, &settings, &*engine, &cancel)?;
        let hashes = batch.iter().map(|article| article.meta.text_hash.clone());
        Ok(hashes.zip(analyses).collect())
    })
    .await?
}

/// What a summary is made from, owned.
struct Material {
    story: Story,
    articles: Arc<Vec<Article>>,
    analyses: HashMap<String, Analysis>,
    previous: Option<Summary>,
}

/// Summarizes on a thread that may block, and appends each bullet as a provisional event as it passes.
async fn summarize_and_tell(
    worker: &Worker,
    story_id: StoryId,
    lane: Lane,
    material: Material,
    cancel: &Cancel,
) -> Result<Summary, JobError> {
    let (sender, passed) = mpsc::channel(WAITING_BULLETS);
    let summarizing = {
        let (engine, clock) = (engine_for(worker, lane), Arc::clone(&worker.clock));
        let (settings, cancel) = (worker.summarize.clone(), cancel.clone());
        off_the_runtime(move || {
            let mut on_bullet = |bullet: &Bullet| {
                // Nobody listens any more once the attempt was given up; the cancel flag ends the work then.
                let _ = sender.blocking_send(bullet.clone());
            };
            let sources = material.sources();
            let input = material.input(&sources);
            summarize(&input, &settings, &*engine, &*clock, &cancel, &mut on_bullet)
        })
    };
    let (summary, ()) = tokio::join!(summarizing, append_bullets(worker, &story_id, passed, cancel));
    Ok(summary??)
}

impl Material {
    fn sources(&self) -> Vec<Source<'_>> {
        self.articles
            .iter()
            .filter_map(|article| {
                Some(Source {
                    meta: &article.meta,
                    text: &article.text,
                    analysis: self.analyses.get(&article.meta.text_hash)?,
                })
            })
            .collect()
    }

    fn input<'a>(&'a self, sources: &'a [Source<'a>]) -> Input<'a> {
        Input {
            story_id: &self.story.id,
            headline: self.story.headline.as_deref(),
            language: self.story.language.as_deref(),
            article_set_hash: &self.story.article_set_hash,
            sources,
            previous: self.previous.as_ref(),
        }
    }
}

/// What somebody may be waiting for goes first in the engine too.
fn engine_for(worker: &Worker, lane: Lane) -> Arc<dyn Engine> {
    let engine = Arc::clone(&worker.engine);
    match lane {
        Lane::Reader => engine,
        Lane::Batch => Arc::new(Background(engine)),
    }
}

/// Appends the bullets as they come. An event that can't be appended is no reason to give up the summary.
async fn append_bullets(
    worker: &Worker,
    story_id: &StoryId,
    mut passed: mpsc::Receiver<Bullet>,
    cancel: &Cancel,
) {
    while let Some(bullet) = passed.recv().await {
        // Somebody else may be working on the story by now.
        if cancel.is_cancelled() {
            continue;
        }
        let data = json!({"provisional": true, "bullet": bullet});
        let now = worker.clock.now();
        match worker
            .store
            .append_event(story_id, EventKind::Bullet, &data, now)
            .await
        {
            Ok(_) => worker.signals.notify_events(),
            Err(error) => warn!(%error, "a provisional bullet could not be announced"),
        }
    }
}

/// Runs `work` on a thread that may block; its panic becomes an error.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JobError> {
    let span = Span::current();
    let work = tokio::task::spawn_blocking(move || span.in_scope(work));
    work.await
        .map_err(|error| JobError::Panicked(panic_message(error)))
}

fn panic_message(error: JoinError) -> String {
    let payload = match error.try_into_panic() {
        Ok(payload) => payload,
        Err(cancelled) => return cancelled.to_string(),
    };
    payload
        .downcast_ref::<&str>()
        .map(|message| (*message).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
