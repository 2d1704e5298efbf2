//! What one service says in one answer.

use client::metrics::Metrics;

/// What a service has counted since its start, and what it does now. A value is `None` where it is another service's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reading {
    /// The CPU time since its start, in seconds.
    pub(super) cpu: Option<f64>,
    /// The memory it holds, in bytes.
    pub(super) memory: Option<f64>,
    /// Calls of a router, and the records in them.
    pub(super) calls: Option<f64>,
    pub(super) records: Option<f64>,
    /// Calls of a router that are under way.
    pub(super) in_flight: Option<f64>,
    /// Records that a router has filtered, and those that it has dead-lettered.
    pub(super) filtered: Option<f64>,
    pub(super) dead: Option<f64>,
    /// Calls that a processor works on.
    pub(super) processing: Option<f64>,
    /// Requests of a homepage that read the table.
    pub(super) table_reads: Option<f64>,
}

const FILTERED: &str = r#"router_records_total{outcome="filtered"}"#;

impl Reading {
    pub(super) fn of(metrics: &Metrics) -> Self {
        let value = |name| metrics.get(name);
        // A service has these two from its start. It lacks other counters until it counts the first time.
        let is_homepage = value("homepage_waiting_records").is_some();
        let is_router = value(FILTERED).is_some();
        let count = |name, is_its: bool| is_its.then(|| value(name).unwrap_or_default());
        Self {
            cpu: value("process_cpu_seconds_total"),
            memory: value("process_resident_memory_bytes"),
            calls: count("router_batch_records_count", is_router),
            records: count("router_batch_records_sum", is_router),
            in_flight: is_router.then(|| metrics.sum("router_calls_in_flight")),
            filtered: value(FILTERED),
            dead: value(r#"router_records_total{outcome="dead_lettered"}"#),
            processing: value("processor_calls_in_flight"),
            table_reads: count("barrage_table_reads_total", is_homepage),
        }
    }

    /// Tells which service it is by the values that it has.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self { in_flight: Some(_), .. } => "event-router",
            Self { processing: Some(_), .. } => "message-processor",
            Self { table_reads: Some(_), .. } => "homepage",
            _ => "service",
        }
    }

    /// Whether it was restarted since: a counter is less than it was.
    pub(super) fn began_after(&self, before: Self) -> bool {
        let counted: [Counted; 5] =
            [|it| it.cpu, |it| it.calls, |it| it.records, |it| it.filtered, |it| it.dead];
        counted.into_iter().any(|of| of(self) < of(&before))
    }

    /// How much was counted since; after a restart, all that is counted now.
    pub(super) fn since(&self, before: Self, of: Counted) -> Option<f64> {
        let (before, now) = (of(&before)?, of(self)?);
        Some(if now < before { now } else { now - before })
    }
}

/// A counter of a reading.
pub(super) type Counted = fn(&Reading) -> Option<f64>;

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(text: &str) -> Reading {
        Reading::of(&Metrics::parse(text))
    }

    const ROUTER: &str = "\
# HELP router_calls_in_flight Calls that are under way.
router_calls_in_flight{address=\"http://a:1\"} 1
router_calls_in_flight{address=\"http://b:1\"} 2
router_batch_records_sum 1200
router_batch_records_count 4
router_records_total{outcome=\"filtered\"} 7
router_records_total{outcome=\"dead_lettered\"} 1
process_cpu_seconds_total 1.5
";

    #[test]
    fn the_counters_of_a_service_are_read_from_its_metrics() {
        let expected = Reading {
            cpu: Some(1.5),
            calls: Some(4.0),
            records: Some(1200.0),
            in_flight: Some(3.0),
            filtered: Some(7.0),
            dead: Some(1.0),
            ..Reading::default()
        };
        assert_eq!((reading(ROUTER), expected.kind()), (expected, "event-router"));
    }

    #[test]
    fn a_service_is_known_by_its_metrics() {
        for (text, kind) in [
            ("processor_calls_in_flight 0\nbarrage_table_reads_total 3\n", "message-processor"),
            ("homepage_waiting_records 0\n", "homepage"),
            ("up 1\n", "service"),
        ] {
            assert_eq!(reading(text).kind(), kind);
        }
    }

    #[test]
    fn after_a_restart_all_that_is_counted_is_new() {
        let calls = |calls| Reading { calls: Some(calls), ..Reading::default() };
        let since = |before, now: f64| calls(now).since(before, |it| it.calls);
        assert_eq!(since(calls(3.0), 5.0), Some(2.0));
        assert_eq!(since(calls(3.0), 1.0), Some(1.0));
        assert_eq!(since(Reading::default(), 5.0), None);
        assert!(calls(1.0).began_after(calls(3.0)) && !calls(3.0).began_after(calls(3.0)));
    }
}
