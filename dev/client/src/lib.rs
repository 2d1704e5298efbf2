//! One client for all tools: the load tester, chaos, the ratios and the tests.
//!
//! It shares no code with the services, so it does not share their mistakes.
//!
//! Without a feature it knows only what barrage says over HTTP. The feature `direct` adds clients of Kafka and of
//! the table, and the ledger that reads both. The load tester does without it: it measures from outside.

pub mod accounts;
pub mod answers;
pub mod base_url;
pub mod browser;
pub mod burst;
mod compression;
pub mod connections;
pub mod eventually;
pub mod feed;
pub mod guest;
pub mod homepage;
pub mod http;
pub mod message;
pub mod metrics;
pub mod pipeline;
pub mod trust;

/// The Kafka client id of tests and tools: proxies that break connections leave theirs alone.
pub const CLIENT_ID: &str = "the-tests";

#[cfg(feature = "direct")]
pub mod kafka;
#[cfg(feature = "direct")]
pub mod ledger;
#[cfg(feature = "direct")]
pub mod table;
