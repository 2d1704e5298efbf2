//! What the services do, as their metrics say it.

mod reading;

use std::time::Duration;

use client::{
    base_url::BaseUrl,
    http::{ClientError, Error, Url},
    metrics::Scraper,
    trust::Trust,
};
use futures::future::join_all;
use tokio::time::Instant;

use self::reading::Reading;
use crate::report::{Process, Second};

/// How long a service may take to answer: its values are samples of this second.
const TIMEOUT: Duration = Duration::from_millis(400);

/// The client that reads the metrics of a barrage.
pub(crate) fn scraper(barrage: &BaseUrl, trust: &Trust) -> Result<Scraper, ClientError> {
    Scraper::new(barrage, trust, TIMEOUT)
}

/// The services whose metrics are read.
#[derive(Debug)]
pub(crate) struct Services {
    scraper: Scraper,
    services: Vec<Service>,
}

impl Services {
    /// How often a service that does not answer is tried again.
    const TRIES: u32 = 3;

    /// Those that serve their metrics at these URLs.
    pub(crate) fn new(scraper: Scraper, urls: impl IntoIterator<Item = Url>) -> Self {
        Self { scraper, services: urls.into_iter().map(Service::new).collect() }
    }

    /// Reads what they have counted before a run. If a service answers only during the run, its first counts include a
    /// part of the run.
    pub(crate) async fn begin(&mut self) {
        self.retry().await;
        self.mark();
    }

    fn mark(&mut self) {
        for service in &mut self.services {
            service.first = service.last.map(|(_, reading)| reading);
        }
    }

    /// Reads the metrics again of those that did not answer the last time.
    pub(crate) async fn retry(&mut self) {
        for _ in 0..Self::TRIES {
            let silent = self.services.iter_mut().filter(|it| it.last.is_none() || it.silent > 0);
            let scrapes = silent.map(async |service| {
                if let Ok(metrics) = self.scraper.scrape(&service.url).await {
                    service.record(Reading::of(&metrics), Instant::now());
                }
            });
            join_all(scrapes).await;
        }
    }

    /// Reads the metrics of all of them at the same time. Returns a second that has only what they did since
    /// they last answered.
    pub(crate) async fn scrape(&mut self, failed: impl Fn(Error)) -> Second {
        let (mut second, mut calls, mut records) = (Second::default(), None, None);
        let scrapes = self.services.iter().map(async |service| {
            let answer = self.scraper.scrape(&service.url).await;
            (answer, Instant::now())
        });
        let answers = join_all(scrapes).await;
        for (service, (answer, at)) in self.services.iter_mut().zip(answers) {
            let change = match answer {
                Ok(metrics) => service.record(Reading::of(&metrics), at),
                Err(error) => {
                    failed(error);
                    service.silent += 1;
                    Change::default()
                }
            };
            add(&mut calls, change.calls);
            add(&mut records, change.records);
            add(&mut second.in_flight, change.in_flight);
            add(&mut second.processing, change.processing);
            add(&mut second.table_reads, change.table_reads);
            second.processes.extend(service.usage(change));
        }
        let per_call = |(records, calls)| records / calls;
        second.batch = records.zip(calls.filter(|calls| *calls > 0.0)).map(per_call);
        second
    }

    /// How many records the routers have filtered and dead-lettered since the run began. `None` where they may
    /// not have counted all of them.
    pub(crate) fn filtered_and_dead(&self) -> Option<(u64, u64)> {
        let mut sum = None;
        for service in &self.services {
            // A service that has never answered may be a router.
            let (_, last) = service.last?;
            if last.filtered.is_none() {
                continue;
            }
            // A service that answered only during the run had counted some of it by then.
            let first = service.first?;
            if service.restarts > 0 || service.silent > 0 {
                return None;
            }
            let filtered = last.since(first, |it| it.filtered).unwrap_or_default();
            let dead = last.since(first, |it| it.dead).unwrap_or_default();
            let (sum_filtered, sum_dead) = sum.get_or_insert((0, 0));
            *sum_filtered += filtered as u64;
            *sum_dead += dead as u64;
        }
        sum
    }
}

fn add(sum: &mut Option<f64>, of_one: Option<f64>) {
    if let Some(of_one) = of_one {
        *sum.get_or_insert_default() += of_one;
    }
}

/// A service whose metrics are read.
#[derive(Debug)]
struct Service {
    url: Url,
    /// Its values before the run began.
    first: Option<Reading>,
    last: Option<(Instant, Reading)>,
    /// After a restart, what it counts is not all.
    restarts: u32,
    /// How often in a row it has not answered until now.
    silent: u32,
}

/// What one service did since it last answered; table reads are per second.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    calls: Option<f64>,
    records: Option<f64>,
    in_flight: Option<f64>,
    processing: Option<f64>,
    table_reads: Option<f64>,
    /// How many cores it kept busy.
    cpu: Option<f64>,
}

impl Service {
    /// How often in a row it must be silent to count as ended: before that it may only be busy.
    const BUSY: u32 = 3;
    /// The CPU clock of a process is too coarse for a shorter time.
    const SHORTEST: Duration = Duration::from_millis(100);

    fn new(url: Url) -> Self {
        Self { url, first: None, last: None, restarts: 0, silent: 0 }
    }

    /// Records its values. Returns what it did since the last ones.
    fn record(&mut self, now: Reading, at: Instant) -> Change {
        self.silent = 0;
        let last = self.last.replace((at, now));
        let change =
            Change { in_flight: now.in_flight, processing: now.processing, ..Change::default() };
        let Some((before_at, before)) = last else { return change };
        self.restarts += u32::from(now.began_after(before));
        let elapsed = at - before_at;
        let rate = |of| {
            let more = now.since(before, of).filter(|_| elapsed >= Self::SHORTEST);
            more.map(|more| more / elapsed.as_secs_f64())
        };
        Change {
            calls: now.since(before, |it| it.calls),
            records: now.since(before, |it| it.records),
            table_reads: rate(|it| it.table_reads),
            cpu: rate(|it| it.cpu),
            ..change
        }
    }

    /// What it has used. `None` while it is not known which service it is, or whether it still runs.
    fn usage(&self, change: Change) -> Option<Process> {
        let (_, last) = self.last.filter(|_| !(1..Self::BUSY).contains(&self.silent))?;
        let port = self.url.port_or_known_default().unwrap_or_default();
        let at = format!("{}:{port}", self.url.host_str().unwrap_or_default());
        let memory = last.memory.filter(|_| self.silent == 0);
        Some(Process {
            name: format!("{} at {at}", last.kind()),
            cpu: change.cpu,
            rss_mib: memory.map(|bytes| bytes / f64::from(1 << 20)),
            restarts: self.restarts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(cpu: f64, filtered: f64, dead: f64) -> Reading {
        let [cpu, filtered, dead] = [cpu, filtered, dead].map(Some);
        Reading { cpu, filtered, dead, in_flight: Some(0.0), ..Reading::default() }
    }

    fn services(urls: impl IntoIterator<Item = Url>) -> Services {
        let barrage = BaseUrl::parse("http://127.0.0.1:1").unwrap();
        Services::new(scraper(&barrage, &Trust::Nobody).unwrap(), urls)
    }

    fn one_service() -> Services {
        services([Url::parse("http://127.0.0.1:1/metrics").unwrap()])
    }

    #[test]
    fn a_router_that_was_restarted_has_not_counted_all() {
        let (mut services, now) = (one_service(), Instant::now());
        services.services[0].record(router(1.0, 7.0, 1.0), now);
        services.mark();
        assert_eq!(services.filtered_and_dead(), Some((0, 0)));
        services.services[0].record(router(2.0, 9.0, 1.0), now);
        assert_eq!(services.filtered_and_dead(), Some((2, 0)));
        // It used CPU time after its restart, but has filtered nothing yet.
        services.services[0].record(router(2.5, 0.0, 0.0), now);
        assert_eq!(services.filtered_and_dead(), None);
    }

    #[test]
    fn a_router_that_answers_only_during_the_run_has_not_counted_all() {
        let mut services = one_service();
        services.mark();
        services.services[0].record(router(1.0, 7.0, 1.0), Instant::now());
        services.services[0].record(router(2.0, 9.0, 1.0), Instant::now());
        assert_eq!(services.filtered_and_dead(), None);
    }

    #[test]
    fn another_service_that_answers_only_during_the_run_does_not_matter() {
        let url = |port| Url::parse(&format!("http://127.0.0.1:{port}/metrics")).unwrap();
        let mut services = services([url(1), url(2)]);
        services.services[0].record(router(1.0, 7.0, 1.0), Instant::now());
        services.mark();
        assert_eq!(services.filtered_and_dead(), None);
        services.services[1]
            .record(Reading { cpu: Some(1.0), ..Reading::default() }, Instant::now());
        assert_eq!(services.filtered_and_dead(), Some((0, 0)));
    }

    #[test]
    fn a_router_that_does_not_answer_any_more_has_not_counted_all() {
        let mut services = one_service();
        services.services[0].record(router(1.0, 7.0, 1.0), Instant::now());
        services.mark();
        services.services[0].silent = 1;
        assert_eq!(services.filtered_and_dead(), None);
    }

    #[test]
    fn without_a_router_nothing_is_known_of_what_routers_do() {
        assert_eq!(services([]).filtered_and_dead(), None);
        let mut services = one_service();
        services.services[0]
            .record(Reading { cpu: Some(1.0), ..Reading::default() }, Instant::now());
        services.mark();
        assert_eq!(services.filtered_and_dead(), None);
    }

    fn service() -> Service {
        Service::new(Url::parse("http://127.0.0.1:1/metrics").unwrap())
    }

    fn used(cpu: f64, memory: f64) -> Reading {
        let in_flight = Some(0.0);
        Reading { cpu: Some(cpu), memory: Some(memory), in_flight, ..Reading::default() }
    }

    #[test]
    fn usage_is_of_the_time_since_the_service_last_answered() {
        let (mut service, begin) = (service(), Instant::now());
        assert_eq!(service.record(used(1.0, 0.0), begin).cpu, None);
        let now = used(2.0, 3.0 * 1_048_576.0);
        let change = service.record(now, begin + Duration::from_secs(4));
        let usage = service.usage(change).unwrap();
        assert_eq!((usage.cpu, usage.rss_mib), (Some(0.25), Some(3.0)));
    }

    #[test]
    fn a_service_that_does_not_answer_counts_as_busy_first_and_then_as_ended() {
        let mut service = service();
        service.record(used(1.0, 3.0), Instant::now());
        service.silent = 1;
        assert!(service.usage(Change::default()).is_none());
        service.silent = Service::BUSY;
        let ended = service.usage(Change::default()).unwrap();
        assert_eq!((ended.name.as_str(), ended.rss_mib), ("event-router at 127.0.0.1:1", None));
    }
}
