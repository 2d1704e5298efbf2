//! What the measurements say of each second.

use serde_json::json;

use super::*;

fn feed(since: &str, stored: u64, waiting: u64) -> Feed {
    let totals = json!({
        "since": since, "accepted": stored + waiting, "stored": stored, "blocked": 0,
        "finished_without_row": 0, "waiting": waiting,
    });
    let feed = json!({
        "bullets": [], "cursor": "c", "passed": 0, "totals": totals, "processors": ["p"], "problems": [],
        "poll_after_ms": 400, "now": 0,
    });
    serde_json::from_value(feed).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_second_in_which_barrage_says_nothing_is_a_gap() {
    let measurements = Measurements::default();
    assert_eq!(measurements.end_second().waiting, None);
    measurements.totals(&feed("a", 100, 7));
    let Second { stored, waiting, processors, .. } = measurements.end_second();
    assert_eq!((stored, waiting, processors), (Some(0), Some(7), Some(1)));
    let Second { stored, waiting, processors, .. } = measurements.end_second();
    assert_eq!((stored, waiting, processors), (None, None, None));
    measurements.totals(&feed("a", 150, 3));
    assert_eq!(measurements.end_second().stored, Some(50));
}

#[test]
fn a_homepage_that_was_restarted_has_stored_nothing_yet() {
    let measurements = Measurements::default();
    measurements.totals(&feed("a", 100, 0));
    measurements.end_second();
    measurements.totals(&feed("b", 900, 0));
    assert_eq!(measurements.end_second().stored, Some(0));
    let Barrage { first, now, .. } = measurements.barrage().unwrap();
    assert_eq!((first.stored, now.stored), (900, 900));
}

#[test]
fn latency_counts_from_when_a_message_was_due_and_not_from_when_it_was_sent() {
    let (measurements, position) = (Measurements::default(), Position { partition: 0, offset: 0 });
    let times = Times { due: seconds(1), sent: seconds(3), answered: seconds(4) };
    measurements.accepted(Uuid::nil(), position, times);
    measurements.seen(Uuid::nil(), position, seconds(6));
    let Latencies { accept, accept_naive, shown, .. } = measurements.latencies();
    for (latency, exact) in [(accept, 3000.0), (accept_naive, 1000.0), (shown, 5000.0)] {
        let p50 = latency.unwrap().p50;
        assert!((p50 / exact - 1.0_f64).abs() < 0.002, "{p50} {exact}");
    }
}

#[test]
fn the_quickest_answer_shows_the_difference_of_the_clocks() {
    let mut clock = Clock::default();
    // The homepage's clock is 1,000 ms ahead.
    let late = [(1000, 50), (2000, 1020), (3000, 2015), (4000, 3100)];
    let late = late.map(|(made, received)| clock.late(made, received).as_millis());
    assert_eq!(late, [0, 0, 0, 85]);
}
