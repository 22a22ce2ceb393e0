//! `nutgraf eval checker`: every row over sets of claims with a label, one table; and the fit of the shipped weights.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::format::Format;
use super::{Outcome, progress};
use crate::app;
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::models;
use crate::eval::checker::cache::Cache;
use crate::eval::checker::examples::{self, Example};
use crate::eval::checker::fit::{self, Labelled, Use};
use crate::eval::checker::rows::{ROWS, Row};
use crate::eval::checker::{folds, report as checker_report};
use crate::summarize::scoring::answers;
use crate::summarize::scoring::features::{self, Feature};
use crate::summarize::scoring::model::{self, Model};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  nutgraf eval checker claims.jsonl\n  \
                        nutgraf eval checker --fit checker.json --bullets bullets.jsonl --only-measure d.jsonl a.jsonl b.jsonl\n\n\
                        A line of a file: {document, claim, label}, label 1 for a supported claim, 0 for another.\n\
                        With --fit, every claim is measured by what was learned without its document.\n\
                        With --answers, a run that was cut off goes on where it stopped.")]
pub(super) struct Args {
    /// JSON lines of claims
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// JSON lines of claims that nothing is learned from
    #[arg(long, value_name = "FILE", requires = "fit")]
    only_measure: Vec<PathBuf>,
    /// JSON lines of bullets and their evidence, whose minimal edits are learned from
    #[arg(long, value_name = "FILE", requires = "fit")]
    bullets: Option<PathBuf>,
    /// At most so many bullets
    #[arg(long, value_name = "N", default_value_t = 200)]
    most_bullets: usize,
    /// Fit new weights and write them here, instead of measuring the shipped ones
    #[arg(long, value_name = "OUT")]
    fit: Option<PathBuf>,
    /// Do without the writing model, which takes most of the time
    #[arg(long)]
    without_likelihood: bool,
    /// Keep the models' answers here as JSON lines
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    #[command(flatten)]
    format: Format,
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Outcome> {
    app::blocking(move || evaluate(&args, &config)).await
}

fn evaluate(args: &Args, config: &Config) -> anyhow::Result<Outcome> {
    let mut examples = read(args)?;
    ensure!(!examples.is_empty(), "the files hold no claims");
    // Claims of one document together: it is embedded once.
    examples.sort_by_cached_key(|(_, example)| folds::hash(&example.document));
    let mut asked = features::all();
    asked.retain(|feature| !args.without_likelihood || !feature.needs_likelihood);
    let shipped = model::shipped()?;
    let mut fitted_on = asked.clone();
    if args.fit.is_none() {
        fitted_on.retain(|feature| shipped.features.contains(&feature.name));
        ensure!(
            fitted_on.len() == shipped.features.len(),
            "the shipped weights need the likelihood"
        );
    }
    let (labelled, models) = ask(args, config, &examples, &fitted_on)?;
    let rows = ROWS.iter().copied().filter(|row| row.is_among(&asked));
    let mut table = Vec::new();
    let mut thresholds = BTreeMap::new();
    for row in rows {
        let decided = if args.fit.is_some() {
            thresholds.insert(row.name().to_owned(), fit::threshold(row, &labelled, &fitted_on));
            fit::out_of_fold(row, &labelled, &fitted_on)
        } else {
            labelled
                .iter()
                .map(|example| fit::shipped(row, shipped, example))
                .collect()
        };
        table.push(checker_report::row(row.name(), &labelled, &decided));
    }
    if let Some(path) = &args.fit {
        thresholds.remove(Row::Ours.name());
        write_weights(path, &labelled, &fitted_on, models, thresholds)?;
    }
    print(args, &table, labelled.len())?;
    Ok(Outcome::Complete)
}

fn read(args: &Args) -> anyhow::Result<Vec<(Use, Example)>> {
    let mut read = Vec::new();
    for path in &args.files {
        read.extend(
            examples::read_claims(path)?
                .into_iter()
                .map(|one| (Use::Both, one)),
        );
    }
    for path in &args.only_measure {
        read.extend(
            examples::read_claims(path)?
                .into_iter()
                .map(|one| (Use::Measure, one)),
        );
    }
    if let Some(path) = &args.bullets {
        let bullets = examples::read_bullets(path, args.most_bullets)?;
        read.extend(bullets.into_iter().map(|one| (Use::Learn, one)));
    }
    Ok(read)
}

/// The examples with their features, and the hashes of the models that were asked.
fn ask(
    args: &Args,
    config: &Config,
    examples: &[(Use, Example)],
    fitted_on: &[Feature],
) -> anyhow::Result<(Vec<Labelled>, Vec<String>)> {
    let engine = app::load_engine(config, models::stderr_progress().as_ref())?;
    let models = vec![engine.writer().sha256.clone(), engine.embedder().sha256.clone()];
    let mut cache = Cache::open(args.answers.as_deref(), &models.join(" "))?;
    let claims: Vec<_> = examples.iter().map(|(_, example)| &example.claim).collect();
    let bar = progress::bar(claims.len() as u64, "claims embedded");
    cache.ask_cosines(&claims, &engine, |more| bar.inc(more as u64))?;
    bar.finish_and_clear();
    if !args.without_likelihood {
        let bar = progress::bar(claims.len() as u64, "claims read by the writer");
        cache.ask_likelihoods(&claims, &engine, |more| bar.inc(more as u64))?;
        bar.finish_and_clear();
    }
    let names: Vec<String> = features::all().into_iter().map(|feature| feature.name).collect();
    let label = |(used, example): &(Use, Example)| {
        let claim = &example.claim;
        let all = features::of_claim(claim, &cache.cosines(claim), &cache.likelihood(claim));
        let value = |feature: &Feature| {
            let place = names.iter().position(|name| *name == feature.name)?;
            all.get(place).copied()
        };
        Labelled {
            set: example.set.clone(),
            used: *used,
            fold: folds::fold_of(&example.document),
            is_supported: example.is_supported,
            passes_rules: fit::passes_rules(&all),
            chosen: fitted_on.iter().filter_map(value).collect(),
            all,
        }
    };
    Ok((examples.iter().map(label).collect(), models))
}

fn write_weights(
    path: &Path,
    labelled: &[Labelled],
    features: &[Feature],
    asked: Vec<String>,
    single: BTreeMap<String, f64>,
) -> anyhow::Result<()> {
    let fitted = fit::fit(labelled, features);
    let model = Model {
        answers: answers::VERSION.to_owned(),
        asked,
        features: features.iter().map(|feature| feature.name.clone()).collect(),
        calibration: fitted.calibration,
        threshold: fitted.threshold,
        verified: fitted.verified,
        single,
        trees: fitted.trees,
    };
    std::fs::write(path, model.to_json()?).with_context(|| format!("cannot write `{}`", path.display()))
}

fn print(args: &Args, table: &[checker_report::RowReport], claims: usize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if args.format.json {
        writeln!(out, "{}", serde_json::json!({"claims": claims, "rows": table}))?;
        return Ok(());
    }
    let cells = checker_report::cells(table);
    let table = args.format.table(&cells);
    writeln!(
        out,
        "{table}\nBalanced accuracy / area under the curve, by set and on average; then the verified claims."
    )?;
    Ok(())
}
