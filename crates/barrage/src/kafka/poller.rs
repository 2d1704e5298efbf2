//! The thread that polls librdkafka for a [`Consumer`].

use std::sync::Arc;

use bytes::Bytes;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Message as _};
use tokio::sync::mpsc;

use super::Error;
use super::consumer::{Consumer, ConsumerEvent, ConsumerRecord};
use super::gate::Gate;
use super::headers::Read;
use super::rebalance::Context;
use crate::position::{Offset, Position, Topic};

/// The thread that polls.
pub(super) struct Poller {
    pub(super) consumer: Arc<BaseConsumer<Context>>,
    pub(super) events: mpsc::Sender<ConsumerEvent>,
    pub(super) gate: Arc<Gate>,
}

impl Poller {
    /// Polls until nobody listens any more.
    pub(super) fn run(self) {
        while !self.events.is_closed() {
            if !self.gate.is_open_within(Consumer::POLL) {
                continue;
            }
            let event = match self.consumer.poll(Consumer::POLL) {
                None => continue,
                Some(Ok(message)) => received(&message, &self.consumer.context().asked.topic),
                Some(Err(error)) => {
                    Some(ConsumerEvent::Failed(Error::of(error, &self.consumer.context().asked)))
                }
            };
            if event.is_some_and(|event| self.events.blocking_send(event).is_err()) {
                return;
            }
        }
    }
}

fn received(message: &BorrowedMessage<'_>, topic: &Topic) -> Option<ConsumerEvent> {
    let bytes = |part: Option<&[u8]>| part.map(Bytes::copy_from_slice);
    let Read { headers, unreadable } = Read::of(message);
    Some(ConsumerEvent::Record(ConsumerRecord {
        position: Position {
            topic: topic.clone(),
            partition: message.partition(),
            offset: Offset::new(message.offset())?,
        },
        key: bytes(message.key()),
        value: bytes(message.payload()),
        headers,
        unreadable,
    }))
}
