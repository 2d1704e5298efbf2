//! The message processor: moderates messages and stores them as rows.
//!
//! Records come in by two doors on one port, gRPC (`ProcessBatch`) and CloudEvents over HTTP. Behind both
//! lies the same core. It keeps no state, so any number of processors may run, none included.

mod call;
mod cloudevents;
mod config;
mod grpc;
mod health;
mod incoming;
mod metrics;
mod moderation;
mod parse;
mod place;
mod processor;
mod router;
mod service;

pub use config::Config;
pub use service::{BindError, RunError, Service};
