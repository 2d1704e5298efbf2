//! Waits after the last fault until all has healed by itself.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use client::{
    eventually::within,
    homepage::Homepage,
    http::Error,
    kafka::{GROUP, Kafka, TOPIC},
};
use futures::future::join_all;
use stack::{Stack, plan::name::BROKER};

use crate::load::Sent;

/// How long each part of that may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// The topic has all when it has not grown for so long. A burst that a homepage was asked for while it
/// stood still may begin afterwards, when nobody waits for the answer any more.
const STILL: Duration = Duration::from_secs(3);

/// How long it may take until every burst is counted.
const COUNTED: Duration = Duration::from_secs(300);

/// Waits until the router has finished all there is, and every homepage knows it. Says how long it
/// took.
pub(crate) async fn settle(stack: &Stack, homepages: &[Homepage]) -> Duration {
    let started = Instant::now();
    let kafka = Kafka::at(stack.address(BROKER));
    let (mut ends, mut grew) = (BTreeMap::new(), started);
    within(DEADLINE, "the router has finished all records, and no more come", async || {
        let (now, committed) = (kafka.high_watermarks(TOPIC).await, kafka.committed(GROUP).await);
        if now != ends {
            (ends, grew) = (now, Instant::now());
        }
        let is_finished = |(partition, end)| committed.get(partition).unwrap_or(&0) >= end;
        !ends.is_empty() && ends.iter().all(is_finished) && grew.elapsed() >= STILL
    })
    .await;
    for homepage in homepages {
        let what = format!("nothing waits on {}", homepage.url());
        within(DEADLINE, &what, async || {
            let feed = homepage.feed(None, 1).await;
            feed.is_ok_and(|feed| feed.totals.since.is_some() && feed.totals.waiting == 0)
        })
        .await;
    }
    started.elapsed()
}

/// Waits until every homepage knows the end of every burst. One whose homepage has died is counted
/// anew from the topic, which takes the longer the more has been sent since.
pub(crate) async fn end_bursts(homepages: &[Homepage], sent: &Sent) -> Duration {
    let started = Instant::now();
    // Each of those whose homepage died is counted anew from the topic, which takes its time.
    let ends = sent.bursts.keys().map(async |burst| {
        let what = format!("the burst {burst} has ended on every homepage");
        let may_be_unknown = sent.unwritten.contains(burst);
        within(COUNTED, &what, async || all_have_ended(homepages, burst, may_be_unknown).await)
            .await;
    });
    join_all(ends).await;
    started.elapsed()
}

async fn all_have_ended(homepages: &[Homepage], burst: &str, may_be_unknown: bool) -> bool {
    for homepage in homepages {
        let has_ended = match homepage.burst(burst).await {
            Ok(burst) => matches!(burst.state.as_str(), "done" | "stopped" | "failed"),
            Err(error) => may_be_unknown && is_unknown(&error),
        };
        if !has_ended {
            return false;
        }
    }
    true
}

/// Whether a homepage says that there is no such burst.
pub(crate) fn is_unknown(error: &Error) -> bool {
    error.is_not_found()
}
