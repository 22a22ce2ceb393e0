//! The command line: what can be asked, and who answers. One file a command.

mod output;
mod progress;
mod demo;
mod serve;
mod worker;
mod summarize;
mod import;
mod resummarize;
mod models;
mod migrate;
mod eval;
mod bench;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Flags, LogFormat};
use crate::telemetry::{self, profile::Profile};

/// How a command ended that could run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Everything was done. Exit code 0.
    Complete,
    /// Something was reported as failed; the rest was done. Exit code 1.
    Partial,
}

#[derive(Debug, Parser)]
#[command(
    name = "nutgraf",
    version,
    about = "Summaries of news stories, written on your own machine, with evidence for every bullet",
    after_help = "Exit codes: 0 done, 1 done but something failed (it was named), 2 could not run.\n\
                  Settings: defaults < nutgraf.toml < NUTGRAF_* < flags; nested ones as NUTGRAF_JOBS__LEASE_MS."
)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    /// What is logged to standard error, as `RUST_LOG` has it (default: info for the service, warn otherwise)
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// How log lines look
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fetch the models, load the sample stories, summarize them, serve everything on loopback
    Demo(demo::Args),
    /// Serve HTTP and work on the queue
    Serve(serve::Args),
    /// Work on the queue only: more of these on one database share the work
    Worker(worker::Args),
    /// Summarize stories from a file; no server, no database
    Summarize(summarize::Args),
    /// Load stories into the database
    Import(import::Args),
    /// Summarize stories of the database again
    Resummarize(resummarize::Args),
    /// Model files: list, fetch
    Models(models::Args),
    /// Bring the database's schema up to date
    Migrate(migrate::Args),
    /// Quality tables against baselines
    Eval(eval::Args),
    /// How fast the program is on this machine
    Bench(bench::Args),
}

impl Command {
    fn default_log_filter(&self) -> &'static str {
        match self {
            Self::Serve(_) | Self::Worker(_) => "info",
            _ => "warn",
        }
    }

    /// What counts where time goes, if that is wanted.
    fn profile(&self) -> Option<Profile> {
        match self {
            Self::Bench(args) if args.wants_profile() => Some(Profile::default()),
            _ => None,
        }
    }
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(Outcome::Complete) => ExitCode::SUCCESS,
        Ok(Outcome::Partial) => ExitCode::from(1),
        // Whoever read our output has closed it (`| head`): there is nobody left to tell.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nutgraf: {}", output::error_in_words(&error));
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Outcome> {
    let mut config = Config::load(&cli.flags)?;
    config.log.filter = cli.log.or(config.log.filter);
    config.log.format = cli.log_format.unwrap_or(config.log.format);
    let profile = cli.command.profile();
    telemetry::start_logging(&config.log, cli.command.default_log_filter(), profile.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(args, config).await,
            Command::Serve(args) => serve::run(args, config).await,
            Command::Worker(args) => worker::run(args, config).await,
            Command::Summarize(args) => summarize::run(args, config).await,
            Command::Import(args) => import::run(args, config).await,
            Command::Resummarize(args) => resummarize::run(args, config).await,
            Command::Models(args) => models::run(args, config).await,
            Command::Migrate(args) => migrate::run(args, config).await,
            Command::Eval(args) => eval::run(args, config).await,
            Command::Bench(args) => bench::run(args, config, profile).await,
        }
    });
    // A blocking thread that still computes must not hold up the exit: what it works on was given back.
    runtime.shutdown_background();
    outcome
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        let from_json = cause.downcast_ref().and_then(serde_json::Error::io_error_kind);
        from_json.or_else(|| cause.downcast_ref().map(std::io::Error::kind))
    };
    error
        .chain()
        .any(|cause| kind(cause) == Some(std::io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        for command in Cli::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("nutgraf "),
                "`{}` shows no example",
                command.get_name()
            );
        }
    }
}
