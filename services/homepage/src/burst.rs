//! Bursts: one press of Send is a burst of `concurrency` senders, each at `rate` for `duration`.
//! This homepage runs its own bursts and finds those of other homepages by their rows in the table.

mod dependencies;
mod heartbeats;
mod local;
mod owner;
mod pace;
mod recount;
mod registry;
mod remote;
mod results;
mod run;
mod snapshot;

pub(crate) use dependencies::Dependencies;
pub(crate) use local::Burst;
pub(crate) use owner::{Keys, Owner};
pub(crate) use recount::Recounter;
pub(crate) use registry::{Bursts, StartError};
pub(crate) use remote::{RemoteBursts, RemoteError};
pub(crate) use results::Results;
pub(crate) use snapshot::Snapshot;
