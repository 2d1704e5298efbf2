//! The event router. It receives records from Kafka, filters them, and sends them in batches to message
//! processors. It retries, writes dead letters, and commits an offset only when that record and all records
//! before it are finished.

mod assignment;
mod batch;
mod calls;
mod config;
mod dead_letter;
mod filter;
mod ledger;
mod metrics;
mod outcome;
mod record;
mod recreated;
mod router;
mod service;
mod sink;
mod window;

pub use config::Config;
pub use service::{BindError, RunError, Service};
