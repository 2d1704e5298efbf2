//! Runs a burst, from its first message to its last row.

use std::sync::Arc;
use std::time::Duration;

use barrage::retry::{Backoff, pause};
use barrage::shutdown::with_sources;
use barrage::table::{self, State, StopReason};
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::dependencies::Dependencies;
use super::local::Burst;
use super::pace::Pace;
use super::snapshot::Snapshot;
use crate::caller_trace::CallerTrace;
use crate::producer::OutgoingMessage;

/// How often the burst's row is written, each time with a new heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How often a draining burst checks whether all its records are finished.
const POLL: Duration = Duration::from_millis(50);

/// Sends, drains and ends a burst that a caller's trace may lead to. Its row is written once a second meanwhile.
pub(super) async fn run(burst: Arc<Burst>, caller: Option<CallerTrace>, deps: Arc<Dependencies>) {
    let ended = CancellationToken::new();
    let sending = async {
        let caller = caller.as_ref();
        let sender = |sender| send(&burst, &deps, sender, caller.filter(|_| sender == 1));
        let senders: FuturesUnordered<_> = (1..=burst.request.concurrency).map(sender).collect();
        senders.collect::<()>().await;
        let end = burst.begin_draining(burst.stop.is_cancelled());
        if let Some(end) = drain(&burst, &deps, end).await {
            burst.end(end);
        }
        ended.cancel();
    };
    tokio::join!(sending, write_heartbeats(&burst, &deps, &ended));
    deps.progress.unfollow_burst(burst.id);
    let Snapshot { id, state, accepted, failed, stored, .. } = burst.snapshot();
    tracing::info!(burst = %id, %state, accepted, failed, stored, "burst {id} has ended: {state}");
}

/// One sender: it sends a message, waits for Kafka's acknowledgement, then until the next message is due. Its first
/// message continues the caller's trace. If all did, one trace could have millions of spans.
async fn send(burst: &Burst, deps: &Dependencies, sender: u32, caller: Option<&CallerTrace>) {
    let request = &burst.request;
    let pace = Pace::new(request.rate, request.duration, sender, request.concurrency);
    let begin = Instant::now();
    let mut seq = 0;
    while let Some(due) = pace.due(seq, begin.elapsed()) {
        let waited = burst.stop.run_until_cancelled(sleep_until(begin + due)).await;
        if waited.is_none() || burst.stop.is_cancelled() || is_topic_recreated(burst, deps) {
            return;
        }
        seq += 1;
        let message = OutgoingMessage {
            id: Uuid::now_v7(),
            text: &request.message,
            name: request.name.as_ref(),
            burst: burst.id,
            sender,
            seq,
            traced: sender == 1 && seq == 1,
            caller: caller.filter(|_| seq == 1),
        };
        match deps.producer.send(message).await {
            Ok(position) => burst.accepted(&position),
            Err(error) => {
                burst.failed();
                let error = with_sources(&error);
                tracing::warn!(burst = %burst.id, sender, seq, %error, "a message was not accepted");
                // Kafka may have the message all the same, so its number cannot be used again. The sender ends here:
                // with the next number it would leave a gap that cannot be told from a loss.
                return;
            }
        }
    }
}

/// The final state of a burst, and why it has stopped.
type End = (State, Option<StopReason>);

/// Waits until all accepted records are finished, and returns the end. Returns `None` when the process stops before:
/// then the row stays as it is, and another homepage counts the burst when somebody requests it.
async fn drain(burst: &Burst, deps: &Dependencies, end: End) -> Option<End> {
    let finished = async {
        loop {
            if is_topic_recreated(burst, deps) {
                tracing::warn!(burst = %burst.id, "burst {} ends: its topic was recreated", burst.id);
                return (State::Stopped, Some(StopReason::TopicRecreated));
            }
            let (from, to) = burst.offset_range();
            if deps.progress.has_finished(&to) {
                if deps.progress.has_expired(&from, &to) {
                    count_expired(burst, deps).await;
                }
                return end;
            }
            pause(POLL).await;
        }
    };
    deps.shutdown.run_until_cancelled(finished).await
}

/// Counts how many of the burst's messages Kafka deleted before they were processed. Tries until Kafka and the table
/// answer.
async fn count_expired(burst: &Burst, deps: &Dependencies) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    loop {
        let (from, to) = burst.offset_range();
        match deps.recounter.count(burst.id, &from, to).await {
            Ok(counted) => {
                return burst.expired(burst.accepted_so_far().saturating_sub(counted.found));
            }
            Err(error) => {
                let error = with_sources(&error);
                tracing::debug!(burst = %burst.id, error, "the expired messages cannot be counted yet");
                backoff.wait().await;
            }
        }
    }
}

/// Whether the topic was recreated since the burst was started: then its records never finish.
fn is_topic_recreated(burst: &Burst, deps: &Dependencies) -> bool {
    deps.progress.reader_run() != burst.reader_run()
}

/// Writes the row once a second, so that every homepage knows how far the burst is and that this homepage is alive;
/// and a last time when the burst has ended.
async fn write_heartbeats(burst: &Burst, deps: &Dependencies, ended: &CancellationToken) {
    loop {
        let last = ended.is_cancelled();
        write(burst, deps).await;
        if last {
            return;
        }
        let _ended = ended.run_until_cancelled(pause(HEARTBEAT)).await;
    }
}

/// Writes the current row. Failures are retried until the end of the grace period.
async fn write(burst: &Burst, deps: &Dependencies) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    let writing = async {
        while let Err(error) = try_write(burst, deps).await {
            tracing::debug!(burst = %burst.id, %error, "the burst's row cannot be written yet");
            backoff.wait().await;
        }
    };
    if deps.killed.run_until_cancelled(writing).await.is_none() {
        tracing::warn!(burst = %burst.id, "the last row of burst {} was not written", burst.id);
    }
}

/// Writes the row once. If another homepage has requested in the row that the burst stops, it stops.
async fn try_write(burst: &Burst, deps: &Dependencies) -> Result<(), table::Error> {
    let row = burst.row(&deps.homepage, deps.ttl);
    if !burst.stop.is_cancelled() && !deps.table.put_burst_unless_stop_requested(&row).await? {
        tracing::info!(burst = %burst.id, "burst {} stops: another homepage requested it", burst.id);
        burst.stop.cancel();
    }
    if burst.stop.is_cancelled() {
        deps.table.put_burst(&row).await?;
    }
    burst.written.cancel();
    Ok(())
}
