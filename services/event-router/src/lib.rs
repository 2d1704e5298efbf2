//! The event router: receives records from Kafka, filters them and forwards them in batches to message
//! processors; retries, dead-letters, and commits an offset only when it and all before it are finished.

pub mod batch;
pub mod config;
mod dead_letter;
pub mod filter;
pub mod ledger;
mod metrics;
mod outcome;
mod record;
mod router;
mod service;
mod sink;
mod window;

pub use config::Config;
pub use service::{BindError, RunError, Service};
