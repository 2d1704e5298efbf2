//! Which events are at which offsets of the topic now.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;

use super::scanner::{Incomplete, OnError, Range, Scan, Scanner};
use crate::event::header_text;
use crate::kafka::config::REQUEST_TIMEOUT;
use crate::kafka::denial::Operation;
use crate::kafka::headers::Headers;
use crate::kafka::{Config, Error};
use crate::position::{Offset, Partition};

/// Reads the ids of a topic's events.
#[derive(Clone)]
pub struct EventIds {
    /// Kept between scans: this is called often and for a few records each.
    consumer: Arc<BaseConsumer>,
    scanner: Scanner,
}

impl EventIds {
    /// Reads the configured topic, and only during [`EventIds::between`].
    ///
    /// # Errors
    /// When librdkafka refuses the configuration.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let mut client = config.standalone_consumer("ids");
        client.set("queued.max.messages.kbytes", "1024");
        let consumer = Arc::new(client.create().map_err(Error::Configuration)?);
        Ok(Self { consumer, scanner: Scanner::new(config.access(Operation::Read)) })
    }

    /// The ids of the events of a partition, `from` included and `to` excluded. Records that are no events are
    /// left out of the result.
    ///
    /// # Errors
    /// When Kafka does not deliver the whole range.
    pub async fn between(
        &self,
        partition: Partition,
        from: Offset,
        to: Offset,
    ) -> Result<BTreeMap<Offset, String>, Error> {
        let consumer = self.consumer.clone();
        let work = move |scan: &Scan| {
            let ids = read(scan, &consumer, partition, from, to);
            let unassigned = consumer.unassign().map_err(Incomplete::Failed);
            ids.and_then(|ids| unassigned.map(|()| ids)).map_err(|why| scan.explain(why))
        };
        self.scanner.run(work).await
    }
}

fn read(
    scan: &Scan,
    consumer: &BaseConsumer,
    partition: Partition,
    from: Offset,
    to: Offset,
) -> Result<BTreeMap<Offset, String>, Incomplete> {
    let mut ids = BTreeMap::new();
    let existing = existing(consumer, scan.topic().as_str(), partition, from, to)?;
    let Some(range) = existing else { return Ok(ids) };
    scan.read(
        consumer,
        BTreeMap::from([(partition, range)]),
        OnError::Continue,
        |offset, message| {
            if let Some(id) = id(message).filter(|_| offset >= from) {
                ids.insert(offset, id);
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(ids)
}

/// The part of the range that the partition has; `None` when it has nothing of it.
fn existing(
    consumer: &BaseConsumer,
    topic: &str,
    partition: Partition,
    from: Offset,
    to: Offset,
) -> Result<Option<Range>, KafkaError> {
    let (low, high) = consumer.fetch_watermarks(topic, partition, REQUEST_TIMEOUT)?;
    let from = Offset::new(low).map_or(from, |low| low.max(from));
    let to = Offset::new(high).map_or(to, |high| high.min(to));
    Ok((from < to).then_some(Range { from, to: Some(to) }))
}

/// A record with a header whose name cannot be read is no event either: it becomes a dead letter.
fn id(message: &BorrowedMessage<'_>) -> Option<String> {
    let Headers { readable, first_unreadable } = Headers::of(message);
    header_text(&readable, "ce_id").filter(|_| first_unreadable.is_none()).map(str::to_owned)
}
