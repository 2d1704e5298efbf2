//! What reads the feed during a run: one follower that looks for our own bullets, and viewers that are load.

use std::{sync::Arc, time::Duration};

use client::{
    feed::{Follower, MAX_BULLETS},
    homepage::{Bullet, Feed},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{failures::Request, run::Run};

/// How often the follower polls. A bullet is seen at most so much later than it could be.
const FOLLOW: Duration = Duration::from_millis(10);

/// When an answer had more bullets than this, more may have come since: the follower polls again at once.
const MANY: u64 = 250;

/// How long the follower waits after a failure.
const FOLLOW_AGAIN: Duration = Duration::from_millis(200);

/// How many bullets a page requests in a poll.
const PAGE: u32 = 100;

/// How long a viewer waits after a failure.
const VIEW_AGAIN: Duration = Duration::from_secs(1);

/// Follows the feed from a cursor on until the run is over, to see each bullet of ours when it comes.
pub(crate) async fn follow(run: Arc<Run>, cursor: String) {
    let mut follower = Follower::from(cursor);
    let follow = async {
        loop {
            let polled = Instant::now();
            let pause = match follower.poll(&run.homepage, MAX_BULLETS).await {
                Ok(feed) => {
                    record(&run, &feed);
                    if feed.passed > MANY { Duration::ZERO } else { FOLLOW }
                }
                Err(error) => {
                    run.measurements.failed(Request::Feed, error);
                    FOLLOW_AGAIN
                }
            };
            sleep_until(polled + pause).await;
        }
    };
    run.over.run_until_cancelled(follow).await;
}

fn record(run: &Run, feed: &Feed) {
    let at = run.began.elapsed();
    for bullet in feed.bullets.iter().filter(|bullet| run.tag.is_of(&bullet.message)) {
        if bullet.burst != bullet.id {
            run.measurements.seen_of_burst(age(bullet, feed.now));
        } else if let Ok(id) = bullet.id.parse() {
            run.measurements.seen(id, bullet.position(), at);
        }
    }
    run.measurements.totals(feed);
}

/// How long ago a bullet was sent; both times are of the homepage's clock.
fn age(bullet: &Bullet, now: i64) -> Duration {
    Duration::from_millis(u64::try_from(now - bullet.sent_at).unwrap_or_default())
}

/// Simulates viewers until the run is over: each polls the feed as a page does, as often as barrage tells it to.
pub(crate) async fn view(run: Arc<Run>, viewers: u32) {
    let mut tasks = JoinSet::new();
    for n in 0..viewers {
        let run = run.clone();
        // Not all at the same time: people do not come so either.
        let begin = Instant::now() + VIEW_AGAIN * n / viewers;
        tasks.spawn(async move { run.over.run_until_cancelled(poll_as_page(&run, begin)).await });
    }
    tasks.join_all().await;
}

async fn poll_as_page(run: &Run, begin: Instant) {
    let mut follower = Follower::default();
    sleep_until(begin).await;
    loop {
        let polled = Instant::now();
        let pause = match follower.poll(&run.homepage, PAGE).await {
            Ok(feed) => {
                run.measurements.polled(&feed, polled.elapsed());
                Duration::from_millis(feed.poll_after_ms.into())
            }
            Err(error) => {
                run.measurements.failed(Request::Feed, error);
                VIEW_AGAIN
            }
        };
        sleep_until(Instant::now() + pause).await;
    }
}
