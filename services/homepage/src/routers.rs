//! What Kafka tells of the event-routers: whether one is in the consumer group, and what they say of the processors.

use std::sync::Arc;
use std::time::Duration;

use barrage::health::Probe;
use barrage::kafka::{GroupMembers, Members};
use barrage::processor_failure::ProcessorFailure;
use barrage::retry::pause;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::reader::progress::Progress;

/// What the routers say, as far as messages wait for them.
#[derive(Debug, Default)]
pub(crate) struct Routers {
    processor_failure: Mutex<Option<ProcessorFailure>>,
}

impl Routers {
    /// Takes what stands beside the offsets of all partitions where messages wait. The oldest failure counts.
    pub(crate) fn note(&self, failures: impl IntoIterator<Item = ProcessorFailure>) {
        *self.processor_failure.lock() = failures.into_iter().min_by_key(|it| it.since);
    }

    pub(crate) fn processor_failure(&self) -> Option<ProcessorFailure> {
        self.processor_failure.lock().clone()
    }
}

/// Whether the group has a member, by the answers so far.
#[derive(Debug, Default)]
struct Presence {
    /// How many answers in a row had no member.
    missing: u32,
}

impl Presence {
    /// A router that is restarted is missing in one answer.
    const PATIENCE: u32 = 2;

    /// `None` while it is not known. A group that Kafka does not know may be one that nobody has needed yet. So it
    /// counts as empty only if messages wait and none is finished.
    fn observe(&mut self, members: &Members, is_stalled: bool) -> Option<bool> {
        let is_missing = match members {
            Members::Known(ids) => ids.is_empty(),
            Members::Unknown if is_stalled => true,
            Members::Unknown => return None,
        };
        self.missing = if is_missing { self.missing.saturating_add(1) } else { 0 };
        match self.missing {
            0 => Some(true),
            missing if missing >= Self::PATIENCE => Some(false),
            _ => None,
        }
    }
}

/// How often Kafka is asked for the members, also while nothing is sent.
const INTERVAL: Duration = Duration::from_secs(2);

/// Until `stop`, reports whether a router is in the group. If Kafka does not answer, nothing changes.
pub(crate) async fn watch_group(
    members: GroupMembers,
    progress: Arc<Progress>,
    probe: Probe,
    stop: CancellationToken,
) {
    let watch = async {
        let mut presence = Presence::default();
        loop {
            if let Ok(answer) = members.list().await {
                let is_stalled = progress.totals().stalled_since.is_some();
                match presence.observe(&answer, is_stalled) {
                    Some(true) => probe.up(),
                    Some(false) => {
                        probe.down(format!("consumer group {} has no member", members.group()));
                    }
                    None => {}
                }
            }
            pause(INTERVAL).await;
        }
    };
    let _stopped = stop.run_until_cancelled(watch).await;
}

#[cfg(test)]
mod tests {
    use barrage::time::Millis;

    use super::*;

    fn members(ids: &[&str]) -> Members {
        Members::Known(ids.iter().map(|id| (*id).to_owned()).collect())
    }

    #[test]
    fn a_group_without_members_has_no_router_unless_one_is_just_restarted() {
        let mut presence = Presence::default();
        assert_eq!(presence.observe(&members(&["a"]), false), Some(true));
        assert_eq!(presence.observe(&members(&[]), false), None);
        assert_eq!(presence.observe(&members(&["b"]), false), Some(true));
        assert_eq!(presence.observe(&members(&[]), true), None);
        assert_eq!(presence.observe(&members(&[]), true), Some(false));
        assert_eq!(presence.observe(&members(&["c"]), true), Some(true));
    }

    #[test]
    fn a_group_that_kafka_does_not_know_has_no_router_only_while_messages_wait() {
        let mut presence = Presence::default();
        for _ in 0..5 {
            assert_eq!(presence.observe(&Members::Unknown, false), None);
        }
        assert_eq!(presence.observe(&Members::Unknown, true), None);
        assert_eq!(presence.observe(&Members::Unknown, true), Some(false));
    }

    #[test]
    fn the_oldest_failure_counts_and_none_when_nothing_waits() {
        let failure = |since| ProcessorFailure::new(Millis(since), 1, 0, "refused");
        let routers = Routers::default();
        routers.note([failure(7), failure(5), failure(9)]);
        assert_eq!(routers.processor_failure(), Some(failure(5)));
        routers.note([]);
        assert_eq!(routers.processor_failure(), None);
    }
}
