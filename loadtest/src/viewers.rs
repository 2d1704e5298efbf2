//! Viewers: each polls the feed as a page does, as often as barrage tells it to.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{failures::Request, run::Run};

/// How many bullets a page asks for.
const LIMIT: u32 = 100;

/// After a failure.
const AGAIN: Duration = Duration::from_secs(1);

/// Looks on until the run is over.
pub(crate) async fn look_on(run: Arc<Run>, count: u32) {
    let mut viewers = JoinSet::new();
    for n in 0..count {
        let run = run.clone();
        // Not all at once: people do not come so either.
        let begin = Instant::now() + AGAIN * n / count;
        viewers.spawn(async move {
            let look = look(&run, begin);
            run.over.run_until_cancelled(look).await;
        });
    }
    viewers.join_all().await;
}

async fn look(run: &Run, begin: Instant) {
    let mut cursor: Option<String> = None;
    sleep_until(begin).await;
    loop {
        let asked = Instant::now();
        let pause = match run.target.feed(cursor.as_deref(), LIMIT).await {
            Ok((mut feed, bytes)) => {
                if cursor.is_none() {
                    // What was there before is not for this viewer.
                    feed.passed = feed.bullets.len() as u64;
                }
                run.book.polled(&feed, bytes, asked.elapsed());
                cursor = Some(feed.cursor);
                Duration::from_millis(feed.poll_after_ms.into())
            }
            Err(refusal) => {
                run.book.failed(Request::Feed, refusal);
                AGAIN
            }
        };
        sleep_until(Instant::now() + pause).await;
    }
}
