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
    /// When it was last seen.
    looked: Instant,
    /// From when on it counts as silent, if it stays the same.
    silent_at: Instant,
    /// There is a sign that it was new when it was first seen.
    is_new: bool,
}

impl Pulses {
    /// A homepage that lives beats once a second. A table may be slow for a while.
    const SILENT: Duration = Duration::from_secs(10);
    /// Not looked at for so long: meanwhile its homepage may have been unable to write as well.
    const BLIND: Duration = Duration::from_secs(2);
    /// How long it is watched after that at least: the longest back-off of its homepage, and a beat.
    const GRACE: Duration = Duration::from_secs(4);
    /// How many are remembered; those not looked at for long make room.
    const REMEMBERED: usize = 1000;

    /// Takes note of the heartbeat of a burst that has not ended. Whether the first one is new is told by
    /// the clock, which may be wrong; from then on only change counts, and our own time while we look.
    pub(crate) fn feel(&self, id: Uuid, beat: Millis, clock: Millis, now: Instant) -> Pulse {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = match all.get(&id) {
            None => Seen::first(beat, clock, now),
            Some(seen) if seen.beat == beat => seen.again(now),
            Some(_) => Seen::new(beat, now),
        };
        make_room(&mut all, now);
        all.insert(id, seen);
        match (now < seen.silent_at, seen.is_new) {
            (true, true) => Pulse::Beats,
            (true, false) => Pulse::Unsure,
            (false, _) => Pulse::Silent,
        }
    }
}

impl Seen {
    fn new(beat: Millis, now: Instant) -> Self {
        Self { beat, looked: now, silent_at: now + Pulses::SILENT, is_new: true }
    }

    /// Nobody needs to wait for a burst of yesterday.
    fn first(beat: Millis, clock: Millis, now: Instant) -> Self {
        let age = clock.0.abs_diff(beat.0);
        let is_new = u128::from(age) < Pulses::SILENT.as_millis();
        let silence = if beat.has_surely_passed(clock) { Duration::ZERO } else { Pulses::SILENT };
        Self { beat, looked: now, silent_at: now + silence, is_new }
    }

    /// The same heartbeat once more. That it did not change while nobody looked proves nothing, unless it
    /// was silent already.
    fn again(self, now: Instant) -> Self {
        let was_blind = now.duration_since(self.looked) >= Pulses::BLIND;
        if was_blind && self.looked < self.silent_at {
            let silent_at = self.silent_at.max(now + Pulses::GRACE);
            return Self { looked: now, silent_at, is_new: false, ..self };
        }
        Self { looked: now, ..self }
    }
}

fn make_room(all: &mut HashMap<Uuid, Seen>, now: Instant) {
    if all.len() >= Pulses::REMEMBERED {
        all.retain(|_, seen| now.duration_since(seen.looked) < Pulses::SILENT * 6);
    }
    if all.len() >= Pulses::REMEMBERED
        && let Some(oldest) = all.iter().min_by_key(|(_, seen)| seen.looked).map(|(id, _)| *id)
    {
        all.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    const ID: Uuid = Uuid::from_u128(1);
    const CLOCK: Millis = Millis(1_700_000_000_000);

    fn after(begin: Instant, seconds: u64) -> Instant {
        begin + Duration::from_secs(seconds)
    }

    /// What a heartbeat that stays the same says in each second of a time.
    fn watched(pulses: &Pulses, beat: Millis, begin: Instant, seconds: Range<u64>) -> Vec<Pulse> {
        seconds.map(|second| pulses.feel(ID, beat, CLOCK, after(begin, second))).collect()
    }

    #[test]
    fn a_heartbeat_of_just_now_is_believed_until_it_stays_the_same() {
        let (pulses, begin) = (Pulses::default(), Instant::now());
        assert_eq!(watched(&pulses, CLOCK, begin, 0..10), [Pulse::Beats; 10]);
        assert_eq!(watched(&pulses, CLOCK, begin, 10..12), [Pulse::Silent; 2]);
    }

    #[test]
    fn whatever_the_clocks_say_a_heartbeat_that_changes_is_one() {
        for difference in [-600_000, 600_000] {
            let (pulses, begin) = (Pulses::default(), Instant::now());
            let beat = |n: i64| Millis(CLOCK.0 + difference + 1000 * n);
            assert_eq!(pulses.feel(ID, beat(0), CLOCK, begin), Pulse::Unsure);
            assert_eq!(pulses.feel(ID, beat(1), CLOCK, after(begin, 1)), Pulse::Beats);
            assert_eq!(watched(&pulses, beat(9), begin, 60..70), [Pulse::Beats; 10]);
            assert_eq!(watched(&pulses, beat(9), begin, 70..71), [Pulse::Silent]);
        }
    }

    #[test]
    fn an_old_heartbeat_is_watched_before_it_counts_as_silent() {
        let (pulses, begin) = (Pulses::default(), Instant::now());
        let old = Millis(CLOCK.0 - 60_000);
        assert_eq!(watched(&pulses, old, begin, 0..10), [Pulse::Unsure; 10]);
        assert_eq!(watched(&pulses, old, begin, 10..11), [Pulse::Silent]);
    }

    #[test]
    fn what_nobody_looked_at_for_a_while_is_watched_again_before_it_counts_as_silent() {
        let (pulses, begin) = (Pulses::default(), Instant::now());
        assert_eq!(watched(&pulses, CLOCK, begin, 0..2), [Pulse::Beats; 2]);
        assert_eq!(watched(&pulses, CLOCK, begin, 30..34), [Pulse::Unsure; 4]);
        assert_eq!(watched(&pulses, CLOCK, begin, 34..35), [Pulse::Silent]);
        assert_eq!(watched(&pulses, CLOCK, begin, 60..61), [Pulse::Silent]);
        let next = Millis(CLOCK.0 + 1000);
        assert_eq!(watched(&pulses, next, begin, 61..62), [Pulse::Beats]);
    }

    #[test]
    fn nobody_waits_for_a_burst_of_yesterday() {
        let (pulses, begin) = (Pulses::default(), Instant::now());
        let yesterday = Millis(CLOCK.0 - 24 * 3_600_000);
        assert_eq!(watched(&pulses, yesterday, begin, 0..1), [Pulse::Silent]);
        assert_eq!(watched(&pulses, yesterday, begin, 9..10), [Pulse::Silent]);
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
