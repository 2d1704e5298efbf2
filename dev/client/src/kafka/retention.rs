//! Records that Kafka deletes before anyone may have read them, as retention does.

use rdkafka::{Offset, TopicPartitionList};

use super::{Kafka, admin_options};

impl Kafka {
    /// Deletes the records of partitions that lie before an offset (DeleteRecords). To Kafka's clients it is the same as
    /// when their time or their size has passed the topic's retention.
    pub async fn delete_records(self, topic: &str, before: &[(i32, i64)]) {
        let mut offsets = TopicPartitionList::new();
        for (partition, before) in before {
            let added = offsets.add_partition_offset(topic, *partition, Offset::Offset(*before));
            added.expect("a partition and an offset");
        }
        let deleted = self.admin().delete_records(&offsets, &admin_options()).await;
        let deleted = deleted.expect("Kafka answers");
        let errors: Vec<_> = deleted.elements().iter().map(|it| it.error()).collect();
        assert!(errors.iter().all(Result::is_ok), "{errors:?}");
    }
}
