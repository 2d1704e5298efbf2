//! A burst from its first message to its last row.

use std::sync::Arc;
use std::time::Duration;

use barrage::retry::{Backoff, pause};
use barrage::shutdown::with_sources;
use barrage::table::{self, State};
use futures::future::join_all;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::board::{Burst, Snapshot};
use super::engine::Parts;
use super::pace::Pace;
use crate::producer::Outgoing;

/// How often a burst's row is written while it runs, and how often it is looked at while it drains.
const HEARTBEAT: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(50);

/// Sends, drains and ends a burst, and writes its row meanwhile.
pub(super) async fn live(burst: Arc<Burst>, parts: Arc<Parts>) {
    let ended = CancellationToken::new();
    let life = async {
        let senders = (1..=burst.request.concurrency).map(|sender| send(&burst, &parts, sender));
        join_all(senders).await;
        let end = burst.sent(burst.stop.is_cancelled());
        if let Some(end) = drain(&burst, &parts, end).await {
            burst.end(end);
        }
        ended.cancel();
    };
    tokio::join!(life, beat(&burst, &parts, &ended));
    parts.tally.close(burst.id);
    let Snapshot { id, state, accepted, failed, stored, .. } = burst.snapshot();
    tracing::info!(burst = %id, %state, accepted, failed, stored, "burst {id} has ended: {state}");
}

/// One sender: produce, wait for Kafka's acknowledgement, keep the pace.
async fn send(burst: &Burst, parts: &Parts, sender: u32) {
    let request = &burst.request;
    let pace = Pace::new(request.rate, request.duration, sender, request.concurrency);
    let begin = Instant::now();
    let mut seq = 0;
    while let Some(due) = pace.due(seq, begin.elapsed()) {
        let waited = burst.stop.run_until_cancelled(sleep_until(begin + due)).await;
        if waited.is_none() || burst.stop.is_cancelled() || topic_is_gone(burst, parts) {
            return;
        }
        seq += 1;
        let message = Outgoing {
            id: Uuid::now_v7(),
            text: &request.message,
            burst: burst.id,
            sender,
            seq,
            traced: sender == 1 && seq == 1,
        };
        match parts.sender.send(message).await {
            Ok(position) => burst.accepted(&position),
            Err(error) => {
                burst.failed();
                let error = with_sources(&error);
                tracing::warn!(burst = %burst.id, sender, seq, %error, "a message was not accepted");
                // Its number is spent, because Kafka may have it all the same: to go on would leave a gap
                // that nobody could tell from a loss.
                return;
            }
        }
    }
}

/// Waits until all that was accepted is finished, and answers which end that is. Nothing when the process
/// stops before: then the row stays as it is, and whoever is asked for it later counts anew.
async fn drain(burst: &Burst, parts: &Parts, end: State) -> Option<State> {
    let finished = async {
        loop {
            if topic_is_gone(burst, parts) {
                tracing::warn!(burst = %burst.id, "burst {} went with its topic", burst.id);
                return State::Stopped;
            }
            if parts.wall.has_finished(&burst.positions().1) {
                return end;
            }
            pause(LOOK).await;
        }
    };
    parts.shutdown.run_until_cancelled(finished).await
}

/// Whether somebody has deleted the topic and made it anew: then its records never finish.
fn topic_is_gone(burst: &Burst, parts: &Parts) -> bool {
    parts.wall.run() != burst.run()
}

/// Writes the row again and again, so that every homepage knows how far the burst is and that it lives;
/// a last time when it has ended.
async fn beat(burst: &Burst, parts: &Parts, ended: &CancellationToken) {
    loop {
        let last = ended.is_cancelled();
        write(burst, parts).await;
        if last {
            return;
        }
        let _ended = ended.run_until_cancelled(pause(HEARTBEAT)).await;
    }
}

/// Writes the row as it is by then, for as long as it takes; the end of the grace ends it. A burst that
/// another homepage was asked to stop stops.
async fn write(burst: &Burst, parts: &Parts) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    let writing = async {
        while let Err(error) = try_write(burst, parts).await {
            tracing::debug!(burst = %burst.id, %error, "the burst's row cannot be written yet");
            backoff.wait().await;
        }
    };
    if parts.killed.run_until_cancelled(writing).await.is_none() {
        tracing::warn!(burst = %burst.id, "the last row of burst {} was not written", burst.id);
    }
}

async fn try_write(burst: &Burst, parts: &Parts) -> Result<(), table::Error> {
    let row = parts.row_of(burst);
    if !burst.stop.is_cancelled() && !parts.table.put_burst_unless_stop_requested(&row).await? {
        tracing::info!(burst = %burst.id, "burst {} is stopped by way of another homepage", burst.id);
        burst.stop.cancel();
    }
    if burst.stop.is_cancelled() {
        parts.table.put_burst(&row).await?;
    }
    burst.written.cancel();
    Ok(())
}
