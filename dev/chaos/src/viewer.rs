//! A viewer who watches during the whole run and changes between the homepages.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use client::{
    eventually::ticks,
    feed::{Follower, MAX_BULLETS},
    homepage::{Bullet, Feed, Homepage},
    message::MessageId,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::schedule::LONGEST;

const POLL_INTERVAL: Duration = Duration::from_millis(200);
const POLL_TIMEOUT: Duration = Duration::from_secs(2);

/// The viewer changes the homepage after this many polls on average.
const POLLS_PER_HOMEPAGE: u32 = 10;

/// What the viewer has seen. Times are milliseconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The id of the first bullet of each message.
    drawn: BTreeMap<MessageId, String>,
    /// How many bullets the feed reported as left out.
    pub(crate) left_out: u64,
    /// When the bullets that were left out can have been stored.
    gaps: Vec<RangeInclusive<u64>>,
    /// The time of the last answer after which no message waited: then nothing was missing but what had been left out.
    complete: u64,
    /// One text for each bullet that was drawn twice.
    pub(crate) twice: Vec<String>,
}

pub(crate) struct Viewer {
    task: JoinHandle<Seen>,
    stop: CancellationToken,
}

impl Viewer {
    /// Starts to watch these homepages. The seed decides when the viewer changes.
    pub(crate) fn start(homepages: &[Homepage], seed: u64) -> Self {
        let stop = CancellationToken::new();
        let random = StdRng::seed_from_u64(seed);
        let task = tokio::spawn(watch(homepages.to_vec(), random, stop.clone()));
        Self { task, stop }
    }

    /// Watches on until the feed has nothing new.
    pub(crate) async fn end(self) -> Seen {
        self.stop.cancel();
        self.task.await.expect("the viewer does not panic")
    }
}

async fn watch(homepages: Vec<Homepage>, mut random: StdRng, stop: CancellationToken) -> Seen {
    let mut seen = Seen::default();
    let mut session = Session::default();
    let (mut at, mut follower) = (0, Follower::default());
    let mut polls = ticks(POLL_INTERVAL);
    loop {
        polls.tick().await;
        match timeout(POLL_TIMEOUT, follower.poll(&homepages[at], MAX_BULLETS)).await {
            Ok(Ok(feed)) => {
                seen.draw(&feed, &mut session);
                if stop.is_cancelled() && feed.passed == 0 {
                    return seen;
                }
            }
            Ok(Err(_)) | Err(_) if stop.is_cancelled() => return seen,
            Ok(Err(_)) | Err(_) => {
                at = (at + 1) % homepages.len();
                session = Session::default();
            }
        }
        if !stop.is_cancelled() && random.random_ratio(1, POLLS_PER_HOMEPAGE) {
            at = random.random_range(0..homepages.len());
            session = Session::default();
        }
    }
}

/// Polls of one homepage without a change or restart between them. In a session no bullet may come twice.
#[derive(Debug, Default)]
struct Session {
    /// The homepage's `totals.since`. It changes when the homepage restarts.
    since: Option<String>,
    ids: BTreeSet<String>,
}

impl Seen {
    pub(crate) fn has_drawn(&self, message: &MessageId) -> bool {
        self.drawn.contains_key(message)
    }

    /// Whether a row that was stored within this time may be one that the feed left out.
    pub(crate) fn may_be_left_out(&self, stored: &RangeInclusive<u64>) -> bool {
        let mut gaps = self.gaps.iter();
        gaps.any(|gap| stored.start() <= gap.end() && gap.start() <= stored.end())
    }

    /// How many messages were drawn.
    pub(crate) fn drawn(&self) -> usize {
        self.drawn.len()
    }

    fn draw(&mut self, feed: &Feed, session: &mut Session) {
        if session.since != feed.totals.since {
            *session = Session { since: feed.totals.since.clone(), ids: BTreeSet::new() };
        }
        self.add_gap(feed);
        for bullet in &feed.bullets {
            if !session.ids.insert(bullet.id.clone()) {
                self.twice.push(format!("{} came twice from one homepage", bullet.id));
            }
            self.draw_bullet(bullet);
        }
    }

    /// What this answer leaves out was sent after the last complete answer. But a fault can hide from a homepage, for
    /// [`LONGEST`], that something was sent.
    fn add_gap(&mut self, feed: &Feed) {
        let now = SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970").as_millis() as u64;
        if feed.left_out() > 0 {
            self.left_out += feed.left_out();
            self.gaps.push(self.complete.saturating_sub(LONGEST.as_millis() as u64)..=now);
        }
        if feed.totals.since.is_some() && feed.totals.waiting == 0 {
            self.complete = now;
        }
    }

    /// A page ignores a bullet whose id it has drawn already.
    fn draw_bullet(&mut self, bullet: &Bullet) {
        let message = bullet.message_id().expect("the load sends bursts whose ids are UUIDs");
        let first = self.drawn.entry(message).or_insert_with(|| bullet.id.clone());
        if *first != bullet.id {
            self.twice.push(format!("{} shows the same message as {first}", bullet.id));
        }
    }
}
