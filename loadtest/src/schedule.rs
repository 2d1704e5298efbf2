//! When each message is due: the stages of a run, one after the other.

use std::{str::FromStr, time::Duration};

use crate::report::Stage;

/// The highest rate, and the longest stage in seconds.
const MAX_RATE: u32 = 1_000_000;
const MAX_SECONDS: u32 = 86_400;

/// A stage that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a stage is RATE:SECONDS or FROM-TO:SECONDS, with rates up to {MAX_RATE} per second and up to \
     {MAX_SECONDS} seconds, such as 500:30 or 0-2000:60"
)]
pub(crate) struct BadStage;

impl FromStr for Stage {
    type Err = BadStage;

    fn from_str(text: &str) -> Result<Self, BadStage> {
        let number = |text: &str, most| text.parse().ok().filter(|number| *number <= most);
        let (rates, seconds) = text.split_once(':').ok_or(BadStage)?;
        let (from, to) = rates.split_once('-').unwrap_or((rates, rates));
        Ok(Self {
            from: number(from, MAX_RATE).ok_or(BadStage)?,
            to: number(to, MAX_RATE).ok_or(BadStage)?,
            seconds: number(seconds, MAX_SECONDS).filter(|it| *it > 0).ok_or(BadStage)?,
        })
    }
}

impl Stage {
    /// How many messages are due in the whole stage.
    fn messages(self) -> u64 {
        u64::from(self.from + self.to) * u64::from(self.seconds) / 2
    }

    /// When its `index`th message is due, counted from 0, in seconds since it began.
    ///
    /// The number of messages until `t` is `from * t + slope * t² / 2`, which is solved for `t`.
    fn due(self, index: u64) -> f64 {
        let (from, to, index) = (f64::from(self.from), f64::from(self.to), index as f64);
        let slope = (to - from) / f64::from(self.seconds);
        if slope == 0.0 {
            return index / from;
        }
        let root = (from * from + 2.0 * slope * index).max(0.0).sqrt();
        (root - from) / slope
    }

    /// How many messages are due until `t` seconds after it began.
    fn due_until(self, t: f64) -> u64 {
        let (from, to) = (f64::from(self.from), f64::from(self.to));
        let slope = (to - from) / f64::from(self.seconds);
        let due = (from * t + slope * t * t / 2.0).ceil() as u64;
        due.min(self.messages())
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Schedule(Vec<Stage>);

impl Schedule {
    pub(crate) fn new(stages: &[Stage]) -> Self {
        Self(stages.to_vec())
    }

    /// How long all stages together last.
    pub(crate) fn lasts(&self) -> Duration {
        Duration::from_secs(self.0.iter().map(|stage| u64::from(stage.seconds)).sum())
    }

    /// When the `index`th message is due, counted from 0; `None` after the last one.
    pub(crate) fn due(&self, index: u64) -> Option<Duration> {
        let (mut began, mut first) = (0, 0);
        for stage in &self.0 {
            if index < first + stage.messages() {
                let due = f64::from(began) + stage.due(index - first);
                return Some(Duration::from_secs_f64(due));
            }
            first += stage.messages();
            began += stage.seconds;
        }
        None
    }

    /// How many messages are due until `time`.
    pub(crate) fn due_until(&self, time: Duration) -> u64 {
        let (mut left, mut due) = (time.as_secs_f64(), 0);
        for stage in &self.0 {
            if left <= 0.0 {
                break;
            }
            due += stage.due_until(left.min(f64::from(stage.seconds)));
            left -= f64::from(stage.seconds);
        }
        due
    }

    /// Each stage with the time when it begins.
    pub(crate) fn stages(&self) -> impl Iterator<Item = (Duration, Stage)> {
        self.0.iter().scan(0, |began, stage| {
            let from = *began;
            *began += u64::from(stage.seconds);
            Some((Duration::from_secs(from), *stage))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn schedule(text: &str) -> Schedule {
        Schedule::new(&text.split(',').map(|stage| stage.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn a_stage_has_one_rate_or_two_and_a_time() {
        assert_eq!("500:30".parse(), Ok(Stage { from: 500, to: 500, seconds: 30 }));
        assert_eq!("0-2000:60".parse(), Ok(Stage { from: 0, to: 2000, seconds: 60 }));
        for bad in ["", "500", "500:", ":30", "500:0", "-1:5", "1:5:6", "1000001:1", "5:x", "1-:2"]
        {
            assert_eq!(bad.parse::<Stage>(), Err(BadStage), "{bad}");
        }
    }

    #[test]
    fn messages_of_one_rate_are_due_in_equal_intervals_and_a_rest_has_none() {
        let schedule = schedule("2:2,0:10,4:1");
        let due: Vec<_> = (0..).map_while(|index| schedule.due(index)).collect();
        let seconds = [0.0, 0.5, 1.0, 1.5, 12.0, 12.25, 12.5, 12.75];
        assert_eq!(due, seconds.map(Duration::from_secs_f64));
        assert_eq!(schedule.due_until(schedule.lasts()), 8);
        assert_eq!(schedule.lasts(), Duration::from_secs(13));
    }

    #[test]
    fn a_ramp_becomes_faster_and_faster() {
        let schedule = schedule("0-100:10");
        assert_eq!(schedule.due_until(schedule.lasts()), 500);
        assert_eq!(schedule.due_until(Duration::from_secs(5)), 125);
        assert_eq!(schedule.due_until(Duration::from_secs(10)), 500);
    }

    proptest! {
        #[test]
        fn messages_are_due_in_order_and_before_the_end(
            stages in vec((0_u32..300, 0_u32..300, 1_u32..20), 1..5)
        ) {
            let stage = |(from, to, seconds)| Stage { from, to, seconds };
            let schedule = Schedule::new(&stages.into_iter().map(stage).collect::<Vec<_>>());
            let due: Vec<_> = (0..).map_while(|index| schedule.due(index)).collect();
            prop_assert_eq!(due.len() as u64, schedule.due_until(schedule.lasts()));
            prop_assert!(due.is_sorted());
            prop_assert!(due.iter().all(|due| *due <= schedule.lasts()));
        }

        #[test]
        fn messages_that_are_due_until_a_time_are_those_that_are_due_before_it(
            from in 0_u32..300, to in 0_u32..300, seconds in 1_u32..20, millis in 0_u64..30_000
        ) {
            let schedule = Schedule::new(&[Stage { from, to, seconds }]);
            let time = Duration::from_millis(millis);
            let before = (0..).map_while(|index| schedule.due(index)).filter(|due| *due < time);
            let (before, due) = (before.count() as u64, schedule.due_until(time));
            prop_assert!(before.abs_diff(due) <= 1, "{before} {due}");
        }
    }
}
