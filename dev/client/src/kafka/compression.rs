//! Many records at once, in few batches, which a producer may compress.

use futures::StreamExt as _;
use rdkafka::producer::FutureProducer;

use super::{AT_ONCE, Content, Kafka, deliver};
use crate::message::Position;

impl Kafka {
    /// Sends these records, each to its partition, in batches of this codec (`none`, `gzip`, `snappy`, `lz4` or
    /// `zstd`). A batch that the codec would make larger is sent as it is. Returns their positions in the same order.
    pub async fn send_all(
        self,
        topic: &str,
        codec: &str,
        records: &[(i32, Content)],
    ) -> Vec<Position> {
        let mut config = self.config();
        config.set("acks", "all").set("compression.type", codec).set("linger.ms", "50");
        let producer: FutureProducer = config.create().expect("a producer");
        let sends = records
            .iter()
            .map(|(partition, content)| deliver(&producer, content.to_record(topic, *partition)));
        futures::stream::iter(sends).buffered(AT_ONCE).collect().await
    }
}
