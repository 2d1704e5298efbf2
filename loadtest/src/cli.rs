//! The command line: what a run does, and the other tasks.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, error::ErrorKind, value_parser};
use client::{base_url::without_user_info, http::Url};

use crate::{
    address::Address,
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
                    2 wrong usage or no barrage there, 130 interrupted.\n\
                    HTTP_PROXY and HTTPS_PROXY are not used.";

/// Measures a barrage from outside: sends messages when they are due, follows each of them by its id to its result, and
/// reports what became of them and how long it took.
#[derive(Debug, Parser)]
#[command(name = "loadtest", override_usage = USAGE, after_help = EXIT, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) task: Option<Task>,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Compare two reports: B's figures as ratios to A's.
    Compare { a: PathBuf, b: PathBuf },
    /// Measure how much of the speed of its parts a fresh local stack reaches; has a --help of its own.
    #[command(disable_help_flag = true)]
    Ratios {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<OsString>,
    },
    /// Measure how many requests per second this program itself can send.
    Ceiling,
    /// Print the JSON Schema of a report.
    Schema,
}

/// A value of `--mode`: a mode that sends, or one of two others.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum ModeOption {
    /// Send each message by itself: POST /messages.
    Messages,
    /// Send as the form does: POST /bursts.
    Bursts,
    /// Send as a room does: guests with phones, each with a device, a name, texts of its own and a cooldown. A stage
    /// follows the feed as a browser does. A run of its own.
    Audience,
    /// Send nothing: only viewers follow the feed, while the stages last.
    Viewers,
    /// Messages, bursts and viewers at the same time.
    All,
}

#[derive(Args, Debug)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) at: Address,
    /// The stages of the run: RATE:SECONDS or FROM-TO:SECONDS, in messages per second [default: 200:5,1000:20,0:5]
    #[arg(long, value_delimiter = ',')]
    stages: Vec<Stage>,
    /// What to do, one or more of these. With both modes that send, every message is due in both.
    #[arg(long, value_delimiter = ',', value_enum, default_value = "messages")]
    mode: Vec<ModeOption>,
    /// How many viewers follow the feed as pages in browsers do, in every mode
    /// [default: 10; in the mode audience the phones of all guests]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(0..=100_000))]
    viewers: Option<u32>,
    /// In the mode audience: how many guests there are [default: 100]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=20_000))]
    guests: Option<u32>,
    /// In the mode audience: how many texts all guests together send in a second [default: 10]
    #[arg(long, value_name = "RATE", value_parser = value_parser!(u32).range(1..=10_000))]
    texts_per_second: Option<u32>,
    /// In the mode audience: how many seconds they send [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u32).range(1..=86_400))]
    duration: Option<u32>,
    /// The most messages under way at once. A message that is due beyond that waits, and its latency keeps counting.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = value_parser!(u32).range(1..=20_000))]
    in_flight: u32,
    /// How long late messages may still be sent, and then how long the last messages have to be settled.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = value_parser!(u64).range(1..=86_400))]
    settle: u64,
    /// The text of the messages. The program adds a mark of the run and a number.
    #[arg(long, value_name = "TEXT", default_value = "load", value_parser = text)]
    pub(crate) message: String,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report as one HTML file.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// What the run must reach, such as 'p99<200ms' or 'lost==0'. May be given several times.
    #[arg(long = "expect", value_name = "FIGURE<LIMIT")]
    pub(crate) expects: Vec<Expect>,
    /// The stack.json of the barrage, if it runs on this machine [default: that of `cargo demo`].
    #[arg(long, value_name = "FILE")]
    pub(crate) stack: Option<PathBuf>,
    /// Where a service serves its metrics, such as http://host:8080/metrics. May be given several times
    /// [default: those of the stack, or of the homepage].
    #[arg(long, value_name = "URL")]
    pub(crate) metrics: Vec<Url>,
}

impl Cli {
    /// Reads the command line. The error is an exit code with the text of `--help`, or with one line that says what is
    /// wrong with the command line.
    pub(crate) fn read() -> Result<Self, (String, u8)> {
        let words: Vec<_> = std::env::args_os().collect();
        Self::try_parse_from(&words).map_err(|error| {
            let text = error.to_string();
            match error.kind() == ErrorKind::DisplayHelp {
                true => (text.trim_end().to_owned() + "\n", 0),
                false => (one_line(&without_passwords(text, &words)), 2),
            }
        })
    }
}

/// An error names the word that is wrong, which may be a URL with a password.
fn without_passwords(error: String, words: &[OsString]) -> String {
    let words = words.iter().filter_map(|word| word.to_str()).filter(|word| word.contains('@'));
    // Of `--option=value` an error may name the value alone.
    let values = words.flat_map(|word| [Some(word), word.split_once('=').map(|(_, value)| value)]);
    values.flatten().fold(error, |error, word| error.replace(word, &without_user_info(word)))
}

/// The first paragraph of clap's error says what is wrong; usage and tips follow.
fn one_line(error: &str) -> String {
    let mut lines = error.lines().map(str::trim).take_while(|line| !line.is_empty());
    let fault = lines.by_ref().collect::<Vec<_>>().join(" ");
    let fault = fault.strip_prefix("error: ").unwrap_or(&fault);
    format!("{fault} (see --help)\n")
}

fn text(text: &str) -> Result<String, String> {
    let fits = (1..=Tag::MAX_TEXT).contains(&text.trim().chars().count());
    fits.then(|| text.to_owned()).ok_or_else(|| format!("1 to {} characters", Tag::MAX_TEXT))
}

/// The stages of a run whose command line names none.
const STAGES: [Stage; 3] = [
    Stage { from: 200, to: 200, seconds: 5 },
    Stage { from: 1000, to: 1000, seconds: 20 },
    Stage { from: 0, to: 0, seconds: 5 },
];

/// The defaults of the other options.
const VIEWERS: u32 = 10;
const GUESTS: u32 = 100;
const TEXTS_PER_SECOND: u32 = 10;
const DURATION: u32 = 60;

impl RunOptions {
    /// Fails when the options do not fit together.
    pub(crate) fn plan(&self) -> Result<Plan, &'static str> {
        if self.mode.contains(&ModeOption::Audience) {
            return self.audience();
        }
        if self.guests.or(self.texts_per_second).or(self.duration).is_some() {
            return Err("--guests, --texts-per-second and --duration are for --mode audience");
        }
        let has = |mode| self.mode.contains(&mode) || self.mode.contains(&ModeOption::All);
        let modes = [(ModeOption::Messages, Mode::Messages), (ModeOption::Bursts, Mode::Bursts)];
        let modes: Vec<_> =
            modes.into_iter().filter(|(option, _)| has(*option)).map(|(_, mode)| mode).collect();
        let stages = if self.stages.is_empty() { STAGES.into() } else { self.stages.clone() };
        let ramps = stages.iter().any(|stage| stage.from != stage.to);
        if ramps && modes.contains(&Mode::Bursts) {
            return Err("a burst has one rate: in the mode bursts, no stage can be FROM-TO");
        }
        let viewers = self.viewers.unwrap_or(VIEWERS);
        if modes.is_empty() && viewers == 0 {
            return Err("--mode viewers needs at least one viewer: see --viewers");
        }
        Ok(Plan { modes, stages, viewers, ..self.empty_plan() })
    }

    /// The plan of the mode `audience`. A guest sends one message at a time, so no more are under way than there are
    /// guests.
    fn audience(&self) -> Result<Plan, &'static str> {
        if self.mode.iter().any(|mode| *mode != ModeOption::Audience) {
            return Err("the mode audience is a run of its own: name no other mode");
        }
        if !self.stages.is_empty() {
            return Err("the mode audience has no --stages: see --texts-per-second and --duration");
        }
        let rate = self.texts_per_second.unwrap_or(TEXTS_PER_SECOND);
        let guests = self.guests.unwrap_or(GUESTS);
        Ok(Plan {
            modes: vec![Mode::Audience],
            stages: vec![Stage {
                from: rate,
                to: rate,
                seconds: self.duration.unwrap_or(DURATION),
            }],
            in_flight: guests,
            viewers: self.viewers.unwrap_or(guests),
            guests,
            ..self.empty_plan()
        })
    }

    fn empty_plan(&self) -> Plan {
        Plan {
            modes: Vec::new(),
            stages: Vec::new(),
            in_flight: self.in_flight,
            viewers: 0,
            guests: 0,
            settle_s: self.settle,
        }
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
        let options = read("http://127.0.0.1:8080").unwrap().run;
        let plan = options.plan().unwrap();
        assert_eq!((plan.modes, plan.stages.len()), (vec![Mode::Messages], 3));
    }

    #[test]
    fn tasks_are_read() {
        assert!(matches!(read("ceiling").unwrap().task, Some(Task::Ceiling)));
        let Some(Task::Ratios { options }) = read("ratios --only P1 --help").unwrap().task else {
            panic!("the task is ratios")
        };
        assert_eq!(options, ["--only", "P1", "--help"]);
    }

    #[test]
    fn an_error_is_one_line_that_names_what_is_wrong() {
        for (line, named) in [
            ("http://h --stages 5", "500:30"),
            ("http://h --mode form", "form"),
            ("http://h --expect p98<1ms", "p99<200ms"),
            ("http://h --fast", "--fast"),
            ("https://h --ca f --insecure", "--insecure"),
            ("http://h --mode audience --guests 0", "--guests"),
            ("http://h --mode audience --guests many", "--guests"),
            ("http://h --mode audience --texts-per-second 0", "--texts-per-second"),
            ("http://h --mode room", "audience"),
            ("compare a", "<B>"),
        ] {
            let fault = read(line).unwrap_err();
            assert!(fault.contains(named), "{line}: {fault}");
            assert_eq!(fault.trim_end().lines().count(), 1, "{fault}");
        }
    }

    #[test]
    fn an_error_names_no_password() {
        for line in [
            "http://h https://ann:secret@host",
            "http://h --viewers ann:secret@host",
            "http://h --viewers=https://ann:secret@host",
            "http://h --metrics //ann:secret@host",
            "https://ann:secret@host --fast",
        ] {
            let words: Vec<_> = ["loadtest"]
                .into_iter()
                .chain(line.split_whitespace())
                .map(OsString::from)
                .collect();
            let fault = Cli::try_parse_from(&words).unwrap_err().to_string();
            let shown = one_line(&without_passwords(fault, &words));
            assert!(!shown.contains("secret") && shown.contains("see --help"), "{line}: {shown}");
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
            let options = read(&format!("http://h --mode {mode}")).unwrap().run;
            assert_eq!(options.plan().unwrap().modes, modes, "{mode}");
        }
    }

    #[test]
    fn an_audience_sends_at_one_rate_and_every_phone_follows_the_feed() {
        let plan =
            |line: &str| read(&format!("http://h --mode audience {line}")).unwrap().run.plan();
        let plan_of_500 = plan("--guests 500 --texts-per-second 40 --duration 20").unwrap();
        assert_eq!(plan_of_500.modes, [Mode::Audience]);
        assert_eq!(plan_of_500.stages, [Stage { from: 40, to: 40, seconds: 20 }]);
        let Plan { guests, viewers, in_flight, .. } = plan_of_500;
        assert_eq!([guests, viewers, in_flight], [500; 3]);
        let Plan { guests, viewers, .. } = plan("--viewers 3").unwrap();
        assert_eq!((guests, viewers), (100, 3));
    }

    #[test]
    fn options_that_do_not_fit_together_are_refused() {
        for line in [
            "--mode bursts --stages 0-5:5",
            "--mode viewers --viewers 0",
            "--mode audience,messages",
            "--mode audience --stages 5:5",
            "--guests 5",
            "--mode bursts --duration 5",
        ] {
            let options = read(&format!("http://h {line}")).unwrap().run;
            assert!(options.plan().is_err(), "{line}");
        }
    }
}
