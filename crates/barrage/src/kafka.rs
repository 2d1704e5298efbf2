//! The door to Kafka: the only place that names `rdkafka`.

mod asked;
mod config;
mod consumer;
mod counter;
mod ear;
mod error;
mod finder;
mod gate;
mod headers;
mod ids;
mod offsets;
mod permission;
mod poller;
mod producer;
mod rebalance;
mod security;
mod topics;

pub use config::{Config, Group, Servers};
pub use consumer::{Consumer, ConsumerEvent, ConsumerRecord};
pub use counter::{Counted, RecordCounter};
pub use error::Error;
pub use ids::EventIds;
pub use offsets::{Offsets, PartitionOffsets};
pub use permission::Permission;
pub use producer::{Producer, ProducerRecord};
pub use rebalance::RevokeGuard;
pub use topics::{Topics, watch_topic};
