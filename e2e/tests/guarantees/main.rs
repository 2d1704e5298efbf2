//! What holds when something breaks: no accepted message is lost, and none is shown twice. Each row of
//! `GUARANTEES.md` has its tests here, with real processes and real faults.

#![expect(clippy::print_stdout, reason = "each test prints what it has measured")]

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
mod scaling;
mod tables;
mod topics;
