//! The load of a run: bursts one after the other, and single messages, sent by alternating homepages.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use client::{burst::BurstRequest, eventually::ticks, homepage::Homepage};
use parking_lot::Mutex;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{poison, rhythm::Rhythm};

/// How many bursts run at the same time, with 130 messages per second each.
const BURSTS: usize = 2;
const SENDERS: u32 = 13;
const RATE: u32 = 10;
const SECONDS: u32 = 8;

/// One in this many bursts is shown; moderation blocks the others. So the feed leaves out only few bullets.
const SHOWN_EACH: usize = 5;

/// The word that moderation blocks in this stack.
pub(crate) const BLOCKED_WORD: &str = "unspeakable";

/// How often a burst is polled, and how soon after a refusal the next one is tried.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// The time between single messages.
const SINGLE_INTERVAL: Duration = Duration::from_millis(100);

const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// `POST /messages` waits for Kafka's acknowledgement before it answers.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(7);

/// How long a homepage waits for the burst's row before it answers `POST /bursts` without it.
const ROW_TIMEOUT: Duration = Duration::from_millis(500);

/// What the homepages have reported about the load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    /// By burst, the highest count of accepted messages that its homepage has reported.
    pub(crate) bursts: BTreeMap<String, u64>,
    /// Bursts whose `POST` was answered so late that they may have no row. If their homepage dies, they are unknown.
    pub(crate) unwritten: BTreeSet<String>,
    /// The ids of the single messages that were answered with 202.
    pub(crate) singles: Vec<String>,
}

pub(crate) struct Load {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

struct Shared {
    homepages: Vec<Homepage>,
    sent: Mutex<Sent>,
    rhythm: Rhythm,
    stop: CancellationToken,
}

impl Load {
    /// Starts to send through these homepages, and poison directly to the broker.
    pub(crate) fn start(homepages: &[Homepage], broker: SocketAddr, rhythm: Rhythm) -> Self {
        let (homepages, stop) = (homepages.to_vec(), CancellationToken::new());
        let poison = poison::send(broker, rhythm, stop.clone());
        let shared = Arc::new(Shared { homepages, sent: Mutex::default(), rhythm, stop });
        let mut tasks = JoinSet::new();
        for first in 0..BURSTS {
            tasks.spawn(Arc::clone(&shared).bursts(first));
        }
        tasks.spawn(Arc::clone(&shared).singles());
        tasks.spawn(poison);
        Self { shared, tasks }
    }

    /// How many accepted messages the homepages have reported so far.
    pub(crate) fn accepted(&self) -> u64 {
        let sent = self.shared.sent.lock();
        sent.bursts.values().sum::<u64>() + sent.singles.len() as u64
    }

    /// Starts nothing new, and waits for what is running.
    pub(crate) async fn end(self) -> Sent {
        self.shared.stop.cancel();
        self.tasks.join_all().await;
        self.shared.sent.lock().clone()
    }
}

impl Shared {
    /// Sends one burst after the other, each by another homepage.
    async fn bursts(self: Arc<Self>, first: usize) {
        let mut due = ticks(POLL_INTERVAL);
        for number in first.. {
            due.tick().await;
            if self.stop.run_until_cancelled(self.rhythm.busy()).await.is_none() {
                return;
            }
            let homepage = &self.homepages[number % self.homepages.len()];
            let message = if number % SHOWN_EACH == 0 { "hello" } else { BLOCKED_WORD }.into();
            let burst =
                BurstRequest { message, concurrency: SENDERS, rate: RATE, duration: SECONDS };
            let posted = Instant::now();
            if let Ok(Ok(burst)) = timeout(REQUEST_TIMEOUT, homepage.start_burst(&burst)).await {
                if posted.elapsed() >= ROW_TIMEOUT {
                    self.sent.lock().unwritten.insert(burst.id.clone());
                }
                self.sent.lock().bursts.insert(burst.id.clone(), 0);
                self.follow(homepage, &burst.id).await;
            }
        }
    }

    /// Follows a burst until it sends no more, or its homepage does not answer.
    async fn follow(&self, homepage: &Homepage, id: &str) {
        let overdue = Instant::now() + Duration::from_secs(u64::from(SECONDS)) + REQUEST_TIMEOUT;
        let mut due = ticks(POLL_INTERVAL);
        loop {
            due.tick().await;
            let answer = timeout(REQUEST_TIMEOUT, homepage.burst(id)).await;
            let Ok(Ok(burst)) = answer else { return };
            let mut sent = self.sent.lock();
            let reported = sent.bursts.entry(id.to_owned()).or_default();
            *reported = burst.accepted.max(*reported);
            if burst.state != "running" || Instant::now() > overdue {
                return;
            }
        }
    }

    async fn singles(self: Arc<Self>) {
        let mut due = ticks(SINGLE_INTERVAL);
        for homepage in self.homepages.iter().cycle() {
            due.tick().await;
            if self.stop.run_until_cancelled(self.rhythm.busy()).await.is_none() {
                return;
            }
            let answer = timeout(MESSAGE_TIMEOUT, homepage.send_message("hi")).await;
            if let Ok(Ok(accepted)) = answer {
                self.sent.lock().singles.push(accepted.id.to_string());
            }
        }
    }
}
