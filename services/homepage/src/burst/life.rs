//! A burst from its first message to its last row.

use std::sync::Arc;
use std::time::Duration;

use barrage::retry::pause;
use barrage::table::State;
use futures::future::join_all;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::board::Burst;
use super::engine::Parts;
use super::pace::Pace;
use crate::producer::Outgoing;

/// How often a burst's row is written while it runs, and how often it is looked at while it drains.
const HEARTBEAT: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(50);

/// Sends, drains and ends a burst, and writes its row meanwhile.
pub(super) async fn live(burst: Arc<Burst>, parts: Arc<Parts>) {
    let life = async {
        let senders = (1..=burst.ask.concurrency).map(|sender| send(&burst, &parts, sender));
        join_all(senders).await;
        let end = burst.sent(burst.stop.is_cancelled());
        drain(&burst, &parts).await;
        burst.end(end);
    };
    tokio::select! {
        () = life => {}
        () = beat(&burst, &parts) => {}
    }
    // The last word is kept trying until the table has it; a stop of the process ends it.
    write(&burst, &parts).await;
    parts.tally.close(burst.id);
    let snapshot = burst.snapshot();
    tracing::info!(
        burst = %burst.id,
        state = %snapshot.state,
        accepted = snapshot.accepted,
        failed = snapshot.failed,
        stored = snapshot.stored,
        "burst {} ended",
        burst.id
    );
}

/// One sender: produce, wait for Kafka's acknowledgement, keep the pace.
async fn send(burst: &Burst, parts: &Parts, sender: u32) {
    let ask = &burst.ask;
    let pace = Pace::new(ask.rate, ask.duration, sender, ask.concurrency);
    let begin = Instant::now();
    let mut seq = 0;
    while let Some(due) = pace.due(seq, begin.elapsed()) {
        let waited = burst.stop.run_until_cancelled(sleep_until(begin + due)).await;
        if waited.is_none() || burst.stop.is_cancelled() {
            return;
        }
        seq += 1;
        let message = Outgoing {
            id: Uuid::now_v7(),
            text: &ask.message,
            burst: burst.id,
            sender,
            seq,
            traced: sender == 1 && seq == 1,
        };
        match parts.sender.send(message).await {
            Ok(position) => burst.accepted(&position),
            Err(error) => {
                burst.failed();
                tracing::warn!(burst = %burst.id, sender, seq, %error, "a message was not accepted");
                // Its number is spent, because Kafka may have it all the same: to go on would leave a gap
                // that nobody could tell from a loss.
                return;
            }
        }
    }
}

/// Waits until all that was accepted is finished.
async fn drain(burst: &Burst, parts: &Parts) {
    loop {
        let (_, to) = burst.positions();
        if parts.wall.has_finished(&to) || parts.shutdown.is_cancelled() {
            return;
        }
        pause(LOOK).await;
    }
}

/// Writes the row again and again, so that every homepage knows how far the burst is and that it lives.
async fn beat(burst: &Burst, parts: &Parts) {
    loop {
        write(burst, parts).await;
        pause(HEARTBEAT).await;
    }
}

async fn write(burst: &Burst, parts: &Parts) {
    let mut backoff = parts.table_backoff();
    let writing = async {
        while let Err(error) = parts.table.put_burst(&parts.row_of(burst)).await {
            tracing::debug!(burst = %burst.id, %error, "the burst's row cannot be written yet");
            backoff.wait().await;
        }
    };
    if parts.killed.run_until_cancelled(writing).await.is_none() {
        tracing::warn!(burst = %burst.id, state = %State::Stopped, "the burst's last row was not written");
    }
}
