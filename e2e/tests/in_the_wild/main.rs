//! Any legal topic, as other people's producers, brokers and clients write it: transactions, compaction, every codec,
//! retention, a thousand partitions. Each test has a topic of its own on one real Apache Kafka, whatever
//! `BARRAGE_BACKEND` says. Rows 31 to 35 of `GUARANTEES.md`.
//!
//! Where Apache Kafka is not installed (`cargo xtask real fetch`), each test says that it was skipped.

#![expect(clippy::print_stdout, reason = "each test prints what it has measured")]

mod backend;
mod case;
mod codecs;
mod compaction;
mod content_modes;
mod corruption;
mod many_partitions;
mod members;
mod retention;
mod segments;
mod transactions;
