//! What Kafka and the table do alone, asked by bare clients: nothing of barrage is in between.

pub(crate) mod consume;
pub(crate) mod pipeline;
pub(crate) mod produce;
pub(crate) mod record;
pub(crate) mod rows;

/// As many senders as the flat-out load of the homepage has.
pub(crate) const SENDERS: u32 = 200;

/// The text of all messages that are measured.
pub(crate) const TEXT: &str = "measured";

/// As many rows as one BatchWriteItem takes.
pub(crate) const CHUNK: usize = 25;
