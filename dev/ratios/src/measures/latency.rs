//! P5 and P6: how long a message takes until it is in the feed, and how long its hops take alone.

mod feed;
mod hops;

use self::{feed::FeedLatency, hops::Hops};
use crate::{
    figures::{Rounds, p50_and_p99},
    finding::{Finding, Findings},
    ratio::{HOPS, IN_THE_FEED, Ratio::P5},
    scope::Scope,
};

/// The load, as a share of the peak.
const SHARE: f64 = 0.3;

pub(crate) async fn measure(scope: &Scope, peak: f64) -> anyhow::Result<Findings> {
    let rate = (peak * SHARE).round().max(1.0) as u32;
    let (mut rounds, mut hops) = (Vec::new(), Vec::new());
    for round in 1..=scope.rounds {
        eprintln!("P5, P6, round {round}: {rate} messages per second, each followed to the feed …");
        let latency = FeedLatency::measure(rate, scope.seconds).await?;
        eprintln!("  {latency}");
        if scope.wants(&[P5]) {
            eprintln!("P5, round {round}: the hops alone …");
            let alone = Hops::measure(rate, scope.seconds, &latency.idle_polls).await?;
            eprintln!("  {alone}");
            hops.push(alone);
        }
        rounds.push(latency);
    }
    let mut findings = Findings::default();
    for (n, (hop, feed)) in HOPS.into_iter().zip(IN_THE_FEED).enumerate() {
        let took: Rounds = rounds.iter().map(|it| p50_and_p99(&it.to_feed)[n]).collect();
        let alone = hops.iter().map(|hops| hops.sum()[n]).collect();
        findings.lines.push(Finding::ratio(hop, took.clone(), alone));
        findings.lines.push(Finding::figure(feed, took));
    }
    if let (Some(latency), Some(hops)) = (rounds.last(), hops.last()) {
        findings.note(format!("P5, the hops alone in the last round: {hops}"));
        findings.note(format!("P5, P6, the last round at {rate} messages per second: {latency}"));
    }
    Ok(findings)
}
