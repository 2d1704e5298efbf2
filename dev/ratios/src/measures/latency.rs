//! P5 and P6: how long a message takes until it is seen, and how long its hops take alone.

mod feed;
mod hops;

use self::{feed::Seen, hops::Hops};
use crate::{
    figures::{Rounds, middle_and_tail},
    finding::{Finding, Findings},
    ratio::{HOPS, IN_THE_FEED, Ratio::P5},
    scope::Scope,
};

/// The load, as a share of the peak.
const SHARE: f64 = 0.3;

pub(crate) async fn measure(scope: &Scope, peak: f64) -> anyhow::Result<Findings> {
    let rate = (peak * SHARE).round().max(1.0) as u32;
    let (mut whole, mut hops) = (Vec::new(), Vec::new());
    for round in 1..=scope.rounds {
        eprintln!("P5, P6, round {round}: {rate} messages per second, each followed to the feed …");
        let seen = Seen::measure(rate, scope.seconds).await?;
        eprintln!("  {seen}");
        if scope.wants(&[P5]) {
            eprintln!("P5, round {round}: the hops alone …");
            let alone = Hops::measure(rate, scope.seconds, &seen.poll_alone).await?;
            eprintln!("  {alone}");
            hops.push(alone);
        }
        whole.push(seen);
    }
    let mut findings = Findings::default();
    for (n, (hop, feed)) in HOPS.into_iter().zip(IN_THE_FEED).enumerate() {
        let took: Rounds = whole.iter().map(|seen| middle_and_tail(&seen.in_the_feed)[n]).collect();
        let alone = hops.iter().map(|hops| hops.sum()[n]).collect();
        findings.lines.push(Finding::ratio(hop, took.clone(), alone));
        findings.lines.push(Finding::figure(feed, took));
    }
    if let (Some(seen), Some(hops)) = (whole.last(), hops.last()) {
        findings.note(format!("P5, the last round's hops alone: {hops}"));
        findings.note(format!("P5, P6, the last round at {rate} messages per second: {seen}"));
    }
    Ok(findings)
}
