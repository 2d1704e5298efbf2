//! What the three services share: the types of the domain, the clients of Kafka and of the table, and how a
//! service is configured, reports its state and stops.
//!
//! Each client library is used in one module only: `rdkafka` in [`kafka`], the AWS SDK in [`table`],
//! OpenTelemetry in [`telemetry`]. Services see only the types of this crate.

pub mod config;
pub mod event;
pub mod health;
pub mod json_object;
pub mod kafka;
pub mod message;
pub mod position;
pub mod processor_failure;
pub mod propagation;
pub mod retry;
pub mod shutdown;
pub mod table;
pub mod telemetry;
pub mod time;
