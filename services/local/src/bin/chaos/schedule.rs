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
const LONGEST: Duration = Duration::from_secs(12);

/// A way to break something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// kill -9 of a process, which is started again.
    Kill,
    /// A process is asked to stop, and started again.
    Terminate,
    /// A process stands still.
    Freeze,
}

/// Something that can break.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) faults: &'static [Fault],
}

/// One fault: what breaks, how, when, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) target: String,
    pub(crate) fault: Fault,
    pub(crate) at: Duration,
    pub(crate) lasts: Duration,
}

impl Fault {
    /// What can happen to a process.
    pub(crate) const OF_PROCESSES: &[Self] = &[Self::Kill, Self::Terminate, Self::Freeze];

    /// How long it lasts, in milliseconds. A frozen process outlives its session or not.
    fn lasts(self) -> Range<u64> {
        match self {
            Self::Kill | Self::Terminate => 200..4000,
            Self::Freeze => 1000..12_000,
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
            let same = |strike: &&Strike| strike.target == target.name;
            strikes.iter().filter(same).all(|strike| strike.end() < at)
        };
        let free: Vec<_> = targets.iter().filter(is_free).collect();
        let target = free.choose(&mut random).expect("there are more targets than lanes");
        let fault = *target.faults.choose(&mut random).expect("each target can break");
        let lasts = milliseconds(&mut random, fault.lasts());
        strikes.push(Strike { target: target.name.clone(), fault, at, lasts });
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
        let (target, lasts) = (&self.target, self.lasts.as_secs_f64());
        match self.fault {
            Fault::Kill => write!(f, "{target}: kill -9, back after {lasts:.1} s"),
            Fault::Terminate => write!(f, "{target}: SIGTERM, back after {lasts:.1} s"),
            Fault::Freeze => write!(f, "{target}: stands still for {lasts:.1} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(600);

    fn schedule(seed: u64) -> Vec<Strike> {
        let target = |name: &str| Target { name: name.into(), faults: Fault::OF_PROCESSES };
        draw(seed, LENGTH, &["broker", "table", "event-router"].map(target))
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
        for target in ["broker", "table", "event-router"] {
            for fault in Fault::OF_PROCESSES {
                let meant = |s: &Strike| s.target == target && s.fault == *fault;
                assert!(strikes.iter().any(meant), "{target} {fault:?}");
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
