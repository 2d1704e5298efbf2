//! What is noted of each second.

use serde_json::json;

use super::*;

fn feed(since: &str, stored: u64, waiting: u64) -> Feed {
    let totals = json!({
        "since": since, "accepted": stored + waiting, "stored": stored,
        "finished_without_row": 0, "waiting": waiting,
    });
    let feed = json!({
        "bullets": [], "cursor": "c", "passed": 0, "totals": totals, "processors": ["p"],
        "poll_after_ms": 400, "now": 0,
    });
    serde_json::from_value(feed).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_second_in_which_barrage_tells_nothing_is_a_gap() {
    let book = Book::default();
    assert_eq!(book.end_second().waiting, None);
    book.told(&feed("a", 100, 7));
    let Second { stored, waiting, processors, .. } = book.end_second();
    assert_eq!((stored, waiting, processors), (Some(0), Some(7), Some(1)));
    let Second { stored, waiting, processors, .. } = book.end_second();
    assert_eq!((stored, waiting, processors), (None, None, None));
    book.told(&feed("a", 150, 3));
    assert_eq!(book.end_second().stored, Some(50));
}

#[test]
fn a_homepage_that_counts_anew_has_stored_nothing_yet() {
    let book = Book::default();
    book.told(&feed("a", 100, 0));
    book.end_second();
    book.told(&feed("b", 900, 0));
    assert_eq!(book.end_second().stored, Some(0));
    let Barrage { first, now, .. } = book.barrage().unwrap();
    assert_eq!((first.stored, now.stored), (900, 900));
}

#[test]
fn latency_counts_from_when_a_message_was_due_and_not_from_when_it_was_sent() {
    let (book, place) = (Book::default(), Place { partition: 0, offset: 0 });
    let times = Times { due: seconds(1), sent: seconds(3), answered: seconds(4) };
    book.accepted(Uuid::nil(), place, times);
    book.seen(Uuid::nil(), place, seconds(6));
    let Latencies { accept, accept_naive, shown, .. } = book.latencies();
    for (latency, exact) in [(accept, 3000.0), (accept_naive, 1000.0), (shown, 5000.0)] {
        let p50 = latency.unwrap().p50;
        assert!((p50 / exact - 1.0_f64).abs() < 0.002, "{p50} {exact}");
    }
}
