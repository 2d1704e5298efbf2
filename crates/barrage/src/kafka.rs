//! Everything that talks to Kafka. No other module and no other crate of the services names `rdkafka`.

mod config;
mod consumer;
mod copies;
mod delivery;
mod denial;
mod error;
mod error_callback;
mod group;
mod headers;
mod members;
mod offsets;
mod permission_probe;
mod producer;
mod record;
mod scan;
mod security;
mod topics;

pub use config::{Config, Servers};
pub use consumer::{Begin, Consumer, ConsumerEvent, RevokeGuard};
pub use error::Error;
pub use group::{Group, GroupInstanceId};
pub use members::{GroupMembers, Members};
pub use offsets::{Committed, Offsets, PartitionOffsets};
pub use permission_probe::PermissionProbe;
pub use producer::Producer;
pub use record::{ConsumerRecord, ProducerRecord};
pub use scan::{
    OffsetContent, RecordCount, RecordCounter, RecordScan, ScannedPartition, Unreadable,
    UnreadablePartitions,
};
pub use topics::{Topics, watch_topic};
