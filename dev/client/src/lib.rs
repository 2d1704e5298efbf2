//! One client for all tools: the load tester, chaos, the ratios and the tests.
//!
//! It shares no code with the services, so it does not share their mistakes.

pub mod eventually;
pub mod homepage;
pub mod kafka;
pub mod ledger;
pub mod rows;
pub mod viewer;
