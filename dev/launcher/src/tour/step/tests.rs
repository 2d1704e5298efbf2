//! When each step is over, against tables worked out by hand, and by properties.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// The default window.
fn minute() -> Times {
    Times::new(60 * SECOND)
}

fn after(step: Step, seen: Seen, seconds: u32) -> Progress {
    progress(&minute(), (step, 1), &seen, seconds * SECOND)
}

#[test]
fn the_eight_steps_follow_each_other_and_begin_again() {
    let mut step = Step::Zero;
    for expected in Step::ALL {
        assert_eq!((step, step.number()), (expected, expected as usize + 1));
        step = step.next();
    }
    assert_eq!(step, Step::Zero);
    let names = serde_json::to_value(Step::ALL).unwrap();
    let expected = serde_json::json!([
        "zero",
        "first_message",
        "burst",
        "scale_out",
        "processor_killed",
        "kafka_killed",
        "recovery",
        "to_zero"
    ]);
    assert_eq!(names, expected);
}

/// Each line worked out by hand: what is seen in the middle of a step, and whether it is over then.
#[test]
fn a_step_is_over_when_it_has_been_seen() {
    let none = Seen::default();
    let one = Seen { wanted: 1, ready: 1, present: 1, ..none };
    let table = [
        (Step::Zero, none, true),
        // It drains: none is wanted, but one is there.
        (Step::Zero, Seen { present: 1, ..none }, false),
        (Step::Zero, Seen { wanted: 1, ..none }, false),
        (Step::FirstMessage, Seen { is_sent: true, ..one }, true),
        (Step::FirstMessage, Seen { is_sent: true, wanted: 1, present: 1, ..none }, false),
        // One is there for another message.
        (Step::FirstMessage, one, false),
        (Step::Burst, one, false),
        (Step::Burst, Seen { wanted: 2, ..one }, true),
        // A quarter of the window is 15 s, and 10 s are enough.
        (Step::ScaleOut, Seen { steady: 9 * SECOND, ..one }, false),
        (Step::ScaleOut, Seen { steady: 10 * SECOND, ..one }, true),
        (Step::ProcessorKilled, Seen { is_whole: true, ..one }, false),
        (Step::ProcessorKilled, Seen { is_back: true, ..one }, true),
        // The broker is ready again, and the homepage has not found it yet.
        (Step::KafkaKilled, Seen { is_back: true, ..one }, false),
        (Step::KafkaKilled, Seen { is_back: true, is_whole: true, ..one }, true),
        (Step::Recovery, Seen { has_ended: true, waiting: None, ..one }, false),
        (Step::Recovery, Seen { has_ended: true, waiting: Some(3), ..one }, false),
        (Step::Recovery, Seen { has_ended: false, waiting: Some(0), ..one }, false),
        (Step::Recovery, Seen { has_ended: true, waiting: Some(0), ..one }, true),
        (Step::ToZero, one, false),
        (Step::ToZero, none, true),
    ];
    for (step, seen, is_over) in table {
        let expected = if is_over { Progress::IsOver } else { Progress::GoesOn };
        assert_eq!(after(step, seen, 15), expected, "{step:?} {seen:?}");
    }
}

/// A sixth of the window, from 6 to 10 s.
#[test]
fn people_can_read_what_a_step_says() {
    let shortest = |window| Times::new(window * SECOND).shortest(Step::Burst, 2).as_secs();
    assert_eq!([6, 36, 48, 60, 3600].map(shortest), [6, 6, 8, 10, 10]);
    let enough = Seen { wanted: 3, ..Seen::default() };
    assert_eq!(after(Step::Burst, enough, 9), Progress::GoesOn);
    assert_eq!(after(Step::Burst, enough, 10), Progress::IsOver);
}

#[test]
fn between_two_rounds_nothing_runs_for_a_while() {
    let in_round = |round, seconds| {
        progress(&minute(), (Step::Zero, round), &Seen::default(), seconds * SECOND)
    };
    assert_eq!(in_round(1, 10), Progress::IsOver);
    assert_eq!(in_round(2, 19), Progress::GoesOn);
    assert_eq!(in_round(2, 20), Progress::IsOver);
}

/// With the default window, and nothing of what a step shows.
#[test]
fn a_step_that_never_ends_is_left() {
    let table = [
        // The window, the grace time of 30 s, and as long again.
        (Step::Zero, 120),
        (Step::FirstMessage, 30),
        // A tenth of the window more than a start.
        (Step::Burst, 36),
        (Step::ScaleOut, 36),
        (Step::ProcessorKilled, 30),
        (Step::KafkaKilled, 60),
        // The burst lasts 30 + 90 s.
        (Step::Recovery, 180),
        (Step::ToZero, 120),
    ];
    for (step, deadline) in table {
        let seen = Seen { present: 1, ..Seen::default() };
        let at = [deadline - 1, deadline].map(|seconds| after(step, seen, seconds));
        assert_eq!(at, [Progress::GoesOn, Progress::IsLate], "{step:?}");
    }
}

proptest! {
    /// Whatever the window is, a burst is within the limits of the homepage, and lasts until Kafka is back: four
    /// steps of the shortest time, and two in which something must start.
    #[test]
    fn a_burst_lasts_until_kafka_is_back(window in 6u32..=3600) {
        let times = Times::new(window * SECOND);
        let burst = times.burst_seconds();
        prop_assert!(burst <= MOST_SECONDS);
        let steps = [Step::Burst, Step::ScaleOut, Step::ProcessorKilled, Step::KafkaKilled];
        let shortest: Duration = steps.iter().map(|step| times.shortest(*step, 1)).sum();
        prop_assert!(Duration::from_secs(burst) >= shortest + 10 * SECOND);
    }

    /// No booth hangs: after its deadline no step goes on.
    #[test]
    fn no_step_goes_on_for_ever(
        window in 6u32..=3600, number in 0usize..8, round in 1u32..=100, waiting in any::<Option<u64>>(),
        wanted in any::<u16>(), is_back in any::<bool>(),
    ) {
        let times = Times::new(window * SECOND);
        let seen = Seen { wanted, waiting, is_back, ..Seen::default() };
        let elapsed = times.deadline(Step::ALL[number]);
        let progress = progress(&times, (Step::ALL[number], round), &seen, elapsed);
        prop_assert_ne!(progress, Progress::GoesOn);
    }
}
