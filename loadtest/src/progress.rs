//! What a person sees during a run: a bar and figures in a terminal, otherwise a line every five seconds.

use std::{io::IsTerminal as _, time::Duration};

use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{report::Second, run::Run};

/// After how many seconds a line is written where there is no terminal.
const LINE_EVERY: u32 = 5;

#[derive(Debug)]
pub(crate) enum Progress {
    Terminal { all: MultiProgress, time: ProgressBar, figures: ProgressBar },
    Lines { second: u32 },
}

impl Progress {
    /// For a terminal if stderr is one. `lasts` is how long messages will be sent.
    pub(crate) fn new(lasts: Duration) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines { second: 0 };
        }
        let style = |template| ProgressStyle::with_template(template).expect("it is well-formed");
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let time = all.add(ProgressBar::new(lasts.as_secs()));
        time.set_style(style("{bar:40} {pos} of {len} s  {msg}"));
        let figures = all.add(ProgressBar::no_length());
        figures.set_style(style("{msg}"));
        Self::Terminal { all, time, figures }
    }

    /// Shows the second that has ended.
    pub(crate) fn show(&mut self, run: &Run, second: &Second) {
        let lasts = run.schedule.lasts().as_secs_f64();
        let phase = if run.sent.is_cancelled() {
            "settling"
        } else if second.at > lasts {
            "sending late messages"
        } else {
            "sending"
        };
        match self {
            Self::Terminal { time, figures, .. } => {
                time.set_position((second.at.min(lasts)) as u64);
                time.set_message(phase);
                figures.set_message(table(run, second));
            }
            Self::Lines { second: n } => {
                if n.is_multiple_of(LINE_EVERY) {
                    eprintln!("{:>5.0} s  {phase}  {}", second.at, line(run, second));
                }
                *n += 1;
            }
        }
    }

    /// Removes the bar and the figures from the terminal.
    pub(crate) fn clear(&self) {
        if let Self::Terminal { all, .. } = self {
            // A terminal that was closed shows nothing anyway.
            _ = all.clear();
        }
    }
}

fn table(run: &Run, second: &Second) -> String {
    let millis = |value: Option<f64>| value.map_or("-".into(), |ms| format!("{ms:.1} ms"));
    let count = |value: Option<u64>| value.map_or("-".into(), |n| HumanCount(n).to_string());
    format!(
        "  due       {:>9}/s   accepted {:>9}/s   stored {:>9}/s   failed {:>7}/s\n  \
         accepted after  p50 {:>9}   p99 {:>9}\n  \
         in the feed after  p50 {:>9}   p99 {:>9}\n  \
         waiting   {:>9}     processors {:>3}       not settled {:>9}",
        HumanCount(second.due),
        HumanCount(second.accepted),
        count(second.stored),
        HumanCount(second.failed),
        millis(second.accept_p50),
        millis(second.accept_p99),
        millis(second.shown_p50),
        millis(second.shown_p99),
        count(second.waiting),
        second.processors.unwrap_or_default(),
        HumanCount(run.measurements.open_count()),
    )
}

fn line(run: &Run, second: &Second) -> String {
    let millis = |value: Option<f64>| value.map_or("-".into(), |ms| format!("{ms:.1}"));
    format!(
        "due {}/s  accepted {}/s (p50 {} p99 {} ms)  stored {}/s (in the feed: p50 {} p99 {} ms)  \
         failed {}/s  waiting {}  not settled {}",
        second.due,
        second.accepted,
        millis(second.accept_p50),
        millis(second.accept_p99),
        second.stored.map_or("-".into(), |n| n.to_string()),
        millis(second.shown_p50),
        millis(second.shown_p99),
        second.failed,
        second.waiting.map_or("-".into(), |n| n.to_string()),
        run.measurements.open_count(),
    )
}
