//! `cargo chaos`: random kills, stops and partitions over all processes, and no message lost.

mod arena;
mod faults;
mod journal;
mod load;
mod poison;
mod run;
mod schedule;
mod settle;
mod verdict;
mod viewer;

use std::{process::ExitCode, sync::Arc, time::Duration};

use clap::{Parser, value_parser};
use process::signals::Stop;
use tempfile::TempDir;

use self::journal::say;

/// Breaks one thing after the other under load, heals it, and says what became of every message.
/// Ctrl-C ends it early, with the verdict so far.
#[derive(Debug, Parser)]
#[command(override_usage = "cargo chaos [--release] [OPTIONS]")]
struct Args {
    /// How long things break.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=1440))]
    minutes: u32,
    /// What breaks when follows from this number; another one each time without it.
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every promise was kept.
async fn run(args: &Args) -> anyhow::Result<bool> {
    let Args { minutes, seed } = *args;
    let seed = seed.unwrap_or_else(rand::random);
    let again = format!("cargo chaos -- --minutes {minutes} --seed {seed}");
    say(format_args!("{again}"));
    let stop = Stop::on_signal()?;
    let data = Arc::new(tempfile::tempdir()?);
    let length = Duration::from_secs(60) * minutes;
    let ran = run::whole(seed.into(), length, Arc::clone(&data), &stop.requested);
    let kept = match stop.forced.run_until_cancelled(ran).await {
        Some(kept) => kept,
        None => anyhow::bail!("told to stop at once"),
    };
    if !kept {
        let kept = Arc::into_inner(data).map(TempDir::keep).unwrap_or_default();
        say(format_args!("the data and logs are in {}; again: {again}", kept.display()));
    }
    Ok(kept)
}
