//! The mode `messages`: each message by itself, when it is due, however slow the answers to other messages are.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use crate::{measurements::Times, run::Run};

/// Sends every message of the schedule, at most `in_flight` of them at once.
///
/// Each sender takes the next message, waits until it is due, sends it and waits for the answer. While all senders wait
/// for answers, the next message is sent late. Its latency counts from when it was due, because slow answers made it
/// late. For example, with one sender, a message every 10 ms and answers after 30 ms, the third message is due after
/// 20 ms, is sent after 60 ms and is accepted after 90 ms: its latency is 70 ms. A message that could not be sent long
/// after the last stage is not sent any more.
pub(crate) async fn send(run: &Arc<Run>, in_flight: u32) {
    let mut senders = JoinSet::new();
    for _ in 0..in_flight {
        senders.spawn(send_each(run.clone()));
    }
    senders.join_all().await;
}

async fn send_each(run: Arc<Run>) {
    while let Some(next) = run.next(run.began).await {
        // A message that was sent is awaited even after a stop: Kafka may have it.
        send_one(&run, next.index, next.due - run.began).await;
    }
}

async fn send_one(run: &Run, index: u64, due: Duration) {
    let sent = run.began.elapsed();
    match run.homepage.send_message(&run.tag.message(index)).await {
        Ok(accepted) => {
            let times = Times { due, sent, answered: run.began.elapsed() };
            run.measurements.accepted(accepted.id, accepted.position, times);
        }
        Err(error) => run.measurements.not_accepted(error),
    }
}
