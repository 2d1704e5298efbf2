//! Viewers: they ask for the feed, each from where its last answer ended.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    answers::{Bullet, Feed},
    eventually::{eventually, within},
    homepage::Homepage,
    http::Error,
};

/// The most bullets that one answer can have; of more, it has the newest.
pub const MAX_BULLETS: u32 = 500;

/// Longer than any test watches.
const WATCH: Duration = Duration::from_secs(180);

/// Follows the feed from poll to poll, on any homepage: a cursor is valid on all of them.
#[derive(Clone, Debug, Default)]
pub struct Follower {
    cursor: Option<String>,
    /// How long the homepage may hold an answer back for news.
    wait: Duration,
}

impl Follower {
    /// One that begins at a cursor.
    pub fn from(cursor: String) -> Self {
        Self { cursor: Some(cursor), ..Self::default() }
    }

    /// The same, but each poll waits for news, at most so many whole seconds, 0 to 25.
    pub fn waiting(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// The newest bullets since the last poll, at most `limit`. What was there before the first poll does not count
    /// as left out. After an error the next poll begins where this one would have begun.
    pub async fn poll(&mut self, homepage: &Homepage, limit: u32) -> Result<Feed, Error> {
        let mut feed = homepage.feed_within(self.cursor.as_deref(), limit, self.wait).await?;
        if self.cursor.is_none() {
            feed.passed = feed.bullets.len() as u64;
        }
        self.cursor = Some(feed.cursor.clone());
        Ok(feed)
    }
}

/// A viewer who remembers every bullet. It drops what comes again, by its position, as a page does.
#[derive(Debug, Default)]
pub struct Viewer {
    follower: Follower,
    /// Every bullet by its position and id, and how often it came. A recreated topic uses positions again.
    seen: BTreeMap<(i32, i64, String), (Bullet, u32)>,
}

impl Viewer {
    /// One who waits for news at each poll, at most so many whole seconds, 0 to 25.
    pub fn waiting(wait: Duration) -> Self {
        Self { follower: Follower::default().waiting(wait), ..Self::default() }
    }

    /// Polls once. If the homepage does not answer, the next poll tries again, as a page does. Panics when the answer is
    /// a sample of the bullets, not all.
    pub async fn poll(&mut self, homepage: &Homepage) {
        let Ok(feed) = self.follower.poll(homepage, MAX_BULLETS).await else { return };
        assert_eq!(feed.left_out(), 0, "the answer is a sample");
        for bullet in feed.bullets {
            let place = (bullet.partition, bullet.offset, bullet.id.clone());
            self.seen.entry(place).or_insert((bullet, 0)).1 += 1;
        }
    }

    /// Polls these homepages in rotation until `meantime` ends. Without a poll, more bullets may come in that time than
    /// one answer has room for.
    pub async fn watch<T>(
        &mut self,
        homepages: &[&Homepage],
        meantime: impl Future<Output = T>,
    ) -> T {
        let mut homepages = homepages.iter().cycle();
        let polls = within(WATCH, "what the viewer waits for has ended", async || {
            self.poll(homepages.next().expect("there is a homepage")).await;
            false
        });
        tokio::select! {
            ended = meantime => ended,
            () = polls => unreachable!("it only ends by a panic"),
        }
    }

    /// Polls until it has drawn all that was accepted of these bursts.
    pub async fn draws_all(&mut self, homepage: &Homepage, bursts: &[String]) {
        for burst in bursts {
            let accepted = homepage.burst(burst).await.expect("an answer").accepted;
            eventually("the viewer has drawn all", async || {
                self.poll(homepage).await;
                self.drawn(burst) as u64 >= accepted
            })
            .await;
        }
    }

    /// How many bullets of a burst it has drawn; one that came again counts once.
    pub fn drawn(&self, burst: &str) -> usize {
        self.seen.values().filter(|(bullet, _)| bullet.burst == burst).count()
    }

    /// Panics unless the bullets that it has drawn are exactly those of these rows.
    pub fn assert_drew(&self, rows: &[Bullet]) {
        let key = |row: &Bullet| (row.burst.clone(), row.sender, row.seq);
        let mut drawn: Vec<_> = self.seen.values().map(|(bullet, _)| key(bullet)).collect();
        drawn.sort();
        let mut stored: Vec<_> = rows.iter().map(key).collect();
        stored.sort();
        assert_eq!(drawn.len(), stored.len(), "bullets drawn, and rows");
        assert!(drawn == stored, "other bullets were drawn than there are rows");
    }

    /// How many bullets came more than once.
    pub fn came_again(&self) -> usize {
        self.seen.values().filter(|(_, times)| *times > 1).count()
    }
}
