//! `cargo chaos`: random faults over all processes and networks, under which no message may be lost.

mod injection;
mod load;
mod output;
mod poison;
mod processors;
mod rhythm;
mod run;
mod schedule;
mod settle;
mod topology;
mod verdict;
mod viewer;

use std::{process::ExitCode, sync::Arc, time::Duration};

use clap::{Parser, value_parser};
use launcher::Range;
use process::signals::Stop;
use tempfile::TempDir;

use self::{output::print, processors::Scale, run::Plan};

/// Breaks one part of a stack after the other under load, heals it, and prints what became of every message.
/// Ctrl-C ends the run early, with the verdict so far; a second Ctrl-C ends it at once.
#[derive(Debug, Parser)]
#[command(override_usage = "cargo chaos [--release] [OPTIONS]")]
struct Args {
    /// How long faults are injected.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=1440))]
    minutes: u32,
    /// Repeats the faults of an earlier run [default: a random number]
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
    /// Message-processors that come and go by the load, as in `cargo demo`: the fewest and the most. The load pauses
    /// now and then, so that their number goes to the fewest and back [default: three, all the time]
    #[arg(long, value_name = "MIN..MAX")]
    scale: Option<Range>,
    /// The autoscaler decides by the mean of so many seconds, 6 to 3600.
    #[arg(long, value_name = "S", default_value_t = 6, requires = "scale",
          value_parser = value_parser!(u32).range(6..=3600))]
    scale_window: u32,
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
    stack::check_programs()?;
    let Args { minutes, seed, scale, scale_window } = *args;
    let seed = seed.unwrap_or_else(rand::random);
    let mut repeat = format!("cargo chaos -- --minutes {minutes} --seed {seed}");
    if let Some(range) = scale {
        repeat += &format!(" --scale {range} --scale-window {scale_window}");
    }
    print(format_args!("{repeat}"));
    let stop = Stop::on_signal()?;
    let data = Arc::new(tempfile::tempdir()?);
    let window = Duration::from_secs(scale_window.into());
    let plan = Plan {
        seed: seed.into(),
        length: Duration::from_secs(60) * minutes,
        scale: scale.map(|range| Scale { range, window }),
    };
    let run = run::run(plan, Arc::clone(&data), &stop.requested);
    let kept = match stop.forced.run_until_cancelled(run).await {
        Some(kept) => kept,
        None => anyhow::bail!("stopped at once, without a verdict"),
    };
    if !kept {
        let folder = Arc::into_inner(data).map(TempDir::keep).unwrap_or_default();
        print(format_args!("data and logs are in {}; repeat with: {repeat}", folder.display()));
    }
    Ok(kept)
}
