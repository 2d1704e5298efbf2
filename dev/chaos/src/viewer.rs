//! Somebody who watches all the while, now on one homepage, now on another.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use client::homepage::{Bullet, Feed, Homepage};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::schedule::LONGEST;

/// How often the page asks for news, and how long it waits for an answer.
const POLL: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(2);

/// The most bullets of one answer.
const LIMIT: u32 = 500;

/// The viewer changes the homepage at each so many-th poll or so.
const CHANGES_EACH: u32 = 10;

/// How long after it was stored a message may come to a homepage: what is struck may hold it back, and so may
/// what is struck when that has just been healed.
const LATE: Duration = Duration::from_secs(2 * LONGEST.as_secs());

/// What a viewer has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// By which bullet each message was drawn.
    drawn: BTreeMap<Message, String>,
    /// How many bullets an answer left out and said so.
    pub(crate) left_out: u64,
    /// When those can have been stored, in milliseconds since 1970.
    gaps: Vec<RangeInclusive<u64>>,
    /// When the last answer came, likewise.
    answered: u64,
    /// What was drawn twice, in words.
    pub(crate) twice: Vec<String>,
}

/// A message as people see it: its burst, sender and number.
pub(crate) type Message = (String, u32, u64);

/// Watches until it is told to stop.
pub(crate) struct Viewer {
    task: JoinHandle<Seen>,
    stop: CancellationToken,
}

impl Viewer {
    /// Begins to watch at these homepages, changing between them by chance.
    pub(crate) fn begin(homepages: &[Homepage], seed: u64) -> Self {
        let stop = CancellationToken::new();
        let random = StdRng::seed_from_u64(seed);
        let task = tokio::spawn(watch(homepages.to_vec(), random, stop.clone()));
        Self { task, stop }
    }

    /// Watches until there is no more to see.
    pub(crate) async fn end(self) -> Seen {
        self.stop.cancel();
        self.task.await.expect("the viewer does not panic")
    }
}

async fn watch(homepages: Vec<Homepage>, mut random: StdRng, stop: CancellationToken) -> Seen {
    let mut seen = Seen::default();
    let mut stretch = Stretch::default();
    let (mut at, mut cursor) = (0, None);
    let mut polls = interval(POLL);
    polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        polls.tick().await;
        let asked = homepages[at].feed(cursor.as_deref(), LIMIT);
        match timeout(PATIENCE, asked).await {
            Ok(Ok(feed)) => {
                seen.draw(&feed, &mut stretch);
                if stop.is_cancelled() && feed.passed == 0 {
                    return seen;
                }
                cursor = Some(feed.cursor);
            }
            Ok(Err(_)) | Err(_) if stop.is_cancelled() => return seen,
            Ok(Err(_)) | Err(_) => {
                at = (at + 1) % homepages.len();
                stretch = Stretch::default();
            }
        }
        if !stop.is_cancelled() && random.random_ratio(1, CHANGES_EACH) {
            at = random.random_range(0..homepages.len());
            stretch = Stretch::default();
        }
    }
}

/// Polls at one run of one homepage: in these no bullet comes twice.
#[derive(Debug, Default)]
struct Stretch {
    since: Option<String>,
    ids: BTreeSet<String>,
}

impl Seen {
    /// Whether this message was drawn.
    pub(crate) fn has_drawn(&self, message: &Message) -> bool {
        self.drawn.contains_key(message)
    }

    /// Whether what was stored then may be among what an answer left out.
    pub(crate) fn may_lack(&self, stored_at: u64) -> bool {
        self.gaps.iter().any(|gap| gap.contains(&stored_at))
    }

    /// How many messages were drawn.
    pub(crate) fn drawn(&self) -> usize {
        self.drawn.len()
    }

    fn draw(&mut self, feed: &Feed, stretch: &mut Stretch) {
        if stretch.since != feed.totals.since {
            *stretch = Stretch { since: feed.totals.since.clone(), ids: BTreeSet::new() };
        }
        self.note_gap(feed.passed.saturating_sub(feed.bullets.len() as u64));
        for bullet in &feed.bullets {
            if !stretch.ids.insert(bullet.id.clone()) {
                self.twice.push(format!("{} came twice from one homepage", bullet.id));
            }
            self.draw_once(bullet);
        }
    }

    /// What came since the last answer may have been stored earlier, by as much as something is late.
    fn note_gap(&mut self, left_out: u64) {
        let now = SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970").as_millis() as u64;
        if left_out > 0 {
            self.left_out += left_out;
            self.gaps.push(self.answered.saturating_sub(LATE.as_millis() as u64)..=now);
        }
        self.answered = now;
    }

    /// A page drops what it has drawn already, by id.
    fn draw_once(&mut self, bullet: &Bullet) {
        let message = (bullet.burst.clone(), bullet.sender, bullet.seq);
        let first = self.drawn.entry(message).or_insert_with(|| bullet.id.clone());
        if *first != bullet.id {
            self.twice.push(format!("{} shows what {first} has shown", bullet.id));
        }
    }
}
