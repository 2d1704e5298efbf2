//! Whether the homepage of a burst lives, judged by its heartbeat in our own time: a clock that is wrong
//! there, or here, must not make a burst that runs look dead, nor a dead one look as if it ran.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use barrage::time::Millis;
use uuid::Uuid;

/// What a heartbeat says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pulse {
    /// Its homepage lives, or did a moment ago.
    Beats,
    /// It was not watched long enough to tell.
    Unsure,
    /// Its homepage is gone.
    Silent,
}

/// The heartbeats that were seen in the rows of other homepages' bursts.
#[derive(Debug, Default)]
pub(crate) struct Pulses(Mutex<HashMap<Uuid, Seen>>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    beat: Millis,
    /// When it was first seen.
    at: Instant,
    /// There is a sign that it was new then.
    is_new: bool,
}

impl Pulses {
    /// A homepage that lives beats once a second. A table may be slow for a while.
    const SILENT: Duration = Duration::from_secs(10);
    /// How many are remembered; those not looked at for long make room.
    const REMEMBERED: usize = 1000;

    /// Takes note of the heartbeat of a burst that has not ended. Whether the first one is new is told by
    /// the clock, which may be wrong; from then on only change counts, and our own time.
    pub(crate) fn feel(&self, id: Uuid, beat: Millis, clock: Millis, now: Instant) -> Pulse {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&id).copied();
        let seen = known.filter(|seen| seen.beat == beat).unwrap_or_else(|| {
            let age = clock.0.abs_diff(beat.0);
            let is_new = known.is_some() || u128::from(age) < Self::SILENT.as_millis();
            Seen { beat, at: now, is_new }
        });
        make_room(&mut all, now);
        all.insert(id, seen);
        match (now.duration_since(seen.at) < Self::SILENT, seen.is_new) {
            (true, true) => Pulse::Beats,
            (true, false) => Pulse::Unsure,
            (false, _) => Pulse::Silent,
        }
    }
}

fn make_room(all: &mut HashMap<Uuid, Seen>, now: Instant) {
    if all.len() >= Pulses::REMEMBERED {
        all.retain(|_, seen| now.duration_since(seen.at) < Pulses::SILENT * 6);
    }
    if all.len() >= Pulses::REMEMBERED
        && let Some(oldest) = all.iter().min_by_key(|(_, seen)| seen.at).map(|(id, _)| *id)
    {
        all.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(1);
    const CLOCK: Millis = Millis(1_700_000_000_000);

    fn after(begin: Instant, seconds: u64) -> Instant {
        begin + Duration::from_secs(seconds)
    }

    #[test]
    fn a_heartbeat_of_just_now_is_believed_until_it_stays_the_same() {
        let (pulses, begin) = (Pulses::default(), Instant::now());
        assert_eq!(pulses.feel(ID, CLOCK, CLOCK, begin), Pulse::Beats);
        assert_eq!(pulses.feel(ID, CLOCK, CLOCK, after(begin, 9)), Pulse::Beats);
        assert_eq!(pulses.feel(ID, CLOCK, CLOCK, after(begin, 10)), Pulse::Silent);
    }

    #[test]
    fn whatever_the_clocks_say_a_heartbeat_that_changes_is_one() {
        for difference in [-600_000, 600_000] {
            let (pulses, begin) = (Pulses::default(), Instant::now());
            let beat = |n: i64| Millis(CLOCK.0 + difference + 1000 * n);
            assert_eq!(pulses.feel(ID, beat(0), CLOCK, begin), Pulse::Unsure);
            assert_eq!(pulses.feel(ID, beat(1), CLOCK, after(begin, 1)), Pulse::Beats);
            assert_eq!(pulses.feel(ID, beat(9), CLOCK, after(begin, 60)), Pulse::Beats);
            assert_eq!(pulses.feel(ID, beat(9), CLOCK, after(begin, 70)), Pulse::Silent);
        }
    }

    #[test]
    fn an_old_heartbeat_is_watched_before_it_counts_as_silent() {
        let (pulses, begin) = (Pulses::default(), Instant::now());
        let old = Millis(CLOCK.0 - 60_000);
        assert_eq!(pulses.feel(ID, old, CLOCK, begin), Pulse::Unsure);
        assert_eq!(pulses.feel(ID, old, CLOCK, after(begin, 9)), Pulse::Unsure);
        assert_eq!(pulses.feel(ID, old, CLOCK, after(begin, 10)), Pulse::Silent);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let (pulses, now) = (Pulses::default(), Instant::now());
        for id in 0..3000 {
            pulses.feel(Uuid::from_u128(id), CLOCK, CLOCK, now);
        }
        assert!(pulses.0.lock().unwrap().len() <= Pulses::REMEMBERED);
    }
}
