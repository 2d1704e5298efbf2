//! What viewers get, whoever gave them their cursor.

use barrage::table::Verdict;

use super::*;
use crate::sample;

fn row(partition: i32, offset: i64) -> Row {
    sample::row(partition, offset, &format!("{partition}/{offset}"))
}

fn round(rows: Vec<Row>, finished: &[(i32, i64)]) -> Round {
    let finished = finished.iter().map(|(p, o)| (*p, Offset::new(*o).unwrap())).collect();
    Round { rows, finished, ..Round::default() }
}

fn ids(view: &View) -> Vec<String> {
    let id =
        |json: &Bytes| serde_json::from_slice::<serde_json::Value>(json).unwrap()["id"].clone();
    view.bullets.iter().map(|json| id(json).as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_viewer_gets_each_bullet_once_also_one_whose_row_came_late() {
    let wall = Wall::default();
    wall.begin(1, PartitionOffsets::new());
    wall.add(round(vec![row(0, 0), row(0, 2)], &[(0, 1)]));
    let first = wall.view(None, 100);
    assert_eq!(ids(&first), ["0/0", "0/2"]);
    wall.add(round(vec![row(0, 1)], &[(0, 3)]));
    let second = wall.view(Some(&first.cursor), 100);
    assert_eq!((ids(&second), second.passed), (vec!["0/1".to_owned()], 1));
    assert_eq!(wall.view(Some(&second.cursor), 100).passed, 0);
}

#[test]
fn a_sample_is_the_newest_and_says_of_how_many() {
    let wall = Wall::default();
    wall.begin(1, PartitionOffsets::new());
    let begin = wall.view(None, 10).cursor;
    wall.add(round((0..5000).map(|offset| row(0, offset)).collect(), &[(0, 5000)]));
    let view = wall.view(Some(&begin), 2);
    assert_eq!((ids(&view), view.passed), (vec!["0/4998".to_owned(), "0/4999".to_owned()], 5000));
}

#[test]
fn another_homepage_goes_on_where_all_was_finished_and_misses_nothing() {
    let (one, other) = (Wall::default(), Wall::default());
    one.begin(1, PartitionOffsets::new());
    other.begin(2, PartitionOffsets::new());
    one.add(round(vec![row(0, 0), row(0, 2), row(1, 0)], &[(0, 1), (1, 1)]));
    let cursor = one.view(None, 100).cursor;
    let rows = vec![row(0, 0), row(1, 0), row(0, 1), row(0, 2), row(2, 0)];
    other.add(round(rows, &[(0, 3), (1, 1), (2, 1)]));
    // 0/2 comes again, because 0/1 below it was still open; the page knows it by its id.
    assert_eq!(ids(&other.view(Some(&cursor), 100)), ["0/1", "0/2", "2/0"]);
}

#[test]
fn a_bullet_tells_when_its_record_was_read_if_its_row_does() {
    let wall = Wall::default();
    wall.begin(1, PartitionOffsets::new());
    wall.add(round(vec![row(0, 0), Row { read_at: Some(Millis(7)), ..row(0, 1) }], &[]));
    let read_at = |json: &Bytes| {
        serde_json::from_slice::<serde_json::Value>(json).unwrap().get("read_at").cloned()
    };
    let told: Vec<_> = wall.view(None, 100).bullets.iter().map(read_at).collect();
    assert_eq!(told, [None, Some(7.into())]);
}

#[test]
fn a_blocked_message_is_no_bullet_and_an_expired_one_is_gone() {
    let wall = Wall::default();
    wall.begin(1, PartitionOffsets::new());
    let blocked = Row { verdict: Verdict::Blocked, ..row(0, 0) };
    let expired = Row { expires_at: Millis(1), ..row(0, 1) };
    wall.add(round(vec![blocked, expired, row(0, 2)], &[]));
    assert_eq!(ids(&wall.view(None, 100)), ["0/2"]);
}

#[test]
fn processors_are_those_that_stored_something_just_now() {
    let wall = Wall::default();
    wall.begin(1, PartitionOffsets::new());
    wall.add(Round { history: true, ..round(vec![row(0, 0)], &[]) });
    assert!(wall.view(None, 1).processors.is_empty());
    wall.add(round(vec![row(0, 1)], &[]));
    assert_eq!(wall.view(None, 1).processors, ["p"]);
}

#[test]
fn a_viewer_of_an_earlier_topic_misses_nothing_of_the_one_made_anew() {
    let wall = Wall::default();
    wall.begin(1, PartitionOffsets::new());
    wall.add(round(vec![row(0, 0), row(0, 1)], &[(0, 2)]));
    let before = wall.view(None, 100).cursor;
    wall.begin(2, PartitionOffsets::new());
    wall.add(round(vec![row(0, 0)], &[(0, 1)]));
    let view = wall.view(Some(&before), 100);
    assert_eq!((ids(&view), view.passed), (vec!["0/0".to_owned()], 1));
}

#[test]
fn a_burst_has_finished_when_all_before_its_end_has() {
    let wall = Wall::default();
    wall.begin(1, PartitionOffsets::new());
    wall.add(round(vec![], &[(0, 5)]));
    let ends = |offset| PartitionOffsets::from([(0, Offset::new(offset).unwrap())]);
    assert!(wall.has_finished(&ends(5)));
    assert!(!wall.has_finished(&ends(6)));
    assert!(!wall.has_finished(&PartitionOffsets::from([(1, Offset::default())])));
}

#[test]
fn only_so_many_earlier_topics_are_known() {
    let wall = Wall::default();
    (1..=100).for_each(|run| wall.begin(run, PartitionOffsets::new()));
    assert_eq!(wall.lock().earlier, (84..100).collect::<Vec<_>>());
}

#[test]
fn what_kafka_has_beyond_the_last_round_is_accepted_and_waits() {
    let wall = Wall::default();
    wall.begin(1, PartitionOffsets::new());
    let ends = |ends: &[(i32, i64)]| -> PartitionOffsets {
        ends.iter().map(|(p, o)| (*p, Offset::new(*o).unwrap())).collect()
    };
    let counts = Counts { accepted: 5, stored: 4, waiting: 1, ..Counts::default() };
    wall.add(Round { counts, ends: ends(&[(0, 5)]), ..Round::default() });
    // A partition may be new, and an answer of Kafka old, or of another topic.
    for reaches in [ends(&[(0, 7), (1, 3)]), ends(&[(0, 6), (1, 30)])] {
        let grown = Counts { accepted: 10, waiting: 6, ..counts };
        assert_eq!((wall.grow(&reaches), wall.view(None, 1).counts), (grown, grown));
    }
}
