//! One line for each fact, on stderr.

use std::collections::HashMap;
use std::io::stderr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

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

/// While a broker is away, Kafka's client says so ten times a second, in several ways. One of each is
/// enough, for it may name a reason; that and since when Kafka is away is told by the probe, once.
#[derive(Debug, Default)]
struct OnceAWhile(Mutex<HashMap<&'static str, Instant>>);

impl OnceAWhile {
    const WHILE: Duration = Duration::from_secs(60);

    fn lets_pass(&self, level: Level, target: &'static str, now: Instant) -> bool {
        if level != Level::ERROR || !target.contains("rdkafka") {
            return true;
        }
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.get(target).is_none_or(|at| now.duration_since(*at) >= Self::WHILE);
        if is_due {
            last.insert(target, now);
        }
        is_due
    }
}

impl<S: Subscriber> Filter<S> for OnceAWhile {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let meta = event.metadata();
        self.lets_pass(*meta.level(), meta.target(), Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafkas_client_complains_once_a_minute_and_everybody_else_as_they_like() {
        let (filter, begin) = (OnceAWhile::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        let passes = |target, seconds| filter.lets_pass(Level::ERROR, target, at(seconds));
        assert!(passes("librdkafka", 0) && passes("rdkafka", 0));
        assert!(!passes("librdkafka", 59) && !passes("rdkafka", 1));
        assert!(passes("librdkafka", 60) && !passes("librdkafka", 61));
        assert!((0..9).all(|second| passes("homepage", second)));
        assert!((0..9).all(|_| filter.lets_pass(Level::DEBUG, "librdkafka", begin)));
    }
}
