//! What the three services share: the words of the domain, the doors to Kafka and the table, and
//! how a service starts, reports and stops.
//!
//! Foreign clients have one home each: `rdkafka` in [`kafka`], the AWS SDK in [`table`],
//! OpenTelemetry in [`telemetry`]. Services see only the types of this crate.

pub mod config;
pub mod event;
pub mod health;
pub mod kafka;
pub mod message;
pub mod position;
pub mod propagation;
pub mod retry;
pub mod shutdown;
pub mod table;
pub mod telemetry;
pub mod time;
