//! The message processor: moderates messages and stores them as rows.
//!
//! Records arrive on one port in two ways: by gRPC (`ProcessBatch`) from our router, and as CloudEvents over
//! HTTP from Knative. Both hand them to [`calls`](crate::calls). It keeps no state, so any number of processors
//! can run at once, also none.

mod calls;
mod cloudevents;
mod config;
mod grpc;
mod grpc_health;
mod metrics;
mod moderation;
mod parse;
mod processor;
mod record;
mod service;

pub use config::Config;
pub use service::{BindError, RunError, Service};
