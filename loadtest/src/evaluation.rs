//! Builds the report of a run that is over.

use std::time::Duration;

use client::{http::Url, message::Position};
use uuid::Uuid;

use crate::{
    bursts::BurstAccount,
    expect::Expect,
    measurements::Barrage,
    report::{Environment, Failure, Ledger, Mode, Plan, Report, SCHEMA, Second, Sending},
    run::Run,
    settlement::Settlement,
};

/// How many lost messages the report names.
const NAMED: usize = 100;

/// What is known before the run.
#[derive(Debug)]
pub(crate) struct Setup {
    /// Without user and password.
    pub(crate) url: Url,
    pub(crate) accepts_any_certificate: bool,
    pub(crate) started_at: jiff::Timestamp,
    pub(crate) plan: Plan,
    pub(crate) environment: Environment,
    pub(crate) expects: Vec<Expect>,
}

/// What a run has led to; the rest is in its measurements.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) settlement: Settlement,
    pub(crate) seconds: Vec<Second>,
    /// How many records the routers have filtered and dead-lettered, where their metrics say it.
    pub(crate) filtered_and_dead: Option<(u64, u64)>,
    pub(crate) took: Duration,
    /// How many guests have a device.
    pub(crate) devices: u32,
}

/// The report of a run.
pub(crate) fn evaluate(run: &Run, setup: Setup, outcome: Outcome) -> Report {
    let interrupted = run.stop.is_cancelled();
    let ledger = ledger(run, &outcome, interrupted);
    let mut report = Report {
        schema: SCHEMA.into(),
        url: setup.url.to_string(),
        accepts_any_certificate: setup.accepts_any_certificate,
        started_at: setup.started_at,
        took_s: outcome.took.as_secs_f64(),
        interrupted,
        sending: sending(run, &setup.plan, &ledger, &outcome),
        viewers: (setup.plan.viewers > 0).then(|| run.measurements.viewers(setup.plan.viewers)),
        audience: (setup.plan.guests > 0).then(|| run.measurements.audience(outcome.devices)),
        plan: setup.plan,
        environment: setup.environment,
        ledger,
        latency: run.measurements.latencies(),
        expectations: Vec::new(),
        seconds: outcome.seconds,
    };
    report.expectations = setup.expects.iter().map(|expect| expect.of(&report)).collect();
    report
}

/// Adds up single messages and bursts.
fn ledger(run: &Run, outcome: &Outcome, interrupted: bool) -> Ledger {
    let messages = run.measurements.ledger();
    let accounts = &outcome.settlement.accounts;
    let sum = |of: fn(&BurstAccount) -> u64| accounts.iter().map(of).sum::<u64>();
    let unread = outcome.settlement.unread;
    let missing = sum(BurstAccount::without_row);
    let filtered_and_dead = outcome.filtered_and_dead;
    let ended = WithoutRow {
        of_messages: messages.without_row,
        of_bursts: missing,
        counted: run.measurements.barrage().map(|barrage| without_row(&barrage)),
        explained: filtered_and_dead.map(|(filtered, dead)| filtered + dead),
    };
    let without_row = ended.accounted_for();
    let unexplained = messages.without_row + missing - without_row;
    let open = messages.unsettled + unread + unexplained;
    let (lost, unsettled) = if interrupted { (0, open) } else { (open, 0) };
    Ledger {
        accepted: messages.accepted + sum(BurstAccount::accepted) + unread,
        stored: messages.stored + sum(BurstAccount::shown),
        blocked: messages.blocked + sum(BurstAccount::blocked),
        without_row,
        expired: messages.expired + sum(BurstAccount::expired),
        lost,
        unsettled,
        twice: messages.twice + sum(BurstAccount::twice),
        out_of_order: sum(BurstAccount::out_of_order),
        filtered: filtered_and_dead.map(|(filtered, _)| filtered),
        dead: filtered_and_dead.map(|(_, dead)| dead),
        missing: if lost > 0 { names(run, accounts, unexplained) } else { Vec::new() },
        ..messages
    }
}

/// How many records ended without a row since the first answer of the feed, whoever sent them.
fn without_row(barrage: &Barrage) -> u64 {
    barrage.now.finished_without_row.saturating_sub(barrage.first.finished_without_row)
}

/// How many messages ended without a row, by each source.
struct WithoutRow {
    /// Single messages: barrage says it of each of them.
    of_messages: u64,
    /// Messages of bursts that have no row.
    of_bursts: u64,
    /// How many the homepage counts, whoever sent them.
    counted: Option<u64>,
    /// How many the routers have filtered or dead-lettered.
    explained: Option<u64>,
}

impl WithoutRow {
    /// How many of them count as finished; the others are lost. They are no more than the homepage counts, and no more
    /// than the routers count, which alone know the reason.
    ///
    /// For example, 3 single messages and 4 messages of bursts have no row, and the homepage counts 5: it may mean the 3
    /// and 2 of the 4. If the routers have filtered or dead-lettered only 1, only 1 counts.
    fn accounted_for(&self) -> u64 {
        let of_bursts = self.counted.map_or(0, |counted| counted.saturating_sub(self.of_messages));
        let all = self.of_messages + self.of_bursts.min(of_bursts);
        self.explained.map_or(all, |explained| all.min(explained))
    }
}

/// The names of lost messages, and of all that may be lost: if more messages ended without a row than the routers can
/// explain, nobody knows which of them are lost.
fn names(run: &Run, accounts: &[BurstAccount], unexplained: u64) -> Vec<String> {
    let open = run.measurements.open().into_iter().map(named);
    let gaps = accounts.iter().flat_map(BurstAccount::gaps).map(|id| id.to_string());
    let suspects = if unexplained > 0 { run.measurements.without_row() } else { Vec::new() };
    let suspects = suspects.into_iter().map(|it| format!("{}: has no row", named(it)));
    open.chain(gaps).chain(suspects).take(NAMED).collect()
}

fn named((id, Position { partition, offset }): (Uuid, Position)) -> String {
    format!("{id} (partition {partition}, offset {offset})")
}

fn sending(run: &Run, plan: &Plan, ledger: &Ledger, outcome: &Outcome) -> Sending {
    let accounts = &outcome.settlement.accounts;
    let of_bursts = accounts.iter().map(|it| it.accepted() + it.failed()).sum::<u64>();
    let mut failures = run.measurements.failures();
    let failed = accounts.iter().map(BurstAccount::failed).sum();
    if failed > 0 {
        failures.push(Failure {
            request: "message".into(),
            kind: "of a burst, not acknowledged by Kafka".into(),
            count: failed,
            hint: None,
        });
    }
    let (last_answer, last_settled) = run.measurements.last();
    let settled = ledger.accepted - ledger.lost - ledger.unsettled;
    // When the last message of a burst was settled is not known: at the latest when the run was over.
    let has_bursts = plan.modes.contains(&Mode::Bursts);
    let until = if has_bursts { outcome.took } else { last_settled };
    Sending {
        due: run.due_until(outcome.took),
        sent: run.measurements.sent() + of_bursts,
        accepted_per_s: per_second(ledger.accepted, last_answer),
        settled_per_s: per_second(settled, until),
        failures,
    }
}

fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_row(of: [u64; 2], counted: Option<u64>, explained: Option<u64>) -> u64 {
        let [of_messages, of_bursts] = of;
        WithoutRow { of_messages, of_bursts, counted, explained }.accounted_for()
    }

    #[test]
    fn messages_without_a_row_count_as_finished_as_far_as_homepage_and_routers_say_so() {
        assert_eq!(without_row([3, 4], Some(7), Some(7)), 7);
        assert_eq!(without_row([3, 4], Some(7), None), 7);
        // Other people's messages may be among those that are counted.
        assert_eq!(without_row([3, 0], Some(9), Some(9)), 3);
        // A burst lacks more rows than the homepage counts.
        assert_eq!(without_row([0, 4], Some(1), None), 1);
        assert_eq!(without_row([0, 4], None, None), 0);
        // The homepage says that 3 were finished, but the routers have filtered or dead-lettered only 1.
        assert_eq!(without_row([3, 0], Some(3), Some(1)), 1);
    }
}
