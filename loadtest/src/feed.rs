//! What reads the feed during a run: one follower that looks for our own bullets, and viewers that are load.

use std::{sync::Arc, time::Duration};

use client::{
    browser::{Answer, Ask, Decoder},
    feed::{Follower, MAX_BULLETS},
    homepage::{Bullet, Feed, Homepage},
    http::Error,
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

/// Follows the feed from a cursor on as a stage in a browser does, to see when it has each bullet of ours.
pub(crate) async fn watch(run: Arc<Run>, cursor: String, decoder: Arc<Decoder>) {
    let watch = as_page(&run, &run.homepage, &decoder, Some(cursor), |answer, _, _| {
        answer.feed().map(|feed| record(&run, &feed))
    });
    run.over.run_until_cancelled(watch).await;
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

/// Simulates viewers until the run is over: each follows the feed as a page in a browser does, as often as barrage tells
/// it to. Each has the homepage as its device reaches it.
pub(crate) async fn view(run: Arc<Run>, viewers: Vec<Homepage>, decoder: Arc<Decoder>) {
    let mut tasks = JoinSet::new();
    let count = u32::try_from(viewers.len()).unwrap_or(u32::MAX);
    for (n, homepage) in (0..).zip(viewers) {
        let (run, decoder) = (run.clone(), decoder.clone());
        // Not all at the same time: people do not come so either.
        let begin = Instant::now() + VIEW_AGAIN * n / count;
        tasks.spawn(async move {
            let page = async {
                sleep_until(begin).await;
                as_page(&run, &homepage, &decoder, None, |answer, is_first, took| {
                    let now = jiff::Timestamp::now().as_millisecond();
                    run.measurements.polled(answer, is_first, took, now);
                    Ok(())
                })
                .await
            };
            run.over.run_until_cancelled(page).await
        });
    }
    tasks.join_all().await;
}

/// Follows the feed without end as a page does. Hands over each answer, whether it is the first one, and how long it
/// took.
async fn as_page(
    run: &Run,
    homepage: &Homepage,
    decoder: &Decoder,
    mut cursor: Option<String>,
    see: impl Fn(&Answer, bool, Duration) -> Result<(), Error>,
) {
    loop {
        let (asked, is_first) = (Instant::now(), cursor.is_none());
        let answer = homepage.feed_as_page(Ask::Wait, cursor.as_deref(), decoder).await;
        let seen = answer.and_then(|it| see(&it, is_first, asked.elapsed()).map(|()| it));
        let pause = match seen {
            Ok(answer) => {
                // A homepage that has just started has no cursor to give yet.
                cursor = Some(answer.cursor.clone()).filter(|cursor| !cursor.is_empty());
                Ask::Wait.pause(is_first, &answer)
            }
            Err(error) => {
                run.measurements.failed(Request::Feed, error);
                VIEW_AGAIN
            }
        };
        sleep_until(Instant::now() + pause).await;
    }
}
