//! P12: how much of the peak is left if twice as much is offered.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::{
    figures::{Rounds, per_second},
    finding::{Finding, Findings},
    load::Load,
    ratio::OVERLOAD,
    scope::Scope,
    stacks,
};

/// The loads among which the peak is searched, as shares of P1's end-to-end.
const STEPS: [f64; 4] = [0.6, 0.8, 1.0, 1.2];

/// In seconds, before the measurement.
const WARM_UP: u32 = 1;

/// What was accepted and stored while this much was offered, in messages per second.
#[derive(Clone, Copy, Debug)]
struct Offer {
    offered: u32,
    accepted: f64,
    goodput: f64,
}

pub(crate) async fn measure(scope: &Scope, flat_out: f64) -> anyhow::Result<Findings> {
    let mut best: Option<Offer> = None;
    for step in STEPS {
        let offer = offer(rate(flat_out * step), scope.seconds).await?;
        if best.is_none_or(|best| offer.goodput > best.goodput) {
            best = Some(offer);
        }
    }
    let best = best.expect("there are steps");
    let (mut peaks, mut overloads) = (Rounds::default(), Rounds::default());
    let mut accepted = Rounds::default();
    for round in 1..=scope.rounds {
        eprintln!("P12, round {round} …");
        let peak = offer(best.offered, scope.seconds).await?;
        let twice = offer(rate(2.0 * peak.goodput), scope.seconds).await?;
        peaks.push(peak.goodput);
        overloads.push(twice.goodput);
        accepted.push(twice.accepted);
    }
    let accepted = accepted.median() / peaks.median();
    let mut findings = Findings::from([Finding::ratio(OVERLOAD, overloads, peaks)]);
    findings.note(format!(
        "P12: the peak is at {} messages per second offered; when twice the peak was offered, Kafka accepted \
         {accepted:.2} times the peak",
        best.offered
    ));
    Ok(findings)
}

/// Offers this many messages per second to a fresh stack.
async fn offer(offered: u32, seconds: u32) -> anyhow::Result<Offer> {
    let stack = stacks::whole().start().await;
    let homepage = stack.homepage();
    let sending = Load::at_rate(offered, WARM_UP + seconds).send(homepage).await?;
    let mut marks = [(Instant::now(), 0, 0); 2];
    for (mark, second) in marks.iter_mut().zip([WARM_UP, WARM_UP + seconds]) {
        sleep_until(sending.began + Duration::from_secs(second.into())).await;
        let totals = homepage.feed(None, 1).await?.totals;
        *mark = (Instant::now(), totals.accepted, totals.stored);
    }
    let [(from, accepted, stored), (to, accepted_at_end, stored_at_end)] = marks;
    let rate = |before, after| per_second(after - before, to.duration_since(from));
    let [accepted, goodput] = [rate(accepted, accepted_at_end), rate(stored, stored_at_end)];
    eprintln!("P12: offered {offered}, accepted {accepted:.0}, stored {goodput:.0} per second");
    Ok(Offer { offered, accepted, goodput })
}

fn rate(per_second: f64) -> u32 {
    per_second.round().max(1.0) as u32
}
