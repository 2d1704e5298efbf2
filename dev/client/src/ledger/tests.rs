//! The ledger says of each message what the evidence says.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use super::*;

/// Not every burst is a UUID: others than homepages may send to Kafka.
const BURST: &str = "a burst";

fn id(seq: u64) -> Id {
    Id { burst: BURST.into(), sender: 1, seq }
}

fn content(seq: u64) -> Content {
    let value = json!({ "burst": BURST, "sender": 1, "seq": seq }).to_string();
    Content { value: Some(value.into()), ..Content::default() }
}

/// Each record is an offset and the seq of its message.
fn records<const N: usize>(records: [(i64, u64); N]) -> BTreeMap<Position, Content> {
    let record = |(offset, seq)| (Position { partition: 2, offset }, content(seq));
    records.map(record).into()
}

fn row(offset: i64, seq: i64) -> Row {
    let text = |text: &str| AttributeValue::S(text.into());
    let number = |number: i64| AttributeValue::N(number.to_string());
    Row::from([
        ("shard".into(), text("a#topic#2#0")),
        ("offset".into(), number(offset)),
        ("burst".into(), text(BURST)),
        ("sender".into(), number(1)),
        ("seq".into(), number(seq)),
    ])
}

fn ledger(evidence: &Evidence) -> Ledger {
    evidence.ledger(|_| true, |_| false).unwrap()
}

#[test]
fn each_message_ends_as_the_evidence_says() {
    let evidence = Evidence {
        committed: BTreeMap::from([(2, 7)]),
        records: records([
            (0, 1),
            (1, 2),
            (2, 3),
            (3, 4),
            (4, 5),
            (5, 6),
            (6, 7),
            (7, 8),
            (8, 10),
            (10, 11),
        ]),
        dead_letters: records([(0, 2), (1, 3), (2, 3), (3, 4), (4, 11)]),
        rows: vec![row(0, 1), row(3, 4), row(6, 7), row(8, 10), row(9, 9)],
    };
    let filtered = |record: &Content| [5, 10, 11].map(content).contains(record);
    let ledger = evidence.ledger(|_| true, filtered).unwrap();
    for (seq, end) in [
        (1, End::Stored),
        (2, End::DeadLettered),
        (3, End::DeadLetteredTwice),
        (4, End::Twice),
        (5, End::Filtered),
        (6, End::Lost),
        (7, End::Stored),
        (8, End::Waiting),
        (9, End::NeverAccepted),
        (10, End::NotFiltered),
        (11, End::NotFiltered),
    ] {
        assert!(ledger.ended(end).contains(&&id(seq)), "{seq} is not {end:?}");
    }
    assert_eq!((ledger.accepted(), ledger.stored(), ledger.dead()), (10, 5, 4));
    assert_eq!(ledger.faults().len(), 8);
}

#[test]
fn a_message_behind_a_later_one_of_its_sender_is_out_of_order() {
    let records = records([(0, 2), (1, 1), (2, 3)]);
    let evidence = Evidence { records, rows: vec![row(0, 1)], ..Evidence::default() };
    assert_eq!(ledger(&evidence).out_of_order(), [&id(1)]);
    let rows = vec![row(5, 3), row(4, 4)];
    assert_eq!(ledger(&Evidence { rows, ..Evidence::default() }).out_of_order(), [&id(3)]);
}

#[test]
fn a_message_twice_in_the_topic_is_twice_whatever_became_of_it() {
    let evidence = Evidence {
        committed: BTreeMap::from([(2, 9)]),
        records: records([(0, 1), (1, 1)]),
        rows: vec![row(0, 1)],
        ..Evidence::default()
    };
    assert_eq!(ledger(&evidence).ended(End::Twice), [&id(1)]);
}

#[test]
fn a_row_that_cannot_be_read_is_an_error_that_names_it() {
    for name in ["shard", "offset", "burst", "sender", "seq"] {
        let mut broken = row(31, 1);
        broken.remove(name);
        let evidence = Evidence { rows: vec![row(30, 2), broken], ..Evidence::default() };
        let error = evidence.ledger(|_| false, |_| false).unwrap_err().to_string();
        let rest = if name == "offset" { "a#topic#2#0" } else { "31" };
        assert!(error.contains(rest), "{name}: {error}");
    }
}

#[test]
fn the_row_of_a_burst_is_no_message() {
    let text = |text: &str| AttributeValue::S(text.into());
    let burst = Row::from([
        ("shard".into(), text("burst#00000000-0000-0000-0000-000000000000")),
        ("offset".into(), AttributeValue::N("0".into())),
        ("state".into(), text("done")),
    ]);
    let evidence = Evidence { rows: vec![burst, row(0, 1)], ..Evidence::default() };
    assert_eq!(ledger(&evidence).stored(), 1);
}
