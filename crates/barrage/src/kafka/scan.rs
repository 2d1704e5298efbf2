//! Reads a range of a topic once, without joining a group.
//!
//! [`scanner::Scanner`] has the one loop. Three requests use it: [`RecordScan`] (which record is at which offset),
//! [`RecordCounter`] (how many records have keys with a prefix), and [`RecordFinder`] (the offset of a record).

mod record_counter;
mod record_finder;
mod record_scan;
mod scanner;
mod unreadable;

pub use record_counter::{RecordCount, RecordCounter};
pub(super) use record_finder::RecordFinder;
pub use record_scan::{OffsetContent, RecordScan, ScannedPartition};
pub use unreadable::{Unreadable, UnreadablePartitions};

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use bytes::Bytes;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::DefaultProducerContext;
    use uuid::Uuid;

    use super::*;
    use crate::config::{self, Vars};
    use crate::event::{Event, Header, Identity, Numbers};
    use crate::kafka::{Config, Error, PartitionOffsets, Producer, ProducerRecord};
    use crate::position::Offset;
    use crate::time::Millis;

    type Broker = MockCluster<'static, DefaultProducerContext>;

    /// A broker with one partition, which has these records.
    async fn broker_with(records: &[ProducerRecord]) -> (Broker, Config) {
        let broker = MockCluster::new(1).unwrap();
        broker.create_topic("barrage-info", 1, 1).unwrap();
        let vars = Vars::from_iter([("KAFKA_SERVER", broker.bootstrap_servers().as_str())]);
        let config = config::parse(&vars, |reader| Config::read(reader, "test")).unwrap();
        let producer = Producer::new(&config, config.topic.clone()).unwrap();
        for record in records {
            producer.send(record).await.unwrap();
        }
        (broker, config)
    }

    fn record(key: &'static str, headers: Vec<Header>) -> ProducerRecord {
        ProducerRecord { key: Some(key.into()), value: Some(key.into()), headers }
    }

    fn offset(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    fn until(end: i64) -> PartitionOffsets {
        PartitionOffsets::from([(0, offset(end))])
    }

    #[tokio::test]
    async fn records_of_a_range_are_counted_by_the_prefix_of_their_keys() {
        let records = ["a/1", "b/1", "a/2", "a/3"].map(|key| record(key, Vec::new()));
        let (_broker, config) = broker_with(&records).await;
        let counter = RecordCounter::new(&config);
        let count = |from, to| counter.count(until(from), until(to), b"a/".to_vec());
        let all = RecordCount { records: 3, next_offsets: until(4), begins: until(0) };
        assert_eq!(count(0, 4).await.unwrap(), all);
        let middle = RecordCount { records: 1, next_offsets: until(3), begins: until(1) };
        assert_eq!(count(1, 3).await.unwrap(), middle);
        assert_eq!(count(4, 4).await.unwrap(), RecordCount::default());
    }

    #[tokio::test]
    async fn a_scan_that_nobody_waits_for_makes_way_for_the_next_one() {
        let (_broker, config) = broker_with(&[record("a/1", Vec::new())]).await;
        let counter = RecordCounter::new(&config);
        let forgotten = counter.count(until(0), until(1), Vec::new());
        assert!(tokio::time::timeout(Duration::from_millis(1), forgotten).await.is_err());
        let next = counter.count(until(0), until(1), Vec::new());
        let count = tokio::time::timeout(Duration::from_secs(5), next).await.unwrap().unwrap();
        assert_eq!(count.records, 1);
    }

    #[tokio::test]
    async fn a_range_beyond_the_end_of_the_partition_is_counted_as_far_as_it_exists() {
        let (_broker, config) = broker_with(&[record("a/1", Vec::new())]).await;
        let counter = RecordCounter::new(&config);
        let count = counter.count(PartitionOffsets::new(), until(1000), Vec::new()).await;
        assert_eq!(count.unwrap().records, 1);
    }

    #[tokio::test]
    async fn records_of_a_range_are_events_unless_no_row_can_be_of_them() {
        let event = |id: &str| {
            let (source, kind) = ("/s".into(), "t".into());
            Event { id: id.into(), source, kind, ..Event::default() }.to_headers()
        };
        let partial = vec![("ce_id".into(), Some(Bytes::from_static(b"four")))];
        let records = [event("one"), Vec::new(), event("three"), partial];
        let records = records.map(|headers| record("a", headers));
        let (_broker, config) = broker_with(&records).await;
        let scan = RecordScan::new(&config);
        let offsets = BTreeMap::from([(0, (0..9).map(offset).collect())]);
        let found = scan.read(offsets).await.unwrap();
        let found: Vec<_> = found[&0].contents().map(|(at, it)| (at.get(), it.clone())).collect();
        let numbers = Numbers { burst: Uuid::nil(), sender: 1, seq: 1 };
        let row = Identity::of_row("three", Some("/s"), numbers);
        // Neither a plain text nor an event without source becomes a row.
        let matches = |content: &OffsetContent| {
            let OffsetContent::Record(event) = content else { return None };
            event.as_ref().map(|event| event.matches(&row))
        };
        let found: Vec<_> = found.iter().map(|(at, content)| (*at, matches(content))).collect();
        assert_eq!(found, [(0, Some(false)), (1, None), (2, Some(true)), (3, None)]);
        assert_eq!(scan.read_one(0, offset(1)).await.unwrap(), OffsetContent::Record(None));
        assert_eq!(scan.read_one(0, offset(4)).await.unwrap(), OffsetContent::Unknown);
    }

    #[tokio::test]
    async fn a_record_is_found_by_its_key_and_value() {
        let records = ["a", "b", "c"].map(|key| record(key, Vec::new()));
        let (_broker, config) = broker_with(&records).await;
        let finder = RecordFinder::new(&config, &config.topic);
        let found = finder.find(0, Millis(0), record("b", Vec::new())).await.unwrap();
        assert_eq!(found.offset, offset(1));
        let other = finder.find(0, Millis(0), record("d", Vec::new())).await;
        assert!(matches!(other, Err(Error::Lost)), "{other:?}");
    }
}
