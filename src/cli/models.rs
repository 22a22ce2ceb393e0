//! `nutgraf models`: which models there are, and getting their files.

use std::io::Write;

use clap::Subcommand;
use indicatif::HumanBytes;

use super::Outcome;
use crate::app;
use crate::config::Config;
use crate::engine::models::{self, ListedModel};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  nutgraf models list\n  nutgraf models fetch\n  \
                        nutgraf models fetch smollm2-135m-instruct --models-dir /srv/models")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the models and whether their files are here
    #[command(after_help = "Example:\n  nutgraf models list --json")]
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Fetch and verify a model's files; without a name, those of the configured models
    #[command(after_help = "Example:\n  nutgraf models fetch all-minilm-l6-v2")]
    Fetch {
        /// A name from `nutgraf models list`
        name: Option<String>,
    },
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Outcome> {
    match args.action {
        Action::List { json } => list(&config, json),
        Action::Fetch { name } => fetch(config, name).await,
    }
}

fn list(config: &Config, json: bool) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    for model in models::list(&config.models_path())? {
        if json {
            serde_json::to_writer(&mut out, &model)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{}", line(&model))?;
        }
    }
    Ok(Outcome::Complete)
}

fn line(model: &ListedModel) -> String {
    let place = if model.present {
        model.path.display().to_string()
    } else {
        "not fetched".to_owned()
    };
    let size = HumanBytes(model.bytes).to_string();
    format!(
        "{:<24} {:<10} {:<12} {:>10}  {}",
        model.name, model.kind, model.licence, size, place
    )
}

async fn fetch(config: Config, name: Option<String>) -> anyhow::Result<Outcome> {
    let names = name.map_or_else(
        || {
            let both = [config.model.clone(), config.embedder.clone()];
            both.into_iter().chain(config.entailment.clone()).collect()
        },
        |name| vec![name],
    );
    app::blocking(move || {
        let progress = models::stderr_progress();
        for name in names {
            let files = models::ensure(&name, &config.models_path(), progress.as_ref())?;
            writeln!(std::io::stdout(), "{}: {}", files.name, files.weights.display())?;
        }
        Ok(Outcome::Complete)
    })
    .await
}
