//! Calls to the processors: what goes into one, and what its answer means.

use std::sync::Arc;
use std::time::{Duration, Instant};

use barrage::retry::pause;
use proto::Outcome;
use tonic::Status;

use super::Router;
use crate::batch;
use crate::metrics::{self, Finish};
use crate::outcome::{self, Failure, Next};
use crate::record::Open;
use crate::sink::Call;

/// A call that has ended, with the records that it took.
pub(super) struct Answer {
    url: Arc<str>,
    records: Vec<Open>,
    outcomes: Result<Vec<Outcome>, Status>,
    took: Duration,
}

impl Router {
    /// Starts calls while records wait, a place is free and a processor is awake.
    pub(super) fn start_calls(&mut self) {
        self.settling &= !self.calls.is_empty();
        while !self.settling && !self.queue.is_empty() {
            let Some(call) = self.sink.pick(Instant::now()) else { return };
            let sizes = self.queue.iter().map(Open::size);
            let most = if call.is_probe { 1 } else { self.size.records() };
            let count = batch::fitting(sizes, most);
            let records = self.queue.drain(..count).collect();
            self.calls.push(Box::pin(make(call, records)));
        }
    }

    /// Acts on the answer of a call.
    pub(super) fn answered(&mut self, answer: Answer) {
        let Answer { url, records, outcomes, took } = answer;
        self.sink.ended(&url, outcomes.is_ok(), Instant::now());
        match outcomes {
            Ok(outcomes) => {
                self.parts.processors.up();
                metrics::call_succeeded(records.len(), took);
                self.size.succeeded(records.len(), took);
                for (open, outcome) in records.into_iter().zip(outcomes) {
                    self.decided(open, outcome);
                }
            }
            Err(status) => self.failed(&url, records, &status),
        }
    }

    fn decided(&mut self, mut open: Open, outcome: Outcome) {
        open.attempts += 1;
        match outcome::next(outcome) {
            Next::Stored => self.finish(&open, Finish::Stored),
            Next::Bury(reason) => self.bury(open, reason),
            Next::Retry(reason) if open.attempts > self.limits.retry_count => {
                self.bury(open, reason)
            }
            Next::Retry(reason) => {
                let at = &open.received.position;
                tracing::info!(%at, reason, attempts = open.attempts, "record {at} is tried again");
                metrics::retried();
                let interval = self.limits.retry_interval;
                self.retries.push(Box::pin(async move {
                    pause(interval).await;
                    open
                }));
            }
        }
    }

    /// A failed call says nothing of its records: all go again, before those that came later.
    fn failed(&mut self, url: &str, records: Vec<Open>, status: &Status) {
        let (code, message) = (status.code(), status.message());
        metrics::call_failed(code);
        if self.sink.all_rest() {
            self.parts.processors.down(format!("{url} answered {code:?}: {message}"));
        }
        match outcome::failure(status) {
            Failure::Away => tracing::debug!(url, ?code, message, "a call has failed"),
            Failure::Overloaded => self.size.failed(),
            Failure::Bug => tracing::error!(url, ?code, message, "a call was refused as malformed"),
        }
        records.into_iter().rev().for_each(|open| self.send_again(open));
    }

    /// Puts a record back, before those that came later; unless its partition was taken away meanwhile:
    /// then it is read again, by us or by another.
    pub(super) fn send_again(&mut self, open: Open) {
        let ledger = self.ledgers.get(&open.received.position.partition);
        if ledger.is_some_and(|ledger| ledger.turn() == open.turn) {
            self.queue.push_front(open);
        } else {
            self.window.close(open.size());
        }
    }
}

async fn make(mut call: Call, records: Vec<Open>) -> Answer {
    let started = Instant::now();
    let outcomes = call.make(records.iter().filter_map(Open::to_proto).collect()).await;
    Answer { url: call.url, records, outcomes, took: started.elapsed() }
}
