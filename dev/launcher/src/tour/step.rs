//! The steps of the tour, and when each of them is over: pure functions of what is seen.

use std::time::Duration;

use serde::Serialize;

/// How long a step says what it kills before it does: people must look there.
pub(super) const KILL_AFTER: Duration = Duration::from_secs(2);

/// How long nothing runs between two rounds, so that a booth invites people to send something.
const IDLE: Duration = Duration::from_secs(20);

/// The longest grace time of the autoscaler, 30 s, and more than a processor takes to end.
const UNTIL_ZERO: Duration = Duration::from_secs(60);

/// Many times what a start takes.
const STARTS: Duration = Duration::from_secs(30);

/// The most seconds that a burst may last.
const MOST_SECONDS: u64 = 300;

/// What the tour shows, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    Zero,
    FirstMessage,
    Burst,
    ScaleOut,
    ProcessorKilled,
    KafkaKilled,
    Recovery,
    ToZero,
}

impl Step {
    pub(crate) const ALL: [Self; 8] = [
        Self::Zero,
        Self::FirstMessage,
        Self::Burst,
        Self::ScaleOut,
        Self::ProcessorKilled,
        Self::KafkaKilled,
        Self::Recovery,
        Self::ToZero,
    ];

    /// Its place in the order, from 1.
    pub(crate) fn number(self) -> usize {
        self as usize + 1
    }

    /// After the last one comes the first one.
    pub(super) fn next(self) -> Self {
        Self::ALL[self.number() % Self::ALL.len()]
    }

    /// For the log.
    pub(super) fn shows(self) -> &'static str {
        match self {
            Self::Zero => "no message, no processor",
            Self::FirstMessage => "the first message starts a processor",
            Self::Burst => "a burst comes, and one processor is not enough",
            Self::ScaleOut => "as many processors as it takes",
            Self::ProcessorKilled => "a processor is killed, and its calls go to others",
            Self::KafkaKilled => "Kafka is killed, and comes back with all that it has accepted",
            Self::Recovery => "what waits is finished",
            Self::ToZero => "nothing comes, so all processors go",
        }
    }
}

/// What the tour goes by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// How many processors are wanted, are ready, and are there in any state.
    pub(super) wanted: u16,
    pub(super) ready: u16,
    pub(super) present: u16,
    /// How long at least two, and as many as are wanted, have been ready.
    pub(super) steady: Duration,
    /// Whether the first message of this round is accepted.
    pub(super) is_sent: bool,
    /// Whether what was killed in this step is ready again.
    pub(super) is_back: bool,
    /// Whether the homepage misses no part.
    pub(super) is_whole: bool,
    /// Whether each burst of the tour has ended: all of its messages are finished.
    pub(super) has_ended: bool,
    /// How many messages wait; `None` if the homepage does not say it.
    pub(super) waiting: Option<u64>,
}

impl Seen {
    /// Whether all has been seen that this step shows.
    fn shows(&self, step: Step, times: &Times) -> bool {
        match step {
            Step::Zero | Step::ToZero => self.wanted == 0 && self.present == 0,
            Step::FirstMessage => self.is_sent && self.ready > 0,
            Step::Burst => self.wanted > 1,
            Step::ScaleOut => self.steady >= times.steady(),
            Step::ProcessorKilled => self.is_back,
            Step::KafkaKilled => self.is_back && self.is_whole,
            Step::Recovery => self.has_ended && self.waiting == Some(0),
        }
    }
}

/// How long things take, which depends on the stable window of the autoscaler: with a short one, the talk is short.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    window: Duration,
}

impl Times {
    pub(super) fn new(window: Duration) -> Self {
        Self { window }
    }

    /// How many seconds a burst lasts: until Kafka is back, and a while longer.
    pub(super) fn burst_seconds(&self) -> u64 {
        (30 + self.window.as_secs() * 3 / 2).min(MOST_SECONDS)
    }

    /// How long a step is on the screen at least, so that people can read what it says.
    pub(super) fn shortest(&self, step: Step, round: u32) -> Duration {
        if step == Step::Zero && round > 1 {
            return IDLE;
        }
        (self.window / 6).clamp(Duration::from_secs(6), Duration::from_secs(10))
    }

    /// How long the number of processors must stand still to be the right one.
    fn steady(&self) -> Duration {
        (self.window / 4).clamp(Duration::from_secs(2), Duration::from_secs(10))
    }

    /// After so long the next step comes, whatever is seen.
    fn deadline(&self, step: Step) -> Duration {
        match step {
            Step::Zero | Step::ToZero => self.window + UNTIL_ZERO,
            Step::FirstMessage | Step::ProcessorKilled => STARTS,
            // The autoscaler decides by the mean of a tenth of the window.
            Step::Burst | Step::ScaleOut => STARTS + self.window / 10,
            Step::KafkaKilled => 2 * STARTS,
            Step::Recovery => Duration::from_secs(self.burst_seconds()) + 2 * STARTS,
        }
    }
}

/// Whether a step goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    GoesOn,
    /// All has been seen, and for long enough.
    IsOver,
    /// It takes too long.
    IsLate,
}

/// Decides whether a step that began `elapsed` ago, in this round (from 1), is over.
pub(super) fn progress(
    times: &Times,
    (step, round): (Step, u32),
    seen: &Seen,
    elapsed: Duration,
) -> Progress {
    match () {
        () if elapsed < times.shortest(step, round) => Progress::GoesOn,
        () if seen.shows(step, times) => Progress::IsOver,
        () if elapsed >= times.deadline(step) => Progress::IsLate,
        () => Progress::GoesOn,
    }
}

#[cfg(test)]
mod tests;
