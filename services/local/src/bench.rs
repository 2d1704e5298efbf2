//! The fault bench: what tests put between real processes to break their path, and the account of
//! every message by which they tell that nothing was lost.
//!
//! It speaks to Kafka and the table with clients of its own, so it does not share our mistakes.

pub mod crowd;
pub mod disk;
pub mod kafka;
pub mod ledger;
pub mod processor_front;
pub mod proxy;
pub mod rows;
pub mod table_front;
pub mod usage;
pub mod viewer;
