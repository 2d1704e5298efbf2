//! Partitions come and go, and are held back while too much is open.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use barrage::kafka::Consumer;
use barrage::position::Partition;
use futures::StreamExt as _;

use super::Router;
use crate::ledger::CommitLedger;
use crate::metrics::Finish;
use crate::record::Open;

impl Router {
    /// Partitions are ours: they are read from what was committed.
    pub(super) fn assigned(&mut self, partitions: BTreeSet<Partition>) {
        tracing::info!(?partitions, "partitions assigned");
        self.parts.reading.observe(&Ok(()));
        self.turns += 1;
        for partition in partitions {
            self.ledgers.insert(partition, CommitLedger::of_turn(self.turns));
        }
    }

    /// Partitions will be taken away: what is under way may finish briefly, the rest is dropped, because
    /// the next owner reads it again.
    pub(super) async fn revoked(&mut self, partitions: &BTreeSet<Partition>) {
        tracing::info!(?partitions, "partitions revoked");
        self.forget(|open| partitions.contains(&open.received.position.partition));
        self.settle(Consumer::REVOKE_TIMEOUT.mul_f64(0.7)).await;
        // The client would keep a pause beyond the revoke, even if the partition comes back to us.
        let held: BTreeSet<_> = self.paused.intersection(partitions).copied().collect();
        if !held.is_empty() {
            self.consumer.resume(&held);
        }
        for partition in partitions {
            self.ledgers.remove(partition);
            self.paused.remove(partition);
        }
        // A failed call has put its records back meanwhile.
        self.forget(|open| partitions.contains(&open.received.position.partition));
    }

    /// Drops records that wait for a call. Nothing of them is committed.
    pub(super) fn forget(&mut self, which: impl Fn(&Open) -> bool) {
        let window = &mut self.window;
        self.queue.retain(|open| {
            let forgotten = which(open);
            if forgotten {
                window.close(open.size());
            }
            !forgotten
        });
    }

    /// Waits until all calls and dead letters under way have ended, at most so long.
    pub(super) async fn settle(&mut self, at_most: Duration) {
        let ended = tokio::time::timeout(at_most, async {
            while !self.calls.is_empty() || !self.burials.is_empty() {
                tokio::select! {
                    Some(answer) = self.calls.next() => self.answered(answer),
                    Some(open) = self.burials.next() => self.finish(&open, Finish::Dead),
                }
            }
        });
        if ended.await.is_err() {
            tracing::warn!("not all that was in flight has finished; it is read again");
        }
    }

    /// Lets the client rest, and partitions wait or deliver again, as the window says.
    pub(super) fn hold_back(&mut self) {
        let waiting = self.window.waiting(&self.ledgers, Instant::now());
        let pause: BTreeSet<_> = waiting.difference(&self.paused).copied().collect();
        let resume: BTreeSet<_> = self.paused.difference(&waiting).copied().collect();
        if !pause.is_empty() {
            self.consumer.pause(&pause);
        }
        if !resume.is_empty() {
            self.consumer.resume(&resume);
        }
        self.paused = waiting;
        self.consumer.suspend_polling(self.window.is_full());
    }
}
