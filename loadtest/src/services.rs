//! What the services say of themselves at `/metrics`.

mod reading;

use std::time::Duration;

use futures::future::join_all;
use reqwest::Url;
use tokio::time::Instant;

use self::reading::Reading;
use crate::{
    report::Process,
    target::{Refusal, Target},
};

/// The services that can be asked.
#[derive(Debug)]
pub(crate) struct Services(Vec<Service>);

#[derive(Debug)]
struct Service {
    url: Url,
    first: Option<Reading>,
    last: Option<(Instant, Reading)>,
    /// It was started again so often, so what it counts now may not be all.
    restarts: u32,
    /// So often in a row it has not answered until now.
    silent: u32,
}

/// What one service did since it last answered.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    calls: Option<f64>,
    records: Option<f64>,
    in_flight: Option<f64>,
    processing: Option<f64>,
    /// Per second.
    table_reads: Option<f64>,
    /// Cores.
    cpu: Option<f64>,
}

/// What all services did since they were last asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Work {
    /// Records in a call of the routers, on average; nothing without a call.
    pub(crate) batch: Option<f64>,
    /// Calls of the routers under way now; nothing where nobody answers.
    pub(crate) in_flight: Option<f64>,
    /// Calls that the processors work on now; nothing where nobody answers.
    pub(crate) processing: Option<f64>,
    /// How often the homepages have read the table, in a second; nothing where nobody answers.
    pub(crate) table_reads: Option<f64>,
    /// What each of them has used.
    pub(crate) processes: Vec<Process>,
}

impl Services {
    /// Those that answer at these addresses.
    pub(crate) fn new(urls: impl IntoIterator<Item = Url>) -> Self {
        let service = |url| Service { url, first: None, last: None, restarts: 0, silent: 0 };
        Self(urls.into_iter().map(service).collect())
    }

    /// Asks all of them at once what they did since they last answered.
    pub(crate) async fn ask(&mut self, target: &Target, failed: impl Fn(Refusal)) -> Work {
        let (mut work, mut calls, mut records) = (Work::default(), None, None);
        let asks = self.0.iter().map(async |service| {
            let answer = target.figures(service.url.clone()).await;
            (answer, Instant::now())
        });
        let answers = join_all(asks).await;
        for (service, (answer, at)) in self.0.iter_mut().zip(answers) {
            let change = match answer {
                Ok(text) => service.note(Reading::of(&text), at),
                Err(refusal) => {
                    failed(refusal);
                    service.silent += 1;
                    Change::default()
                }
            };
            add(&mut calls, change.calls);
            add(&mut records, change.records);
            add(&mut work.in_flight, change.in_flight);
            add(&mut work.processing, change.processing);
            add(&mut work.table_reads, change.table_reads);
            work.processes.extend(service.usage(change));
        }
        let per_call = |(records, calls)| records / calls;
        work.batch = records.zip(calls.filter(|calls| *calls > 0.0)).map(per_call);
        work
    }

    /// How many records the routers have filtered and dead-lettered since they were first asked; nothing
    /// where that is not all there was to know.
    pub(crate) fn filtered_and_dead(&self) -> Option<(u64, u64)> {
        let mut sum = None;
        for service in &self.0 {
            // Whoever has never answered may be a router.
            let (first, (_, last)) = service.first.zip(service.last)?;
            let Some(filtered) = last.since(first, |it| it.filtered) else { continue };
            if service.restarts > 0 || service.silent > 0 {
                return None;
            }
            let dead = last.since(first, |it| it.dead).unwrap_or_default();
            let (sum_filtered, sum_dead) = sum.get_or_insert((0, 0));
            *sum_filtered += filtered as u64;
            *sum_dead += dead as u64;
        }
        sum
    }
}

impl Service {
    /// How often in a row it may be silent before it seems to have ended: it may only be busy.
    const BUSY: u32 = 3;
    /// Of a shorter time, the clock of a process is too coarse.
    const SHORTEST: Duration = Duration::from_millis(100);

    fn note(&mut self, now: Reading, at: Instant) -> Change {
        self.silent = 0;
        self.first.get_or_insert(now);
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

    /// What it has used; nothing while it is not known what it is, or whether it is still there.
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

fn add(sum: &mut Option<f64>, of_one: Option<f64>) {
    if let Some(of_one) = of_one {
        *sum.get_or_insert_default() += of_one;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(cpu: f64, filtered: f64, dead: f64) -> Reading {
        let [cpu, filtered, dead] = [cpu, filtered, dead].map(Some);
        Reading { cpu, filtered, dead, in_flight: Some(0.0), ..Reading::default() }
    }

    fn at_one_address() -> Services {
        Services::new([Url::parse("http://127.0.0.1:1/metrics").unwrap()])
    }

    #[test]
    fn a_router_that_was_started_again_does_not_know_all() {
        let (mut services, now) = (at_one_address(), Instant::now());
        assert_eq!(services.filtered_and_dead(), None);
        services.0[0].note(router(1.0, 7.0, 1.0), now);
        assert_eq!(services.filtered_and_dead(), Some((0, 0)));
        services.0[0].note(router(2.0, 9.0, 1.0), now);
        assert_eq!(services.filtered_and_dead(), Some((2, 0)));
        // It was busy after its start, but has filtered nothing yet.
        services.0[0].note(router(2.5, 0.0, 0.0), now);
        assert_eq!(services.filtered_and_dead(), None);
    }

    #[test]
    fn without_a_router_among_them_nothing_is_known_of_what_routers_do() {
        assert_eq!(Services::new([]).filtered_and_dead(), None);
        let mut services = at_one_address();
        services.0[0].note(Reading { cpu: Some(1.0), ..Reading::default() }, Instant::now());
        assert_eq!(services.filtered_and_dead(), None);
    }

    #[test]
    fn what_a_service_has_used_is_told_of_the_time_since_it_last_answered() {
        let (mut services, begin) = (at_one_address(), Instant::now());
        let service = &mut services.0[0];
        assert_eq!(service.note(router(1.0, 0.0, 0.0), begin).cpu, None);
        let now = Reading { memory: Some(3.0 * 1_048_576.0), ..router(2.0, 0.0, 0.0) };
        let change = service.note(now, begin + Duration::from_secs(4));
        let usage = service.usage(change).unwrap();
        assert_eq!((usage.cpu, usage.rss_mib), (Some(0.25), Some(3.0)));
    }

    #[test]
    fn a_service_that_does_not_answer_is_busy_at_first_and_then_seems_to_have_ended() {
        let mut services = at_one_address();
        let service = &mut services.0[0];
        let memory = Some(3.0);
        service.note(Reading { memory, ..router(1.0, 0.0, 0.0) }, Instant::now());
        service.silent = 1;
        assert!(service.usage(Change::default()).is_none());
        service.silent = Service::BUSY;
        let ended = service.usage(Change::default()).unwrap();
        assert_eq!((ended.name.as_str(), ended.rss_mib), ("event-router at 127.0.0.1:1", None));
        assert_eq!(services.filtered_and_dead(), None, "what it did last is not known");
    }
}
