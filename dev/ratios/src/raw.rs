//! What Kafka and the table reach alone, with bare clients and nothing of barrage between.

pub(crate) mod consume;
pub(crate) mod endpoint;
pub(crate) mod pipeline;
pub(crate) mod produce;
pub(crate) mod record;
pub(crate) mod rows;

/// As many senders as the flat-out load of a homepage has.
pub(crate) const SENDERS: u32 = 200;

/// The text of every measured message.
pub(crate) const TEXT: &str = "measured";

/// The most rows that one BatchWriteItem may have.
pub(crate) const CHUNK: usize = 25;
