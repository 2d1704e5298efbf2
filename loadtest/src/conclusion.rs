//! Makes the report of a run that is over.

use std::time::Duration;

use uuid::Uuid;

use crate::{
    book::Barrage,
    bursts::Account,
    expect::Expect,
    ledger::Place,
    report::{Environment, Failure, Ledger, Mode, Plan, Report, SCHEMA, Sending, Viewers},
    run::{Outcome, Run},
};

/// How many of those that are lost are named.
const NAMED: usize = 100;

/// What was known before the run.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) started_at: jiff::Timestamp,
    pub(crate) plan: Plan,
    pub(crate) environment: Environment,
    pub(crate) expects: Vec<Expect>,
}

/// The report of a run.
pub(crate) fn conclude(run: &Run, frame: Frame, outcome: Outcome) -> Report {
    let interrupted = run.stop.is_cancelled();
    let ledger = ledger(run, &outcome, interrupted);
    let mut report = Report {
        schema: SCHEMA.into(),
        url: run.target.url().to_string(),
        started_at: frame.started_at,
        took_s: outcome.took.as_secs_f64(),
        interrupted,
        sending: sending(run, &frame.plan, &ledger, &outcome),
        viewers: viewers(run, &frame.plan),
        plan: frame.plan,
        environment: frame.environment,
        ledger,
        latency: run.book.latencies(),
        expectations: Vec::new(),
        seconds: outcome.seconds,
    };
    report.expectations = frame.expects.iter().map(|expect| expect.of(&report)).collect();
    report
}

/// Puts single messages and bursts together.
fn ledger(run: &Run, outcome: &Outcome, interrupted: bool) -> Ledger {
    let messages = run.book.count();
    let accounts = &outcome.settlement.accounts;
    let sum = |of: fn(&Account) -> u64| accounts.iter().map(of).sum::<u64>();
    let unread = outcome.settlement.unread;
    let missing = sum(Account::without_row);
    let filtered_and_dead = outcome.filtered_and_dead;
    let ended = Ended {
        of_messages: messages.without_row,
        of_bursts: missing,
        said: run.book.barrage().map(|barrage| without_row(&barrage)),
        explained: filtered_and_dead.map(|(filtered, dead)| filtered + dead),
    };
    let without_row = ended.without_row();
    let unexplained = messages.without_row + missing - without_row;
    let open = messages.open + unread + unexplained;
    let (lost, unsettled) = if interrupted { (0, open) } else { (open, 0) };
    Ledger {
        accepted: messages.accepted + sum(|it| it.accepted) + unread,
        stored: messages.shown + sum(|it| it.shown),
        blocked: messages.blocked + sum(|it| it.blocked),
        without_row,
        lost,
        unsettled,
        twice: messages.twice + sum(Account::twice),
        out_of_order: sum(Account::out_of_order),
        unheard: messages.unheard,
        came_again: messages.came_again,
        filtered: filtered_and_dead.map(|(filtered, _)| filtered),
        dead: filtered_and_dead.map(|(_, dead)| dead),
        missing: if lost > 0 { names(run, accounts, unexplained) } else { Vec::new() },
    }
}

/// How many records ended without a row since barrage was first asked, whoever sent them.
fn without_row(barrage: &Barrage) -> u64 {
    barrage.now.finished_without_row.saturating_sub(barrage.first.finished_without_row)
}

/// Messages that ended without a row, as different parts tell it.
struct Ended {
    /// Single messages, each as barrage has said of it.
    of_messages: u64,
    /// Messages of bursts that have no row.
    of_bursts: u64,
    /// How many barrage counts.
    said: Option<u64>,
    /// How many the routers have filtered or dead-lettered.
    explained: Option<u64>,
}

impl Ended {
    /// How many of them are accounted for: no more than barrage counts, nor than the routers, who alone know why.
    fn without_row(&self) -> u64 {
        let of_bursts = self.said.map_or(0, |said| said.saturating_sub(self.of_messages));
        let all = self.of_messages + self.of_bursts.min(of_bursts);
        self.explained.map_or(all, |explained| all.min(explained))
    }
}

/// Those that are lost, or may be: of what ended without a row and without a reason, nobody can tell which
/// it was.
fn names(run: &Run, accounts: &[Account], unexplained: u64) -> Vec<String> {
    let open = run.book.open().into_iter().map(named);
    let gaps = accounts.iter().flat_map(Account::gaps);
    let suspects = if unexplained > 0 { run.book.without_row() } else { Vec::new() };
    let suspects = suspects.into_iter().map(|it| format!("{}: has no row", named(it)));
    open.chain(gaps).chain(suspects).take(NAMED).collect()
}

fn named((id, Place { partition, offset }): (Uuid, Place)) -> String {
    format!("{id} (partition {partition}, offset {offset})")
}

fn sending(run: &Run, plan: &Plan, ledger: &Ledger, outcome: &Outcome) -> Sending {
    let accounts = &outcome.settlement.accounts;
    let of_bursts = accounts.iter().map(|it| it.accepted + it.failed).sum::<u64>();
    let mut failures = run.book.failures();
    let failed = accounts.iter().map(|it| it.failed).sum();
    if failed > 0 {
        failures.push(Failure {
            request: "message".into(),
            kind: "of a burst, not acknowledged by Kafka".into(),
            count: failed,
            hint: None,
        });
    }
    let (last_answer, last_settled) = run.book.last();
    let settled = ledger.accepted - ledger.lost - ledger.unsettled;
    // Bursts settle unseen: all of it is over when the run is.
    let has_bursts = plan.modes.contains(&Mode::Bursts);
    let until = if has_bursts { outcome.took } else { last_settled };
    Sending {
        due: run.due_until(outcome.took),
        sent: run.book.sent() + of_bursts,
        accepted_per_s: per_second(ledger.accepted, last_answer),
        settled_per_s: per_second(settled, until),
        failures,
    }
}

fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

fn viewers(run: &Run, plan: &Plan) -> Option<Viewers> {
    let viewed = run.book.viewed();
    (plan.viewers > 0).then_some(Viewers {
        count: plan.viewers,
        polls: viewed.polls,
        bullets: viewed.bullets,
        passed: viewed.passed,
        bytes: viewed.bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_row(of: [u64; 2], said: Option<u64>, explained: Option<u64>) -> u64 {
        let [of_messages, of_bursts] = of;
        Ended { of_messages, of_bursts, said, explained }.without_row()
    }

    #[test]
    fn what_has_no_row_is_accounted_for_as_far_as_barrage_and_its_routers_say_so() {
        assert_eq!(without_row([3, 4], Some(7), Some(7)), 7);
        assert_eq!(without_row([3, 4], Some(7), None), 7);
        // Other people's messages may be among those that are counted.
        assert_eq!(without_row([3, 0], Some(9), Some(9)), 3);
        // A burst lacks more rows than barrage knows of.
        assert_eq!(without_row([0, 4], Some(1), None), 1);
        assert_eq!(without_row([0, 4], None, None), 0);
        // A message was finished, but no router has filtered or dead-lettered it.
        assert_eq!(without_row([3, 0], Some(3), Some(1)), 1);
    }
}
