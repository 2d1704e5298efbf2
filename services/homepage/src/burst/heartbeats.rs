//! Whether the homepage of a burst is alive, judged by the heartbeat in the burst's row.
//!
//! A homepage writes the row once a second; the heartbeat is the time by its own clock. The clocks of two machines
//! may differ by minutes, so the value of a heartbeat says little. Its change says much. If it changes between two
//! polls, its homepage is alive. If it stays the same for ten seconds of polling, its homepage is dead.
//!
//! An example, with one poll a second. At 0 s the heartbeat is one minute old by our clock: `Unknown`. If it changes
//! at 1 s: `Alive`, until ten seconds after the last change. If it has not changed at 10 s: `Dead`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use barrage::time::Millis;
use parking_lot::Mutex;
use uuid::Uuid;

/// What a heartbeat says about its homepage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Liveness {
    /// Alive now, or a few seconds ago.
    Alive,
    /// Not polled for long enough to tell.
    Unknown,
    Dead,
}

/// The heartbeats that were read from the rows of remote bursts.
#[derive(Debug, Default)]
pub(crate) struct Heartbeats(Mutex<HashMap<Uuid, Observed>>);

#[derive(Clone, Copy, Debug)]
struct Observed {
    heartbeat: Millis,
    polled_at: Instant,
    /// From then on it means `Dead`, if it stays the same.
    dead_at: Instant,
    /// It was seen to change, or was recent by the clock when it was first read.
    is_recent: bool,
}

impl Heartbeats {
    /// Heartbeats come once a second. A slow table may delay them.
    const TIMEOUT: Duration = Duration::from_secs(10);
    /// After a pause so long between two polls, an unchanged heartbeat proves nothing: the table may have been
    /// down for the other homepage as well.
    const UNPOLLED: Duration = Duration::from_secs(2);
    /// The shortest time of polling after such a pause: one heartbeat more than the longest back-off of a homepage
    /// that could not write its row.
    const GRACE: Duration = Duration::from_secs(4);
    /// How many are kept. Those not polled for the longest time make room.
    const MAX: usize = 1000;

    /// Notes the heartbeat of a burst that has not ended. Our `clock` decides only about the first one. From then
    /// on only changes count, and the time in which we poll.
    pub(crate) fn observe(
        &self,
        burst: Uuid,
        heartbeat: Millis,
        clock: Millis,
        now: Instant,
    ) -> Liveness {
        let mut all = self.0.lock();
        let observed = match all.get(&burst) {
            None => Observed::first(heartbeat, clock, now),
            Some(last) if last.heartbeat == heartbeat => last.unchanged(now),
            Some(_) => Observed::changed(heartbeat, now),
        };
        make_room(&mut all, now);
        all.insert(burst, observed);
        match (now < observed.dead_at, observed.is_recent) {
            (true, true) => Liveness::Alive,
            (true, false) => Liveness::Unknown,
            (false, _) => Liveness::Dead,
        }
    }
}

impl Observed {
    fn changed(heartbeat: Millis, now: Instant) -> Self {
        Self { heartbeat, polled_at: now, dead_at: now + Heartbeats::TIMEOUT, is_recent: true }
    }

    /// A heartbeat that is older than any difference of clocks means `Dead` at once.
    fn first(heartbeat: Millis, clock: Millis, now: Instant) -> Self {
        let age = clock.0.abs_diff(heartbeat.0);
        let is_recent = u128::from(age) < Heartbeats::TIMEOUT.as_millis();
        let is_old = heartbeat.has_surely_passed(clock);
        let timeout = if is_old { Duration::ZERO } else { Heartbeats::TIMEOUT };
        Self { heartbeat, polled_at: now, dead_at: now + timeout, is_recent }
    }

    fn unchanged(self, now: Instant) -> Self {
        let was_unpolled = now.duration_since(self.polled_at) >= Heartbeats::UNPOLLED;
        if was_unpolled && self.polled_at < self.dead_at {
            let dead_at = self.dead_at.max(now + Heartbeats::GRACE);
            return Self { polled_at: now, dead_at, is_recent: false, ..self };
        }
        Self { polled_at: now, ..self }
    }
}

fn make_room(all: &mut HashMap<Uuid, Observed>, now: Instant) {
    if all.len() >= Heartbeats::MAX {
        all.retain(|_, it| now.duration_since(it.polled_at) < Heartbeats::TIMEOUT * 6);
    }
    if all.len() >= Heartbeats::MAX
        && let Some(oldest) = all.iter().min_by_key(|(_, it)| it.polled_at).map(|(id, _)| *id)
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

    /// What an unchanged heartbeat says when it is polled in each of these seconds.
    fn polled(
        heartbeats: &Heartbeats,
        heartbeat: Millis,
        begin: Instant,
        seconds: Range<u64>,
    ) -> Vec<Liveness> {
        seconds
            .map(|second| heartbeats.observe(ID, heartbeat, CLOCK, after(begin, second)))
            .collect()
    }

    #[test]
    fn a_recent_heartbeat_means_alive_until_it_is_unchanged_for_ten_seconds() {
        let (heartbeats, begin) = (Heartbeats::default(), Instant::now());
        assert_eq!(polled(&heartbeats, CLOCK, begin, 0..10), [Liveness::Alive; 10]);
        assert_eq!(polled(&heartbeats, CLOCK, begin, 10..12), [Liveness::Dead; 2]);
    }

    #[test]
    fn a_heartbeat_that_changes_means_alive_whatever_the_clocks_say() {
        for difference in [-600_000, 600_000] {
            let (heartbeats, begin) = (Heartbeats::default(), Instant::now());
            let beat = |n: i64| Millis(CLOCK.0 + difference + 1000 * n);
            assert_eq!(heartbeats.observe(ID, beat(0), CLOCK, begin), Liveness::Unknown);
            assert_eq!(heartbeats.observe(ID, beat(1), CLOCK, after(begin, 1)), Liveness::Alive);
            assert_eq!(polled(&heartbeats, beat(9), begin, 60..70), [Liveness::Alive; 10]);
            assert_eq!(polled(&heartbeats, beat(9), begin, 70..71), [Liveness::Dead]);
        }
    }

    #[test]
    fn an_old_heartbeat_is_polled_for_ten_seconds_before_it_means_dead() {
        let (heartbeats, begin) = (Heartbeats::default(), Instant::now());
        let old = Millis(CLOCK.0 - 60_000);
        assert_eq!(polled(&heartbeats, old, begin, 0..10), [Liveness::Unknown; 10]);
        assert_eq!(polled(&heartbeats, old, begin, 10..11), [Liveness::Dead]);
    }

    #[test]
    fn a_heartbeat_that_was_not_polled_for_a_while_is_polled_again_before_it_means_dead() {
        let (heartbeats, begin) = (Heartbeats::default(), Instant::now());
        assert_eq!(polled(&heartbeats, CLOCK, begin, 0..2), [Liveness::Alive; 2]);
        assert_eq!(polled(&heartbeats, CLOCK, begin, 30..34), [Liveness::Unknown; 4]);
        assert_eq!(polled(&heartbeats, CLOCK, begin, 34..35), [Liveness::Dead]);
        assert_eq!(polled(&heartbeats, CLOCK, begin, 60..61), [Liveness::Dead]);
        let next = Millis(CLOCK.0 + 1000);
        assert_eq!(polled(&heartbeats, next, begin, 61..62), [Liveness::Alive]);
    }

    #[test]
    fn a_heartbeat_of_yesterday_means_dead_at_once() {
        let (heartbeats, begin) = (Heartbeats::default(), Instant::now());
        let yesterday = Millis(CLOCK.0 - 24 * 3_600_000);
        assert_eq!(polled(&heartbeats, yesterday, begin, 0..1), [Liveness::Dead]);
        assert_eq!(polled(&heartbeats, yesterday, begin, 9..10), [Liveness::Dead]);
    }

    #[test]
    fn the_number_of_heartbeats_is_bounded() {
        let (heartbeats, now) = (Heartbeats::default(), Instant::now());
        for id in 0..3000 {
            heartbeats.observe(Uuid::from_u128(id), CLOCK, CLOCK, now);
        }
        assert!(heartbeats.0.lock().len() <= Heartbeats::MAX);
    }
}
