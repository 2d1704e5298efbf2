//! The homepage: the page and its API, the bursts that send to Kafka, and one reader that follows the results for all
//! viewers of the page.

mod api;
mod assets;
mod burst;
mod caller_trace;
pub mod config;
mod cookies;
mod device;
mod events;
mod launcher;
mod limits;
mod lookup;
mod metrics;
mod page;
mod pipeline;
mod problems;
mod producer;
mod proxies;
mod publication;
mod reader;
mod request;
mod routers;
mod row_json;
mod server;
mod service;
#[cfg(test)]
mod test_row;
mod token;
mod viewers;

pub use config::Config;
pub use service::{BindError, RunError, Service};
