//! What a consumer tells its caller.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::kafka::{ConsumerRecord, Error};
use crate::position::{Offset, Partition};

/// What happens to a member of a consumer group.
#[derive(Debug)]
pub enum ConsumerEvent {
    /// These partitions are ours from now on.
    Assigned(BTreeMap<Partition, Begin>),
    /// These partitions are taken away as soon as the [`RevokeGuard`] is dropped, at the latest after
    /// [`super::Consumer::REVOKE_TIMEOUT`]. What is stored by then is committed.
    Revoked(BTreeSet<Partition>, RevokeGuard),
    /// A record of a partition that is ours.
    Record(ConsumerRecord),
    /// The client failed at something. It goes on by itself.
    Failed(Error),
}

/// Where a partition that was assigned is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// From what the group has committed.
    Committed(Offset),
    /// From the first record: the group has committed nothing.
    First(Offset),
    /// Kafka did not say it.
    Unknown,
}

impl Begin {
    /// The offset, if it is known.
    pub fn offset(self) -> Option<Offset> {
        match self {
            Self::Committed(offset) | Self::First(offset) => Some(offset),
            Self::Unknown => None,
        }
    }
}

/// Delays a revoke until it is dropped.
#[derive(Debug)]
pub struct RevokeGuard(
    // Nothing is ever sent: the receiver waits for the channel to close.
    #[expect(dead_code, reason = "held, never used")] SyncSender<()>,
);

impl RevokeGuard {
    /// A guard, and what is disconnected when it is dropped.
    pub(super) fn new() -> (Self, Receiver<()>) {
        let (sender, dropped) = sync_channel(0);
        (Self(sender), dropped)
    }
}
