//! Everything that talks to the wide-column table (DynamoDB's API). No other module and no other crate of
//! the services names the AWS SDK.
//!
//! Every row has one partition key, `shard`, and one sort key, `offset`. [`Row`] is the row of a message,
//! [`BurstRow`] that of a burst, and [`TotalsRow`] that of the totals.

mod burst;
mod client;
mod config;
mod error;
mod item_builder;
mod metrics;
mod row;
mod row_requests;
mod schema;
mod totals;

pub use burst::{BurstRow, State, StopReason};
pub use client::Table;
pub use config::{Config, Name};
pub use error::Error;
pub use row::{Row, Verdict};
pub use row_requests::{Consistency, Found, Page, Range};
pub use totals::TotalsRow;
