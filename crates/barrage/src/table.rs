//! The door to the wide-column table: the only place that names the AWS SDK.
//!
//! Rows have one partition key, `shard`, and one sort key, `offset`. See [`Row`] for the row of a
//! message and [`BurstRow`] for that of a burst.

mod burst;
mod bursts;
mod client;
mod config;
mod error;
mod item;
mod row;
mod rows;
mod schema;

pub use burst::{BurstRow, State};
pub use client::Table;
pub use config::{Config, Name};
pub use error::Error;
pub use row::{Row, Verdict};
pub use rows::{Consistency, Found, Page, Range};
