//! Faults that tests put between real processes: proxies that break connections or answers, a full disk,
//! viewers who read too slowly, and servers that tests answer from (`serving`, `collector`).
//! Everything runs inside the test's own process.

pub mod collector;
pub mod disk;
pub mod front_door;
pub mod processor_proxy;
pub mod serving;
pub mod table_proxy;
pub mod tcp_proxy;
pub mod viewers;
