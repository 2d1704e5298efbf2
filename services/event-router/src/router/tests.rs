//! What the router commits and sends again, in whichever order things end. Nothing answers its clients.

use barrage::config::Vars;
use barrage::event::Header;
use barrage::health::Readiness;
use barrage::kafka::{Offsets, Producer, RecordScan};
use barrage::position::{Offset, Position};
use barrage::time::Millis;
use bytes::Bytes;

use super::*;

const PROCESSOR: &str = "http://127.0.0.1:1";

/// A router with partition 0 assigned.
fn router() -> Router {
    router_with(PROCESSOR, &Readiness::default())
}

/// One that does not know any processor yet, and need not.
fn router_scaled_to_zero(readiness: &Readiness) -> Router {
    router_with("file:///processors", readiness)
}

fn router_with(sink: &str, readiness: &Readiness) -> Router {
    let vars = [("KAFKA_SERVER", "127.0.0.1:1"), ("SINK", sink)];
    let config = Config::parse(&Vars::from_iter(vars)).unwrap();
    let activity = Activity::default();
    let dependencies = Dependencies {
        dead_letters: DeadLetters::new(
            Producer::new(&config.kafka, config.dead_letter_topic.clone()).unwrap(),
            PermissionProbe::new(readiness.dependency("dead-letters")),
        ),
        reading: PermissionProbe::new(readiness.dependency("reading")),
        offset_checks: OffsetChecks::new(Offsets::new(&config.kafka).unwrap(), activity.pace()),
        gaps: Gaps::new(RecordScan::new(&config.kafka), readiness.partial_dependency("partitions")),
        tracer: Tracer::OFF,
        processors: readiness.dependency("processors"),
        activity,
    };
    let consumer = Consumer::join(&config.kafka, None, config.fetch_wait).unwrap();
    let mut router = Router::new(consumer, dependencies, config);
    router.assigned(BTreeMap::from([(0, Begin::Unknown)]));
    router
}

async fn revoke_and_assign(router: &mut Router) {
    router.revoked(&BTreeSet::from([0])).await;
    router.assigned(BTreeMap::from([(0, Begin::Unknown)]));
}

/// Takes the oldest waiting record, as a call does.
fn take_for_call(router: &mut Router) -> InFlightRecord {
    router.calls.take_batch(1).pop().unwrap()
}

fn committable(router: &Router) -> Option<i64> {
    router.assignment.committable(0).map(Offset::get)
}

fn message(offset: i64) -> ConsumerRecord {
    let envelope = [("specversion", "1.0"), ("id", "1"), ("source", "/tests"), ("type", "t")];
    let header = |(name, text): (&str, &'static str)| -> Header {
        (format!("ce_{name}").into(), Some(Bytes::from_static(text.as_bytes())))
    };
    ConsumerRecord { headers: envelope.map(header).into(), ..poison(offset) }
}

/// A record that announces an event and lacks most of its headers.
fn poison(offset: i64) -> ConsumerRecord {
    ConsumerRecord {
        position: Position {
            topic: "barrage-info".parse().unwrap(),
            partition: 0,
            offset: Offset::new(offset).unwrap(),
        },
        key: None,
        value: Some(Bytes::from_static(b"x")),
        headers: vec![("ce_id".into(), Some(Bytes::from_static(b"1")))],
        unreadable_header: None,
    }
}

#[tokio::test]
async fn a_call_says_when_the_record_was_read() {
    let mut router = router();
    let before = Millis::now().0;
    router.receive(message(5));
    let read_at = take_for_call(&mut router).to_proto().unwrap().read_at;
    assert!((before..=Millis::now().0).contains(&read_at), "{read_at}");
}

#[tokio::test]
async fn nothing_is_committed_past_a_record_in_flight() {
    let mut router = router();
    for offset in 5..8 {
        router.receive(message(offset));
    }
    let [first, second, third] = [(); 3].map(|()| take_for_call(&mut router));
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
    router.receive(poison(5));
    router.receive(message(6));
    let record = take_for_call(&mut router);
    router.finish(&record, Finish::Stored);
    assert_eq!((router.dead_letters.len(), committable(&router)), (1, Some(5)));
}

#[tokio::test]
async fn what_is_polled_rarely_is_polled_often_while_a_record_is_in_flight() {
    let mut router = router();
    let mut pace = router.activity.pace();
    let mut pause = async || {
        let pause = pace.pause(Duration::ZERO, Duration::from_secs(60));
        tokio::time::timeout(Duration::from_millis(50), pause).await
    };
    router.report_records();
    assert!(pause().await.is_err());
    router.receive(message(5));
    router.report_records();
    assert!(pause().await.is_ok());
    let record = take_for_call(&mut router);
    router.finish(&record, Finish::Stored);
    router.report_records();
    assert!(pause().await.is_err());
}

/// There may be another record at that offset now, because the topic can be recreated.
#[tokio::test]
async fn a_record_that_ends_after_its_partition_came_back_finishes_nothing_that_was_read_since() {
    let mut router = router();
    router.receive(message(5));
    let late = take_for_call(&mut router);
    revoke_and_assign(&mut router).await;
    router.receive(message(5));
    router.finish(&late, Finish::Stored);
    assert_eq!((committable(&router), router.window.records()), (Some(5), 1));
}

/// Otherwise it could overwrite the row of another record, or be dead-lettered twice.
#[tokio::test]
async fn a_record_that_fails_after_its_partition_came_back_is_not_sent_again() {
    let mut router = router();
    router.receive(message(5));
    let late = take_for_call(&mut router);
    revoke_and_assign(&mut router).await;
    router.receive(message(5));
    router.send_again(late);
    assert_eq!((router.calls.waiting(), router.window.records()), (1, 1));
}

#[tokio::test]
async fn a_record_that_fails_after_its_partition_was_revoked_is_not_sent_again() {
    let mut router = router();
    router.receive(message(5));
    let late = take_for_call(&mut router);
    router.revoked(&BTreeSet::from([0])).await;
    router.send_again(late);
    assert_eq!((router.calls.waiting(), router.window.records()), (0, 0));
}

/// The topic was recreated: what was read before says nothing about what is read now.
#[tokio::test]
async fn a_record_below_what_was_read_begins_a_new_generation() {
    let mut router = router();
    router.receive(message(5));
    let late = take_for_call(&mut router);
    router.receive(message(0));
    router.finish(&late, Finish::Stored);
    assert_eq!((committable(&router), router.window.records()), (Some(0), 1));
}

/// An old row must not be written over a new one.
#[tokio::test]
async fn records_of_a_recreated_topic_are_not_sent_before_all_calls_in_flight_have_ended() {
    let mut router = router();
    router.update_processors(&[PROCESSOR.into()]);
    router.receive(message(5));
    router.calls.start();
    router.receive(message(0));
    router.calls.start();
    assert_eq!((router.calls.len(), router.calls.waiting()), (1, 1));
    let failed = router.calls.next().await.unwrap();
    router.call_ended(failed);
    assert_eq!((router.calls.len(), router.calls.waiting()), (0, 1), "the old record is dropped");
    // The processor backs off after the failed call.
    router.calls.start();
    wait_until(router.next_deadline()).await;
    router.calls.start();
    assert_eq!((router.calls.len(), router.calls.waiting()), (1, 0));
}

#[tokio::test]
async fn a_record_that_is_delivered_twice_is_sent_once() {
    let mut router = router();
    for offset in [5, 6, 6] {
        router.receive(message(offset));
    }
    assert_eq!((router.calls.waiting(), committable(&router)), (2, Some(5)));
}

#[tokio::test]
async fn without_processors_records_wait_and_nothing_is_said_until_the_first_one_gets_them_at_once()
{
    let readiness = Readiness::default();
    let mut router = router_scaled_to_zero(&readiness);
    router.receive(message(5));
    router.calls.start();
    assert_eq!((router.calls.len(), router.calls.waiting()), (0, 1));
    assert_eq!(router.calls.report().take_due(Instant::now()).as_deref(), Some(""));
    assert_eq!(router.next_deadline(), None);
    router.update_processors(&[PROCESSOR.into()]);
    router.calls.start();
    assert_eq!((router.calls.len(), router.calls.waiting()), (1, 0));
}

#[tokio::test]
async fn a_failure_of_processors_is_over_when_all_have_left() {
    let readiness = Readiness::default();
    let is_ready = || readiness.report().dependencies["processors"].ready;
    let mut router = router_scaled_to_zero(&readiness);
    router.update_processors(&[PROCESSOR.into()]);
    router.receive(message(5));
    router.calls.start();
    let failed = router.calls.next().await.unwrap();
    router.call_ended(failed);
    let later = Instant::now() + Duration::from_secs(2);
    assert!(!is_ready());
    assert_ne!(router.calls.report().take_due(later).as_deref(), Some(""));
    router.update_processors(&[]);
    router.calls.start();
    assert!(is_ready());
    assert_eq!(router.calls.report().take_due(later).as_deref(), Some(""));
    assert_eq!((router.calls.report().due_at(), router.calls.waiting()), (None, 1));
}

#[tokio::test]
async fn records_of_a_call_that_fails_after_its_processor_has_left_go_to_another_at_once() {
    let mut router = router_scaled_to_zero(&Readiness::default());
    router.update_processors(&[PROCESSOR.into()]);
    router.receive(message(5));
    router.calls.start();
    router.update_processors(&["http://127.0.0.1:2".into()]);
    let failed = router.calls.next().await.unwrap();
    router.call_ended(failed);
    router.calls.start();
    assert_eq!((router.calls.len(), router.calls.waiting()), (1, 0));
}

#[tokio::test]
async fn a_router_ends_when_its_kafka_client_fails_for_good() {
    let mut router = router();
    let passing = kafka::Error::Lost;
    assert!(router.handle(ConsumerEvent::Failed(passing)).await.is_ok());
    let fatal = kafka::Error::Fatal("fenced".into());
    let ended = router.handle(ConsumerEvent::Failed(fatal)).await.unwrap_err();
    assert_eq!(ended.to_string(), "the kafka client failed for good: fenced");
}
