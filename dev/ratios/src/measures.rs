//! The measurements. Each file measures one ratio, or those that come from the same runs.

pub(crate) mod answers;
pub(crate) mod backlog;
pub(crate) mod latency;
pub(crate) mod overload;
pub(crate) mod paced;
pub(crate) mod routing;
pub(crate) mod sending;
pub(crate) mod throughput;
pub(crate) mod ticks;
pub(crate) mod tracing;
