//! The burst engine: a burst is `concurrency` senders, each at `rate` for `duration`.

mod board;
mod engine;
mod heartbeats;
mod life;
mod pace;
mod remote;
mod results;
mod tally;

pub(crate) use board::Snapshot;
pub(crate) use engine::{Bursts, Parts, StartError};
pub(crate) use remote::{RemoteBursts, RemoteError};
pub(crate) use results::Results;
pub(crate) use tally::Tally;
