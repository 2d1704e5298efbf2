//! What breaks when: drawn from a seed alone, so that a run can be repeated.

use std::{fmt, ops::Range, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

/// How many things are broken at once, at the most.
const LANES: usize = 2;

/// All is well for so long at first.
const QUIET: Duration = Duration::from_secs(2);

/// How long all goes on in a lane between two faults, in milliseconds.
const PAUSE: Range<u64> = 500..6000;

/// No fault lasts longer.
pub(crate) const LONGEST: Duration = Duration::from_secs(12);

/// Something that can break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A process.
    Process,
    /// The network between two of them.
    Way(&'static str, &'static str),
    /// What the table does to its clients.
    Table,
}

/// A way to break something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// kill -9 of a process, which is started again.
    Kill,
    /// A process is asked to stop, and started again.
    Terminate,
    /// A process stands still.
    Freeze,
    /// Connections are closed, and new ones too.
    Cut,
    /// What is sent does not arrive.
    BlackHole,
    /// What is sent arrives late.
    Delay,
    /// The table hands half of the items back.
    Unprocessed,
    /// The table refuses most of what it is asked.
    Throttled,
    /// The table takes its time.
    Slow,
    /// The table does not know yet what was written.
    Stale,
    /// The table writes one row after the other, in no order.
    Late,
}

/// One fault: what breaks, how, when, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) target: Target,
    pub(crate) fault: Fault,
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
            Self::Way(..) => &[Cut, BlackHole, Delay],
            Self::Table => &[Unprocessed, Throttled, Slow, Stale, Late],
        }
    }
}

impl Fault {
    /// How long it lasts, in milliseconds. What stands still outlives its session, or does not.
    fn lasts(self) -> Range<u64> {
        match self {
            Self::Kill | Self::Terminate => 200..4000,
            Self::Freeze | Self::BlackHole | Self::Cut | Self::Delay => 1000..12_000,
            Self::Unprocessed | Self::Throttled | Self::Slow | Self::Stale | Self::Late => {
                3000..12_000
            }
        }
    }

    /// What it does, in words, before the time that it lasts.
    fn does(self) -> &'static str {
        match self {
            Self::Kill => "kill -9, back after",
            Self::Terminate => "SIGTERM, back after",
            Self::Freeze => "stands still for",
            Self::Cut => "cut for",
            Self::BlackHole => "nothing arrives for",
            Self::Delay => "slow for",
            Self::Unprocessed => "hand half of the items back for",
            Self::Throttled => "throttle for",
            Self::Slow => "come late for",
            Self::Stale => "tell old news for",
            Self::Late => "come before all is written for",
        }
    }
}

impl Strike {
    /// When it is over.
    pub(crate) fn end(&self) -> Duration {
        self.at + self.lasts
    }
}

/// Draws the faults of a run of this length, in the order of their begin. Each is over by its end,
/// no more than [`LANES`] are on at once, and those are of different targets.
pub(crate) fn draw(seed: u64, length: Duration, targets: &[Target]) -> Vec<Strike> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut lanes = [QUIET; LANES];
    let mut strikes: Vec<Strike> = Vec::new();
    loop {
        let lane = lanes.iter_mut().min().expect("there are lanes");
        let at = *lane + milliseconds(&mut random, PAUSE);
        if at + LONGEST > length {
            break;
        }
        let is_free = |target: &&Target| {
            let same = |strike: &&Strike| strike.target == **target;
            strikes.iter().filter(same).all(|strike| strike.end() < at)
        };
        let free: Vec<_> = targets.iter().filter(is_free).collect();
        let target = free.choose(&mut random).expect("there are more targets than lanes");
        let fault = *target.kind.faults().choose(&mut random).expect("each target can break");
        let lasts = milliseconds(&mut random, fault.lasts());
        strikes.push(Strike { target: Target::clone(target), fault, at, lasts });
        *lane = at + lasts;
    }
    strikes.sort_by_key(|strike| strike.at);
    strikes
}

fn milliseconds(random: &mut StdRng, range: Range<u64>) -> Duration {
    Duration::from_millis(random.random_range(range))
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (target, does) = (&self.target.name, self.fault.does());
        write!(f, "{target}: {does} {:.1} s", self.lasts.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(600);

    const TARGETS: [(&str, Kind); 4] = [
        ("broker", Kind::Process),
        ("homepage", Kind::Process),
        ("from homepage to broker", Kind::Way("homepage", "broker")),
        ("what the table answers", Kind::Table),
    ];

    fn schedule(seed: u64) -> Vec<Strike> {
        let target = |(name, kind): &(&str, Kind)| Target { name: (*name).into(), kind: *kind };
        draw(seed, LENGTH, &TARGETS.iter().map(target).collect::<Vec<_>>())
    }

    /// Those that are on when another begins, with that one.
    fn on_with<'a>(strike: &'a Strike, strikes: &'a [Strike]) -> Vec<&'a Strike> {
        let is_on = |other: &&Strike| (other.at..=other.end()).contains(&strike.at);
        strikes.iter().filter(is_on).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_faults() {
        assert_eq!(schedule(7), schedule(7));
        assert_ne!(schedule(7), schedule(8));
    }

    #[test]
    fn a_long_run_breaks_everything_in_every_way() {
        let strikes = schedule(1);
        assert!(strikes.len() > 60, "{}", strikes.len());
        for (name, kind) in TARGETS {
            for fault in kind.faults() {
                let meant = |s: &Strike| s.target.name == name && s.fault == *fault;
                assert!(strikes.iter().any(meant), "{name} {fault:?}");
            }
        }
    }

    #[test]
    fn two_faults_at_most_are_on_at_once_and_never_of_the_same_target() {
        for strikes in (0..200).map(schedule) {
            for strike in &strikes {
                let on = on_with(strike, &strikes);
                assert!(on.len() <= LANES, "{on:?}");
                let same = on.iter().filter(|other| other.target == strike.target);
                assert_eq!(same.count(), 1, "{on:?}");
            }
        }
    }

    #[test]
    fn all_is_healed_at_the_end() {
        for strikes in (0..200).map(schedule) {
            assert!(strikes.iter().all(|strike| strike.end() <= LENGTH));
            assert!(strikes.is_sorted_by_key(|strike| strike.at));
        }
    }
}
