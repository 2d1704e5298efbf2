//! The mode `messages`: each message by itself, when it is due, however long the answers to others take.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{book::Times, run::Run};

/// Sends every message of the schedule, `in_flight` of them at once at the most.
///
/// Whoever is free takes the next message and waits until it is due. Where all wait for answers, the next
/// one is sent late: that is the fault of the answers, so its latency is counted from when it was due. What
/// could not be sent even long after the last stage is not sent at all.
pub(crate) async fn send(run: &Arc<Run>, in_flight: u32) {
    let next = Arc::new(AtomicU64::new(0));
    let mut senders = JoinSet::new();
    for _ in 0..in_flight {
        senders.spawn(send_each(run.clone(), next.clone()));
    }
    senders.join_all().await;
}

async fn send_each(run: Arc<Run>, next: Arc<AtomicU64>) {
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(due) = run.schedule.due(index) else { return };
        let wait = sleep_until(run.began + due);
        if run.stop.run_until_cancelled(wait).await.is_none() || Instant::now() > run.gives_up {
            return;
        }
        // Once it is sent, its answer is waited for: Kafka may have it.
        send_one(&run, index, due).await;
    }
}

async fn send_one(run: &Run, index: u64, due: Duration) {
    let sent = run.began.elapsed();
    match run.target.send_message(&run.tag.message(index)).await {
        Ok(accepted) => {
            let times = Times { due, sent, answered: run.began.elapsed() };
            run.book.accepted(accepted.id, accepted.place, times);
        }
        Err(refusal) => run.book.refused(refusal),
    }
}
