//! The end of a run: what was not seen in the feed is asked for, until all is known or the time is up.

use std::{sync::Arc, time::Duration};

use futures::{TryStreamExt as _, stream};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::{
    bursts::{self, Account},
    failures::Request,
    ledger::Fate,
    run::Run,
    target::{Burst, Progress, Refusal, State},
};

/// How many messages are asked for at once.
const AT_ONCE: usize = 32;

/// How often what cannot be read is tried again.
const TRIES: u32 = 3;

/// How often those that wait are asked for again.
const AGAIN: Duration = Duration::from_millis(500);

/// What is known at the end beside the ledger.
#[derive(Debug, Default)]
pub(crate) struct Settlement {
    /// Of each burst that could be accounted for.
    pub(crate) accounts: Vec<Account>,
    /// Messages of bursts whose results could not be read.
    pub(crate) unread: u64,
}

/// Settles all that was accepted, within so many seconds.
pub(crate) async fn settle(run: &Arc<Run>, mut bursts: Vec<Burst>, seconds: u64) -> Settlement {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let settle = async {
        drain(run, &mut bursts, deadline).await;
        while run.book.open_count() > 0 && Instant::now() < deadline {
            ask_for_open(run, deadline).await;
            pause(deadline).await;
        }
    };
    if run.stop.run_until_cancelled(settle).await.is_some() {
        return account(run, &bursts, TRIES).await;
    }
    // What is known until now is reported.
    bursts::look(run, &mut bursts).await;
    account(run, &bursts, 0).await
}

/// Waits until all bursts have ended, and nothing waits or the feed brings nothing of ours any more.
async fn drain(run: &Run, bursts: &mut [Burst], deadline: Instant) {
    let mut open = u64::MAX;
    while Instant::now() < deadline {
        let ended = bursts::look(run, bursts).await;
        let waiting = run.book.barrage().is_none_or(|barrage| barrage.now.waiting > 0);
        let before = std::mem::replace(&mut open, run.book.open_count());
        if ended && (open == 0 || !waiting || open == before) {
            return;
        }
        pause(deadline).await;
    }
}

async fn pause(deadline: Instant) {
    sleep_until(deadline.min(Instant::now() + AGAIN)).await;
}

/// Asks for each message that the feed has not shown: it was not shown at all, or the feed was a sample.
async fn ask_for_open(run: &Run, deadline: Instant) {
    let open = stream::iter(run.book.open().into_iter().map(Ok));
    let asks = open.try_for_each_concurrent(AT_ONCE, async |(id, place)| {
        match run.target.result(place).await {
            Ok(answer) => note(run, id, answer),
            Err(refusal) => {
                // The others are of no more use now if we have asked too often.
                let too_often = matches!(refusal, Refusal::Status(429, _));
                run.book.failed(Request::Result, refusal);
                return if too_often { Err(()) } else { Ok(()) };
            }
        }
        Ok(())
    });
    // Whoever is not asked until then stays open.
    _ = tokio::time::timeout_at(deadline, asks).await;
}

fn note(run: &Run, id: Uuid, progress: Option<Progress>) {
    let Some(Progress { state, row }) = progress else { return };
    let at = run.began.elapsed();
    match (state, row) {
        (State::Waiting, _) => {}
        (State::FinishedWithoutRow, _) => run.book.settled(id, Fate::WithoutRow, at),
        (State::Stored, Some(row)) if row.id == id && row.is_blocked() => {
            run.book.settled(id, Fate::Blocked, at);
        }
        (State::Stored, Some(row)) if row.id == id => run.book.settled(id, Fate::Shown, at),
        // Another message lies where ours was acknowledged: ours stays open.
        (State::Stored, _) => {}
    }
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

async fn account_of(run: &Run, burst: &Burst, tries: u32) -> Result<Account, Refusal> {
    let mut tries = 0..tries;
    loop {
        let account = bursts::account(run, burst).await;
        match account {
            Err(refusal) if tries.next().is_some() => {
                run.book.failed(Request::Result, refusal);
                sleep_until(Instant::now() + AGAIN).await;
            }
            account => return account,
        }
    }
}
