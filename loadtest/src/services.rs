//! What the services say of themselves at `/metrics`.

mod reading;

use std::time::Duration;

use reqwest::Url;

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
    last: Option<Reading>,
    /// It was started again so often, so what it counts now may not be all.
    restarts: u32,
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
        let service = |url| Service { url, first: None, last: None, restarts: 0 };
        Self(urls.into_iter().map(service).collect())
    }

    /// Asks all of them what they did since they were last asked, so long ago.
    pub(crate) async fn ask(
        &mut self,
        target: &Target,
        since: Duration,
        failed: impl Fn(Refusal),
    ) -> Work {
        let (mut work, mut calls, mut records) = (Work::default(), 0.0, 0.0);
        for service in &mut self.0 {
            let before = service.last;
            let now = match target.figures(service.url.clone()).await {
                Ok(text) => service.note(Reading::of(&text)),
                Err(refusal) => {
                    failed(refusal);
                    continue;
                }
            };
            calls += now.since(before, |it| it.calls).unwrap_or_default();
            records += now.since(before, |it| it.records).unwrap_or_default();
            add(&mut work.in_flight, now.in_flight);
            add(&mut work.processing, now.processing);
            let reads = now.since(before, |it| it.table_reads);
            add(&mut work.table_reads, reads.map(|reads| reads / since.as_secs_f64()));
            work.processes.push(service.usage(before, now, since));
        }
        work.batch = (calls > 0.0).then(|| records / calls);
        work
    }

    /// How many records the routers have filtered and dead-lettered since they were first asked; nothing
    /// where that is not all there was to know.
    pub(crate) fn filtered_and_dead(&self) -> Option<(u64, u64)> {
        let mut sum = None;
        for service in &self.0 {
            let (first, last) = (service.first?, service.last?);
            let (Some(filtered), Some(dead)) = (last.filtered, last.dead) else { continue };
            if service.restarts > 0 {
                return None;
            }
            let (sum_filtered, sum_dead) = sum.get_or_insert((0, 0));
            *sum_filtered += (filtered - first.filtered.unwrap_or_default()) as u64;
            *sum_dead += (dead - first.dead.unwrap_or_default()) as u64;
        }
        sum
    }
}

impl Service {
    fn note(&mut self, now: Reading) -> Reading {
        let began_anew = self.last.is_some_and(|last| now.cpu < last.cpu);
        self.restarts += u32::from(began_anew);
        self.first.get_or_insert(now);
        self.last = Some(now);
        now
    }

    fn usage(&self, before: Option<Reading>, now: Reading, since: Duration) -> Process {
        let port = self.url.port_or_known_default().unwrap_or_default();
        let at = format!("{}:{port}", self.url.host_str().unwrap_or_default());
        Process {
            name: format!("{} at {at}", now.kind()),
            cpu: now.since(before, |it| it.cpu).map(|busy| busy / since.as_secs_f64()),
            rss_mib: now.memory.map(|bytes| bytes / f64::from(1 << 20)),
            restarts: self.restarts,
        }
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
        Reading { cpu, filtered, dead, ..Reading::default() }
    }

    fn at_one_address() -> Services {
        Services::new([Url::parse("http://127.0.0.1:1/metrics").unwrap()])
    }

    #[test]
    fn a_router_that_was_started_again_does_not_know_all() {
        let mut services = at_one_address();
        assert_eq!(services.filtered_and_dead(), None);
        services.0[0].note(router(1.0, 7.0, 1.0));
        assert_eq!(services.filtered_and_dead(), Some((0, 0)));
        services.0[0].note(router(2.0, 9.0, 1.0));
        assert_eq!(services.filtered_and_dead(), Some((2, 0)));
        services.0[0].note(router(0.1, 0.0, 0.0));
        assert_eq!(services.filtered_and_dead(), None);
    }

    #[test]
    fn without_a_router_among_them_nothing_is_known_of_what_routers_do() {
        assert_eq!(Services::new([]).filtered_and_dead(), None);
        let mut services = at_one_address();
        services.0[0].note(Reading { cpu: Some(1.0), ..Reading::default() });
        assert_eq!(services.filtered_and_dead(), None);
    }

    #[test]
    fn what_a_service_has_used_is_told_of_the_time_since_it_was_last_asked() {
        let mut services = at_one_address();
        let service = &mut services.0[0];
        let before = service.note(router(1.0, 0.0, 0.0));
        let now = Reading { memory: Some(3.0 * 1_048_576.0), ..router(2.0, 0.0, 0.0) };
        let usage = service.usage(Some(before), now, Duration::from_secs(4));
        assert_eq!((usage.cpu, usage.rss_mib), (Some(0.25), Some(3.0)));
        assert_eq!(service.usage(None, now, Duration::from_secs(4)).cpu, None);
    }
}
