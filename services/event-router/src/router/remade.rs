//! Somebody deletes the topic and makes it anew: its offsets restart, and what was read of the old one
//! says nothing of the new one. Then the router leaves the group and joins it anew, so that nothing of the
//! old topic is left in it or in its client; if it was mistaken, it reads again what was not committed.
//!
//! A client notices by itself when the broker refuses its place, or when it sees the topic missing.
//! Where it does not, Kafka's own word tells: a topic takes the group's commits with it, and no end goes back.

use std::collections::BTreeMap;
use std::time::Duration;

use barrage::kafka::{self, Ends};
use barrage::position::{Offset, Partition};
use barrage::retry::pause;
use futures::StreamExt as _;

use super::Router;
use crate::ledger::CommitLedger;

/// What Kafka said of the partitions that are ours.
pub(super) struct Look {
    /// In which turn each was, and how far it was read, before Kafka was asked.
    read: BTreeMap<Partition, (u64, Offset)>,
    answer: Result<Answer, kafka::Error>,
}

struct Answer {
    committed: Ends,
    latest: Ends,
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
                let latest = offsets.latest(&partitions).await?;
                Ok(Answer { committed, latest })
            };
            Look { read, answer: ask.await }
        }));
    }

    /// Notes whether the partitions are those that were read.
    pub(super) fn looked(&mut self, look: Look) {
        let Ok(answer) = look.answer else { return };
        for (partition, (turn, end)) in look.read {
            let ledger = self.ledgers.get(&partition).filter(|it| it.turn() == turn);
            let Some(ledger) = ledger else { continue };
            if is_remade(partition, end, &self.committed, &answer) {
                self.topic_made_anew = true;
            } else if let Some(next) =
                ledger.committable().filter(|_| is_beyond(partition, &answer))
            {
                self.consumer.set_back(partition, next);
            }
        }
        self.committed = answer.committed;
    }

    /// Drops all that was read. Calls under way may end first, so that no old row is written over a new one.
    pub(super) async fn forget_topic(&mut self) {
        tracing::warn!("the topic was made anew: it is read anew");
        self.consumer.unstore(&self.ledgers.keys().copied().collect());
        self.ledgers.clear();
        self.forget(|_| true);
        let at_most = self.limits.call_timeout;
        let ended = async {
            while let Some(answer) = self.calls.next().await {
                self.answered(answer);
            }
        };
        if tokio::time::timeout(at_most, ended).await.is_err() {
            tracing::warn!("calls with records of the old topic have not ended");
        }
    }
}

/// Whether the group's commit lies beyond the partition's end: it is one of the topic before.
fn is_beyond(partition: Partition, now: &Answer) -> bool {
    let both = now.committed.get(&partition).zip(now.latest.get(&partition));
    both.is_some_and(|(committed, latest)| committed > latest)
}

/// Whether a partition that was read up to `end` is another one now: the group's commit is gone, or the
/// partition ends before.
fn is_remade(partition: Partition, end: Offset, committed_before: &Ends, now: &Answer) -> bool {
    let is_gone =
        committed_before.contains_key(&partition) && !now.committed.contains_key(&partition);
    is_gone || now.latest.get(&partition).is_some_and(|latest| *latest < end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(end: Option<i64>) -> Ends {
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
    fn a_commit_beyond_the_end_is_one_of_the_topic_before() {
        let beyond = |committed, latest| {
            is_beyond(3, &Answer { committed: ends(committed), latest: ends(latest) })
        };
        assert!(beyond(Some(41), Some(40)));
        assert!(!beyond(Some(40), Some(40)));
        assert!(
            !beyond(Some(40), None) && !beyond(None, Some(40)),
            "what is not known proves nothing"
        );
    }

    #[test]
    fn a_partition_is_the_same_as_long_as_nothing_proves_otherwise() {
        assert!(!remade((Some(40), Some(40)), Some(50)));
        assert!(!remade((None, None), Some(50)), "nothing was committed yet");
        assert!(!remade((Some(40), Some(30)), None), "what is not known proves nothing");
    }
}
