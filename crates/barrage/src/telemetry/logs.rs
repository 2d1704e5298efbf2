//! One line for each fact, on stderr.

use std::collections::HashMap;
use std::io::stderr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    let levels = EnvFilter::new(&config.log_levels).and(OnceAWhile::default());
    tracing_subscriber::registry().with(layer.with_filter(levels)).try_init().map_err(Error::Logs)
}

/// While a broker is away, Kafka's client says so ten times a second, in several ways, all from one place of
/// its code. A few are enough, for they may name a reason; that and since when Kafka is away is told by the
/// probe, once.
#[derive(Debug, Default)]
struct OnceAWhile(Mutex<HashMap<&'static str, Said>>);

/// What was said of late.
#[derive(Clone, Copy, Debug)]
struct Said {
    since: Instant,
    lines: u32,
}

impl OnceAWhile {
    const WHILE: Duration = Duration::from_secs(60);
    /// How many pass in a while: a second reason is not swallowed after the first.
    const LINES: u32 = 3;

    fn lets_pass(&self, level: Level, target: &'static str, now: Instant) -> bool {
        if level != Level::ERROR || !target.contains("rdkafka") {
            return true;
        }
        let nothing = Said { since: now, lines: 0 };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said = all.entry(target).or_insert(nothing);
        if now.duration_since(said.since) >= Self::WHILE {
            *said = nothing;
        }
        said.lines = said.lines.saturating_add(1);
        said.lines <= Self::LINES
    }
}

/// Of levels it says nothing: they are the other filter's, which then still tells them for all at once. It
/// must not say so of callsites as well: who is always enabled may not disable a single event.
impl<S: Subscriber> Filter<S> for OnceAWhile {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let meta = event.metadata();
        self.lets_pass(*meta.level(), meta.target(), Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    #[test]
    fn kafkas_client_complains_thrice_a_minute_and_everybody_else_as_they_like() {
        let (filter, begin) = (OnceAWhile::default(), Instant::now());
        let passed = |level, target, seconds: Range<u64>| {
            let at = |second| begin + Duration::from_secs(second);
            seconds.filter(|second| filter.lets_pass(level, target, at(*second))).count()
        };
        assert_eq!(passed(Level::ERROR, "librdkafka", 0..60), 3);
        assert_eq!(passed(Level::ERROR, "rdkafka", 0..60), 3);
        assert_eq!(passed(Level::ERROR, "librdkafka", 60..120), 3);
        assert_eq!(passed(Level::ERROR, "homepage", 0..60), 60);
        assert_eq!(passed(Level::DEBUG, "librdkafka", 0..60), 60);
    }

    #[test]
    fn the_configured_levels_still_limit_all() {
        let levels = EnvFilter::new("info,librdkafka=error").and(OnceAWhile::default());
        assert_eq!(Filter::<Registry>::max_level_hint(&levels), Some(LevelFilter::INFO));
    }
}
