//! The log: one line for each fact, on stderr.

use std::collections::HashMap;
use std::io::stderr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use super::config::LogFormat;
use super::{Config, Error};

pub(super) fn init(config: &Config) -> Result<(), Error> {
    let layer = fmt::layer().with_writer(stderr).with_target(true);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match config.log_format {
        LogFormat::Text => layer.with_ansi(false).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let levels = EnvFilter::new(&config.log_levels).and(KafkaErrorLimit::default());
    tracing_subscriber::registry().with(layer.with_filter(levels)).try_init().map_err(Error::Logs)
}

/// Limits the error lines of librdkafka. While a broker is away it writes about ten a second, in several
/// wordings, all from one place of its code. The first few are enough: they may name a reason. That and
/// since when Kafka does not answer is logged once, by the service's probe.
#[derive(Debug, Default)]
struct KafkaErrorLimit(Mutex<HashMap<&'static str, Window>>);

/// The lines of one target since a point in time.
#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    lines: u32,
}

impl KafkaErrorLimit {
    const WINDOW: Duration = Duration::from_secs(60);
    /// How many lines of a target pass in a window. More than one, so that a second reason is seen too.
    const LINES: u32 = 3;

    fn passes(&self, level: Level, target: &'static str, now: Instant) -> bool {
        if level != Level::ERROR || !target.contains("rdkafka") {
            return true;
        }
        let empty = Window { since: now, lines: 0 };
        let mut windows = self.0.lock();
        let window = windows.entry(target).or_insert(empty);
        if now.duration_since(window.since) >= Self::WINDOW {
            *window = empty;
        }
        window.lines = window.lines.saturating_add(1);
        window.lines <= Self::LINES
    }
}

/// This filter decides about single events and leaves levels to the `EnvFilter` that it is combined with.
/// So its level hint is the widest one. It must not implement `callsite_enabled`: for a callsite that is
/// always enabled, `event_enabled` is not called.
impl<S: Subscriber> Filter<S> for KafkaErrorLimit {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let meta = event.metadata();
        self.passes(*meta.level(), meta.target(), Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    #[test]
    fn errors_of_librdkafka_pass_three_times_a_minute_and_all_other_lines_always() {
        let (filter, begin) = (KafkaErrorLimit::default(), Instant::now());
        let passed = |level, target, seconds: Range<u64>| {
            let at = |second| begin + Duration::from_secs(second);
            seconds.filter(|second| filter.passes(level, target, at(*second))).count()
        };
        assert_eq!(passed(Level::ERROR, "librdkafka", 0..60), 3);
        assert_eq!(passed(Level::ERROR, "rdkafka", 0..60), 3);
        assert_eq!(passed(Level::ERROR, "librdkafka", 60..120), 3);
        assert_eq!(passed(Level::ERROR, "homepage", 0..60), 60);
        assert_eq!(passed(Level::DEBUG, "librdkafka", 0..60), 60);
    }

    #[test]
    fn the_configured_levels_apply_all_the_same() {
        let levels = EnvFilter::new("info,librdkafka=error").and(KafkaErrorLimit::default());
        assert_eq!(Filter::<Registry>::max_level_hint(&levels), Some(LevelFilter::INFO));
    }
}
