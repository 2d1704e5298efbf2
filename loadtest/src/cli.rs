//! What can be asked for on the command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, error::ErrorKind, value_parser};
use reqwest::Url;

use crate::{
    expect::Expect,
    report::{Mode, Plan, Stage},
    tag::Tag,
};

const USAGE: &str = "cargo loadtest -- URL [OPTIONS]
       cargo loadtest -- compare A.json B.json
       cargo loadtest -- ratios [OPTIONS]
       cargo loadtest -- ceiling
       cargo loadtest -- schema";

const EXIT: &str = "Exit: 0 all holds, 1 a message is not accounted for or an expectation failed, \
                    2 wrong usage or no barrage there, 130 interrupted.";

/// Measures a barrage from outside: sends messages when they are due, follows each of them by its id to its
/// result, and reports what became of all of them and how long it took.
#[derive(Debug, Parser)]
#[command(name = "loadtest", override_usage = USAGE, after_help = EXIT, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) task: Option<Task>,
    #[command(flatten)]
    pub(crate) order: Option<Order>,
}

/// What else there is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Compare two reports: B's figures as ratios to A's.
    Compare { a: PathBuf, b: PathBuf },
    /// Measure what a fresh local stack reaches of what its parts reach alone; --help tells more.
    #[command(disable_help_flag = true)]
    Ratios {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<OsString>,
    },
    /// Measure how many requests per second this program itself can make.
    Ceiling,
    /// Print the JSON Schema of a report.
    Schema,
}

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Way {
    /// Send each message by itself: POST /messages.
    Messages,
    /// Send as the form does: POST /bursts.
    Bursts,
    /// Send nothing: viewers alone poll the feed, for as long as the stages last.
    Viewers,
    /// All at once.
    All,
}

/// A run.
#[derive(Args, Debug)]
pub(crate) struct Order {
    /// The barrage, such as http://127.0.0.1:8080
    pub(crate) url: String,
    /// Stages RATE:SECONDS or FROM-TO:SECONDS, in messages per second.
    #[arg(long, value_delimiter = ',', default_value = "200:5,1000:20,0:5")]
    stages: Vec<Stage>,
    /// What to do, one or more of these: each message is due in each of the ways to send.
    #[arg(long, value_delimiter = ',', value_enum, default_value = "messages")]
    mode: Vec<Way>,
    /// How many pages poll the feed, in every mode.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u32).range(0..=100_000))]
    viewers: u32,
    /// The most messages under way at once; what is due beyond that waits, and its latency counts on.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = value_parser!(u32).range(1..=20_000))]
    in_flight: u32,
    /// How long late messages may still be sent, and then how long the last ones have to become settled.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = value_parser!(u64).range(1..=86_400))]
    settle: u64,
    /// The text of the messages; a mark of the run and a number follow.
    #[arg(long, value_name = "TEXT", default_value = "load", value_parser = text)]
    pub(crate) message: String,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report as one HTML file.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// What the run must reach, such as 'p99<200ms' or 'lost==0'; may be given several times.
    #[arg(long = "expect", value_name = "FIGURE<LIMIT")]
    pub(crate) expects: Vec<Expect>,
    /// The stack.json of the barrage, if it runs on this machine [default: that of `cargo demo`]
    #[arg(long, value_name = "FILE")]
    pub(crate) stack: Option<PathBuf>,
    /// Where a service serves its metrics, such as http://host:8080/metrics; may be given several times
    /// [default: those of the stack, or the page's own]
    #[arg(long, value_name = "URL")]
    pub(crate) metrics: Vec<Url>,
}

impl Cli {
    /// Reads the command line; the error is one line for a person, and its exit code.
    pub(crate) fn read() -> Result<Self, (String, u8)> {
        Self::try_parse().map_err(|error| {
            let text = error.to_string();
            if error.kind() == ErrorKind::DisplayHelp { (text, 0) } else { (one_line(&text), 2) }
        })
    }
}

/// What clap says first is what is wrong; usage and tips follow.
fn one_line(error: &str) -> String {
    let mut lines = error.lines().map(str::trim).take_while(|line| !line.is_empty());
    let fault = lines.by_ref().collect::<Vec<_>>().join(" ");
    let fault = fault.strip_prefix("error: ").unwrap_or(&fault);
    format!("{fault} (--help tells what there is)\n")
}

fn text(text: &str) -> Result<String, String> {
    let fits = (1..=Tag::MAX_TEXT).contains(&text.trim().chars().count());
    fits.then(|| text.to_owned()).ok_or_else(|| format!("1 to {} characters", Tag::MAX_TEXT))
}

impl Order {
    /// # Errors
    /// When what is asked for cannot be done together.
    pub(crate) fn plan(&self) -> Result<Plan, &'static str> {
        let has = |way| self.mode.contains(&way) || self.mode.contains(&Way::All);
        let modes = [(Way::Messages, Mode::Messages), (Way::Bursts, Mode::Bursts)];
        let modes: Vec<_> =
            modes.into_iter().filter(|(way, _)| has(*way)).map(|(_, mode)| mode).collect();
        let ramps = self.stages.iter().any(|stage| stage.from != stage.to);
        if ramps && modes.contains(&Mode::Bursts) {
            return Err("a burst has one rate: with bursts, no stage can be FROM-TO");
        }
        if modes.is_empty() && self.viewers == 0 {
            return Err("--mode viewers needs viewers: --viewers says how many");
        }
        Ok(Plan {
            modes,
            stages: self.stages.clone(),
            in_flight: self.in_flight,
            viewers: self.viewers,
            settle_s: self.settle,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn read(line: &str) -> Result<Cli, String> {
        let words = ["loadtest"].into_iter().chain(line.split_whitespace());
        Cli::try_parse_from(words).map_err(|error| one_line(&error.to_string()))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_url_is_enough() {
        let order = read("http://127.0.0.1:8080").unwrap().order.unwrap();
        let plan = order.plan().unwrap();
        assert_eq!((plan.modes, plan.stages.len()), (vec![Mode::Messages], 3));
    }

    #[test]
    fn tasks_are_read() {
        assert!(matches!(read("ceiling").unwrap().task, Some(Task::Ceiling)));
        let Some(Task::Ratios { options }) = read("ratios --only P1 --help").unwrap().task else {
            panic!("these are ratios")
        };
        assert_eq!(options, ["--only", "P1", "--help"]);
    }

    #[test]
    fn a_fault_is_one_line_that_names_it() {
        for (line, named) in [
            ("http://h --stages 5", "500:30"),
            ("http://h --mode form", "form"),
            ("http://h --expect p98<1ms", "p99<200ms"),
            ("http://h --fast", "--fast"),
            ("compare a", "<B>"),
        ] {
            let fault = read(line).unwrap_err();
            assert!(fault.contains(named), "{line}: {fault}");
            assert_eq!(fault.trim_end().lines().count(), 1, "{fault}");
        }
    }

    #[test]
    fn modes_are_those_that_send_and_viewers_alone_send_nothing() {
        for (mode, modes) in [
            ("messages", vec![Mode::Messages]),
            ("bursts,messages,messages", vec![Mode::Messages, Mode::Bursts]),
            ("viewers", vec![]),
            ("viewers,bursts", vec![Mode::Bursts]),
            ("all", vec![Mode::Messages, Mode::Bursts]),
        ] {
            let order = read(&format!("http://h --mode {mode}")).unwrap().order.unwrap();
            assert_eq!(order.plan().unwrap().modes, modes, "{mode}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for line in ["--mode bursts --stages 0-5:5", "--mode viewers --viewers 0"] {
            let order = read(&format!("http://h {line}")).unwrap().order.unwrap();
            assert!(order.plan().is_err(), "{line}");
        }
    }
}
