//! The decision against tables worked out by hand, and by properties.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// containerConcurrency 10, so 7 calls for each processor, and 60 s.
fn settings(range: &str) -> Settings {
    Settings::new(range.parse().unwrap(), 10, 60 * SECOND)
}

fn means(stable: f64, panic: f64) -> Means {
    Means { stable, panic }
}

/// A decision without a past, at second 100.
fn decided(range: &str, means: Means, ready: u16) -> (u16, bool) {
    let current = Current { ready, wanted: ready };
    let now = 100 * SECOND;
    let (decision, _) = decide(&settings(range), means, current, now, Memory::default());
    (decision.wanted, decision.panic)
}

#[test]
fn the_target_is_seventy_percent_of_container_concurrency() {
    let target = |concurrency| Settings::new(Range::up_to(1), concurrency, SECOND).target;
    assert_eq!([1, 10, 100].map(target), [0.7, 7.0, 70.0]);
}

/// Each line worked out by hand: ready, mean of 60 s, mean of 6 s, wanted, panic.
#[test]
fn one_processor_is_wanted_for_each_target_of_calls() {
    let table = [
        // ceil(33 / 7 = 4.71) = 5; panic: 5 / 4 ready = 1.25 < 2.
        (4, 33.0, 33.0, 5, false),
        // ceil(35 / 7 = 5) = 5: exactly five are enough.
        (5, 35.0, 35.0, 5, false),
        // ceil(35.1 / 7 = 5.01) = 6.
        (5, 35.1, 35.0, 6, false),
        // ceil(4 / 7) = 1 by the stable mean; by the other one ceil(33 / 7) = 5, and 5 / 1 ready >= 2: panic.
        (1, 4.0, 33.0, 5, true),
        // The same with 3 ready: 5 / 3 = 1.67 < 2, so only the stable mean counts: ceil(20 / 7) = 3.
        (3, 20.0, 33.0, 3, false),
        // 6 / 3 ready = 2 is panic already: ceil(42 / 7) = 6.
        (3, 20.0, 42.0, 6, true),
        // In panic the larger mean counts: ceil(50 / 7) = 8, although the surge wants ceil(14.1 / 7) = 3.
        (1, 50.0, 14.1, 8, true),
        // From zero, none ready counts as one: one call wants one, 1 / 1 < 2.
        (0, 0.2, 1.0, 1, false),
        // ceil(100 / 7) = 15, and 15 / 1 >= 2.
        (0, 100.0, 100.0, 15, true),
    ];
    for (ready, stable, panic, wanted, is_panic) in table {
        let seen = decided("0..64", means(stable, panic), ready);
        assert_eq!(seen, (wanted, is_panic), "{ready} ready, {stable} and {panic} calls");
    }
}

#[test]
fn one_decision_takes_at_most_half_away() {
    // By their means they want 1 each; floor(ready / 2) are left at least.
    let left = [9, 8, 5, 3, 2, 1].map(|ready| decided("0..64", means(1.0, 1.0), ready).0);
    assert_eq!(left, [4, 4, 2, 1, 1, 1]);
}

#[test]
fn the_range_limits_what_is_wanted() {
    assert_eq!(decided("0..8", means(100.0, 100.0), 8).0, 8);
    assert_eq!(decided("2..8", means(0.0, 0.0), 2).0, 2);
    assert_eq!(decided("3..3", means(0.0, 100.0), 3).0, 3);
}

#[test]
fn the_largest_mean_decides_and_is_told() {
    let of = |stable, panic, ready| {
        let current = Current { ready, wanted: ready };
        decide(&settings("0..8"), means(stable, panic), current, SECOND, Memory::default()).0.calls
    };
    // No panic: the stable mean, whatever the other one is. Panic: the larger one.
    assert_eq!((of(20.0, 30.0, 4), of(4.0, 33.0, 1)), (20.0, 33.0));
}

/// A demo without processes: one that is wanted is ready at the next decision, a second later.
struct Run {
    settings: Settings,
    window: Window,
    memory: Memory,
    now: Duration,
    wanted: u16,
}

impl Run {
    fn new(range: &str, window: u32) -> Self {
        let settings = Settings { window: window * SECOND, ..settings(range) };
        let (memory, now) = (Memory::default(), Duration::ZERO);
        let wanted = settings.range.min();
        Self { settings, window: Window::new(settings.window), memory, now, wanted }
    }

    /// A second in which all are ready.
    fn second(&mut self, calls: f64) -> Decision {
        self.second_with(calls, self.wanted)
    }

    /// Five samples with so many calls, and one decision.
    fn second_with(&mut self, calls: f64, ready: u16) -> Decision {
        for _ in 0..5 {
            self.now += SECOND / 5;
            self.window.record(self.now, calls);
        }
        let means = self.window.means(self.now).unwrap();
        let current = Current { ready, wanted: self.wanted };
        let (decision, memory) = decide(&self.settings, means, current, self.now, self.memory);
        (self.memory, self.wanted) = (memory, decision.wanted);
        decision
    }

    /// How long until zero, in seconds.
    fn zero_in(&self) -> Option<f64> {
        let current = Current { ready: self.wanted, wanted: self.wanted };
        let left = zero_in(&self.settings, &self.window, current, self.now, self.memory);
        left.map(|left| left.as_secs_f64())
    }

    /// The number after each second.
    fn seconds(&mut self, seconds: u32, calls: f64) -> Vec<u16> {
        (0..seconds).map(|_| self.second(calls).wanted).collect()
    }
}

#[test]
fn the_first_call_wants_one_and_the_last_one_goes_after_window_and_grace() {
    let mut run = Run::new("0..8", 60);
    assert_eq!(run.seconds(100, 0.0), [0; 100]);
    assert_eq!(run.seconds(1, 1.0), [1]);
    // After 60 s the call has left the window, and nothing is wanted. The last one stays for the grace of
    // 30 s. So it is there for 89 s, and has gone in the 90th.
    let after = run.seconds(95, 0.0);
    assert_eq!(after.iter().filter(|number| **number == 1).count(), 89);
    assert_eq!(after[89..], [0; 6]);
}

#[test]
fn the_grace_is_not_longer_than_the_window() {
    let mut run = Run::new("0..8", 10);
    run.second(1.0);
    // 10 s until the call has left the window, and 10 s of grace.
    let after = run.seconds(25, 0.0);
    assert_eq!(after.iter().filter(|number| **number == 1).count(), 19);
}

#[test]
fn the_time_until_zero_is_the_rest_of_the_window_and_the_grace() {
    let mut run = Run::new("0..8", 60);
    assert_eq!(run.zero_in(), None, "nothing was measured");
    run.second(0.0);
    assert_eq!(run.zero_in(), Some(0.0));
    run.second(1.0);
    assert_eq!(run.zero_in(), None, "a call is under way");
    // The call was seen last at second 2, so it leaves the window at second 62. At second 3 that is 59 + 30 away.
    let mut after = |seconds| {
        run.seconds(seconds, 0.0);
        run.zero_in()
    };
    assert_eq!([after(1), after(29), after(29)], [Some(89.0), Some(60.0), Some(31.0)]);
    // From now on only the grace runs.
    assert_eq!([after(1), after(20), after(9)], [Some(30.0), Some(10.0), Some(1.0)]);
    assert_eq!([after(1), after(9)], [Some(0.0), Some(0.0)]);
}

#[test]
fn panic_holds_all_until_a_window_after_the_surge_and_then_they_go_by_halves() {
    let mut run = Run::new("0..8", 60);
    run.seconds(60, 0.0);
    // With k seconds of 56 calls the mean of 6 s is 56 k / 6, which wants 2, 3, 4, 6, 7 and 8. Only the first one is
    // twice what is ready: panic until after second 61 + 60 = 121.
    assert_eq!(run.seconds(6, 56.0), [2, 3, 4, 6, 7, 8]);
    run.second(0.0);
    // The calls have left the window at second 66 + 60 = 126. By halves, one is left at 125. Then 30 s of grace.
    assert_eq!(run.zero_in(), Some(156.0 - 67.0));
    let numbers = run.seconds(100, 0.0);
    assert_eq!(numbers[52..59], [8, 8, 4, 2, 1, 1, 1]);
    assert_eq!(numbers.iter().position(|number| *number == 0), Some(156 - 68));
}

#[test]
fn many_that_are_left_after_panic_still_go_by_halves() {
    let mut run = Run::new("0..64", 60);
    run.second(300.0);
    run.second(1.0);
    // Panic is over with second 61, and the window is empty. 21 are left, which is 10, 5, 2 and 1 in the next seconds.
    run.seconds(60, 0.0);
    assert_eq!((run.wanted, run.zero_in()), (21, Some(34.0)));
}

#[test]
fn nobody_says_when_a_part_comes_to_zero_that_never_does_or_is_not_measured() {
    let mut run = Run::new("1..8", 60);
    run.seconds(200, 0.0);
    assert_eq!(run.zero_in(), None, "one always stays");
    let mut run = Run::new("0..8", 60);
    run.second(1.0);
    run.second(0.0);
    run.now += 6 * SECOND;
    assert_eq!(run.zero_in(), None, "there is no sample in the panic window");
}

#[test]
fn panic_lasts_until_a_whole_window_after_the_surge() {
    let mut run = Run::new("0..8", 60);
    run.seconds(60, 4.0);
    // After k seconds with 33 calls, the mean of 6 s is (33 k + 4 (6 - k)) / 6: 8.8, 13.7, 18.5, 23.3,
    // 28.2 and 33, which want 2, 2, 3, 4, 5 and 5. At first 2 / 1 ready >= 2: panic. Later ones are not
    // twice what is ready.
    assert_eq!(run.seconds(6, 33.0), [2, 2, 3, 4, 5, 5]);
    // Four calls again. It holds 5 until more than 60 s after the first second of the surge: 55 s more.
    assert_eq!(run.seconds(55, 4.0), [5; 55]);
    // By now four seconds of the surge are left in the window: (4 x 33 + 56 x 4) / 60 = 5.9, which wants 1,
    // but one decision leaves floor(5 / 2) = 2.
    assert_eq!(run.seconds(3, 4.0), [2, 1, 1]);
}

proptest! {
    #[test]
    fn the_number_is_never_outside_the_range(
        min in 0_u16..9, more in 0_u16..9, window in 6_u32..90,
        calls in prop::collection::vec(0.0_f64..500.0, 1..200),
    ) {
        let max = (min + more).max(1);
        let mut run = Run::new(&format!("{min}..{max}"), window);
        for calls in calls {
            let wanted = run.second(calls).wanted;
            prop_assert!((min..=max).contains(&wanted), "{wanted}");
        }
    }

    #[test]
    fn at_a_constant_load_the_number_settles_and_stays(
        before in prop::collection::vec(0.0_f64..500.0, 0..100),
        calls in 0.0_f64..500.0, window in 6_u32..61,
    ) {
        let mut run = Run::new("0..64", window);
        for calls in before {
            run.second(calls);
        }
        // Until the past has left the window, panic is over a window later, and at most halves are left.
        run.seconds(3 * window + 40, calls);
        let formula = (calls / 7.0).ceil().min(64.0) as u16;
        prop_assert_eq!(run.seconds(2 * window, calls), vec![formula; 2 * window as usize]);
    }

    #[test]
    fn panic_never_scales_in(
        calls in prop::collection::vec(prop_oneof![0.0_f64..500.0, Just(0.0)], 1..300),
        away in prop::collection::vec(0_u16..9, 300), window in 6_u32..61,
    ) {
        let mut run = Run::new("0..64", window);
        for (calls, away) in calls.into_iter().zip(away) {
            let before = run.wanted;
            // Some are not ready yet, or have died.
            let decision = run.second_with(calls, before.saturating_sub(away));
            prop_assert!(!decision.panic || decision.wanted >= before, "{before} -> {decision:?}");
        }
    }

    #[test]
    fn it_is_zero_only_after_window_and_grace_without_a_call(
        calls in prop::collection::vec(prop_oneof![3 => Just(0.0), 1 => 0.0_f64..50.0], 1..300),
        window in 6_u32..40,
    ) {
        let mut run = Run::new("0..8", window);
        run.second(1.0);
        let mut idle = 0;
        for calls in calls {
            idle = if calls > 0.0 { 0 } else { idle + 1 };
            let before = run.wanted;
            let wanted = run.second(calls).wanted;
            if wanted == 0 && before > 0 {
                prop_assert!(idle >= window + window.min(30), "after {idle} s");
            }
        }
    }

    /// The surge may hold panic up for a panic window after the last call, and halves take seconds.
    #[test]
    fn it_is_zero_when_it_was_told(
        calls in prop::collection::vec(prop_oneof![2 => Just(0.0), 1 => 0.1_f64..300.0], 1..200),
        window in 6_u32..61, later in 0_u32..120,
    ) {
        let mut run = Run::new("0..64", window);
        for calls in calls {
            run.second(calls);
        }
        run.second(1.0);
        run.seconds(1 + later, 0.0);
        let (told, is_late) = (run.zero_in().unwrap(), later > window / 10 + 1);
        let mut took = 0_u32;
        while run.wanted > 0 {
            run.second(0.0);
            took += 1;
        }
        let panic_window = if is_late { 0.0 } else { f64::from(window) / 10.0 + 1.0 };
        let off = f64::from(took) - told;
        prop_assert!((-2.0..=2.0 + panic_window).contains(&off), "{told} s were told, {took} s it took");
    }
}
