//! Asks the router how many calls are under way, five times a second.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use client::{eventually::ticks, homepage::Homepage, metrics::Metrics};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

const INTERVAL: Duration = Duration::from_millis(200);

/// A router that takes longer stands still.
const DEADLINE: Duration = Duration::from_secs(1);

/// What the router said.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// When it was asked.
    pub(crate) at: Instant,
    /// Calls under way, those that wait in a processor included.
    pub(crate) calls: f64,
    /// Whether there are records for which there was no call yet.
    pub(crate) is_waiting: bool,
    metrics: Metrics,
}

impl Sample {
    fn new(at: Instant, metrics: Metrics) -> Self {
        let waiting = metrics.get("router_records_waiting").unwrap_or_default();
        let calls = metrics.sum("router_calls_in_flight");
        Self { at, calls, is_waiting: waiting > 0.0, metrics }
    }

    /// What counts as calls. Records that wait are at least one call, as for Knative the request that its activator
    /// holds: it wants the first processor, and keeps it while calls fail.
    pub(crate) fn demand(&self) -> f64 {
        self.calls.max(if self.is_waiting { 1.0 } else { 0.0 })
    }

    /// Whether the router makes no new call to this address.
    pub(crate) fn has_left(&self, url: &str) -> bool {
        self.of_address("router_calls_allowed", url).is_none_or(|calls| calls == 0.0)
    }

    /// The calls to this address that are under way.
    pub(crate) fn calls_to(&self, url: &str) -> f64 {
        self.of_address("router_calls_in_flight", url).unwrap_or_default()
    }

    fn of_address(&self, gauge: &str, url: &str) -> Option<f64> {
        let series = |url: &str| format!("{gauge}{{address=\"{url}\"}}");
        let named = [series(url), series(&format!("{url}/"))];
        named.iter().find_map(|series| self.metrics.get(series))
    }
}

/// Publishes what the router says; `None` when it does not answer. Ends when nobody listens any more.
pub(crate) async fn run(router: SocketAddr, samples: watch::Sender<Option<Arc<Sample>>>) {
    let Ok(router) = Homepage::new(router) else { return };
    let mut due = ticks(INTERVAL);
    while !samples.is_closed() {
        due.tick().await;
        let at = Instant::now();
        let metrics = timeout(DEADLINE, router.metrics()).await.ok().and_then(Result::ok);
        samples.send_replace(metrics.map(|metrics| Arc::new(Sample::new(at, metrics))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(metrics: &str) -> Sample {
        Sample::new(Instant::now(), Metrics::parse(metrics))
    }

    #[test]
    fn calls_to_all_addresses_count() {
        let text = "router_calls_in_flight{address=\"http://a\"} 12\n\
                    router_calls_in_flight{address=\"http://b\"} 21\nrouter_records_waiting 7\n";
        let sample_of_two = sample(text);
        assert_eq!(sample_of_two.demand(), 33.0);
        assert_eq!(["http://a", "http://c"].map(|url| sample_of_two.calls_to(url)), [12.0, 0.0]);
        assert_eq!(sample("").demand(), 0.0);
    }

    #[test]
    fn what_waits_wants_one_processor_and_no_other_one() {
        assert_eq!(sample("router_records_waiting 500\n").demand(), 1.0);
        assert_eq!(sample("router_records_waiting 0\n").demand(), 0.0);
    }

    #[test]
    fn an_address_has_left_when_no_call_is_allowed() {
        let sample = sample(
            "router_calls_allowed{address=\"http://a:1\"} 0\nrouter_calls_allowed{address=\"http://b:1/\"} 3\n",
        );
        let left = ["http://a:1", "http://b:1", "http://c:1"].map(|url| sample.has_left(url));
        assert_eq!(left, [true, false, true]);
    }
}
