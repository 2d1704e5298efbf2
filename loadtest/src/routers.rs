//! What the routers say of themselves at `/metrics`.

use std::collections::HashMap;

use reqwest::Url;

use crate::target::{Refusal, Target};

/// The routers that can be asked.
#[derive(Debug)]
pub(crate) struct Routers {
    routers: Vec<Router>,
}

#[derive(Debug)]
struct Router {
    url: Url,
    first: Option<Reading>,
    last: Option<Reading>,
    /// It was started again, so what it counts now is not all.
    began_anew: bool,
}

/// What one router has counted since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Reading {
    calls: f64,
    records: f64,
    in_flight: f64,
    filtered: f64,
    dead: f64,
}

/// What all routers did since they were last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Work {
    /// Records in a call, on average; nothing without a call.
    pub(crate) batch: Option<f64>,
    /// Calls under way now; nothing where nobody answers.
    pub(crate) in_flight: Option<f64>,
}

impl Routers {
    /// Those that answer at these addresses.
    pub(crate) fn new(urls: impl IntoIterator<Item = Url>) -> Self {
        let router = |url| Router { url, first: None, last: None, began_anew: false };
        Self { routers: urls.into_iter().map(router).collect() }
    }

    /// Asks all of them.
    pub(crate) async fn ask(&mut self, target: &Target, failed: impl Fn(Refusal)) -> Work {
        let (mut work, mut calls, mut records) = (Work::default(), 0.0, 0.0);
        for router in &mut self.routers {
            let before = router.last;
            match target.figures(router.url.clone()).await {
                Ok(text) => router.note(Reading::of(&text)),
                Err(refusal) => failed(refusal),
            }
            if let (Some(before), Some(now)) = (before, router.last) {
                calls += (now.calls - before.calls).max(0.0);
                records += (now.records - before.records).max(0.0);
                *work.in_flight.get_or_insert_default() += now.in_flight;
            }
        }
        work.batch = (calls > 0.0).then(|| records / calls);
        work
    }

    /// How many records they have filtered and dead-lettered since they were first asked; nothing where that
    /// is not all there was to know.
    pub(crate) fn filtered_and_dead(&self) -> Option<(u64, u64)> {
        let (mut filtered, mut dead) = (0.0, 0.0);
        for router in &self.routers {
            let (first, last) = (router.first?, router.last.filter(|_| !router.began_anew)?);
            filtered += last.filtered - first.filtered;
            dead += last.dead - first.dead;
        }
        (!self.routers.is_empty()).then_some((filtered as u64, dead as u64))
    }
}

impl Router {
    fn note(&mut self, now: Reading) {
        self.began_anew |= self.last.is_some_and(|last| now.calls < last.calls);
        self.first.get_or_insert(now);
        self.last = Some(now);
    }
}

impl Reading {
    /// Of the text format of Prometheus: a name with its labels, a blank, a number.
    fn of(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.rsplit_once(' '));
        let values: HashMap<&str, f64> =
            lines.filter_map(|(name, value)| Some((name, value.parse().ok()?))).collect();
        let value = |name| values.get(name).copied().unwrap_or_default();
        Self {
            calls: value("router_batch_records_count"),
            records: value("router_batch_records_sum"),
            in_flight: value("router_calls_in_flight"),
            filtered: value(r#"router_records_total{outcome="filtered"}"#),
            dead: value(r#"router_records_total{outcome="dead"}"#),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# HELP router_calls_in_flight Calls that are under way.
router_calls_in_flight 3
router_batch_records_sum 1200
router_batch_records_count 4
router_records_total{outcome=\"filtered\"} 7
router_records_total{outcome=\"dead\"} 1
";

    #[test]
    fn what_a_router_counts_is_read_from_its_metrics() {
        let expected =
            Reading { calls: 4.0, records: 1200.0, in_flight: 3.0, filtered: 7.0, dead: 1.0 };
        assert_eq!(Reading::of(TEXT), expected);
    }

    #[test]
    fn a_router_that_was_started_again_does_not_know_all() {
        let url = Url::parse("http://127.0.0.1:1/metrics").unwrap();
        let mut routers = Routers::new([url]);
        assert_eq!(routers.filtered_and_dead(), None);
        routers.routers[0].note(Reading::of(TEXT));
        assert_eq!(routers.filtered_and_dead(), Some((0, 0)));
        let later = Reading { calls: 5.0, filtered: 9.0, ..Reading::of(TEXT) };
        routers.routers[0].note(later);
        assert_eq!(routers.filtered_and_dead(), Some((2, 0)));
        routers.routers[0].note(Reading::default());
        assert_eq!(routers.filtered_and_dead(), None);
    }

    #[test]
    fn without_routers_to_ask_nothing_is_known() {
        assert_eq!(Routers::new([]).filtered_and_dead(), None);
    }
}
