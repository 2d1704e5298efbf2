//! Which faults happen when. All follows from a seed, so that a run can be repeated.

use std::{fmt, ops::Range, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

/// How many faults are active at once, at most. Each lane has one fault after the other.
const LANES: usize = 2;

/// The time before the first fault.
const QUIET: Duration = Duration::from_secs(2);

/// The pause between two faults of a lane, in milliseconds.
const PAUSE: Range<u64> = 500..6000;

/// The upper limit of how long any fault lasts.
pub(crate) const LONGEST: Duration = Duration::from_secs(12);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Process,
    /// The network between two processes.
    Network(&'static str, &'static str),
    Table,
    /// Some processor of those that there are at that time.
    AnyProcessor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// SIGKILL, and a restart when the fault ends.
    Kill,
    /// SIGTERM, and a restart when the fault ends.
    Terminate,
    /// SIGSTOP, and SIGCONT when the fault ends.
    Freeze,
    /// Connections are closed, and new ones too.
    Cut,
    BlackHole,
    Delay,
    /// The table returns half of the items unprocessed.
    Unprocessed,
    /// The table refuses most requests.
    Throttled,
    Slow,
    /// The table does not show all rows yet.
    Stale,
    /// The table writes some rows of a batch later than others.
    Late,
}

/// A fault with its target, its begin and its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScheduledFault {
    pub(crate) target: Target,
    pub(crate) fault: Fault,
    /// Since the start of the run.
    pub(crate) at: Duration,
    pub(crate) lasts: Duration,
}

impl Kind {
    fn faults(self) -> &'static [Fault] {
        use Fault::{
            BlackHole, Cut, Delay, Freeze, Kill, Late, Slow, Stale, Terminate, Throttled,
            Unprocessed,
        };
        match self {
            Self::Process => &[Kill, Terminate, Freeze],
            Self::AnyProcessor => &[Kill, Freeze],
            Self::Network(..) => &[Cut, BlackHole, Delay],
            Self::Table => &[Unprocessed, Throttled, Slow, Stale, Late],
        }
    }
}

impl Fault {
    /// How long it lasts, in milliseconds. A frozen consumer keeps its session, which lasts 6 s, or loses it.
    fn lasts(self) -> Range<u64> {
        match self {
            Self::Kill | Self::Terminate => 200..4000,
            Self::Freeze | Self::BlackHole | Self::Cut | Self::Delay => 1000..12_000,
            Self::Unprocessed | Self::Throttled | Self::Slow | Self::Stale | Self::Late => {
                3000..12_000
            }
        }
    }

    /// A text to print before the time that the fault lasts.
    fn text(self) -> &'static str {
        match self {
            Self::Kill => "kill -9, restarted after",
            Self::Terminate => "SIGTERM, restarted after",
            Self::Freeze => "frozen for",
            Self::Cut => "cut for",
            Self::BlackHole => "no bytes arrive for",
            Self::Delay => "bytes arrive late for",
            Self::Unprocessed => "half of the items returned unprocessed for",
            Self::Throttled => "most throttled for",
            Self::Slow => "slow for",
            Self::Stale => "without the newest rows for",
            Self::Late => "some rows written late for",
        }
    }
}

impl ScheduledFault {
    pub(crate) fn end(&self) -> Duration {
        self.at + self.lasts
    }
}

/// Draws the faults of a run of this length, in the order of their begins. All end within the run. At most
/// [`LANES`] are active at once, and these have different targets.
pub(crate) fn draw(seed: u64, length: Duration, targets: &[Target]) -> Vec<ScheduledFault> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut lanes = [QUIET; LANES];
    let mut faults: Vec<ScheduledFault> = Vec::new();
    loop {
        let lane = lanes.iter_mut().min().expect("there are lanes");
        let at = *lane + milliseconds(&mut random, PAUSE);
        if at + LONGEST > length {
            break;
        }
        let is_free = |target: &&Target| {
            let same = |other: &&ScheduledFault| other.target == **target;
            faults.iter().filter(same).all(|other| other.end() < at)
        };
        let free: Vec<_> = targets.iter().filter(is_free).collect();
        let target = free.choose(&mut random).expect("there are more targets than lanes");
        let fault = *target.kind.faults().choose(&mut random).expect("each target can break");
        let lasts = milliseconds(&mut random, fault.lasts());
        faults.push(ScheduledFault { target: Target::clone(target), fault, at, lasts });
        *lane = at + lasts;
    }
    faults.sort_by_key(|fault| fault.at);
    faults
}

fn milliseconds(random: &mut StdRng, range: Range<u64>) -> Duration {
    Duration::from_millis(random.random_range(range))
}

impl fmt::Display for ScheduledFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (target, text) = (&self.target.name, self.fault.text());
        write!(f, "{target}: {text} {:.1} s", self.lasts.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(600);

    const TARGETS: [(&str, Kind); 4] = [
        ("broker", Kind::Process),
        ("homepage", Kind::Process),
        ("homepage to broker", Kind::Network("homepage", "broker")),
        ("the table's answers", Kind::Table),
    ];

    fn schedule(seed: u64) -> Vec<ScheduledFault> {
        let target = |(name, kind): &(&str, Kind)| Target { name: (*name).into(), kind: *kind };
        draw(seed, LENGTH, &TARGETS.iter().map(target).collect::<Vec<_>>())
    }

    /// The faults that are active when this one begins, and this one.
    fn active<'a>(fault: &ScheduledFault, all: &'a [ScheduledFault]) -> Vec<&'a ScheduledFault> {
        all.iter().filter(|other| (other.at..=other.end()).contains(&fault.at)).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_faults() {
        assert_eq!(schedule(7), schedule(7));
        assert_ne!(schedule(7), schedule(8));
    }

    #[test]
    fn a_long_run_has_every_fault_of_every_target() {
        let faults = schedule(1);
        assert!(faults.len() > 60, "{}", faults.len());
        for (name, kind) in TARGETS {
            for fault in kind.faults() {
                let found = |it: &ScheduledFault| it.target.name == name && it.fault == *fault;
                assert!(faults.iter().any(found), "{name} {fault:?}");
            }
        }
    }

    #[test]
    fn at_most_two_faults_are_active_at_once_and_never_of_the_same_target() {
        for faults in (0..200).map(schedule) {
            for fault in &faults {
                let active = active(fault, &faults);
                assert!(active.len() <= LANES, "{active:?}");
                let same = active.iter().filter(|other| other.target == fault.target);
                assert_eq!(same.count(), 1, "{active:?}");
            }
        }
    }

    #[test]
    fn all_faults_end_within_the_run() {
        for faults in (0..200).map(schedule) {
            assert!(faults.iter().all(|fault| fault.end() <= LENGTH));
            assert!(faults.is_sorted_by_key(|fault| fault.at));
        }
    }
}
