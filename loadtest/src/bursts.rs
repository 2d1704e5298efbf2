//! The mode `bursts`: messages as the form sends them, and what became of all of theirs.

mod account;

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::{Instant, sleep_until};

pub(crate) use self::account::Account;
use crate::{
    failures::Request,
    report::Stage,
    run::Run,
    target::{Burst, Refusal, Row},
};

/// The limits of one burst.
const MAX_SENDERS: u32 = 100;
const MAX_RATE: u32 = 1000;
const MAX_SECONDS: u32 = 300;

/// How often it is asked how bursts are doing.
const LOOK: Duration = Duration::from_millis(500);

/// The senders of one burst, and how often each of them sends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Share {
    senders: u32,
    rate: u32,
}

/// Bursts that together send so many messages per second.
fn shares(rate: u32) -> Vec<Share> {
    let most = MAX_SENDERS * MAX_RATE;
    let whole = Share { senders: MAX_SENDERS, rate: MAX_RATE };
    let rest = rate % most;
    let even = Share { senders: MAX_SENDERS, rate: rest / MAX_SENDERS };
    let odd = Share { senders: rest % MAX_SENDERS, rate: 1 };
    let rest = [even, odd].into_iter().filter(|share| share.senders * share.rate > 0);
    (0..rate / most).map(|_| whole).chain(rest).collect()
}

/// Sends the bursts of every stage when it begins, and follows them until they have had their time. Answers
/// with those that began.
pub(crate) async fn send(run: &Arc<Run>) -> Vec<Burst> {
    let mut bursts = Vec::new();
    for (began, stage) in run.schedule.stages() {
        let mut done = 0;
        while done < stage.seconds {
            let seconds = MAX_SECONDS.min(stage.seconds - done);
            let at = run.began + began + Duration::from_secs(done.into());
            if wait(run, &mut bursts, at).await.is_none() {
                stop(run, &mut bursts).await;
                return bursts;
            }
            start(run, &mut bursts, stage, seconds).await;
            done += seconds;
        }
    }
    if wait(run, &mut bursts, run.began + run.schedule.lasts()).await.is_none() {
        stop(run, &mut bursts).await;
    }
    bursts
}

/// A run that a person has ended leaves nothing behind that sends.
async fn stop(run: &Run, bursts: &mut [Burst]) {
    for burst in bursts.iter_mut().filter(|burst| !burst.has_ended()) {
        match run.target.stop_burst(&burst.id).await {
            Ok(now) => *burst = now,
            Err(refusal) => run.book.failed(Request::Burst, refusal),
        }
    }
}

async fn start(run: &Run, bursts: &mut Vec<Burst>, stage: Stage, seconds: u32) {
    for share in shares(stage.from) {
        let burst = json!({
            "message": run.tag.burst(),
            "concurrency": share.senders,
            "rate": share.rate,
            "duration": seconds,
        });
        match run.target.send_burst(&burst).await {
            Ok(burst) => bursts.push(burst),
            Err(refusal) => run.book.failed(Request::Burst, refusal),
        }
    }
}

/// Looks at the bursts until then, or until a person ends the run: then nothing.
async fn wait(run: &Run, bursts: &mut [Burst], until: Instant) -> Option<()> {
    while Instant::now() < until {
        let next = until.min(Instant::now() + LOOK);
        run.stop.run_until_cancelled(sleep_until(next)).await?;
        look(run, bursts).await;
    }
    Some(())
}

/// Asks how they are doing. Tells whether all have ended.
pub(crate) async fn look(run: &Run, bursts: &mut [Burst]) -> bool {
    for burst in bursts.iter_mut().filter(|burst| !burst.has_ended()) {
        match run.target.burst(&burst.id).await {
            Ok(now) => *burst = now,
            Err(refusal) => run.book.failed(Request::Burst, refusal),
        }
    }
    let accepted = bursts.iter().map(|burst| burst.accepted).sum();
    run.book.bursts_accepted(accepted, run.began.elapsed());
    bursts.iter().all(Burst::has_ended)
}

/// Accounts for every message of a burst by its results.
pub(crate) async fn account(run: &Run, burst: &Burst) -> Result<Account, Refusal> {
    let mut answer = run.target.results(&burst.id).await?;
    let (mut account, mut rest) = (Account::of(burst), Vec::new());
    while let Some(piece) = answer.chunk().await.map_err(Refusal::of)? {
        rest.extend_from_slice(&piece);
        let whole = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        for line in rest.drain(..whole).as_slice().split(|byte| *byte == b'\n') {
            if !line.is_empty() {
                let row: Row = serde_json::from_slice(line).map_err(|_| Refusal::Malformed)?;
                account.add(&row);
            }
        }
    }
    Ok(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_rate_is_met_exactly_within_the_limits_of_a_burst() {
        for rate in [0, 1, 99, 100, 101, 2050, 99_999, 100_000, 250_001] {
            let shares = shares(rate);
            assert_eq!(shares.iter().map(|it| it.senders * it.rate).sum::<u32>(), rate);
            let fits = |it: &Share| it.senders <= MAX_SENDERS && it.rate <= MAX_RATE;
            assert!(shares.iter().all(fits));
        }
    }
}
