//! The end of a run: requests the result of each message that the feed did not show, until all are known or the time is
//! up. Then accounts for bursts by their results.

use std::time::Duration;

use client::{
    homepage::{Burst, MessageResult, MessageState},
    http::Error,
};
use futures::{TryStreamExt as _, stream};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::{
    bursts::{self, BurstAccount},
    failures::Request,
    ledger::Ending,
    run::Run,
};

/// How many results are requested at once.
const AT_ONCE: usize = 32;

/// How often the results of a burst are tried again when they cannot be read.
const TRIES: u32 = 3;

/// How long to wait before the results of what still waits are requested again.
const AGAIN: Duration = Duration::from_millis(500);

/// What is known at the end about bursts; what is known about single messages is in the ledger.
#[derive(Debug, Default)]
pub(crate) struct Settlement {
    /// Of each burst whose results could be read.
    pub(crate) accounts: Vec<BurstAccount>,
    /// How many accepted messages have the other bursts.
    pub(crate) unread: u64,
}

/// Settles all that was accepted, within so many seconds.
pub(crate) async fn settle(run: &Run, mut bursts: Vec<Burst>, seconds: u64) -> Settlement {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let settle = async {
        drain(run, &mut bursts, deadline).await;
        while run.measurements.open_count() > 0 && Instant::now() < deadline {
            request_open(run, deadline).await;
            pause(deadline).await;
        }
    };
    if run.stop.run_until_cancelled(settle).await.is_some() {
        return account(run, &bursts, TRIES).await;
    }
    // A person has ended the run: the report has what is known until now.
    bursts::refresh(run, &mut bursts).await;
    account(run, &bursts, 0).await
}

/// Waits until all bursts have ended, and either nothing waits or the feed shows no more messages of ours.
async fn drain(run: &Run, bursts: &mut [Burst], deadline: Instant) {
    let mut open = u64::MAX;
    while Instant::now() < deadline {
        let ended = bursts::refresh(run, bursts).await;
        let waiting = run.measurements.barrage().is_none_or(|barrage| barrage.now.waiting > 0);
        let before = std::mem::replace(&mut open, run.measurements.open_count());
        if ended && (open == 0 || !waiting || open == before) {
            return;
        }
        pause(deadline).await;
    }
}

async fn pause(deadline: Instant) {
    sleep_until(deadline.min(Instant::now() + AGAIN)).await;
}

/// Requests the result of each message that the feed has not shown: it is not shown at all, or the feed left it out.
async fn request_open(run: &Run, deadline: Instant) {
    let open = stream::iter(run.measurements.open().into_iter().map(Ok));
    let requests = open.try_for_each_concurrent(AT_ONCE, async |(id, position)| {
        match run.homepage.result(position).await {
            Ok(result) => record(run, id, result),
            Err(error) => {
                // After too many requests, more of them would fail too.
                let too_many = matches!(error, Error::Status(429, _));
                run.measurements.failed(Request::Result, error);
                return if too_many { Err(()) } else { Ok(()) };
            }
        }
        Ok(())
    });
    // A message without a result until then stays open.
    _ = tokio::time::timeout_at(deadline, requests).await;
}

fn record(run: &Run, id: Uuid, result: Option<MessageResult>) {
    let ending = match result {
        Some(MessageResult { state: MessageState::FinishedWithoutRow, .. }) => Ending::WithoutRow,
        Some(MessageResult { state: MessageState::Expired, .. }) => Ending::Expired,
        // If another message lies where ours was acknowledged, ours stays open.
        Some(MessageResult { state: MessageState::Stored, row: Some(row) })
            if row.id.parse() == Ok(id) =>
        {
            if row.is_blocked() {
                Ending::Blocked
            } else {
                Ending::Shown
            }
        }
        Some(_) | None => return,
    };
    run.measurements.settled(id, ending, run.began.elapsed());
}

async fn account(run: &Run, bursts: &[Burst], tries: u32) -> Settlement {
    let mut settlement = Settlement::default();
    for burst in bursts {
        match account_of(run, burst, tries).await {
            Ok(account) => settlement.accounts.push(account),
            Err(_) => settlement.unread += burst.accepted,
        }
    }
    settlement
}

async fn account_of(run: &Run, burst: &Burst, tries: u32) -> Result<BurstAccount, Error> {
    let mut tries = 0..tries;
    loop {
        match BurstAccount::read(run, burst).await {
            Err(error) if tries.next().is_some() => {
                run.measurements.failed(Request::Result, error);
                sleep_until(Instant::now() + AGAIN).await;
            }
            account => return account,
        }
    }
}
