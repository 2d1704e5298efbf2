//! Latencies: over the whole run, and in each second of it.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::report;

/// The precision in significant digits, and the largest value: an hour in microseconds.
const DIGITS: u8 = 3;
const LONGEST: u64 = 3_600_000_000;

/// The histograms of one latency.
#[derive(Debug)]
pub(crate) struct Latency {
    all: Histogram<u64>,
    second: Histogram<u64>,
}

/// The percentiles of one second, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Default for Latency {
    fn default() -> Self {
        let empty = || {
            let histogram = Histogram::new_with_bounds(1, LONGEST, DIGITS);
            histogram.expect("the bounds are those that a histogram may have")
        };
        Self { all: empty(), second: empty() }
    }
}

impl Latency {
    /// Counts one value. What takes longer than an hour counts as an hour.
    pub(crate) fn record(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(LONGEST);
        self.second.saturating_record(micros);
        self.all.saturating_record(micros);
    }

    /// Ends the current second; `None` where nothing was measured in it.
    pub(crate) fn end_second(&mut self) -> Option<Moment> {
        let moment = (!self.second.is_empty()).then(|| Moment {
            p50: millis(self.second.value_at_quantile(0.5)),
            p99: millis(self.second.value_at_quantile(0.99)),
        });
        self.second.reset();
        moment
    }

    /// The distribution over the whole run; `None` where nothing was measured.
    pub(crate) fn summary(&self) -> Option<report::Latency> {
        let quantile = |share| millis(self.all.value_at_quantile(share));
        (!self.all.is_empty()).then(|| report::Latency {
            count: self.all.len(),
            mean: self.all.mean() / 1000.0,
            p50: quantile(0.5),
            p90: quantile(0.9),
            p95: Some(quantile(0.95)),
            p99: quantile(0.99),
            p999: quantile(0.999),
            max: millis(self.all.max()),
        })
    }
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_exact_to_two_per_mille() {
        let mut latency = Latency::default();
        assert_eq!(latency.summary(), None);
        (1..=1000).for_each(|millis| latency.record(Duration::from_millis(millis)));
        let summary = latency.summary().unwrap();
        assert_eq!(summary.count, 1000);
        for (measured, exact) in [
            (summary.p50, 500.0),
            (summary.p90, 900.0),
            (summary.p95.unwrap(), 950.0),
            (summary.p99, 990.0),
            (summary.max, 1000.0),
        ] {
            assert!((measured / exact - 1.0_f64).abs() < 0.002, "{measured} {exact}");
        }
    }

    #[test]
    fn each_second_starts_empty() {
        let mut latency = Latency::default();
        latency.record(Duration::from_millis(10));
        assert!(latency.end_second().is_some());
        assert_eq!(latency.end_second(), None);
        assert_eq!(latency.summary().unwrap().count, 1);
    }

    #[test]
    fn what_takes_days_counts_as_an_hour() {
        let mut latency = Latency::default();
        latency.record(Duration::from_secs(1_000_000));
        assert!(latency.summary().unwrap().max < 3_700_000.0);
    }
}
