//! What is known of a run so far: all its tasks write it, and the report is made of it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use uuid::Uuid;

use crate::{
    failures::{Failures, Request},
    latency::Latency,
    ledger::{Count, Fate, Ledger, Place},
    report::{self, Latencies, Second},
    target::{Feed, Refusal, Totals},
};

/// The account of one run. Nobody holds it for long.
#[derive(Debug, Default)]
pub(crate) struct Book(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    ledger: Ledger,
    accept: Latency,
    accept_naive: Latency,
    shown: Latency,
    poll: Latency,
    sent: u64,
    failures: Failures,
    viewers: Viewed,
    barrage: Option<Barrage>,
    /// Barrage has said something in this second.
    was_told: bool,
    bursts: u64,
    last: Last,
    last_answer: Duration,
    last_settled: Duration,
}

/// What the viewers saw.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Viewed {
    pub(crate) polls: u64,
    pub(crate) bullets: u64,
    pub(crate) passed: u64,
    pub(crate) bytes: u64,
}

/// What barrage says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Barrage {
    /// When it was asked first: a part of it was there before us.
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

/// When a message was due, when it was sent, and when its answer came; since the begin of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) due: Duration,
    pub(crate) sent: Duration,
    pub(crate) answered: Duration,
}

impl Book {
    /// A message was accepted.
    pub(crate) fn accepted(&self, id: Uuid, place: Place, times: Times) {
        let mut state = self.lock();
        state.sent += 1;
        state.last_answer = times.answered;
        state.accept.record(times.answered.saturating_sub(times.due));
        state.accept_naive.record(times.answered.saturating_sub(times.sent));
        if let Some(took) = state.ledger.accept(id, place, times.due) {
            state.shown.record(took);
            state.last_settled = times.answered;
        }
    }

    /// A message was sent in vain.
    pub(crate) fn refused(&self, refusal: Refusal) {
        self.lock().sent += 1;
        self.failed(Request::Message, refusal);
    }

    /// A request of any kind failed.
    pub(crate) fn failed(&self, request: Request, refusal: Refusal) {
        self.lock().failures.count(request, refusal);
    }

    /// A bullet of a message of ours was seen.
    pub(crate) fn seen(&self, id: Uuid, place: Place, at: Duration) {
        let mut state = self.lock();
        if let Some(took) = state.ledger.see(id, place, at) {
            state.shown.record(took);
            state.last_settled = at;
        }
    }

    /// A bullet of a burst of ours was seen so long after it was sent.
    pub(crate) fn seen_of_burst(&self, took: Duration) {
        self.lock().shown.record(took);
    }

    /// Barrage says what has become of a message.
    pub(crate) fn settled(&self, id: Uuid, fate: Fate, at: Duration) {
        let mut state = self.lock();
        state.ledger.settle(id, fate);
        state.last_settled = at;
    }

    /// All bursts together have so many accepted messages now.
    pub(crate) fn bursts_accepted(&self, accepted: u64, at: Duration) {
        let mut state = self.lock();
        if accepted > state.bursts {
            state.bursts = accepted;
            state.last_answer = at;
        }
    }

    /// The feed has told the totals.
    pub(crate) fn told(&self, feed: &Feed) {
        let mut state = self.lock();
        let first = state.barrage.take().map(|barrage| barrage.first);
        // Another homepage, or one that was started again, counts from another time on.
        let first = first.filter(|first| first.since == feed.totals.since);
        if first.is_none() {
            state.last.stored = feed.totals.stored;
        }
        state.was_told = true;
        state.barrage = Some(Barrage {
            first: first.unwrap_or_else(|| feed.totals.clone()),
            now: feed.totals.clone(),
            processors: u32::try_from(feed.processors.len()).unwrap_or(u32::MAX),
        });
    }

    /// A viewer has got an answer.
    pub(crate) fn polled(&self, feed: &Feed, bytes: u64, took: Duration) {
        let mut state = self.lock();
        state.poll.record(took);
        let viewers = &mut state.viewers;
        viewers.polls += 1;
        viewers.bullets += feed.bullets.len() as u64;
        viewers.passed += feed.passed;
        viewers.bytes += bytes;
    }

    /// The second that ends now; of what only others know, nothing.
    pub(crate) fn end_second(&self) -> Second {
        let mut state = self.lock();
        let accepted = state.ledger.accepted() + state.bursts;
        let failed = state.failures.total();
        let was_told = std::mem::take(&mut state.was_told);
        let barrage = state.barrage.as_ref().filter(|_| was_told);
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

    /// The messages that nothing is known of yet, in the order of their places.
    pub(crate) fn open(&self) -> Vec<(Uuid, Place)> {
        self.lock().ledger.of_fate(None)
    }

    /// Those that were filtered or dead-lettered, as barrage says, in that order too.
    pub(crate) fn without_row(&self) -> Vec<(Uuid, Place)> {
        self.lock().ledger.of_fate(Some(Fate::WithoutRow))
    }

    /// How many those are.
    pub(crate) fn open_count(&self) -> u64 {
        self.lock().ledger.open_count()
    }

    /// How many messages were sent, whatever came of them.
    pub(crate) fn sent(&self) -> u64 {
        self.lock().sent
    }

    /// The account of single messages.
    pub(crate) fn count(&self) -> Count {
        self.lock().ledger.count()
    }

    /// What barrage says of itself, if it has said anything.
    pub(crate) fn barrage(&self) -> Option<Barrage> {
        self.lock().barrage.clone()
    }

    pub(crate) fn viewed(&self) -> Viewed {
        self.lock().viewers
    }

    /// When the last answer came, and when the last message was settled.
    pub(crate) fn last(&self) -> (Duration, Duration) {
        let state = self.lock();
        (state.last_answer, state.last_settled)
    }

    pub(crate) fn latencies(&self) -> Latencies {
        let state = self.lock();
        Latencies {
            accept: state.accept.summary(),
            accept_naive: state.accept_naive.summary(),
            shown: state.shown.summary(),
            poll: state.poll.summary(),
        }
    }

    pub(crate) fn failures(&self) -> Vec<report::Failure> {
        self.lock().failures.list()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
