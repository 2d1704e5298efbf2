//! The report as text for a terminal.

use std::fmt;

use indicatif::{HumanBytes, HumanCount};

use super::{Latency, Report};

/// How many lost messages are named here.
const NAMED: usize = 10;

#[derive(Debug)]
pub(crate) struct Summary<'a>(pub(crate) &'a Report);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_verdict(f)?;
        self.write_ledger(f)?;
        self.write_latencies(f)?;
        self.write_viewers(f)?;
        self.write_failures(f)?;
        self.write_expectations(f)
    }
}

impl Summary<'_> {
    fn write_verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        writeln!(f, "{}: {}\n", report.verdict().word(), report.says())?;
        match report.accepts_any_certificate {
            true => writeln!(
                f,
                "any certificate was accepted (--insecure): who answered is not known\n"
            ),
            false => Ok(()),
        }
    }

    fn write_ledger(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let (ledger, sending) = (&report.ledger, &report.sending);
        let mut line = |name: &str, count: u64, more: String| {
            writeln!(f, "{name:<14}{:>12}  {more}", HumanCount(count).to_string())
        };
        line("due", sending.due, String::new())?;
        line("accepted", ledger.accepted, format!("{:.0} per second", sending.accepted_per_s))?;
        line("stored", ledger.stored, format!("{:.0} settled per second", sending.settled_per_s))?;
        line("blocked", ledger.blocked, String::new())?;
        let why = match (ledger.filtered, ledger.dead) {
            (Some(filtered), Some(dead)) => {
                format!("(the routers: {filtered} filtered, {dead} dead-lettered)")
            }
            _ => String::new(),
        };
        line("without row", ledger.without_row, why)?;
        if ledger.expired > 0 {
            let more = "deleted by Kafka before they were processed".into();
            line("expired", ledger.expired, more)?;
        }
        line("lost", ledger.lost, String::new())?;
        line("twice", ledger.twice, String::new())?;
        line("out of order", ledger.out_of_order, String::new())?;
        if ledger.unheard > 0 {
            let more = "have a row although their request failed".into();
            line("unheard", ledger.unheard, more)?;
        }
        for id in ledger.missing.iter().take(NAMED) {
            writeln!(f, "  missing: {id}")?;
        }
        if ledger.missing.len() > NAMED {
            writeln!(f, "  and more: see the report of --json or --html")?;
        }
        writeln!(f)
    }

    fn write_latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let latency = &self.0.latency;
        let head = ["p50", "p90", "p99", "p99.9", "max"].map(|name| format!("{name:>10}")).concat();
        writeln!(f, "{:<26}{head}", "milliseconds")?;
        for (name, latency) in [
            ("accepted", latency.accept),
            ("  as a naive test sees it", latency.accept_naive),
            ("in the feed", latency.shown),
            ("a viewer's poll", latency.poll),
        ] {
            if let Some(Latency { p50, p90, p99, p999, max, .. }) = latency {
                let values = [p50, p90, p99, p999, max].map(|ms| format!("{ms:>10.1}")).concat();
                writeln!(f, "{name:<26}{values}")?;
            }
        }
        writeln!(f)
    }

    fn write_viewers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(viewers) = &self.0.viewers else { return Ok(()) };
        let [polls, bullets, passed] =
            [viewers.polls, viewers.bullets, viewers.passed].map(HumanCount);
        let bytes = HumanBytes(viewers.bytes);
        let count = viewers.count;
        writeln!(f, "{count} viewers: {polls} polls, {bullets} of {passed} bullets, {bytes}\n")
    }

    fn write_failures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.0.sending.failures {
            let (request, kind) = (&failure.request, &failure.kind);
            writeln!(f, "{} x {request}: {kind}", HumanCount(failure.count))?;
            if let Some(hint) = &failure.hint {
                writeln!(f, "    {hint}")?;
            }
        }
        Ok(())
    }

    fn write_expectations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for expectation in &self.0.expectations {
            let holds = if expectation.holds { "holds " } else { "FAILED" };
            let measured = expectation.measured;
            let measured = measured.map_or("not measured".into(), |it| format!("{it:.3}"));
            writeln!(f, "{holds}  {}  (measured: {measured})", expectation.text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_summary_begins_with_the_verdict() {
        let mut report = sample::report();
        let summary = Summary(&report).to_string();
        assert!(summary.starts_with("HOLDS: each of the 1,000 accepted messages"), "{summary}");
        report.ledger.lost = 2;
        report.ledger.missing = vec!["an-id".into()];
        let summary = Summary(&report).to_string();
        assert!(summary.starts_with("BROKEN: of 1,000 accepted messages 2 are lost"), "{summary}");
        assert!(summary.contains("missing: an-id"));
    }

    #[test]
    fn a_run_that_accepted_any_certificate_says_so() {
        let mut report = sample::report();
        assert!(!Summary(&report).to_string().contains("certificate"));
        report.accepts_any_certificate = true;
        assert!(Summary(&report).to_string().contains("any certificate was accepted"));
    }

    #[test]
    fn failures_come_with_a_hint() {
        let summary = Summary(&sample::report()).to_string();
        assert!(summary.contains("3 x message: 429 Too Many Requests\n    raise MAX_CLIENT_RATE"));
        assert!(summary.contains("holds   p99<200ms  (measured: 90.000)"), "{summary}");
    }
}
