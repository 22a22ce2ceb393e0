//! `nutgraf migrate`: opening a database brings its schema up to date; this does only that.

use std::io::Write;

use super::Outcome;
use crate::app::App;
use crate::config::Config;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  nutgraf migrate\n  nutgraf migrate --database sqlite:///srv/nutgraf.db")]
pub(super) struct Args {}

pub(super) async fn run(_args: Args, config: Config) -> anyhow::Result<Outcome> {
    let path = config.database_path()?;
    let app = App::open(config).await?;
    let counts = app.store.counts().await?;
    app.store.close().await;
    writeln!(
        std::io::stdout(),
        "{}: schema is up to date ({} stories, {} summary versions)",
        path.display(),
        counts.stories,
        counts.versions
    )?;
    Ok(Outcome::Complete)
}
