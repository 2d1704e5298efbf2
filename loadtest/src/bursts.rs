//! The mode `bursts`: messages as the form sends them, and what became of all of theirs.

use std::{collections::BTreeMap, time::Duration};

use client::{
    accounts::{Account, Accounts, Sighting},
    burst::{self, BurstRequest},
    homepage::{Bullet, Burst},
    http::Error,
    message::{MessageId, out_of_order},
};
use tokio::time::{Instant, sleep_until};

use crate::{failures::Request, report::Stage, run::Run};

/// How often the state of the bursts is read.
const POLL: Duration = Duration::from_millis(500);

/// Starts the bursts of every stage when it begins, and follows them until the last stage is over. Returns the bursts
/// that were started.
pub(crate) async fn send(run: &Run) -> Vec<Burst> {
    let mut bursts = Vec::new();
    for (begins, stage) in run.schedule.stages() {
        let mut done = 0;
        while done < stage.seconds {
            let seconds = BurstRequest::MAX_DURATION.min(stage.seconds - done);
            let at = run.began + begins + Duration::from_secs(done.into());
            if follow(run, &mut bursts, at).await.is_none() {
                stop(run, &mut bursts).await;
                return bursts;
            }
            start(run, &mut bursts, stage, seconds).await;
            done += seconds;
        }
    }
    if follow(run, &mut bursts, run.began + run.schedule.lasts()).await.is_none() {
        stop(run, &mut bursts).await;
    }
    bursts
}

/// Stops what still sends: a run that a person has ended leaves no load behind.
async fn stop(run: &Run, bursts: &mut [Burst]) {
    for burst in bursts.iter_mut().filter(|burst| !burst.has_ended()) {
        match run.homepage.stop_burst(burst).await {
            Ok(now) => burst.update(now),
            Err(error) => run.measurements.failed(Request::Burst, error),
        }
    }
}

async fn start(run: &Run, bursts: &mut Vec<Burst>, stage: Stage, seconds: u32) {
    for request in BurstRequest::at_rate(run.tag.burst(), stage.from, seconds, 1) {
        match run.homepage.start_burst(&request).await {
            Ok(burst) => bursts.push(burst),
            Err(error) => run.measurements.failed(Request::Burst, error),
        }
    }
}

/// Refreshes the bursts until then; `None` if a person ends the run meanwhile.
async fn follow(run: &Run, bursts: &mut [Burst], until: Instant) -> Option<()> {
    while Instant::now() < until {
        let next = until.min(Instant::now() + POLL);
        run.stop.run_until_cancelled(sleep_until(next)).await?;
        refresh(run, bursts).await;
    }
    Some(())
}

/// Reads how the bursts are doing. Returns whether all have ended.
pub(crate) async fn refresh(run: &Run, bursts: &mut [Burst]) -> bool {
    for error in burst::refresh(&run.homepage, bursts).await {
        run.measurements.failed(Request::Burst, error);
    }
    let accepted = bursts.iter().map(|burst| burst.accepted).sum();
    run.measurements.bursts_accepted(accepted, run.began.elapsed());
    bursts.iter().all(Burst::has_ended)
}

/// What became of the messages of one burst, by its results.
#[derive(Debug)]
pub(crate) struct BurstAccount {
    burst: Burst,
    messages: Accounts<MessageId>,
    twice: u64,
}

impl BurstAccount {
    /// Reads all results of a burst.
    pub(crate) async fn read(run: &Run, burst: &Burst) -> Result<Self, Error> {
        let mut account = Self::of(burst);
        run.homepage.each_result(&burst.id, |row| account.add(&row)).await?;
        Ok(account)
    }

    fn of(burst: &Burst) -> Self {
        Self { burst: burst.clone(), messages: Accounts::default(), twice: 0 }
    }

    fn add(&mut self, row: &Bullet) {
        let Some(id) = row.message_id() else { return };
        let sighting = self.messages.see_row(id, row.position(), row.is_blocked());
        self.twice += u64::from(sighting != Sighting::First);
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.burst.accepted
    }

    pub(crate) fn failed(&self) -> u64 {
        self.burst.failed
    }

    pub(crate) fn shown(&self) -> u64 {
        self.messages.count(|message| !message.is_blocked)
    }

    pub(crate) fn blocked(&self) -> u64 {
        self.messages.count(|message| message.is_blocked)
    }

    /// Rows of messages that have one already.
    pub(crate) fn twice(&self) -> u64 {
        self.twice
    }

    pub(crate) fn out_of_order(&self) -> u64 {
        let row = |(id, message): (&MessageId, &Account)| Some((*id, message.row?));
        out_of_order(self.messages.iter().filter_map(row)).len() as u64
    }

    /// How many accepted messages Kafka deleted before they were processed: never more than have no row.
    pub(crate) fn expired(&self) -> u64 {
        self.burst.expired.min(self.have_no_row())
    }

    /// How many accepted messages have no row and did not expire.
    pub(crate) fn without_row(&self) -> u64 {
        self.have_no_row() - self.expired()
    }

    fn have_no_row(&self) -> u64 {
        self.accepted().saturating_sub(self.shown() + self.blocked())
    }

    /// The messages that have no row although a later one of their sender has one.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = MessageId> {
        let mut last = BTreeMap::new();
        for (id, _) in self.messages.iter() {
            let last = last.entry((id.burst, id.sender)).or_insert(0);
            *last = id.seq.max(*last);
        }
        let before =
            |((burst, sender), last)| (1..last).map(move |seq| MessageId { burst, sender, seq });
        last.into_iter().flat_map(before).filter(|id| self.messages.get(id).is_none())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    /// Rows are sender, number and offset. The third message of a sender is blocked.
    fn account(accepted: u64, rows: &[(u32, u64, i64)]) -> BurstAccount {
        let burst = json!({
            "id": "b", "state": "done", "accepted": accepted, "failed": 0, "stored": 0, "blocked": 0,
        });
        let mut account = BurstAccount::of(&serde_json::from_value(burst).unwrap());
        for (sender, seq, offset) in rows {
            let row = json!({
                "id": "i", "message": "m", "burst": Uuid::nil(), "sender": sender, "seq": seq,
                "processor": "p", "partition": 0, "offset": offset, "sent_at": 0, "received_at": 0,
                "stored_at": 0, "verdict": if *seq == 3 { "blocked" } else { "shown" },
            });
            account.add(&serde_json::from_value(row).unwrap());
        }
        account
    }

    #[test]
    fn a_burst_whose_every_message_has_a_row_lacks_nothing() {
        let account = account(4, &[(1, 1, 10), (2, 1, 11), (1, 2, 12), (1, 3, 13)]);
        assert_eq!((account.shown(), account.blocked(), account.without_row()), (3, 1, 0));
        assert_eq!((account.twice(), account.out_of_order()), (0, 0));
        assert_eq!(account.gaps().count(), 0);
    }

    #[test]
    fn a_message_without_a_row_is_named_where_a_later_one_has_a_row() {
        let account = account(5, &[(1, 1, 10), (1, 4, 12)]);
        assert_eq!(account.without_row(), 3);
        let gaps: Vec<_> = account.gaps().map(|id| (id.sender, id.seq)).collect();
        assert_eq!(gaps, [(1, 2), (1, 3)]);
    }

    #[test]
    fn expired_messages_are_explained_as_far_as_rows_are_missing() {
        let mut account = account(3, &[(1, 1, 10)]);
        account.burst.expired = 1;
        assert_eq!((account.expired(), account.without_row()), (1, 1));
        account.burst.expired = 5;
        assert_eq!((account.expired(), account.without_row()), (2, 0));
    }

    #[test]
    fn second_rows_and_wrong_orders_are_counted() {
        let account = account(3, &[(1, 1, 10), (1, 2, 9), (1, 3, 12), (1, 3, 14)]);
        assert_eq!((account.twice(), account.out_of_order()), (1, 1));
        assert_eq!(account.shown() + account.blocked(), 3);
    }
}
