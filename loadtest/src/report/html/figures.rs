//! The figures of a page as people read them.

use indicatif::HumanCount;

use super::lines::number;
use crate::report::{Latencies, Latency, Ledger, Report, Second, Viewers};

/// One line of the ledger.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) count: String,
    /// Of all that was accepted, in per cent; nothing where it is no part of that.
    pub(super) share: Option<String>,
    pub(super) is_bad: bool,
    pub(super) about: String,
}

/// A figure that is worth being large.
#[derive(Debug)]
pub(super) struct Tile {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) unit: &'static str,
    pub(super) about: String,
}

/// A latency in milliseconds.
#[derive(Debug)]
pub(super) struct Percentiles {
    pub(super) name: &'static str,
    pub(super) count: String,
    pub(super) values: [String; 6],
}

/// An expectation and what came of it.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) text: String,
    pub(super) measured: String,
    pub(super) holds: bool,
}

/// The lines of the ledger: first those that together are all that was accepted.
pub(super) fn ledger(ledger: &Ledger) -> Vec<Line> {
    let part = |name, count: u64, is_bad, about: String| {
        let share = count as f64 * 100.0 / ledger.accepted.max(1) as f64;
        let share = Some(format!("{share:.2}"));
        Line {
            name,
            count: HumanCount(count).to_string(),
            share,
            is_bad: is_bad && count > 0,
            about,
        }
    };
    let beside = |name, count: u64, is_bad, about: &str| Line {
        share: None,
        ..part(name, count, is_bad, about.into())
    };
    let without_row = match (ledger.filtered, ledger.dead) {
        (Some(filtered), Some(dead)) => {
            format!("the routers: {filtered} filtered, {dead} dead-lettered")
        }
        _ => "filtered or dead-lettered".into(),
    };
    let mut lines = vec![
        part("stored", ledger.stored, false, "with a row, and shown".into()),
        part("blocked", ledger.blocked, false, "with a row, not shown".into()),
        part("without a row", ledger.without_row, false, without_row),
        part("lost", ledger.lost, true, "neither, when the time was up".into()),
    ];
    if ledger.unsettled > 0 {
        lines.push(part("not settled", ledger.unsettled, false, "when the run was ended".into()));
    }
    lines.push(beside("twice", ledger.twice, true, "messages with two rows"));
    let about = "before an earlier one of the same sender";
    lines.push(beside("out of order", ledger.out_of_order, true, about));
    if ledger.unheard > 0 {
        let about = "with a row although their request failed";
        lines.push(beside("unheard", ledger.unheard, false, about));
    }
    lines
}

/// The figures that people compare.
pub(super) fn tiles(report: &Report) -> Vec<Tile> {
    let sending = &report.sending;
    let tile = |name, value: f64, unit, about| Tile { name, value: number(value), unit, about };
    let [due, sent] = [sending.due, sending.sent].map(HumanCount);
    let sends = (sending.due > 0).then(|| {
        [
            tile(
                "accepted",
                sending.accepted_per_s,
                "per second",
                format!("{sent} of {due} due sent"),
            ),
            tile("settled", sending.settled_per_s, "per second", "until the last one".into()),
        ]
    });
    let latency = |name, latency: Option<Latency>| {
        let about = |it: Latency| format!("p50 {} ms", number(it.p50));
        latency.map(|it| tile(name, it.p99, "ms p99", about(it)))
    };
    let viewers = report.viewers.as_ref();
    let polls = |it: &Viewers| {
        format!("{} viewers, {} polls", HumanCount(it.count.into()), HumanCount(it.polls))
    };
    let poll = latency("a viewer's poll", report.latency.poll).zip(viewers);
    let failed = report.failed_requests();
    let failed = Tile {
        name: "failed",
        value: HumanCount(failed).to_string(),
        unit: if failed == 1 { "request" } else { "requests" },
        about: "of any kind".into(),
    };
    sends
        .into_iter()
        .flatten()
        .chain(latency("accepted after", report.latency.accept))
        .chain(latency("in the feed after", report.latency.shown))
        .chain(poll.map(|(tile, viewers)| Tile { about: polls(viewers), ..tile }))
        .chain([failed])
        .collect()
}

/// All latencies that were measured.
pub(super) fn latencies(latencies: &Latencies) -> Vec<Percentiles> {
    let row = |(name, latency): (_, Option<Latency>)| {
        let Latency { count, mean, p50, p90, p99, p999, max } = latency?;
        let values = [mean, p50, p90, p99, p999, max].map(number);
        Some(Percentiles { name, count: HumanCount(count).to_string(), values })
    };
    let all = [
        ("accepted", latencies.accept),
        ("accepted, seen naively", latencies.accept_naive),
        ("in the feed", latencies.shown),
        ("a viewer's poll", latencies.poll),
    ];
    all.into_iter().filter_map(row).collect()
}

/// What was expected.
pub(super) fn trials(report: &Report) -> Vec<Trial> {
    let trials = report.expectations.iter().map(|expectation| Trial {
        text: expectation.text.clone(),
        measured: expectation.measured.map_or("not measured".into(), |it| format!("{it:.3}")),
        holds: expectation.holds,
    });
    trials.collect()
}

/// The columns of the course.
pub(super) const COURSE: [&str; 12] = [
    "until s",
    "due",
    "accepted",
    "stored",
    "failed",
    "waiting",
    "processors",
    "accepted p50",
    "p99",
    "in the feed p50",
    "p99",
    "records in a call",
];

/// Every second.
pub(super) fn course(seconds: &[Second]) -> Vec<[String; COURSE.len()]> {
    let whole = |value: Option<u64>| value.map_or("-".into(), |it| HumanCount(it).to_string());
    let tenths = |value: Option<f64>| value.map_or("-".into(), |it| format!("{it:.1}"));
    let row = |it: &Second| {
        [
            format!("{:.0}", it.at),
            whole(Some(it.due)),
            whole(Some(it.accepted)),
            whole(it.stored),
            whole(Some(it.failed)),
            whole(it.waiting),
            whole(it.processors.map(u64::from)),
            tenths(it.accept_p50),
            tenths(it.accept_p99),
            tenths(it.shown_p50),
            tenths(it.shown_p99),
            tenths(it.batch),
        ]
    };
    seconds.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_parts_of_the_ledger_are_all_that_was_accepted() {
        let lines = ledger(&sample::report().ledger);
        let shares = lines.iter().filter_map(|line| line.share.as_ref());
        let sum: f64 = shares.map(|share| share.parse::<f64>().unwrap()).sum();
        assert!((sum - 100.0).abs() < 0.1, "{sum}");
        assert!(lines.iter().all(|line| !line.is_bad));
    }

    #[test]
    fn what_was_not_measured_has_no_tile() {
        let mut report = sample::report();
        report.latency.poll = None;
        report.sending.due = 0;
        let names: Vec<_> = tiles(&report).into_iter().map(|tile| tile.name).collect();
        assert_eq!(names, ["accepted after", "in the feed after", "failed"]);
    }
}
