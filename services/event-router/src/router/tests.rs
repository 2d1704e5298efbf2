//! What the router may commit and sends again, whatever ends when. Its clients meet nobody.

use barrage::config::Vars;
use barrage::event::Header;
use barrage::health::Readiness;
use barrage::kafka::{Permission, Producer};
use barrage::position::{Offset, Position};
use barrage::telemetry::Tracers;
use barrage::time::Millis;
use bytes::Bytes;

use super::*;

/// A router to which partition 0 was assigned.
fn router() -> Router {
    let vars = [("KAFKA_SERVER", "127.0.0.1:1"), ("SINK", "http://127.0.0.1:1")];
    let config = Config::parse(&Vars::from_iter(vars)).unwrap();
    let readiness = Readiness::default();
    let parts = Parts {
        dead: DeadLetters {
            producer: Producer::new(&config.kafka, config.dead_letter_topic.clone()).unwrap(),
            permission: Permission::new(readiness.dependency("dead-letters")),
        },
        reading: Permission::new(readiness.dependency("reading")),
        offsets: Offsets::new(&config.kafka).unwrap(),
        tracer: Tracers::new(&config.telemetry, "test").tracer("event-router").unwrap(),
        processors: readiness.dependency("processors"),
    };
    let consumer = Consumer::join(&config.kafka, config.fetch_wait).unwrap();
    let mut router = Router::new(consumer, parts, &config);
    router.assigned(BTreeSet::from([0]));
    router
}

/// The partition goes, and comes back.
async fn come_back(router: &mut Router) {
    router.revoked(&BTreeSet::from([0])).await;
    router.assigned(BTreeSet::from([0]));
}

/// The oldest record that waits goes into a call.
fn under_way(router: &mut Router) -> Open {
    router.queue.pop_front().unwrap()
}

fn committable(router: &Router) -> Option<i64> {
    router.ledgers[&0].committable().map(Offset::get)
}

fn message(offset: i64) -> ConsumerRecord {
    let envelope = [("specversion", "1.0"), ("id", "1"), ("source", "/tests"), ("type", "t")];
    let header = |(name, text): (&str, &'static str)| -> Header {
        (format!("ce_{name}"), Some(Bytes::from_static(text.as_bytes())))
    };
    ConsumerRecord { headers: envelope.map(header).into(), ..poison(offset) }
}

/// It has no envelope.
fn poison(offset: i64) -> ConsumerRecord {
    ConsumerRecord {
        position: Position {
            topic: "barrage-info".parse().unwrap(),
            partition: 0,
            offset: Offset::new(offset).unwrap(),
        },
        key: None,
        value: Some(Bytes::from_static(b"x")),
        headers: Vec::new(),
        unreadable_header: None,
    }
}

#[tokio::test]
async fn a_processor_is_told_when_the_record_was_read() {
    let mut router = router();
    let before = Millis::now().0;
    router.take(message(5));
    let read_at = under_way(&mut router).to_proto().unwrap().read_at;
    assert!((before..=Millis::now().0).contains(&read_at), "{read_at}");
}

#[tokio::test]
async fn nothing_is_committed_past_a_record_that_is_under_way() {
    let mut router = router();
    for offset in 5..8 {
        router.take(message(offset));
    }
    let [first, second, third] = [(); 3].map(|()| under_way(&mut router));
    router.finish(&third, Finish::Stored);
    assert_eq!(committable(&router), Some(5));
    router.finish(&first, Finish::Stored);
    assert_eq!(committable(&router), Some(6));
    router.finish(&second, Finish::Stored);
    assert_eq!((committable(&router), router.window.records()), (Some(8), 0));
}

#[tokio::test]
async fn nothing_is_committed_past_a_record_whose_dead_letter_is_not_written() {
    let mut router = router();
    router.take(poison(5));
    router.take(message(6));
    let open = under_way(&mut router);
    router.finish(&open, Finish::Stored);
    assert_eq!((router.burials.len(), committable(&router)), (1, Some(5)));
}

/// What lies at that offset now need not be what lay there: the topic may have been made anew.
#[tokio::test]
async fn what_ends_after_its_partition_came_back_finishes_nothing_that_was_read_since() {
    let mut router = router();
    router.take(message(5));
    let late = under_way(&mut router);
    come_back(&mut router).await;
    router.take(message(5));
    router.finish(&late, Finish::Stored);
    assert_eq!((committable(&router), router.window.records()), (Some(5), 1));
}

/// Sent beside its newer copy, it could be stored in the place of another, or be buried twice.
#[tokio::test]
async fn what_fails_after_its_partition_came_back_is_not_sent_beside_its_newer_copy() {
    let mut router = router();
    router.take(message(5));
    let late = under_way(&mut router);
    come_back(&mut router).await;
    router.take(message(5));
    router.send_again(late);
    assert_eq!((router.queue.len(), router.window.records()), (1, 1));
}

#[tokio::test]
async fn what_fails_after_its_partition_was_taken_away_is_not_sent_again() {
    let mut router = router();
    router.take(message(5));
    let late = under_way(&mut router);
    router.revoked(&BTreeSet::from([0])).await;
    router.send_again(late);
    assert_eq!((router.queue.len(), router.window.records()), (0, 0));
}

/// The topic was made anew: what was read before says nothing of what is read now.
#[tokio::test]
async fn a_record_below_what_was_read_begins_a_new_turn() {
    let mut router = router();
    router.take(message(5));
    let late = under_way(&mut router);
    router.take(message(0));
    router.finish(&late, Finish::Stored);
    assert_eq!((committable(&router), router.window.records()), (Some(0), 1));
}

/// An old row must not be written over a new one.
#[tokio::test]
async fn what_was_made_anew_is_not_sent_before_all_that_is_under_way_has_ended() {
    let mut router = router();
    router.processors(&["http://127.0.0.1:1".into()]);
    router.take(message(5));
    router.start_calls();
    router.take(message(0));
    router.start_calls();
    assert_eq!((router.calls.len(), router.queue.len()), (1, 1));
    router.calls.clear();
    router.start_calls();
    assert_eq!((router.calls.len(), router.queue.len()), (1, 0));
}

#[tokio::test]
async fn a_record_that_is_handed_out_twice_is_taken_once() {
    let mut router = router();
    for offset in [5, 6, 6] {
        router.take(message(offset));
    }
    assert_eq!((router.queue.len(), committable(&router)), (2, Some(5)));
}
