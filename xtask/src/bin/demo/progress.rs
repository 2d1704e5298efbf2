//! How far a first build is, and how long the rest takes.

use std::time::Duration;

/// The share of a first build's work, in CPU time, that is done when 0, 1, 2 … tenths of its crates are built: small
/// crates come first. Measured for the first half; the second is taken as even.
const WORK: [f64; 11] = [0.0, 0.06, 0.09, 0.17, 0.24, 0.33, 0.50, 0.62, 0.75, 0.87, 1.0];

/// Before this share of the work is done, nothing is said of the rest.
const ENOUGH: f64 = 0.05;

/// A build of so many crates.
#[derive(Debug)]
pub(crate) struct Progress {
    crates: usize,
}

impl Progress {
    pub(crate) fn new(crates: usize) -> Self {
        Self { crates }
    }

    /// Of the `built` crates, `before` were built by an earlier run; the others took so long.
    pub(crate) fn report(&self, before: usize, built: usize, elapsed: Duration) -> String {
        let Self { crates } = self;
        let so_far = format!("built {built} of {crates} crates in {}", minutes(elapsed));
        let done = self.work(built) - self.work(before);
        if done < ENOUGH {
            return so_far;
        }
        let left = elapsed.mul_f64((1.0 - self.work(built)) / done);
        format!("{so_far}, about {} left", minutes(left))
    }

    /// The share of the work that is done when so many crates are built, 0 to 1.
    fn work(&self, built: usize) -> f64 {
        let last = WORK.len() - 1;
        let tenths = (built * last) as f64 / self.crates.max(1) as f64;
        let at = (tenths as usize).min(last);
        let next = (at + 1).min(last);
        WORK[at] + (WORK[next] - WORK[at]) * (tenths - at as f64).min(1.0)
    }
}

/// As people say it: `50 s`, `3 min 20 s`, `12 min`.
pub(crate) fn minutes(duration: Duration) -> String {
    let seconds = duration.as_secs().div_ceil(10) * 10;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) if minutes < 10 => format!("{minutes} min {seconds} s"),
        (minutes, _) => format!("{} min", minutes + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_told_from_the_work_and_not_from_the_number_of_crates() {
        let report = Progress::new(500).report(0, 250, Duration::from_secs(100));
        assert_eq!(report, "built 250 of 500 crates in 1 min 40 s, about 3 min 30 s left");
    }

    #[test]
    fn what_an_interrupted_build_has_left_behind_took_no_time() {
        let progress = Progress::new(500);
        let elapsed = Duration::from_secs(60);
        let rest = |before| progress.report(before, 450, elapsed);
        assert_eq!(rest(0), "built 450 of 500 crates in 1 min, about 10 s left");
        assert_eq!(rest(400), "built 450 of 500 crates in 1 min, about 1 min 10 s left");
    }

    #[test]
    fn at_first_nothing_is_said_of_the_rest() {
        let report = Progress::new(500).report(0, 10, Duration::from_secs(20));
        assert_eq!(report, "built 10 of 500 crates in 20 s");
    }

    #[test]
    fn the_last_crate_ends_it_even_if_more_are_built_than_were_counted() {
        for built in [500, 501, 900] {
            let report = Progress::new(500).report(0, built, Duration::from_secs(60));
            assert!(report.ends_with("about 0 s left"), "{report}");
        }
    }

    #[test]
    fn durations_are_rounded_up_to_what_people_say() {
        for (seconds, text) in
            [(0, "0 s"), (41, "50 s"), (60, "1 min"), (195, "3 min 20 s"), (661, "12 min")]
        {
            assert_eq!(minutes(Duration::from_secs(seconds)), text);
        }
    }
}
