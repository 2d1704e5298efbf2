//! The load under which all breaks: bursts one after the other, and single messages, by whichever
//! homepage answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use client::homepage::{Answer, Homepage};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::poison;

/// So many bursts run side by side, of 130 messages per second each.
const SIDE_BY_SIDE: usize = 2;
const SENDERS: u32 = 13;
const RATE: u32 = 10;
const SECONDS: u32 = 8;

/// Each so many-th burst is shown, and moderation blocks the others: of so few a viewer misses little.
const SHOWN_EACH: usize = 5;

/// The word that moderation blocks here.
pub(crate) const BLOCKED_WORD: &str = "unspeakable";

/// How often a burst is looked at, and how soon a refused one is tried elsewhere.
const LOOK: Duration = Duration::from_millis(300);

/// The pace of single messages.
const SINGLE: Duration = Duration::from_millis(100);

/// When a homepage counts as one that does not answer. It waits itself for an acknowledgement.
const PATIENCE: Duration = Duration::from_secs(2);
const PATIENCE_FOR_ACK: Duration = Duration::from_secs(7);

/// So long does a homepage wait for a burst's row before it answers (its `api/bursts.rs`).
const ROW_PATIENCE: Duration = Duration::from_millis(500);

/// What homepages have said of what they sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    /// How many messages of each burst they said Kafka had acknowledged, at the most.
    pub(crate) bursts: BTreeMap<String, u64>,
    /// Those of them that were answered for so late that the table may not have taken their rows. If
    /// their homepage dies then, nobody knows of them.
    pub(crate) unwritten: BTreeSet<String>,
    /// The ids of single messages they said Kafka had.
    pub(crate) singles: Vec<String>,
}

/// Load that goes on until it is stopped.
pub(crate) struct Load {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

struct Shared {
    homepages: Vec<Homepage>,
    sent: Mutex<Sent>,
    stop: CancellationToken,
}

impl Load {
    /// Begins to send by these homepages, and poison straight to the broker.
    pub(crate) fn begin(homepages: &[Homepage], broker: SocketAddr) -> Self {
        let (homepages, stop) = (homepages.to_vec(), CancellationToken::new());
        let poison = poison::send(broker, stop.clone());
        let shared = Arc::new(Shared { homepages, sent: Mutex::default(), stop });
        let mut tasks = JoinSet::new();
        for first in 0..SIDE_BY_SIDE {
            tasks.spawn(Arc::clone(&shared).bursts(first));
        }
        tasks.spawn(Arc::clone(&shared).singles());
        tasks.spawn(poison);
        Self { shared, tasks }
    }

    /// How many messages were said to be accepted so far.
    pub(crate) fn accepted(&self) -> u64 {
        let sent = self.shared.sent();
        sent.bursts.values().sum::<u64>() + sent.singles.len() as u64
    }

    /// Sends nothing new. What runs still may end.
    pub(crate) async fn end(self) -> Sent {
        self.shared.stop.cancel();
        self.tasks.join_all().await;
        self.shared.sent().clone()
    }
}

impl Shared {
    /// One burst after the other, each by another homepage.
    async fn bursts(self: Arc<Self>, first: usize) {
        let mut ticks = ticks(LOOK);
        for number in first.. {
            if self.stop.run_until_cancelled(ticks.tick()).await.is_none() {
                return;
            }
            let homepage = &self.homepages[number % self.homepages.len()];
            let text = if number % SHOWN_EACH == 0 { "hello" } else { BLOCKED_WORD };
            let burst = json!({
                "message": text, "concurrency": SENDERS, "rate": RATE, "duration": SECONDS,
            });
            let asked = Instant::now();
            if let Ok(Ok(answer)) = timeout(PATIENCE, homepage.post_burst(&burst)).await
                && let Some(id) = id_of(&answer)
            {
                if asked.elapsed() >= ROW_PATIENCE {
                    self.sent().unwritten.insert(id.clone());
                }
                self.sent().bursts.insert(id.clone(), 0);
                self.follow(homepage, &id).await;
            }
        }
    }

    /// Follows a burst until it sends no more, or its homepage does not answer.
    async fn follow(&self, homepage: &Homepage, id: &str) {
        let overdue = Instant::now() + Duration::from_secs(u64::from(SECONDS)) + PATIENCE;
        let mut ticks = ticks(LOOK);
        loop {
            ticks.tick().await;
            let Ok(Ok(burst)) = timeout(PATIENCE, homepage.burst(id)).await else { return };
            let mut sent = self.sent();
            let said = sent.bursts.entry(id.to_owned()).or_default();
            *said = burst.accepted.max(*said);
            if burst.state != "running" || Instant::now() > overdue {
                return;
            }
        }
    }

    async fn singles(self: Arc<Self>) {
        let mut ticks = ticks(SINGLE);
        for homepage in self.homepages.iter().cycle() {
            if self.stop.run_until_cancelled(ticks.tick()).await.is_none() {
                return;
            }
            if let Ok(Ok(answer)) = timeout(PATIENCE_FOR_ACK, homepage.post_message("hi")).await
                && let Some(id) = id_of(&answer)
            {
                self.sent().singles.push(id);
            }
        }
    }

    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id of what was taken; nothing when it was refused.
fn id_of(answer: &Answer) -> Option<String> {
    let taken = answer.status.as_u16() == 202;
    taken.then(|| answer.body["id"].as_str().map(str::to_owned)).flatten()
}

fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
