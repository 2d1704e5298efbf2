//! P9, P9b and P10: what answers to a crowd of viewers cost, who ask for the feed as browsers do.

use std::{net::SocketAddr, time::Duration};

use anyhow::ensure;
use client::browser::Body;
use faults::viewers::{Ask, Crowd, Viewers};
use stack::{Stack, plan::name::HOMEPAGE, usage};
use tokio::time::{Instant, sleep_until};

use crate::{
    figures::Rounds,
    finding::{Finding, Findings},
    load::Load,
    ratio::{ANSWER, BARE_ENDPOINT, COMPRESSIONS, READS, Ratio::P10},
    raw::endpoint::Endpoint,
    scope::Scope,
    stacks,
};

/// The load in messages per second, and how many seconds it lasts: longer than any measurement.
const RATE: u32 = 1000;
const LASTS: u32 = 300;

/// How many viewers there are, at first and then.
const VIEWERS: [u32; 2] = [1000, 5000];

/// So many viewers come in a second.
const ARRIVALS: u32 = 1000;

/// Longer than the arrival of a crowd takes on a busy machine.
const ARRIVAL: Duration = Duration::from_secs(120);

/// How often it is looked whether all are there.
const LOOK: Duration = Duration::from_millis(200);

/// Between the arrival and the measurement, and after the start of the load.
const WARM_UP: Duration = Duration::from_secs(2);

/// What a homepage does in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Work {
    /// CPU time in microseconds.
    cpu: f64,
    answers: f64,
    reads: f64,
    compressions: f64,
}

/// Each crowd of one round, as it waits for news, and as it polled before homepages knew `wait`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Round {
    nobody: Work,
    /// One viewer, who waits.
    one: Work,
    waiting: [Work; 2],
    polling: [Work; 2],
    /// The bare endpoint. It does nothing when nobody looks on.
    bare: Work,
}

impl Work {
    /// The CPU time of an answer in microseconds, without what is done when nobody looks on. NaN if that was more: then
    /// there were too few answers for a measurement.
    fn cost(&self, nobody: &Self) -> f64 {
        let more = self.cpu - nobody.cpu;
        if more > 0.0 { more / self.answers } else { f64::NAN }
    }

    /// Answers for each second of CPU time.
    fn per_core(&self, nobody: &Self) -> f64 {
        1e6 / self.cost(nobody)
    }

    /// The difference between two readings, as the work of a second.
    fn between(before: Self, after: Self, time: Duration) -> Self {
        let each = |before: f64, after: f64| (after - before) / time.as_secs_f64();
        Self {
            cpu: each(before.cpu, after.cpu),
            answers: each(before.answers, after.answers),
            reads: each(before.reads, after.reads),
            compressions: each(before.compressions, after.compressions),
        }
    }
}

/// How many viewers there are, at first and then.
pub(crate) fn viewers(scope: &Scope) -> [u32; 2] {
    VIEWERS.map(|viewers| viewers.min(scope.most_viewers))
}

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    let mut rounds = Vec::new();
    for round in 1..=scope.rounds {
        eprintln!("P9, P9b, P10, round {round}: {RATE} messages per second …");
        rounds.push(one_round(scope).await?);
    }
    Ok(findings(&rounds, viewers(scope)))
}

async fn one_round(scope: &Scope) -> anyhow::Result<Round> {
    let mut round = Round { nobody: alone(scope).await?, ..Round::default() };
    if scope.wants(&[P10]) {
        round.one = crowd(scope, Ask::Wait, 1).await?.0;
    }
    for (n, viewers) in viewers(scope).into_iter().enumerate() {
        let (waiting, bodies) = crowd(scope, Ask::Wait, viewers).await?;
        round.waiting[n] = waiting;
        round.polling[n] = crowd(scope, Ask::Now, viewers).await?.0;
        if n == 0 {
            round.bare = bare(scope, bodies, viewers).await?;
        }
        let [new, old] = [waiting, round.polling[n]].map(|it| it.cost(&round.nobody));
        eprintln!("  {viewers} viewers: {new:.0} µs for an answer, {old:.0} µs without `wait`");
    }
    Ok(round)
}

/// A fresh stack with the load.
async fn loaded() -> anyhow::Result<Stack> {
    let stack = stacks::whole().start().await;
    Load::at_rate(RATE, LASTS).send(stack.homepage()).await?;
    sleep_until(Instant::now() + WARM_UP).await;
    Ok(stack)
}

/// Nobody looks on.
async fn alone(scope: &Scope) -> anyhow::Result<Work> {
    let stack = loaded().await?;
    watched(scope, async || reading(&stack, None).await).await
}

/// So many viewers look on. Returns also the last bodies that they got.
async fn crowd(scope: &Scope, ask: Ask, watching: u32) -> anyhow::Result<(Work, Vec<Body>)> {
    let stack = loaded().await?;
    let viewers = arrived(stack.address(HOMEPAGE), ask, watching).await?;
    let work = watched(scope, async || reading(&stack, Some(&viewers)).await).await?;
    none_failed(&viewers)?;
    Ok((work, viewers.bodies().1))
}

/// The same viewers at the bare endpoint.
async fn bare(scope: &Scope, bodies: Vec<Body>, watching: u32) -> anyhow::Result<Work> {
    let endpoint = Endpoint::start(bodies)?;
    let viewers = arrived(endpoint.address(), Ask::Wait, watching).await?;
    watched(scope, async || {
        let cpu = endpoint.cpu()?.as_secs_f64() * 1e6;
        Ok(Work { cpu, answers: viewers.answers() as f64, ..Work::default() })
    })
    .await
}

/// Starts viewers, and waits until each has had some answers.
pub(super) async fn arrived(at: SocketAddr, ask: Ask, watching: u32) -> anyhow::Result<Viewers> {
    let arrival = Duration::from_secs(1) * watching / ARRIVALS;
    let viewers = Viewers::start(at, Crowd { ask, watching, slow: 0, arrival });
    let began = Instant::now();
    while viewers.with_answers(2) < watching {
        ensure!(
            began.elapsed() < ARRIVAL,
            "after {ARRIVAL:?}, {} of {watching} viewers have two answers; {} requests have failed, the last one by: {}",
            viewers.with_answers(2),
            viewers.failures(),
            viewers.last_failure()
        );
        sleep_until(Instant::now() + LOOK).await;
    }
    sleep_until(Instant::now() + WARM_UP).await;
    Ok(viewers)
}

/// Fails if a request of the viewers has failed.
pub(super) fn none_failed(viewers: &Viewers) -> anyhow::Result<()> {
    let (failures, last) = (viewers.failures(), viewers.last_failure());
    ensure!(failures == 0, "{failures} requests of viewers failed, the last one by: {last}");
    Ok(())
}

/// Two readings, and the time of a measurement between them.
async fn watched(
    scope: &Scope,
    reading: impl AsyncFn() -> anyhow::Result<Work>,
) -> anyhow::Result<Work> {
    let (before, began) = (reading().await?, Instant::now());
    sleep_until(Instant::now() + Duration::from_secs(scope.seconds.into())).await;
    Ok(Work::between(before, reading().await?, began.elapsed()))
}

/// What the homepage has done until now. One of before does not count what it compresses: each different body was
/// compressed at least once.
async fn reading(stack: &Stack, viewers: Option<&Viewers>) -> anyhow::Result<Work> {
    let cpu = usage::of_process(stack, HOMEPAGE)?.cpu.as_secs_f64() * 1e6;
    let metrics = stack.homepage().metrics().await?;
    let counted = metrics.sum("homepage_feed_compressions_total");
    let bodies = viewers.map_or(0, |viewers| viewers.bodies().0);
    Ok(Work {
        cpu,
        answers: viewers.map_or(0, Viewers::answers) as f64,
        reads: metrics.sum("barrage_table_reads_total"),
        compressions: if counted > 0.0 { counted } else { bodies as f64 },
    })
}

fn findings(rounds: &[Round], viewers: [u32; 2]) -> Findings {
    let of = |figure: &dyn Fn(&Round) -> f64| rounds.iter().map(figure).collect::<Rounds>();
    let [few, many] = [0, 1].map(|n: usize| of(&|it| it.waiting[n].cost(&it.nobody)));
    let mut findings = Findings::from([
        Finding::figure(ANSWER[0], few),
        Finding::figure(ANSWER[1], many),
        Finding::ratio(
            BARE_ENDPOINT,
            of(&|it| it.waiting[0].per_core(&it.nobody)),
            of(&|it| it.bare.per_core(&Work::default())),
        ),
        Finding::ratio(READS, of(&|it| it.waiting[1].reads), of(&|it| it.one.reads)),
        Finding::ratio(
            COMPRESSIONS,
            of(&|it| it.waiting[1].compressions),
            of(&|it| it.one.compressions),
        ),
    ]);
    for (n, viewers) in viewers.into_iter().enumerate() {
        findings.note(old_and_new(rounds, n, viewers));
    }
    findings
}

/// The same viewers with `wait` and without.
fn old_and_new(rounds: &[Round], n: usize, viewers: u32) -> String {
    let of =
        |figure: &dyn Fn(&Round) -> f64| rounds.iter().map(figure).collect::<Rounds>().median();
    let describe = |which: fn(&Round) -> &[Work; 2]| {
        format!(
            "{:.0} µs for an answer ({:.0} µs with all that the homepage does), {:.0} answers and {:.1} \
             compressions a second",
            of(&|it| which(it)[n].cost(&it.nobody)),
            of(&|it| which(it)[n].cost(&Work::default())),
            of(&|it| which(it)[n].answers),
            of(&|it| which(it)[n].compressions),
        )
    };
    let share = of(&|it| it.waiting[n].cost(&it.nobody) / it.polling[n].cost(&it.nobody));
    format!(
        "P9, P10, {viewers} viewers: with `wait` {}; without, as pages polled before, {}; with ÷ without {share:.2}",
        describe(|it| &it.waiting),
        describe(|it| &it.polling),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_of_a_second_is_the_difference_of_two_readings() {
        let work = |cpu, answers| Work { cpu, answers, reads: 10.0, compressions: 4.0 };
        let between =
            Work::between(work(1000.0, 50.0), work(3000.0, 150.0), Duration::from_secs(2));
        let expected = Work { cpu: 1000.0, answers: 50.0, ..Work::default() };
        assert_eq!(between, expected);
    }

    #[test]
    fn an_answer_costs_what_is_not_done_when_nobody_looks_on() {
        let [nobody, work] = [(1000.0, 0.0), (6000.0, 100.0)].map(|(cpu, answers)| Work {
            cpu,
            answers,
            ..Work::default()
        });
        assert_eq!((work.cost(&nobody), work.per_core(&nobody)), (50.0, 20_000.0));
        assert!(nobody.cost(&work).is_nan());
    }
}
