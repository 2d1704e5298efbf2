//! What Kafka tells of the event-routers: whether one is in the consumer group, and what they say of the processors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use barrage::health::Probe;
use barrage::kafka::{GroupMembers, Members};
use barrage::position::Partition;
use barrage::processor_failure::ProcessorFailure;
use barrage::retry::pause;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::launcher::scaling::Scaling;
use crate::reader::progress::Progress;

/// What the routers say, as far as messages wait for them.
#[derive(Debug, Default)]
pub(crate) struct Routers {
    processor_failure: Mutex<Option<ProcessorFailure>>,
    /// The launcher says that no processor need be there, or that none is wanted.
    none_expected: AtomicBool,
    none_wanted: AtomicBool,
    /// Restarts that nobody has taken yet.
    restarts: AtomicUsize,
}

impl Routers {
    /// Takes what stands beside the offsets. It counts where messages wait: elsewhere it may be an old word. The oldest
    /// failure is told.
    pub(crate) fn note(
        &self,
        failures: BTreeMap<Partition, ProcessorFailure>,
        waits: impl Fn(&Partition) -> bool,
    ) {
        let of_waiting = failures.into_iter().filter(|(partition, _)| waits(partition));
        let oldest = of_waiting.map(|(_, failure)| failure).min_by_key(|it| it.since);
        *self.processor_failure.lock() = oldest;
    }

    /// Nothing waits for a router.
    pub(crate) fn clear(&self) {
        *self.processor_failure.lock() = None;
    }

    /// Takes what the launcher says of the processors, if there is a launcher.
    pub(crate) fn expect_none(&self, scaling: Option<&Scaling>) {
        let (expected, wanted) = scaling.map_or((false, false), |scaling| {
            (scaling.is_none_expected(), scaling.is_none_wanted())
        });
        self.none_expected.store(expected, Ordering::Relaxed);
        self.none_wanted.store(wanted, Ordering::Relaxed);
    }

    /// Whether there is no processor because none is wanted. Then messages that wait are no stall.
    pub(crate) fn is_none_wanted(&self) -> bool {
        self.none_wanted.load(Ordering::Relaxed)
    }

    /// `None` also where no processor need be there: at zero, and while the first one starts.
    pub(crate) fn processor_failure(&self) -> Option<ProcessorFailure> {
        let failure = self.processor_failure.lock().clone();
        failure.filter(|_| !self.none_expected.load(Ordering::Relaxed))
    }

    /// How many routers were restarted since the last call.
    pub(crate) fn take_restarts(&self) -> usize {
        self.restarts.swap(0, Ordering::Relaxed)
    }
}

/// Finds restarts among the members of the group. A router that was killed is a member until its session ends, so the
/// new one joins before the old one leaves; one that was stopped leaves first. A static member takes its own place, under
/// another id.
#[derive(Debug, Default)]
struct Restarts {
    known: BTreeSet<String>,
    /// Members that joined or left, and are no restart yet.
    joined: usize,
    left: usize,
    changed: Option<Instant>,
}

impl Restarts {
    /// A member that leaves so long after another has joined is no restart.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn observe(&mut self, ids: &BTreeSet<String>, now: Instant) -> usize {
        if self.changed.is_none_or(|at| now.duration_since(at) > Self::PATIENCE) {
            (self.joined, self.left) = (0, 0);
        }
        let is_first = self.changed.is_none();
        if is_first || self.known != *ids {
            self.changed = Some(now);
        }
        if !is_first {
            self.joined += ids.difference(&self.known).count();
            self.left += self.known.difference(ids).count();
        }
        self.known.clone_from(ids);
        let restarts = self.joined.min(self.left);
        self.joined -= restarts;
        self.left -= restarts;
        restarts
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
    routers: Arc<Routers>,
    progress: Arc<Progress>,
    probe: Probe,
    stop: CancellationToken,
) {
    let watch = async {
        let (mut presence, mut restarts) = (Presence::default(), Restarts::default());
        loop {
            let answer = members.list().await;
            if answer.is_err() {
                // Without Kafka the session of a router ends, and then it joins again under another id.
                restarts = Restarts::default();
            }
            if let Ok(answer) = answer {
                let is_stalled = progress.totals().stalled_since.is_some();
                match presence.observe(&answer, is_stalled) {
                    Some(true) => probe.up(),
                    Some(false) => {
                        // That is an event of its own, and the end of it no restart.
                        restarts = Restarts::default();
                        probe.down(format!("consumer group {} has no member", members.group()));
                    }
                    None => {}
                }
                if let (Members::Known(ids), true) = (&answer, probe.is_up()) {
                    let restarted = restarts.observe(ids, Instant::now());
                    routers.restarts.fetch_add(restarted, Ordering::Relaxed);
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
    fn a_member_that_leaves_and_one_that_joins_are_a_restart_in_either_order() {
        let (mut restarts, begin) = (Restarts::default(), Instant::now());
        let mut observe = |ids: &[&str], seconds| {
            let Members::Known(ids) = members(ids) else { return 0 };
            restarts.observe(&ids, begin + Duration::from_secs(seconds))
        };
        assert_eq!(observe(&["a"], 0), 0, "it was there before");
        assert_eq!(observe(&["a", "b"], 2), 0, "a was killed, b is its successor");
        assert_eq!(observe(&["b"], 8), 1);
        assert_eq!(observe(&[], 10), 0, "b was stopped");
        assert_eq!(observe(&["c"], 12), 1);
        assert_eq!(observe(&["C"], 13), 1, "a static member has taken its own place");
        assert_eq!(observe(&["c", "C"], 14), 0, "one more");
        assert_eq!(observe(&["c"], 80), 0, "one less, much later");
    }

    #[test]
    fn the_oldest_failure_where_messages_wait_counts() {
        let failure = |since| ProcessorFailure::new(Millis(since), 1, 0, "refused");
        let routers = Routers::default();
        let said = BTreeMap::from([(0, failure(7)), (1, failure(3)), (2, failure(5))]);
        routers.note(said.clone(), |partition| *partition != 1);
        assert_eq!(routers.processor_failure(), Some(failure(5)));
        routers.note(said, |_| false);
        assert_eq!(routers.processor_failure(), None);
    }

    #[test]
    fn where_no_processor_need_be_there_none_fails() {
        let routers = Routers::default();
        routers
            .note(BTreeMap::from([(0, ProcessorFailure::new(Millis(3), 0, 0, "none"))]), |_| true);
        let scaling = |min: u64, wanted: u64| {
            let text = format!(
                r#"{{"mode":"automatic","min":{min},"max":8,"wanted":{wanted},"processors":[]}}"#
            );
            serde_json::from_str::<Scaling>(&text).unwrap()
        };
        let fails = |scaling: Option<Scaling>| {
            routers.expect_none(scaling.as_ref());
            (routers.processor_failure().is_some(), routers.is_none_wanted())
        };
        assert_eq!(fails(None), (true, false));
        assert_eq!(fails(Some(scaling(0, 0))), (false, true));
        assert_eq!(fails(Some(scaling(0, 1))), (false, false), "the first one is about to start");
        assert_eq!(fails(Some(scaling(1, 1))), (true, false));
    }
}
