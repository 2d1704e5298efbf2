//! One answer of one service.

use std::collections::HashMap;

/// What a service has counted since it began, and what it does now; nothing of what it does not tell, because
/// it is none of its concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reading {
    /// Seconds that it kept a core busy.
    pub(super) cpu: Option<f64>,
    /// Bytes that it holds.
    pub(super) memory: Option<f64>,
    /// Calls of a router.
    pub(super) calls: Option<f64>,
    /// Records in them.
    pub(super) records: Option<f64>,
    /// Calls of a router that are under way.
    pub(super) in_flight: Option<f64>,
    /// Records that a router has filtered.
    pub(super) filtered: Option<f64>,
    /// Records that a router has dead-lettered.
    pub(super) dead: Option<f64>,
    /// Calls that a processor works on.
    pub(super) processing: Option<f64>,
    /// Requests of a homepage that read the table.
    pub(super) table_reads: Option<f64>,
}

const FILTERED: &str = r#"router_records_total{outcome="filtered"}"#;

impl Reading {
    /// Of the text format of Prometheus: a name with its labels, a blank, a number.
    pub(super) fn of(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.rsplit_once(' '));
        let values: HashMap<&str, f64> =
            lines.filter_map(|(name, value)| Some((name, value.parse().ok()?))).collect();
        let value = |name| values.get(name).copied();
        // Each tells of these from its start; what it has not done yet, it does not count.
        let is_homepage = values.contains_key("homepage_waiting_records");
        let is_router = values.contains_key(FILTERED);
        let count = |name, is_its: bool| is_its.then(|| value(name).unwrap_or_default());
        Self {
            cpu: value("process_cpu_seconds_total"),
            memory: value("process_resident_memory_bytes"),
            calls: count("router_batch_records_count", is_router),
            records: count("router_batch_records_sum", is_router),
            in_flight: count("router_calls_in_flight", is_router),
            filtered: value(FILTERED),
            dead: value(r#"router_records_total{outcome="dead_lettered"}"#),
            processing: value("processor_calls_in_flight"),
            table_reads: count("barrage_table_reads_total", is_homepage),
        }
    }

    /// Which of the services it is.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self { in_flight: Some(_), .. } => "event-router",
            Self { processing: Some(_), .. } => "message-processor",
            Self { table_reads: Some(_), .. } => "homepage",
            _ => "service",
        }
    }

    /// Whether it was started again since: something that is counted is less than it was.
    pub(super) fn began_after(&self, before: Self) -> bool {
        let counted: [Counted; 5] =
            [|it| it.cpu, |it| it.calls, |it| it.records, |it| it.filtered, |it| it.dead];
        counted.into_iter().any(|of| of(self) < of(&before))
    }

    /// How much more it is than before; all of it after a new start. Nothing where either is not known.
    pub(super) fn since(&self, before: Self, of: Counted) -> Option<f64> {
        let (before, now) = (of(&before)?, of(self)?);
        Some(if now < before { now } else { now - before })
    }
}

/// Something that is counted.
pub(super) type Counted = fn(&Reading) -> Option<f64>;

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTER: &str = "\
# HELP router_calls_in_flight Calls that are under way.
router_calls_in_flight 3
router_batch_records_sum 1200
router_batch_records_count 4
router_records_total{outcome=\"filtered\"} 7
router_records_total{outcome=\"dead_lettered\"} 1
process_cpu_seconds_total 1.5
";

    #[test]
    fn what_a_service_counts_is_read_from_its_metrics() {
        let expected = Reading {
            cpu: Some(1.5),
            calls: Some(4.0),
            records: Some(1200.0),
            in_flight: Some(3.0),
            filtered: Some(7.0),
            dead: Some(1.0),
            ..Reading::default()
        };
        assert_eq!((Reading::of(ROUTER), expected.kind()), (expected, "event-router"));
    }

    #[test]
    fn a_service_is_known_by_what_it_tells() {
        for (text, kind) in [
            ("processor_calls_in_flight 0\nbarrage_table_reads_total 3\n", "message-processor"),
            ("homepage_waiting_records 0\n", "homepage"),
            ("up 1\n", "service"),
        ] {
            assert_eq!(Reading::of(text).kind(), kind);
        }
    }

    #[test]
    fn what_was_counted_since_is_all_of_it_after_a_new_start() {
        let calls = |calls| Reading { calls: Some(calls), ..Reading::default() };
        let since = |before, now: f64| calls(now).since(before, |it| it.calls);
        assert_eq!(since(calls(3.0), 5.0), Some(2.0));
        assert_eq!(since(calls(3.0), 1.0), Some(1.0));
        assert_eq!(since(Reading::default(), 5.0), None);
        assert!(calls(1.0).began_after(calls(3.0)) && !calls(3.0).began_after(calls(3.0)));
    }
}
