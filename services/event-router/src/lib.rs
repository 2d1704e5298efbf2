//! The event router. It receives records from Kafka, filters them, and sends them in batches to message
//! processors. It retries and writes dead letters. It commits an offset only when all records before that
//! offset are finished.

mod activity;
mod assignment;
mod batch;
mod calls;
mod commit_ledger;
mod concurrency;
mod config;
mod dead_letter;
mod decision;
mod filter;
mod gaps;
mod in_flight_record;
mod lag;
mod metrics;
mod processor_report;
mod processors;
mod recreation;
mod router;
mod service;
mod window;

pub use config::Config;
pub use service::{BindError, RunError, Service};
