//! The real binary behind its port, with a stand-in for the table.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod doors;
mod events;
mod malformed;
mod processor;
mod records;
mod start_and_stop;
mod table;
mod traces;
mod troubles;
