//! What people ask of the launcher while the demo runs, and what it answers.

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::{
    events::Event,
    member::{Member, State},
    supervisor::Command,
};

/// The most that a message may cost, in milliseconds.
pub(crate) const MOST_WORK_MS: u32 = 500;

#[derive(Debug)]
pub(crate) enum Request {
    View(oneshot::Sender<View>),
    /// So many processors, or as many as the autoscaler wants.
    Number(Option<u16>, oneshot::Sender<Answer>),
    /// What a message costs, in milliseconds.
    Cost(u32, oneshot::Sender<Answer>),
    /// Kills or freezes a process.
    Break(String, Command, oneshot::Sender<Answer>),
}

pub(crate) type Answer = Result<(), Refusal>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    OutOfRange,
    UnknownPart,
    NotRunning,
}

/// The answer to `GET /scaling`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct View {
    pub(crate) mode: Mode,
    pub(crate) min: u16,
    pub(crate) max: u16,
    pub(crate) wanted: u16,
    /// The mean of calls that has decided.
    pub(crate) calls: Option<f64>,
    pub(crate) target: f64,
    pub(crate) concurrency: u32,
    pub(crate) panic: bool,
    pub(crate) window_s: u64,
    /// `None` if the router does not answer.
    pub(crate) calls_now: Option<u64>,
    pub(crate) work_ms: u32,
    pub(crate) cold_start_ms: Option<u64>,
    /// How long until none is wanted, if no call comes; `None` where that is not known, or will not be.
    pub(crate) zero_in_ms: Option<u64>,
    pub(crate) processors: Vec<ProcessorView>,
    pub(crate) parts: Vec<MemberView>,
    pub(crate) events: Vec<Event>,
}

impl View {
    /// How many processors are ready.
    pub(crate) fn ready(&self) -> u16 {
        self.count(ProcessorView::is_ready)
    }

    /// How many processors have not gone.
    pub(crate) fn present(&self) -> u16 {
        self.count(|it| it.member.state != "gone")
    }

    /// The ready processor with the highest number.
    pub(crate) fn newest_ready(&self) -> Option<&str> {
        self.processors.iter().rfind(|it| it.is_ready()).map(|it| it.member.name.as_str())
    }

    fn count(&self, is_one: impl Fn(&ProcessorView) -> bool) -> u16 {
        let number = self.processors.iter().filter(|it| is_one(it)).count();
        u16::try_from(number).unwrap_or(u16::MAX)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    Automatic,
    ByHand,
    Fixed,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct MemberView {
    name: String,
    state: &'static str,
    since: Timestamp,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct ProcessorView {
    #[serde(flatten)]
    member: MemberView,
    /// The router's calls to it that are under way; `None` if the router does not answer.
    calls: Option<f64>,
}

impl ProcessorView {
    pub(crate) fn new(member: &Member, calls: Option<f64>) -> Self {
        Self { member: MemberView::new(member, "ready"), calls }
    }

    fn is_ready(&self) -> bool {
        self.member.state == "ready"
    }
}

impl MemberView {
    pub(crate) fn of_part(member: &Member) -> Self {
        Self::new(member, "up")
    }

    fn new(member: &Member, ready: &'static str) -> Self {
        let state = match member.state {
            State::Starting => "starting",
            State::Ready => ready,
            State::Died => "died",
            State::Frozen => "frozen",
            State::Draining => "draining",
            State::Gone => "gone",
        };
        Self { name: member.name.clone(), state, since: member.since }
    }
}
