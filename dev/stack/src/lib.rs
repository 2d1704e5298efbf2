//! A whole stack for a test: broker, table and the three services as real processes, on free ports.
//!
//! [`Setup`] says how a stack differs from the usual one, and starts it. [`Stack`] then starts, stops,
//! freezes and kills its processes, reads their logs, and sends requests to them. All of it panics if
//! something is not as it should be, which fails the test. [`plan`] says which processes there are and how
//! they are connected; the launcher of `cargo demo` uses it too, and [`demo`] runs that. [`backend`] can replace the stand-ins
//! by Apache Kafka and Dynalite.
//!
//! The programs must be built: `cargo xtask build`.
//!
//! ```no_run
//! # async fn example() {
//! use stack::{Setup, plan::name::{PROCESSOR, ROUTER}};
//!
//! let mut stack = Setup::default().processors(2).var(PROCESSOR, "WORK_MS", "5").start().await;
//! let burst = stack.send_burst(serde_json::json!({ "message": "hello", "duration": 2 })).await;
//! stack.kill(ROUTER).await;
//! stack.start_again(ROUTER).await;
//! let accepted = stack.settled(&burst).await.accepted;
//! stack.assert_complete(&burst, accepted).await;
//! # }
//! ```

pub mod backend;
pub mod demo;
mod freshness;
pub mod plan;
mod proxies;
pub mod real;
mod setup;
pub mod sink_file;
mod stack;
pub mod usage;

pub use self::{
    setup::{Setup, check_programs, program, programs},
    stack::Stack,
};
