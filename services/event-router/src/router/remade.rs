//! Somebody deletes the topic and makes it anew: its offsets restart, and what was read of the old one
//! says nothing of the new one.
//!
//! A client events by itself when the broker refuses its place, or when it sees the topic missing.
//! Where it does not, Kafka's own word tells: a topic takes the group's commits with it, and no end goes back.

use std::collections::BTreeMap;
use std::time::Duration;

use barrage::kafka::{self, PartitionOffsets};
use barrage::position::{Offset, Partition};
use barrage::retry::pause;

use super::Router;
use crate::ledger::CommitLedger;

/// What Kafka said of the partitions that are ours.
pub(super) struct Look {
    /// In which turn each was, and how far it was read, before Kafka was asked.
    read: BTreeMap<Partition, (u64, Offset)>,
    answer: Result<Answer, kafka::Error>,
}

struct Answer {
    committed: PartitionOffsets,
    latest: PartitionOffsets,
}

impl Router {
    /// How long it waits between two looks. A topic that is made anew and has outgrown the old one before
    /// the next look, without the client seeing it missing, cannot be told from the old one.
    const LOOK: Duration = Duration::from_millis(250);

    /// Asks Kafka in a while, unless that is under way.
    pub(super) fn look(&mut self) {
        if !self.looks.is_empty() {
            return;
        }
        let read = |(partition, ledger): (&Partition, &CommitLedger)| {
            Some((*partition, (ledger.turn(), ledger.end()?)))
        };
        let read: BTreeMap<_, _> = self.ledgers.iter().filter_map(read).collect();
        let (partitions, offsets) = (read.keys().copied().collect::<Vec<_>>(), &self.parts.offsets);
        let offsets = offsets.clone();
        self.looks.push(Box::pin(async move {
            pause(Self::LOOK).await;
            let ask = async {
                let committed = offsets.committed(&partitions).await?;
                let latest = offsets.high_watermarks(&partitions).await?;
                Ok(Answer { committed, latest })
            };
            Look { read, answer: ask.await }
        }));
    }

    /// Begins anew with the partitions whose records are not those that were read.
    pub(super) fn looked(&mut self, look: Look) {
        let Ok(answer) = look.answer else { return };
        for (partition, (turn, end)) in look.read {
            let is_ours = self.ledgers.get(&partition).is_some_and(|it| it.turn() == turn);
            if is_ours && is_remade(partition, end, &self.committed, &answer) {
                self.consumer.seek_to_beginning(partition);
                self.made_anew(partition);
            } else if is_ours {
                self.reset_commit(partition, &answer);
            }
        }
        self.committed = answer.committed;
    }

    /// A commit beyond the end is one of the topic before.
    fn reset_commit(&self, partition: Partition, answer: &Answer) {
        let both = answer.committed.get(&partition).zip(answer.latest.get(&partition));
        let is_beyond = both.is_some_and(|(committed, latest)| committed > latest);
        let next = self.ledgers.get(&partition).and_then(CommitLedger::committable);
        if let Some(next) = next.filter(|_| is_beyond) {
            self.consumer.reset_commit(partition, next);
        }
    }

    /// Nothing of this partition counts that was read before. What is under way of it ends first, so that
    /// no old row is written over a new one; meanwhile the loop goes on, and hears of a stop or a revoke.
    pub(super) fn made_anew(&mut self, partition: Partition) {
        tracing::warn!(partition, "the topic was made anew: partition {partition} is read anew");
        self.turns += 1;
        self.ledgers.insert(partition, CommitLedger::of_turn(self.turns));
        self.anew.insert(partition);
        self.forget(|open| open.received.position.partition == partition);
        self.settling = true;
    }
}

/// Whether a partition that was read up to `end` is another one now: the group's commit is gone, or the
/// partition ends before.
fn is_remade(
    partition: Partition,
    end: Offset,
    committed_before: &PartitionOffsets,
    now: &Answer,
) -> bool {
    let is_gone =
        committed_before.contains_key(&partition) && !now.committed.contains_key(&partition);
    is_gone || now.latest.get(&partition).is_some_and(|latest| *latest < end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(end: Option<i64>) -> PartitionOffsets {
        end.and_then(Offset::new).map(|end| (3, end)).into_iter().collect()
    }

    fn remade(committed: (Option<i64>, Option<i64>), latest: Option<i64>) -> bool {
        let now = Answer { committed: ends(committed.1), latest: ends(latest) };
        is_remade(3, Offset::new(50).unwrap(), &ends(committed.0), &now)
    }

    #[test]
    fn a_partition_is_another_one_when_its_commit_is_gone_or_its_end_went_back() {
        assert!(remade((Some(40), None), Some(60)));
        assert!(remade((Some(40), Some(40)), Some(49)));
    }

    #[test]
    fn a_partition_is_the_same_as_long_as_nothing_proves_otherwise() {
        assert!(!remade((Some(40), Some(40)), Some(50)));
        assert!(!remade((None, None), Some(50)), "nothing was committed yet");
        assert!(!remade((Some(40), Some(30)), None), "what is not known proves nothing");
    }
}
