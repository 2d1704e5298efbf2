//! The message processor: moderates messages and stores them as rows.
//!
//! Records arrive on one port in two ways: by gRPC (`ProcessBatch`) from our router, and as CloudEvents over
//! HTTP from Knative. Both ways lead to the same core. A processor keeps no state, so any number of them can
//! run at once, and none if there is nothing to do.

mod calls;
mod cloudevents;
mod config;
mod grpc;
mod grpc_health;
mod grpc_reflection;
mod metrics;
mod moderation;
mod parse;
mod processor;
mod record;
mod service;
mod simulated_work;

pub use config::Config;
pub use service::{BindError, RunError, Service};
