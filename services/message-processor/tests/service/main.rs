//! Tests of the real binary over its port, with a stand-in for the table.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod cloudevents;
mod failures;
mod grpc;
mod malformed;
mod processor;
mod records;
mod reflection;
mod start_and_stop;
mod table;
mod traces;
mod work;
