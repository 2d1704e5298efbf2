//! The report as text for a terminal.

use std::fmt;

use indicatif::{HumanBytes, HumanCount};

use super::{Latency, Refused, Report};

/// How many lost messages are named here.
const NAMED: usize = 10;

#[derive(Debug)]
pub(crate) struct Summary<'a>(pub(crate) &'a Report);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_verdict(f)?;
        self.write_ledger(f)?;
        self.write_latencies(f)?;
        self.write_audience(f)?;
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
        let routers = ledger.routers().map(|it| format!("({it})"));
        line("without row", ledger.without_row, routers.unwrap_or_default())?;
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
        let head = ["p50", "p90", "p99", "p99.9", "max"].map(|name| format!("{name:>10}")).concat();
        writeln!(f, "{:<26}{head}", "milliseconds")?;
        for (name, Latency { p50, p90, p99, p999, max, .. }) in self.0.latency.named() {
            let values = [p50, p90, p99, p999, max].map(|ms| format!("{ms:>10.1}")).concat();
            writeln!(f, "{name:<26}{values}")?;
        }
        writeln!(f)
    }

    fn write_audience(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let Some(audience) = &report.audience else { return Ok(()) };
        let guests = HumanCount(report.plan.guests.into());
        write!(
            f,
            "{guests} guests, {} of them with a device: ",
            HumanCount(audience.devices.into())
        )?;
        match report.latency.shown {
            Some(Latency { p50, p95: Some(p95), p99, .. }) => {
                writeln!(f, "Send to bullet {p50:.0} ms p50, {p95:.0} ms p95, {p99:.0} ms p99")?;
            }
            Some(_) | None => writeln!(f, "no bullet of theirs was in the feed")?,
        }
        let by_status = |it: &Refused| format!("{} with {}", HumanCount(it.count), it.status);
        let by_status: Vec<_> = audience.refused.iter().map(by_status).collect();
        let by_status = if by_status.is_empty() { "none".into() } else { by_status.join(", ") };
        let held_back = HumanCount(audience.held_back);
        writeln!(f, "refused: {by_status}; held back by a cooldown: {held_back}\n")
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
            writeln!(f, "{holds}  {}  (measured: {})", expectation.text, expectation.result())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Audience, sample};

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
    fn an_audience_has_its_time_to_the_bullet_and_what_was_refused() {
        let mut report = sample::report();
        report.plan.guests = 500;
        let refused = vec![Refused { status: 429, count: 37 }];
        report.audience = Some(Audience { devices: 499, held_back: 2, refused });
        let summary = Summary(&report).to_string();
        for part in [
            "500 guests, 499 of them with a device: Send to bullet 4 ms p50, 60 ms p95, 90 ms p99\n",
            "refused: 37 with 429; held back by a cooldown: 2\n",
        ] {
            assert!(summary.contains(part), "{part}: {summary}");
        }
        report.audience = Some(Audience::default());
        report.latency.shown = None;
        let summary = Summary(&report).to_string();
        assert!(summary.contains("no bullet of theirs") && summary.contains("refused: none"));
    }

    #[test]
    fn failures_come_with_a_hint() {
        let summary = Summary(&sample::report()).to_string();
        assert!(summary.contains("3 x message: 429 Too Many Requests\n    raise MAX_CLIENT_RATE"));
        assert!(summary.contains("holds   p99<200ms  (measured: 90.000)"), "{summary}");
    }
}
