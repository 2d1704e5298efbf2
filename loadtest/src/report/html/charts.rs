//! The charts of a page: lines over the time of a run. A value that was not measured is a gap.

use serde::Serialize;

use super::lines::{Line, each, line, rate};
use crate::report::{Process, Report, Second};

#[derive(Debug, Serialize)]
pub(super) struct Chart {
    pub(super) title: &'static str,
    /// Of its values; may be empty.
    pub(super) unit: &'static str,
    /// Explains the lines to a person.
    pub(super) about: &'static str,
    scale: Scale,
    lines: Vec<Line>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Scale {
    Linear,
    /// Whole numbers that stay the same until they change.
    Stepped,
    Logarithmic,
}

/// The value of a line in one second.
type Value = fn(&Second) -> Option<f64>;

/// How many colours there are for processes.
const COLOURS: usize = 8;

/// All charts that have something to show.
pub(super) fn charts(report: &Report) -> Vec<Chart> {
    let seconds = &report.seconds;
    let mut charts = vec![rates(seconds), backlog(seconds)];
    charts.extend(latencies(seconds));
    charts.push(processors(seconds));
    charts.extend(services(seconds));
    charts.extend(processes(seconds));
    charts.push(polls(seconds));
    charts.retain_mut(|chart| {
        chart.lines.retain(|line| line.has_values());
        !chart.lines.is_empty()
    });
    charts
}

fn rates(seconds: &[Second]) -> Chart {
    let mut lines = vec![
        line("due", "due", rate(seconds, |second| Some(second.due))),
        line("accepted", "first", rate(seconds, |second| Some(second.accepted))),
        line("stored", "second", rate(seconds, |second| second.stored)),
    ];
    if seconds.iter().any(|second| second.failed > 0) {
        lines.push(line("failed requests", "bad", rate(seconds, |it| Some(it.failed))));
    }
    Chart {
        title: "Messages per second",
        unit: "",
        about: "What was due, what Kafka has acknowledged, and what has become a row, whoever sent it.",
        scale: Scale::Linear,
        lines,
    }
}

fn backlog(seconds: &[Second]) -> Chart {
    let waiting = |second: &Second| second.waiting.map(|waiting| waiting as f64);
    Chart {
        title: "Backlog",
        unit: "messages",
        about: "Messages that wait: accepted and not finished, as barrage says.",
        scale: Scale::Linear,
        lines: vec![line("waiting", "fourth", each(seconds, waiting))],
    }
}

fn latencies(seconds: &[Second]) -> [Chart; 2] {
    let chart = |title, about, p50: Value, p99: Value| Chart {
        title,
        unit: "ms",
        about,
        scale: Scale::Logarithmic,
        lines: vec![
            line("p99", "third", each(seconds, p99)),
            line("p50", "first", each(seconds, p50)),
        ],
    };
    [
        chart(
            "Accepted after",
            "From when a message was due until its acknowledgement had come.",
            |it| it.accept_p50,
            |it| it.accept_p99,
        ),
        chart(
            "In the feed after",
            "From when a message was due until its bullet had come.",
            |it| it.shown_p50,
            |it| it.shown_p99,
        ),
    ]
}

fn processors(seconds: &[Second]) -> Chart {
    let processors = |second: &Second| second.processors.map(f64::from);
    Chart {
        title: "Processors",
        unit: "",
        about: "Those that have stored something in the last ten seconds.",
        scale: Scale::Stepped,
        lines: vec![line("processors", "second", each(seconds, processors))],
    }
}

fn services(seconds: &[Second]) -> [Chart; 3] {
    let line = |name, colour, of: Value| line(name, colour, each(seconds, of));
    let chart =
        |title, unit, about, lines| Chart { title, unit, about, scale: Scale::Linear, lines };
    [
        chart(
            "Records in a call",
            "records",
            "How many the routers hand to a processor at once, on average.",
            vec![line("records in a call", "first", |it| it.batch)],
        ),
        chart(
            "Calls under way",
            "calls",
            "Calls that the routers waited for, and that processors worked on, when they were asked.",
            vec![
                line("at the routers", "third", |it| it.in_flight),
                line("at the processors", "second", |it| it.processing),
            ],
        ),
        chart(
            "Reads of the table",
            "per second",
            "Requests by which the homepages read rows, however many people watch.",
            vec![line("reads", "fourth", |it| it.table_reads)],
        ),
    ]
}

fn processes(seconds: &[Second]) -> [Chart; 2] {
    let mut names: Vec<&str> = Vec::new();
    for process in seconds.iter().flat_map(|second| &second.processes) {
        if !names.contains(&process.name.as_str()) {
            names.push(&process.name);
        }
    }
    let lines = |of: fn(&Process) -> Option<f64>| {
        let line = |(n, name): (usize, &&str)| {
            let found = |it: &Second| it.processes.iter().find(|it| it.name == *name).and_then(of);
            line(name, &format!("p{}", n % COLOURS), each(seconds, found))
        };
        names.iter().enumerate().map(line).collect()
    };
    let chart =
        |title, unit, about, lines| Chart { title, unit, about, scale: Scale::Linear, lines };
    [
        chart(
            "CPU",
            "cores",
            "How many cores each process kept busy. The load tester itself is one of them.",
            lines(|it| it.cpu),
        ),
        chart("Memory", "MiB", "What each process holds (RSS).", lines(|it| it.rss_mib)),
    ]
}

fn polls(seconds: &[Second]) -> Chart {
    let has_viewers = seconds.iter().any(|second| second.polls > 0);
    Chart {
        title: "Polls of viewers",
        unit: "per second",
        about: "How often all of them together asked for the feed.",
        scale: Scale::Linear,
        lines: vec![line("polls", "second", rate(seconds, |it| has_viewers.then_some(it.polls)))],
    }
}

impl Chart {
    /// Describes it for those who cannot see it.
    pub(super) fn label(&self) -> String {
        let lines: Vec<_> = self.lines.iter().map(Line::label).collect();
        let unit = if self.unit.is_empty() { "" } else { " in " };
        format!("{}{unit}{} over time. {}", self.title, self.unit, lines.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_chart_has_a_value_or_a_gap_for_each_second() {
        let report = sample::report();
        let charts = charts(&report);
        let titles: Vec<_> = charts.iter().map(|chart| chart.title).collect();
        assert!(titles.starts_with(&["Messages per second", "Backlog", "Accepted after"]));
        let lines = || charts.iter().flat_map(|chart| &chart.lines);
        assert!(lines().all(|line| line.values.len() == report.seconds.len()));
        // The sample has no latency of shown messages in its seconds.
        assert!(!titles.contains(&"In the feed after"), "{titles:?}");
    }

    #[test]
    fn a_chart_has_a_description() {
        let report = sample::report();
        let label = charts(&report)[1].label();
        assert_eq!(
            label,
            "Backlog in messages over time. waiting: least 10.0, mean 10.0, most 10.0"
        );
    }
}
