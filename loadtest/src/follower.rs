//! Follows the feed as closely as it can, to see each bullet of ours when it comes.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};

use crate::{failures::Request, run::Run, target::Feed};

/// The most bullets that an answer can have: of more, it has the newest.
const LIMIT: u32 = 500;

/// How often it asks; so much later than it could be seen, a bullet is seen at the most.
const EVERY: Duration = Duration::from_millis(10);

/// When so many came at once, more may have come since.
const MANY: u64 = 250;

/// After a failure.
const AGAIN: Duration = Duration::from_millis(200);

/// Follows until the run is over. `cursor` is where to begin.
pub(crate) async fn follow(run: Arc<Run>, cursor: String) {
    let mut cursor = cursor;
    let follow = async {
        loop {
            let asked = Instant::now();
            let pause = match run.target.feed(Some(&cursor), LIMIT).await {
                Ok((feed, _)) => {
                    note(&run, &feed);
                    cursor.clone_from(&feed.cursor);
                    if feed.passed > MANY { Duration::ZERO } else { EVERY }
                }
                Err(refusal) => {
                    run.book.failed(Request::Feed, refusal);
                    AGAIN
                }
            };
            sleep_until(asked + pause).await;
        }
    };
    run.over.run_until_cancelled(follow).await;
}

fn note(run: &Run, feed: &Feed) {
    let at = run.began.elapsed();
    for bullet in feed.bullets.iter().filter(|bullet| run.tag.is_of(&bullet.message)) {
        if bullet.burst == bullet.id {
            run.book.seen(bullet.id, bullet.place, at);
        } else {
            // Both are the homepage's clock.
            let took = u64::try_from(feed.now - bullet.sent_at).unwrap_or_default();
            run.book.seen_of_burst(Duration::from_millis(took));
        }
    }
    run.book.told(feed);
}
