//! How many processors are wanted: the rules of Knative's Pod Autoscaler (KPA) as one pure function.
//!
//! The source is `pkg/autoscaler/scaling/autoscaler.go` of knative/serving, with the defaults of its
//! `config-autoscaler`. One processor is wanted for each `target` calls under way, by their mean over the
//! **stable window**. When the mean over the **panic window**, a tenth of it, wants twice as many as are
//! ready, the larger of both means counts, and nothing is taken away until this has not been so for a
//! whole stable window.
//!
//! An example, with containerConcurrency 10, so a target of 7, and one processor that is ready: 33 calls
//! in the last 6 s want ceil(33 ÷ 7) = 5. That is at least twice 1, so this is panic: 5 are wanted at
//! once, although the mean of the last 60 s may still be 4 and want one.

mod window;

use std::time::Duration;

use crate::range::Range;

pub(crate) use self::window::{Means, Window};

/// The share of `containerConcurrency` that is used on average: `container-concurrency-target-percentage`.
const TARGET_PERCENT: f64 = 70.0;

/// Panic begins when this many times the ready processors are wanted: `panic-threshold-percentage`.
const PANIC_THRESHOLD: f64 = 2.0;

/// How many times the ready processors one decision may want: `max-scale-up-rate`.
const MAX_SCALE_UP_RATE: f64 = 1000.0;

/// By what one decision may at most divide the ready processors: `max-scale-down-rate`.
const MAX_SCALE_DOWN_RATE: f64 = 2.0;

/// The most time that the last processor stays after a stable window without a call: `scale-to-zero-grace-period`.
const GRACE: Duration = Duration::from_secs(30);

/// What the decision goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) range: Range,
    /// Calls under way for each processor.
    pub(crate) target: f64,
    /// The stable window.
    pub(crate) window: Duration,
}

impl Settings {
    pub(crate) fn new(range: Range, container_concurrency: u32, window: Duration) -> Self {
        Self { range, target: f64::from(container_concurrency) * TARGET_PERCENT / 100.0, window }
    }

    /// How long the last processor stays after a whole window without a call.
    ///
    /// Knative's 30 s are an upper limit: it waits until requests surely go through its activator, which
    /// holds them while there is no pod. Here Kafka always holds what waits, so nothing needs the time. We
    /// keep it, since people expect it, but not longer than the window: a short one is for a stage.
    fn grace(&self) -> Duration {
        GRACE.min(self.window)
    }
}

/// How often it is decided. Knative does it every 2 s.
pub(crate) const DECIDE: Duration = Duration::from_secs(1);

/// How many processors there are, and were wanted until now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Current {
    pub(crate) ready: u16,
    pub(crate) wanted: u16,
}

/// What one decision hands on to the next one. Times are since the start of the demo.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Memory {
    panic: Option<Panic>,
    /// Since when nothing has been wanted.
    idle_since: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Panic {
    /// When twice the ready processors were wanted for the last time.
    last_over: Duration,
    /// The most that was wanted since it began.
    wanted: f64,
}

/// How many processors are wanted, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Decision {
    pub(crate) wanted: u16,
    pub(crate) panic: bool,
    /// The mean of calls that has decided.
    pub(crate) calls: f64,
}

/// Decides at `now`, a time since the start of the demo.
pub(crate) fn decide(
    settings: &Settings,
    means: Means,
    current: Current,
    now: Duration,
    memory: Memory,
) -> (Decision, Memory) {
    // As Knative does: none counts as one.
    let ready = f64::from(current.ready.max(1));
    let most = (MAX_SCALE_UP_RATE * ready).ceil();
    let fewest = (ready / MAX_SCALE_DOWN_RATE).floor();
    let by = |calls: f64| (calls / settings.target).ceil();
    let allowed = |wanted: f64| wanted.max(fewest).min(most);
    let (stable, surge) = (allowed(by(means.stable)), allowed(by(means.panic)));

    let is_over = by(means.panic) / ready >= PANIC_THRESHOLD;
    // Some of what was wanted a moment ago may not be ready yet.
    let begin = || Panic { last_over: now, wanted: f64::from(current.wanted) };
    let panic = match memory.panic {
        panic if is_over => Some(Panic { last_over: now, ..panic.unwrap_or_else(begin) }),
        // The surge has reached the mean of the stable window.
        Some(panic) if now > panic.last_over + settings.window => None,
        panic => panic,
    };
    let panic = panic.map(|panic| Panic { wanted: panic.wanted.max(stable).max(surge), ..panic });
    let (number, calls) = match panic {
        Some(panic) => (panic.wanted, means.stable.max(means.panic)),
        None => (stable, means.stable),
    };
    let number = settings.range.nearest(number);
    let (wanted, idle_since) = leave_last(settings, number, current, now, memory.idle_since);
    (Decision { wanted, panic: panic.is_some(), calls }, Memory { panic, idle_since })
}

/// Keeps the last processor for the grace time. Returns the number, and since when none is needed.
fn leave_last(
    settings: &Settings,
    number: u16,
    current: Current,
    now: Duration,
    idle_since: Option<Duration>,
) -> (u16, Option<Duration>) {
    if number > 0 {
        return (number, None);
    }
    let since = idle_since.unwrap_or(now);
    let is_over = now >= since + settings.grace();
    (if is_over { 0 } else { current.wanted.min(1) }, Some(since))
}

/// How long until none is wanted, if no further call comes: until the last call has left the window and panic is
/// over, and then the grace. `None` while calls are under way, where nobody knows whether any are, and where one
/// processor always stays.
///
/// It goes down as the clock goes on. Only right after a surge it may grow, by at most a panic window: until then
/// the surge can still hold panic up.
pub(crate) fn zero_in(
    settings: &Settings,
    window: &Window,
    current: Current,
    now: Duration,
    memory: Memory,
) -> Option<Duration> {
    window.means(now)?;
    if settings.range.min() > 0 || window.is_busy() {
        return None;
    }
    if current.wanted == 0 {
        return Some(Duration::ZERO);
    }
    let idle_since = memory.idle_since.unwrap_or_else(|| {
        // After panic all are still there, and each decision takes at most half of them away.
        let scales_in = memory.panic.map_or(now, |it| it.last_over + settings.window).max(now);
        let one_is_left = scales_in + DECIDE * current.ready.checked_ilog2().unwrap_or(0);
        window.last_call().map_or(one_is_left, |at| one_is_left.max(at + settings.window))
    });
    Some((idle_since + settings.grace()).saturating_sub(now))
}

#[cfg(test)]
mod tests;
