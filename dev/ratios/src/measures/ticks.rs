//! P15: how many viewers of a homepage on one core see every tick of the feed, and how late.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use faults::viewers::{Ask, Receipt};
use jiff::Timestamp;
use stack::plan::name::HOMEPAGE;
use tokio::time::{Instant, sleep_until};

use super::answers::{arrived, none_failed};
use crate::{
    cores::OneCore,
    figures::{Rounds, quantile},
    finding::{Finding, Findings},
    load::Load,
    ratio::{EVERY_TICK, RECEIVED},
    scope::Scope,
    stacks,
};

/// The load in messages per second, and how many seconds it lasts: longer than any measurement.
const RATE: u32 = 100;
const LASTS: u32 = 300;

/// Time for a few ticks at least: a crowd has one in two seconds.
const SHORTEST: u32 = 10;

/// Longer than it takes until all viewers have the last tick.
const LAST_TICK: Duration = Duration::from_secs(3);

/// What the viewers of one round saw.
#[derive(Debug, PartialEq)]
struct Seen {
    ticks: usize,
    /// How many viewers saw each of them.
    viewers: usize,
    /// How long after it was made each answer was received, in milliseconds.
    late: Vec<f64>,
}

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    let mut rounds = Vec::new();
    for round in 1..=scope.rounds {
        eprintln!("P15, round {round}: {} viewers of a homepage on one core …", scope.most_viewers);
        let seen = one_round(scope).await?;
        let p99 = quantile(&seen.late, 0.99);
        eprintln!("  {} saw each of {} ticks, p99 {p99:.0} ms", seen.viewers, seen.ticks);
        rounds.push(seen);
    }
    let viewers = rounds.iter().map(|seen| seen.viewers as f64).collect();
    let late = |share| rounds.iter().map(|seen| quantile(&seen.late, share)).collect::<Rounds>();
    let mut findings = Findings::from([
        Finding::figure(EVERY_TICK, viewers),
        Finding::figure(RECEIVED, late(0.99)),
    ]);
    let ticks: Rounds = rounds.iter().map(|seen| seen.ticks as f64).collect();
    findings.note(format!(
        "P15: of {} viewers, at {RATE} messages per second and {:.0} ticks in {} s; p50 {:.0} ms",
        scope.most_viewers,
        ticks.median(),
        lasts(scope).as_secs(),
        late(0.5).median()
    ));
    Ok(findings)
}

fn lasts(scope: &Scope) -> Duration {
    Duration::from_secs(scope.seconds.max(SHORTEST).into())
}

async fn one_round(scope: &Scope) -> anyhow::Result<Seen> {
    let stack = stacks::whole().start().await;
    let _one_core = OneCore::for_homepage(&stack)?;
    Load::at_rate(RATE, LASTS).send(stack.homepage()).await?;
    let viewers = arrived(stack.address(HOMEPAGE), Ask::Wait, scope.most_viewers).await?;
    viewers.take_receipts();
    let from = Timestamp::now();
    sleep_until(Instant::now() + lasts(scope)).await;
    let made = from.as_millisecond()..Timestamp::now().as_millisecond();
    sleep_until(Instant::now() + LAST_TICK).await;
    none_failed(&viewers)?;
    Ok(seen(&viewers.take_receipts(), made, scope.most_viewers as usize))
}

/// What viewers saw of the answers that were made in this time.
///
/// An answer that fewer than half of the viewers got is no tick: it is that of some who came between two ticks.
fn seen(receipts: &[Receipt], made: std::ops::Range<i64>, viewers: usize) -> Seen {
    let mut first_made = BTreeMap::new();
    let mut viewers_of = BTreeMap::<u64, BTreeSet<u32>>::new();
    for receipt in receipts {
        let first = first_made.entry(receipt.tick).or_insert(receipt.made);
        *first = receipt.made.min(*first);
        viewers_of.entry(receipt.tick).or_default().insert(receipt.viewer);
    }
    viewers_of
        .retain(|tick, seen_by| made.contains(&first_made[tick]) && seen_by.len() * 2 >= viewers);
    let late = receipts.iter().filter(|it| viewers_of.contains_key(&it.tick));
    let late = late.map(|it| it.late).collect();
    let saw_all = |viewer: &u32| viewers_of.values().all(|seen_by| seen_by.contains(viewer));
    let first = viewers_of.values().next();
    let viewers = first.map_or(0, |seen_by| seen_by.iter().filter(|it| saw_all(it)).count());
    Seen { ticks: viewers_of.len(), viewers, late }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each receipt is a viewer, a tick, and when it was made.
    fn receipts(of: &[(u32, u64, i64)]) -> Vec<Receipt> {
        let receipt = |(viewer, tick, made): &(u32, u64, i64)| Receipt {
            viewer: *viewer,
            tick: *tick,
            made: *made,
            late: f64::from(*viewer),
        };
        of.iter().map(receipt).collect()
    }

    #[test]
    fn a_viewer_counts_who_saw_every_tick_of_the_time() {
        let receipts = receipts(&[(0, 1, 10), (1, 1, 10), (2, 1, 10), (0, 2, 20), (1, 2, 20)]);
        let all = seen(&receipts, 10..30, 3);
        assert_eq!((all.ticks, all.viewers, all.late), (2, 2, vec![0.0, 1.0, 2.0, 0.0, 1.0]));
        let first = seen(&receipts, 10..20, 3);
        assert_eq!((first.ticks, first.viewers), (1, 3));
    }

    #[test]
    fn an_answer_to_a_few_who_came_late_is_no_tick() {
        let receipts = receipts(&[(0, 1, 10), (1, 1, 10), (2, 1, 10), (2, 2, 15)]);
        let seen = seen(&receipts, 0..30, 3);
        assert_eq!((seen.ticks, seen.viewers), (1, 3));
    }

    #[test]
    fn a_tick_that_is_made_again_for_late_viewers_is_the_same() {
        let receipts = receipts(&[(0, 1, 10), (1, 1, 40)]);
        assert_eq!(seen(&receipts, 0..30, 2).viewers, 2);
        assert_eq!(seen(&receipts, 20..50, 2).ticks, 0);
    }

    #[test]
    fn without_ticks_nobody_saw_any() {
        assert_eq!(seen(&[], 0..1, 5), Seen { ticks: 0, viewers: 0, late: vec![] });
    }
}
