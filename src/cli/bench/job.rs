//! `nutgraf bench job`: whole stories, from articles to stored summaries, in a database of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio_util::sync::CancellationToken;

use super::{Outcome, progress};
use crate::app::{self, App};
use crate::bench::figures::{Figure, median, table};
use crate::bench::job::{self, Made, Story};
use crate::bench::llama_server::LlamaServer;
use crate::bench::machine::{self, Machine, peak_memory};
use crate::config::Config;
use crate::domain::{StoryId, StoryInput};
use crate::engine::{Engine, models};
use crate::eval::plain;
use crate::ingest;
use crate::jobs::worker::Worker;
use crate::telemetry::profile::{self, Profile, Total};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  nutgraf bench job stories.jsonl\n  nutgraf bench job stories.jsonl --peer llama-cpp\n  \
                        nutgraf bench job stories.jsonl --limit 20 --rounds 2 --large 0\n\n\
                        Works as `nutgraf worker` does, in a database that is deleted afterwards. In each round a share of \
                        the stories is summarized, by us and then by the peer; the ratio is the median over the rounds. Then a \
                        large story is made of all articles of the file together, and each round adds one more article to it."
)]
pub(super) struct Args {
    /// Stories: .json, .jsonl, or a folder of such files
    #[arg(value_name = "FILE|DIR")]
    file: PathBuf,
    /// At most so many stories; the large story is made of all
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// In how many shares the stories are measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Articles of the large story; 0 for none
    #[arg(long, value_name = "N", default_value_t = 405)]
    large: usize,
    /// Measure this one beside it, in the same rounds
    #[arg(long)]
    peer: Option<Peer>,
    /// Tell where the time goes, too; takes a little more of it
    #[arg(long)]
    pub(super) profile: bool,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Peer {
    /// `llama-server` from PATH with the same model file and threads, four prompts at once: one prompt a story, with the first
    /// 900 characters of each article, and up to 220 tokens written
    LlamaCpp,
}

/// What `--json` prints.
#[derive(serde::Serialize)]
struct Report<'a> {
    machine: &'a Machine,
    model: &'a str,
    peak_memory_bytes: Option<u64>,
    made: Made,
    figures: &'a [Figure],
    large: Option<Large>,
    profiles: Vec<(&'static str, Vec<(&'static str, Total)>)>,
}

/// The large story.
#[derive(Debug, Clone, serde::Serialize)]
struct Large {
    articles: usize,
    first_seconds: f64,
    one_more_seconds: Vec<f64>,
}

/// What our side is measured with.
struct Ours {
    app: App,
    worker: Worker,
}

pub(super) async fn run(args: Args, mut config: Config, profile: Option<Profile>) -> anyhow::Result<Outcome> {
    let folder = tempfile::tempdir()?;
    config.models_dir = Some(config.models_path());
    config.data_dir = folder.path().to_owned();
    config.ingest.debounce_ms = 0;
    let models = config.clone();
    let loading = app::blocking(move || {
        let progress = models::stderr_progress();
        let files = models::ensure(&models.model, &models.models_path(), progress.as_ref())?;
        Ok((app::load_engine(&models, progress.as_ref())?, files))
    });
    let (engine, files) = loading.await?;
    let limit = args.limit.unwrap_or(usize::MAX);
    let context_tokens = engine.writer().context_tokens;
    let stories = job::read(&args.file, context_tokens)?;
    let measured = stories.get(..limit.min(stories.len())).unwrap_or_default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let weights = files.weights.clone();
    let peer = match args.peer {
        None => None,
        Some(Peer::LlamaCpp) => {
            let starting = move || LlamaServer::start(&weights, threads, context_tokens);
            Some(Arc::new(app::blocking(starting).await?))
        }
    };
    let engine: Arc<dyn Engine> = Arc::new(engine);
    let ours = Ours::open(&config, "stories.db", Arc::clone(&engine)).await?;
    let (figures, made) = measure(&args, &ours, measured, peer).await?;
    ours.app.store.close().await;
    let taken = || profile.as_ref().map(Profile::take).unwrap_or_default();
    let mut profiles = vec![("stories", taken())];
    // Nothing of its articles is known beforehand.
    let ours = Ours::open(&config, "large.db", engine).await?;
    let large = measure_large(&args, &ours, &stories).await?;
    ours.app.store.close().await;
    profiles.push(("large story", taken()));
    profiles.retain(|(_, totals)| !totals.is_empty());
    let report = Report {
        machine: &Machine::here(),
        model: &files.name,
        peak_memory_bytes: peak_memory(),
        made,
        figures: &figures,
        large,
        profiles,
    };
    super::print(args.json, &report, in_words)
}

/// The stories in shares, the peer after us in each round.
async fn measure(
    args: &Args,
    ours: &Ours,
    stories: &[Story],
    peer: Option<Arc<LlamaServer>>,
) -> anyhow::Result<(Vec<Figure>, Made)> {
    let rounds = (args.rounds as usize).min(stories.len());
    let mut figure = Figure::new("whole stories", "stories/min");
    let mut theirs = Vec::new();
    let mut made = Made::default();
    let bar = progress::bar(stories.len() as u64, "stories");
    for round in 0..rounds {
        let share = job::share(stories, round, rounds);
        let per_minute = |time: Duration| share.len() as f64 * 60.0 / time.as_secs_f64();
        let given = share.iter().map(|story| (story.id.clone(), story.input.clone()));
        figure
            .ours
            .push(per_minute(ours.summarize(given.collect()).await?));
        for story in &share {
            made.add(&ours.summary(&story.id).await?);
        }
        if let Some(peer) = &peer {
            let peer = Arc::clone(peer);
            let chats: Vec<_> = share.iter().map(|story| story.chat.clone()).collect();
            let answering = app::blocking(move || {
                let started = Instant::now();
                peer.answer(&chats, plain::MOST_TOKENS)?;
                Ok(started.elapsed())
            });
            theirs.push(per_minute(answering.await?));
        }
        bar.inc(share.len() as u64);
    }
    bar.finish_and_clear();
    if !theirs.is_empty() {
        figure.peers.push(("llama-server".to_owned(), theirs));
    }
    Ok((vec![figure], made))
}

/// One story of all articles: the first time, and after one more article as often as there are rounds.
async fn measure_large(args: &Args, ours: &Ours, stories: &[Story]) -> anyhow::Result<Option<Large>> {
    if args.large == 0 {
        return Ok(None);
    }
    let (story, more) = job::large_story(stories, args.large);
    let articles = story.articles.as_ref().map_or(0, Vec::len);
    if articles < args.large || more.is_empty() {
        return Ok(None);
    }
    let id = StoryId::new("large")?;
    let rounds = args.rounds as usize;
    let bar = progress::bar(rounds as u64 + 1, "summaries of the large story");
    let first = ours.summarize(vec![(id.clone(), story)]).await?;
    bar.inc(1);
    let mut one_more = Vec::new();
    for article in more.into_iter().take(rounds) {
        let started = Instant::now();
        let App {
            store, clock, config, ..
        } = &ours.app;
        ingest::add_articles(
            store.as_ref(),
            clock.as_ref(),
            &config.ingest,
            id.clone(),
            vec![article],
        )
        .await?;
        ours.work().await;
        one_more.push(started.elapsed().as_secs_f64());
        ours.summary(&id).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Some(Large {
        articles,
        first_seconds: first.as_secs_f64(),
        one_more_seconds: one_more,
    }))
}

impl Ours {
    /// With an empty database of that name.
    async fn open(config: &Config, name: &str, engine: Arc<dyn Engine>) -> anyhow::Result<Self> {
        let path = config.data_dir.join(name);
        let app = App::open(Config {
            database: Some(format!("sqlite://{}", path.display())),
            ..config.clone()
        });
        let app = app.await?;
        Ok(Self {
            worker: app.worker(engine),
            app,
        })
    }

    /// From articles to stored summaries.
    async fn summarize(&self, stories: Vec<(StoryId, StoryInput)>) -> anyhow::Result<Duration> {
        let App {
            store, clock, config, ..
        } = &self.app;
        let started = Instant::now();
        for (id, story) in stories {
            ingest::put_story(store.as_ref(), clock.as_ref(), &config.ingest, id, story).await?;
        }
        self.work().await;
        Ok(started.elapsed())
    }

    async fn work(&self) {
        let never = CancellationToken::new();
        self.worker.run_until_idle(never.clone(), never).await;
    }

    async fn summary(&self, id: &StoryId) -> anyhow::Result<crate::domain::Summary> {
        let served = self.app.store.find_served(id).await?;
        let served = served.with_context(|| format!("story `{id}` is gone"))?;
        let error = served.job.and_then(|job| job.last_error);
        match served.summary {
            Some(summary) if error.is_none() => Ok(summary),
            _ => bail!("story `{id}` was not summarized: {}", error.unwrap_or_default()),
        }
    }
}

fn in_words(report: &Report<'_>) -> String {
    let Made {
        stories,
        statements,
        abstractive,
    } = report.made;
    let large = report.large.as_ref().map(large_in_words).unwrap_or_default();
    let profiles = report.profiles.iter();
    let profiles: String = profiles
        .map(|(what, totals)| format!("\n{}", profile::table(what, totals)))
        .collect();
    format!(
        "{}\n\n{}\n{stories} stories with {:.1} statements each, {:.1} % of them worded \
         anew.\n{large}{profiles}",
        machine::in_words(report.machine, report.model, report.peak_memory_bytes),
        table(report.figures),
        statements as f64 / stories.max(1) as f64,
        abstractive as f64 * 100.0 / statements.max(1) as f64,
    )
}

fn large_in_words(large: &Large) -> String {
    let one_more = median(large.one_more_seconds.iter().copied()).unwrap_or(f64::NAN);
    format!(
        "A story of {} articles took {:.1} s; after one more article {one_more:.2} s, {:.1} % (median of {}).\n",
        large.articles,
        large.first_seconds,
        one_more * 100.0 / large.first_seconds,
        large.one_more_seconds.len()
    )
}
