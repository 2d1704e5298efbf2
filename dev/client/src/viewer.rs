//! A viewer: polls the feed with its cursor, on whichever homepage, and drops what it has by its id.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    eventually::{eventually, within},
    homepage::{Bullet, Homepage},
};

/// The most bullets that one answer has.
const LIMIT: u32 = 500;

/// Longer than anybody watches.
const MEANTIME: Duration = Duration::from_secs(180);

/// What one viewer has seen.
#[derive(Debug, Default)]
pub struct Viewer {
    cursor: Option<String>,
    /// Every bullet by its id, and how often it came.
    seen: BTreeMap<String, (Bullet, u32)>,
}

impl Viewer {
    /// Polls once. A homepage that does not answer is polled again later, as a page does.
    pub async fn poll(&mut self, homepage: &Homepage) {
        let Ok(feed) = homepage.feed(self.cursor.as_deref(), LIMIT).await else { return };
        if self.cursor.is_some() {
            assert_eq!(feed.passed, feed.bullets.len() as u64, "it is a sample, not all");
        }
        for bullet in feed.bullets {
            self.seen.entry(bullet.id.clone()).or_insert((bullet, 0)).1 += 1;
        }
        self.cursor = Some(feed.cursor);
    }

    /// Polls these homepages by turns in the meantime, whatever that waits for: more may come than one poll
    /// has room for when nobody polls.
    pub async fn watch<T>(
        &mut self,
        homepages: &[&Homepage],
        meantime: impl Future<Output = T>,
    ) -> T {
        let mut turns = homepages.iter().cycle();
        let polls = within(MEANTIME, "the meantime ends", async || {
            self.poll(turns.next().expect("there is a homepage")).await;
            false
        });
        tokio::select! {
            ended = meantime => ended,
            () = polls => unreachable!("it only ends by a panic"),
        }
    }

    /// Polls on until it has drawn all that was accepted of these bursts.
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

    /// How many bullets of a burst it has drawn: each id once, however often it came.
    pub fn drawn(&self, burst: &str) -> usize {
        self.seen.values().filter(|(bullet, _)| bullet.burst == burst).count()
    }

    /// Fails unless each of these rows is a bullet that was drawn, and nothing else of their bursts is.
    pub fn assert_drew(&self, rows: &[Bullet]) {
        let key = |row: &Bullet| (row.burst.clone(), row.sender, row.seq);
        let mut drawn: Vec<_> = self.seen.values().map(|(bullet, _)| key(bullet)).collect();
        drawn.sort();
        let mut stored: Vec<_> = rows.iter().map(key).collect();
        stored.sort();
        assert_eq!(drawn.len(), stored.len(), "bullets drawn, and rows");
        assert!(drawn == stored, "other bullets were drawn than there are rows");
    }

    /// How many bullets came more than once, and were dropped by their id.
    pub fn came_again(&self) -> usize {
        self.seen.values().filter(|(_, times)| *times > 1).count()
    }
}
