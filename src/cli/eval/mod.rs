//! `nutgraf eval`: quality tables against baselines. One file a table.

mod format;
mod summaries;
mod checker;
mod writer;

use clap::Subcommand;

use super::{Outcome, progress};
use crate::config::Config;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  nutgraf eval summaries stories.jsonl --split dev")]
pub(super) struct Args {
    #[command(subcommand)]
    table: Table,
}

#[derive(Debug, Subcommand)]
enum Table {
    /// Summaries of your stories beside references and baselines
    Summaries(summaries::Args),
    /// The checker beside its single features on claims with a label
    Checker(checker::Args),
    /// The writing model on evidence for which an editor wrote the bullet
    Writer(writer::Args),
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Outcome> {
    match args.table {
        Table::Summaries(args) => summaries::run(args, config).await,
        Table::Checker(args) => checker::run(args, config).await,
        Table::Writer(args) => writer::run(args, config).await,
    }
}
