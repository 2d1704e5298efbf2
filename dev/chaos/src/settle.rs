//! Waits after the last fault until the stack has healed by itself.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use client::{
    eventually::within,
    homepage::Homepage,
    kafka::{GROUP, Kafka, TOPIC},
};
use futures::future::join_all;
use stack::{Stack, plan::name::BROKER};

use crate::load::Sent;

/// How long the router, or a homepage, may take to finish everything.
const DEADLINE: Duration = Duration::from_secs(120);

/// The topic is complete if it has not grown for this long. A homepage that was frozen may still start a
/// burst for which the load no longer waits.
const NO_GROWTH: Duration = Duration::from_secs(3);

/// How long a homepage may take to count the bursts of another one that has died.
const COUNTING: Duration = Duration::from_secs(300);

/// Waits until the router has finished all records, and every homepage knows it. Returns how long it took.
pub(crate) async fn until_nothing_waits(stack: &Stack, homepages: &[Homepage]) -> Duration {
    let started = Instant::now();
    let kafka = Kafka::at(stack.address(BROKER));
    let (mut high_watermarks, mut grown_at) = (BTreeMap::new(), started);
    within(DEADLINE, "the router has finished all records, and no more come", async || {
        let (now, committed) = (kafka.high_watermarks(TOPIC).await, kafka.committed(GROUP).await);
        if now != high_watermarks {
            (high_watermarks, grown_at) = (now, Instant::now());
        }
        let is_finished = |(partition, end)| committed.get(partition).unwrap_or(&0) >= end;
        !high_watermarks.is_empty()
            && high_watermarks.iter().all(is_finished)
            && grown_at.elapsed() >= NO_GROWTH
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

/// Waits until every burst has ended on every homepage. Returns how long it took.
///
/// A burst whose homepage has died is counted from the topic. The more was sent since, the longer that takes.
pub(crate) async fn until_bursts_have_ended(homepages: &[Homepage], sent: &Sent) -> Duration {
    let started = Instant::now();
    let ends = sent.bursts.keys().map(async |burst| {
        let what = format!("the burst {burst} has ended on every homepage");
        let may_be_unknown = sent.unwritten.contains(burst);
        within(COUNTING, &what, async || has_ended(homepages, burst, may_be_unknown).await).await;
    });
    join_all(ends).await;
    started.elapsed()
}

async fn has_ended(homepages: &[Homepage], burst: &str, may_be_unknown: bool) -> bool {
    for homepage in homepages {
        let has_ended = match homepage.burst(burst).await {
            Ok(burst) => burst.has_ended(),
            Err(error) => may_be_unknown && error.is_not_found(),
        };
        if !has_ended {
            return false;
        }
    }
    true
}
