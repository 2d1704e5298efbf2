//! What one process is doing, by what its supervisor has told.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    events::{self, Kind},
    supervisor::{Change, Handle},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Starting,
    Ready,
    /// It has ended by itself, and is started again.
    Died,
    Frozen,
    /// It gets no new call, and ends when it has finished the others.
    Draining,
    Gone,
}

impl State {
    /// Whether there is a process that can be killed.
    pub(crate) fn runs(self) -> bool {
        matches!(self, Self::Starting | Self::Ready | Self::Frozen)
    }
}

/// One process.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) state: State,
    pub(crate) since: Timestamp,
    /// The same, for measuring.
    since_instant: Instant,
    before_freeze: State,
    died_at: Option<Instant>,
    handle: Handle,
}

impl Member {
    pub(crate) fn new(name: &str, handle: Handle) -> Self {
        Self {
            name: name.into(),
            state: State::Starting,
            since: events::now(),
            since_instant: Instant::now(),
            before_freeze: State::Starting,
            died_at: None,
            handle,
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether it is ready, or was when it was frozen.
    pub(crate) fn is_called(&self) -> bool {
        match self.state {
            State::Ready => true,
            State::Frozen => self.before_freeze == State::Ready,
            State::Starting | State::Died | State::Draining | State::Gone => false,
        }
    }

    /// How long it has been in its state.
    pub(crate) fn for_time(&self) -> Duration {
        self.since_instant.elapsed()
    }

    pub(crate) fn set(&mut self, state: State) {
        if self.state != state {
            self.state = state;
            self.since = events::now();
            self.since_instant = Instant::now();
        }
    }

    /// Takes in what its supervisor has told. Returns what others want to know of it.
    pub(crate) fn apply(&mut self, change: &Change) -> Option<Kind> {
        let part = || self.name.clone();
        let lasted =
            |since: Instant| u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (state, kind) = match change {
            Change::Added(_) => return None,
            Change::Gone | Change::Rejected => (State::Gone, None),
            // A process that ends on request is of no interest until it has ended.
            _ if self.state == State::Draining => return None,
            Change::Ready => {
                let back =
                    self.died_at.take().map(|at| Kind::Back { part: part(), ms: lasted(at) });
                self.before_freeze = State::Ready;
                (State::Ready, back)
            }
            Change::Died => {
                self.died_at.get_or_insert_with(Instant::now);
                self.before_freeze = State::Starting;
                (State::Died, Some(Kind::Died { part: part() }))
            }
            Change::Frozen => (State::Frozen, Some(Kind::Frozen { part: part() })),
            Change::Thawed => {
                let ms = lasted(self.since_instant);
                (self.before_freeze, Some(Kind::Thawed { part: part(), ms }))
            }
        };
        self.set(state);
        kind
    }
}
