//! What was measured in a run so far: all its tasks add to it, and the report is built from it.

use std::time::Duration;

use client::{
    browser::Answer,
    homepage::{Feed, Totals},
    http::Error,
    message::Position,
};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::{
    failures::{Failures, Request},
    latency::Latency,
    ledger::{Ending, Ledger},
    report::{self, Audience, Latencies, Second, Viewers},
};

/// The measurements of one run. The lock is never held across an await.
#[derive(Debug, Default)]
pub(crate) struct Measurements(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    ledger: Ledger,
    accept: Latency,
    accept_naive: Latency,
    shown: Latency,
    poll: Latency,
    received: Latency,
    clock: Clock,
    held_back: u64,
    sent: u64,
    failures: Failures,
    viewers: Viewers,
    barrage: Option<Barrage>,
    /// Whether `barrage` is of the current second.
    is_fresh: bool,
    /// How many messages of bursts Kafka has acknowledged.
    accepted_of_bursts: u64,
    last: Last,
    last_answer: Duration,
    last_settled: Duration,
}

/// What barrage says of itself in the feed.
#[derive(Clone, Debug)]
pub(crate) struct Barrage {
    /// In the first answer: a part of it was there before the run.
    pub(crate) first: Totals,
    pub(crate) now: Totals,
    pub(crate) processors: u32,
}

/// The counts at the end of the last second.
#[derive(Debug, Default)]
struct Last {
    accepted: u64,
    failed: u64,
    stored: u64,
    polls: u64,
}

/// Compares the homepage's clock with ours. No answer is received before it is made, so the quickest one shows the
/// difference of the clocks.
#[derive(Debug, Default)]
struct Clock {
    quickest: Option<i64>,
}

impl Clock {
    /// How much longer an answer took than the quickest one so far. Times are milliseconds, each by its own clock.
    fn late(&mut self, made: i64, received: i64) -> Duration {
        let took = received.saturating_sub(made);
        let quickest = self.quickest.map_or(took, |quickest| quickest.min(took));
        self.quickest = Some(quickest);
        Duration::from_millis(took.abs_diff(quickest))
    }
}

/// When a message was due, when it was sent, and when its answer came; since the start of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) due: Duration,
    pub(crate) sent: Duration,
    pub(crate) answered: Duration,
}

impl Measurements {
    /// Kafka has acknowledged a single message.
    pub(crate) fn accepted(&self, id: Uuid, position: Position, times: Times) {
        let mut state = self.0.lock();
        state.sent += 1;
        state.last_answer = times.answered;
        state.accept.record(times.answered.saturating_sub(times.due));
        state.accept_naive.record(times.answered.saturating_sub(times.sent));
        if let Some(took) = state.ledger.accept(id, position, times.due) {
            state.shown.record(took);
            state.last_settled = times.answered;
        }
    }

    /// A message is sent later than planned, because every guest was in its cooldown.
    pub(crate) fn held_back(&self) {
        self.0.lock().held_back += 1;
    }

    /// The request that sent a message failed.
    pub(crate) fn not_accepted(&self, error: Error) {
        self.0.lock().sent += 1;
        self.failed(Request::Message, error);
    }

    /// A request of any kind failed.
    pub(crate) fn failed(&self, request: Request, error: Error) {
        self.0.lock().failures.count(request, error);
    }

    /// A bullet of a message of ours was seen.
    pub(crate) fn seen(&self, id: Uuid, position: Position, at: Duration) {
        let mut state = self.0.lock();
        if let Some(took) = state.ledger.see(id, position, at) {
            state.shown.record(took);
            state.last_settled = at;
        }
    }

    /// A bullet of a burst of ours was seen so long after it was sent.
    pub(crate) fn seen_of_burst(&self, took: Duration) {
        self.0.lock().shown.record(took);
    }

    /// Barrage says how a message ended.
    pub(crate) fn settled(&self, id: Uuid, ending: Ending, at: Duration) {
        let mut state = self.0.lock();
        state.ledger.settle(id, ending);
        state.last_settled = at;
    }

    /// Of all bursts together, Kafka has acknowledged so many messages now.
    pub(crate) fn bursts_accepted(&self, accepted: u64, at: Duration) {
        let mut state = self.0.lock();
        if accepted > state.accepted_of_bursts {
            state.accepted_of_bursts = accepted;
            state.last_answer = at;
        }
    }

    /// The feed has said the totals.
    pub(crate) fn totals(&self, feed: &Feed) {
        let mut state = self.0.lock();
        let first = state.barrage.take().map(|barrage| barrage.first);
        // Another homepage, or one that was restarted, counts from another time on.
        let first = first.filter(|first| first.since == feed.totals.since);
        if first.is_none() {
            state.last.stored = feed.totals.stored;
        }
        state.is_fresh = true;
        state.barrage = Some(Barrage {
            first: first.unwrap_or_else(|| feed.totals.clone()),
            now: feed.totals.clone(),
            processors: u32::try_from(feed.processors.len()).unwrap_or(u32::MAX),
        });
    }

    /// A viewer's request was answered, at this time in milliseconds since 1970 by our clock.
    pub(crate) fn polled(&self, answer: &Answer, is_first: bool, took: Duration, at: i64) {
        let mut state = self.0.lock();
        state.poll.record(took);
        let late = state.clock.late(answer.made, at);
        state.received.record(late);
        let viewers = &mut state.viewers;
        viewers.polls += 1;
        viewers.bullets += answer.bullets;
        // What was there before the first answer does not count as left out.
        viewers.passed += if is_first { answer.bullets } else { answer.passed };
        viewers.bytes += answer.bytes();
    }

    /// Ends the current second. What only other parts know is left out.
    pub(crate) fn end_second(&self) -> Second {
        let mut state = self.0.lock();
        let accepted = state.ledger.accepted() + state.accepted_of_bursts;
        let failed = state.failures.total();
        let is_fresh = std::mem::take(&mut state.is_fresh);
        let barrage = state.barrage.as_ref().filter(|_| is_fresh);
        let (stored, waiting) =
            barrage.map(|barrage| (barrage.now.stored, barrage.now.waiting)).unzip();
        let processors = barrage.map(|barrage| barrage.processors);
        let (accept, shown) = (state.accept.end_second(), state.shown.end_second());
        let second = Second {
            accepted: accepted.saturating_sub(state.last.accepted),
            failed: failed - state.last.failed,
            stored: stored.map(|stored| stored.saturating_sub(state.last.stored)),
            waiting,
            processors,
            accept_p50: accept.map(|moment| moment.p50),
            accept_p99: accept.map(|moment| moment.p99),
            shown_p50: shown.map(|moment| moment.p50),
            shown_p99: shown.map(|moment| moment.p99),
            polls: state.viewers.polls - state.last.polls,
            ..Second::default()
        };
        let polls = state.viewers.polls;
        state.last = Last { accepted, failed, stored: stored.unwrap_or(state.last.stored), polls };
        second
    }

    /// The single messages of whose end nothing is known yet, in the order of their positions.
    pub(crate) fn open(&self) -> Vec<(Uuid, Position)> {
        self.0.lock().ledger.open()
    }

    /// The single messages that were filtered or dead-lettered, as barrage says, in the order of their positions.
    pub(crate) fn without_row(&self) -> Vec<(Uuid, Position)> {
        self.0.lock().ledger.without_row()
    }

    pub(crate) fn open_count(&self) -> u64 {
        self.0.lock().ledger.open_count()
    }

    /// How many single messages were sent, accepted or not.
    pub(crate) fn sent(&self) -> u64 {
        self.0.lock().sent
    }

    /// How the single messages ended. Open messages count as unsettled.
    pub(crate) fn ledger(&self) -> report::Ledger {
        self.0.lock().ledger.count()
    }

    pub(crate) fn barrage(&self) -> Option<Barrage> {
        self.0.lock().barrage.clone()
    }

    /// What so many viewers saw.
    pub(crate) fn viewers(&self, count: u32) -> Viewers {
        Viewers { count, ..self.0.lock().viewers.clone() }
    }

    /// When the last answer came, and when the last message was settled.
    pub(crate) fn last(&self) -> (Duration, Duration) {
        let state = self.0.lock();
        (state.last_answer, state.last_settled)
    }

    pub(crate) fn latencies(&self) -> Latencies {
        let state = self.0.lock();
        Latencies {
            accept: state.accept.summary(),
            accept_naive: state.accept_naive.summary(),
            shown: state.shown.summary(),
            poll: state.poll.summary(),
            received: state.received.summary(),
        }
    }

    /// What guests met, so many of whom have a device.
    pub(crate) fn audience(&self, devices: u32) -> Audience {
        let state = self.0.lock();
        Audience { devices, held_back: state.held_back, refused: state.failures.refused() }
    }

    pub(crate) fn failures(&self) -> Vec<report::Failure> {
        self.0.lock().failures.list()
    }
}

#[cfg(test)]
mod tests;
