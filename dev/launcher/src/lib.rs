//! `cargo demo`: runs all of barrage on this machine until a stop signal. Also [`Replicas`]: its processors that come
//! and go, for a stack that somebody else runs.

mod autoscaler;
mod backoff;
mod capacity;
mod cli;
mod control;
mod data_folder;
mod demo;
mod events;
mod leftovers;
mod member;
mod network;
mod processors;
mod range;
mod replicas;
mod requests;
mod sampler;
mod scaler;
mod scaling;
mod sink_file;
mod size;
mod stack_file;
mod supervisor;
mod tour;

pub use self::{cli::main, range::Range, replicas::Replicas};
