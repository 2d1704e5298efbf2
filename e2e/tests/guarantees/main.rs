//! What must hold when things break: nothing accepted is lost, nothing is shown twice. One test for
//! each row of `GUARANTEES.md`, with real processes and real faults.

#![expect(clippy::print_stdout, reason = "each row says what it has measured")]

mod alone;
mod brokers;
mod clocks;
mod dead_letters;
mod disks;
mod homepages;
mod load;
mod poison;
mod processors;
mod recreated_topics;
mod routers;
mod tables;
mod topics;
