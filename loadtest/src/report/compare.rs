//! `compare A.json B.json`: the figures of the second run as ratios to those of the first.

use std::fmt;

use super::{Latency, Report};

/// The reports of two runs, the older one first.
#[derive(Debug)]
pub(crate) struct Comparison<'a>(pub(crate) &'a Report, pub(crate) &'a Report);

/// A name, and how to read the value from a report.
type Figure = (&'static str, fn(&Report) -> Option<f64>);

const FIGURES: [Figure; 16] = [
    ("accepted per second", |it| Some(it.sending.accepted_per_s)),
    ("settled per second", |it| Some(it.sending.settled_per_s)),
    ("accepted after, p50 ms", |it| it.latency.accept.map(|it: Latency| it.p50)),
    ("accepted after, p99 ms", |it| it.latency.accept.map(|it| it.p99)),
    ("accepted after, p99.9 ms", |it| it.latency.accept.map(|it| it.p999)),
    ("in the feed after, p50 ms", |it| it.latency.shown.map(|it| it.p50)),
    ("in the feed after, p95 ms", |it| it.latency.shown.and_then(|it| it.p95)),
    ("in the feed after, p99 ms", |it| it.latency.shown.map(|it| it.p99)),
    ("a viewer's poll, p99 ms", |it| it.latency.poll.map(|it| it.p99)),
    ("received after, p99 ms", |it| it.latency.received.map(|it| it.p99)),
    ("most waiting", |it| it.seconds.iter().filter_map(|s| s.waiting).max().map(|n| n as f64)),
    ("failed requests", |it| Some(it.failed_requests() as f64)),
    ("lost", |it| Some(it.ledger.lost as f64)),
    ("twice", |it| Some(it.ledger.twice as f64)),
    ("out of order", |it| Some(it.ledger.out_of_order as f64)),
    ("CPU of all services, cores", cores),
];

/// How many cores all processes but our own kept busy, on average. `None` where some processes may be missing.
fn cores(report: &Report) -> Option<f64> {
    if !report.environment.local {
        return None;
    }
    let busy = |second: &super::Second| -> Option<f64> {
        let of_services = second.processes.iter().filter(|process| process.name != "loadtest");
        of_services.filter_map(|process| process.cpu).reduce(|a, b| a + b)
    };
    let seconds: Vec<_> = report.seconds.iter().filter_map(busy).collect();
    (!seconds.is_empty()).then(|| seconds.iter().sum::<f64>() / seconds.len() as f64)
}

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(a, b) = self;
        writeln!(f, "A  {:.0}  {}", a.started_at, a.url)?;
        writeln!(f, "B  {:.0}  {}", b.started_at, b.url)?;
        if a.plan != b.plan {
            writeln!(f, "The two runs had different plans, so the ratios say little.")?;
        }
        writeln!(f, "\n{:<28}{:>12}{:>12}{:>9}", "", "A", "B", "B / A")?;
        for (name, figure) in FIGURES {
            if let (Some(a), Some(b)) = (figure(a), figure(b)) {
                let ratio = if a > 0.0 { format!("{:.2}", b / a) } else { "-".into() };
                writeln!(f, "{name:<28}{a:>12.1}{b:>12.1}{ratio:>9}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn ratios_are_of_the_second_run_to_the_first() {
        let (a, mut b) = (sample::report(), sample::report());
        b.sending.accepted_per_s = 750.0;
        let text = Comparison(&a, &b).to_string();
        let line = text.lines().find(|line| line.starts_with("accepted per second")).unwrap();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>()[3..], ["500.0", "750.0", "1.50"]);
        assert!(!text.contains("different plans"));
    }

    #[test]
    fn a_figure_of_zero_has_no_ratio_and_one_that_was_not_measured_no_line() {
        let (mut a, b) = (sample::report(), sample::report());
        a.latency.poll = None;
        let text = Comparison(&a, &b).to_string();
        assert!(text.lines().any(|line| line.starts_with("lost") && line.ends_with('-')), "{text}");
        assert!(!text.contains("poll"));
    }
}
