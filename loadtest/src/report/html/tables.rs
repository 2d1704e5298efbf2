//! The tables of a page: figures and facts as people read them.

use indicatif::{HumanBytes, HumanCount};

use super::lines::number;
use crate::report::{Latencies, Latency, Ledger, Mode, Report, Second, Stage, Viewers};

/// One line of the ledger.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) count: String,
    /// In per cent of all accepted messages; `None` where it is no part of them.
    pub(super) share: Option<String>,
    pub(super) is_bad: bool,
    pub(super) about: String,
}

/// A figure that the page shows large.
#[derive(Debug)]
pub(super) struct Tile {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) unit: &'static str,
    pub(super) about: String,
}

/// The row of one latency, in milliseconds.
#[derive(Debug)]
pub(super) struct Percentiles {
    pub(super) name: &'static str,
    pub(super) count: String,
    pub(super) values: [String; 7],
}

/// The lines of the ledger: first those that add up to all accepted messages.
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
    let extra = |name, count: u64, is_bad, about: &str| Line {
        share: None,
        ..part(name, count, is_bad, about.into())
    };
    let without_row = ledger.routers().unwrap_or_else(|| "filtered or dead-lettered".into());
    let mut lines = vec![
        part("stored", ledger.stored, false, "with a row, and shown".into()),
        part("blocked", ledger.blocked, false, "with a row, not shown".into()),
        part("without a row", ledger.without_row, false, without_row),
        part("expired", ledger.expired, false, "deleted by Kafka before it was processed".into()),
        part("lost", ledger.lost, true, "neither, when the time was up".into()),
    ];
    if ledger.unsettled > 0 {
        lines.push(part("not settled", ledger.unsettled, false, "when the run was ended".into()));
    }
    lines.push(extra("twice", ledger.twice, true, "messages with two rows"));
    let about = "before an earlier one of the same sender";
    lines.push(extra("out of order", ledger.out_of_order, true, about));
    if ledger.unheard > 0 {
        let about = "with a row although their request failed";
        lines.push(extra("unheard", ledger.unheard, false, about));
    }
    lines
}

/// The figures that people look at first.
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
        .chain(refused(report))
        .chain(poll.map(|(tile, viewers)| Tile { about: polls(viewers), ..tile }))
        .chain([failed])
        .collect()
}

/// How many messages of guests were refused; `None` without guests.
fn refused(report: &Report) -> Option<Tile> {
    let audience = report.audience.as_ref()?;
    Some(Tile {
        name: "refused",
        value: HumanCount(audience.all_refused()).to_string(),
        unit: "messages",
        about: format!("of {} guests", HumanCount(report.plan.guests.into())),
    })
}

/// A row for each latency that was measured.
pub(super) fn latencies(latencies: &Latencies) -> Vec<Percentiles> {
    let row = |(name, Latency { count, mean, p50, p90, p95, p99, p999, max })| {
        let p95 = p95.map_or_else(|| "-".into(), number);
        let [mean, p50, p90, p99, p999, max] = [mean, p50, p90, p99, p999, max].map(number);
        let values = [mean, p50, p90, p95, p99, p999, max];
        Percentiles { name, count: HumanCount(count).to_string(), values }
    };
    latencies.named().map(row).collect()
}

/// The columns of the timeline.
pub(super) const TIMELINE: [&str; 12] = [
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

/// A row for every second.
pub(super) fn timeline(seconds: &[Second]) -> Vec<[String; TIMELINE.len()]> {
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

/// A name and a value.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// The plan of the run, and what its viewers got.
pub(super) fn plan(report: &Report) -> Vec<Fact> {
    let plan = &report.plan;
    let stages: Vec<_> = plan.stages.iter().map(stage).collect();
    let mode = |mode: &Mode| match mode {
        Mode::Messages => "single messages",
        Mode::Bursts => "bursts",
        Mode::Audience => "single messages of guests",
    };
    let modes: Vec<_> = plan.modes.iter().map(mode).collect();
    let modes = if modes.is_empty() { "viewers alone".into() } else { modes.join(" and ") };
    let viewers = report.viewers.as_ref().map(|it| {
        let [count, bullets, passed] = [it.count.into(), it.bullets, it.passed].map(HumanCount);
        format!("{count}, who got {bullets} of {passed} bullets in {}", HumanBytes(it.bytes))
    });
    let guests = report.audience.as_ref().map(|audience| {
        let [all, devices, held_back] =
            [report.plan.guests.into(), audience.devices.into(), audience.held_back]
                .map(HumanCount);
        format!("{all}, {devices} of them with a device; a cooldown held back {held_back} messages")
    });
    let guests = guests.map(|value| Fact { name: "guests", value });
    let facts = [
        ("sent", modes),
        ("stages", stages.join(", then ")),
        ("in flight", format!("{} messages at the most", HumanCount(plan.in_flight.into()))),
        ("viewers", viewers.unwrap_or_else(|| "none".into())),
        ("time to settle", format!("{} s", plan.settle_s)),
    ];
    facts.map(|(name, value)| Fact { name, value }).into_iter().chain(guests).collect()
}

fn stage(Stage { from, to, seconds }: &Stage) -> String {
    match (from, to) {
        (0, 0) => format!("rest for {seconds} s"),
        (from, to) if from == to => format!("{from}/s for {seconds} s"),
        (from, to) => format!("{from} to {to}/s in {seconds} s"),
    }
}

/// The machine of the load tester.
pub(super) fn environment(report: &Report) -> Vec<Fact> {
    let here = &report.environment;
    let local = if here.local { "on this machine too" } else { "elsewhere, or not known where" };
    let memory =
        here.memory_mib.map_or("not known".into(), |mib| HumanBytes(mib << 20).to_string());
    [
        ("system", here.system.clone()),
        ("processor", here.cpu.clone().unwrap_or_else(|| "not known".into())),
        ("cores", here.cores.to_string()),
        ("memory", memory),
        ("barrage runs", local.into()),
        ("load tester", here.version.clone()),
    ]
    .map(|(name, value)| Fact { name, value })
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Audience, sample};

    #[test]
    fn the_parts_of_the_ledger_add_up_to_all_accepted_messages() {
        let lines = ledger(&sample::report().ledger);
        let shares = lines.iter().filter_map(|line| line.share.as_ref());
        let sum: f64 = shares.map(|share| share.parse::<f64>().unwrap()).sum();
        assert!((sum - 100.0).abs() < 0.1, "{sum}");
        assert!(lines.iter().all(|line| !line.is_bad));
    }

    #[test]
    fn a_figure_that_was_not_measured_has_no_tile() {
        let mut report = sample::report();
        report.latency.poll = None;
        report.sending.due = 0;
        let names: Vec<_> = tiles(&report).into_iter().map(|tile| tile.name).collect();
        assert_eq!(names, ["accepted after", "in the feed after", "failed"]);
    }

    #[test]
    fn what_guests_met_has_a_tile_and_a_fact() {
        let mut report = sample::report();
        assert!(refused(&report).is_none());
        let nobody = plan(&report).len();
        report.plan.guests = 500;
        report.audience = Some(Audience { devices: 499, ..Audience::default() });
        assert!(tiles(&report).iter().any(|tile| tile.name == "refused" && tile.value == "0"));
        let facts = plan(&report);
        assert_eq!(facts.len(), nobody + 1);
        assert!(facts.iter().any(|fact| fact.value.starts_with("500, 499 of them with a device")));
    }

    #[test]
    fn stages_are_rates_ramps_or_rests() {
        let stages = ["500:30", "0-2000:60", "0:10"].map(|text| stage(&text.parse().unwrap()));
        assert_eq!(stages, ["500/s for 30 s", "0 to 2000/s in 60 s", "rest for 10 s"]);
    }
}
