//! What the services say of themselves at `/metrics`.

mod reading;
mod service;

use futures::future::join_all;
use reqwest::Url;
use tokio::time::Instant;

use self::{
    reading::Reading,
    service::{Change, Service},
};
use crate::{
    report::Process,
    target::{Refusal, Target},
};

/// The services that can be asked.
#[derive(Debug)]
pub(crate) struct Services(Vec<Service>);

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
    /// How often a service is asked that does not answer.
    const TRIES: u32 = 3;

    /// Those that answer at these addresses.
    pub(crate) fn new(urls: impl IntoIterator<Item = Url>) -> Self {
        Self(urls.into_iter().map(Service::new).collect())
    }

    /// Hears what they have counted before a run. Whoever answers only later may have counted some of it.
    pub(crate) async fn begin(&mut self, target: &Target) {
        self.insist(target).await;
        self.mark();
    }

    fn mark(&mut self) {
        for service in &mut self.0 {
            service.first = service.last.map(|(_, reading)| reading);
        }
    }

    /// Asks those again that did not answer when they were last asked.
    pub(crate) async fn insist(&mut self, target: &Target) {
        for _ in 0..Self::TRIES {
            let silent = self.0.iter_mut().filter(|it| it.last.is_none() || it.silent > 0);
            let asks = silent.map(async |service| {
                if let Ok(text) = target.figures(service.url.clone()).await {
                    service.note(Reading::of(&text), Instant::now());
                }
            });
            join_all(asks).await;
        }
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

    /// How many records the routers have filtered and dead-lettered since the run began; nothing where that
    /// is not all there was to know.
    pub(crate) fn filtered_and_dead(&self) -> Option<(u64, u64)> {
        let mut sum = None;
        for service in &self.0 {
            // Whoever has never answered may be a router.
            let (_, last) = service.last?;
            if last.filtered.is_none() {
                continue;
            }
            // One that answered only later had counted some of the run by then.
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
        services.0[0].note(router(1.0, 7.0, 1.0), now);
        services.mark();
        assert_eq!(services.filtered_and_dead(), Some((0, 0)));
        services.0[0].note(router(2.0, 9.0, 1.0), now);
        assert_eq!(services.filtered_and_dead(), Some((2, 0)));
        // It was busy after its start, but has filtered nothing yet.
        services.0[0].note(router(2.5, 0.0, 0.0), now);
        assert_eq!(services.filtered_and_dead(), None);
    }

    #[test]
    fn a_router_that_was_not_heard_before_the_run_does_not_know_all() {
        let mut services = at_one_address();
        services.mark();
        services.0[0].note(router(1.0, 7.0, 1.0), Instant::now());
        services.0[0].note(router(2.0, 9.0, 1.0), Instant::now());
        assert_eq!(services.filtered_and_dead(), None);
    }

    #[test]
    fn another_service_that_was_not_heard_before_the_run_takes_nothing_from_what_routers_say() {
        let url = |port| Url::parse(&format!("http://127.0.0.1:{port}/metrics")).unwrap();
        let mut services = Services::new([url(1), url(2)]);
        services.0[0].note(router(1.0, 7.0, 1.0), Instant::now());
        services.mark();
        assert_eq!(services.filtered_and_dead(), None);
        services.0[1].note(Reading { cpu: Some(1.0), ..Reading::default() }, Instant::now());
        assert_eq!(services.filtered_and_dead(), Some((0, 0)));
    }

    #[test]
    fn a_router_that_has_fallen_silent_does_not_say_all() {
        let mut services = at_one_address();
        services.0[0].note(router(1.0, 7.0, 1.0), Instant::now());
        services.mark();
        services.0[0].silent = 1;
        assert_eq!(services.filtered_and_dead(), None);
    }

    #[test]
    fn without_a_router_among_them_nothing_is_known_of_what_routers_do() {
        assert_eq!(Services::new([]).filtered_and_dead(), None);
        let mut services = at_one_address();
        services.0[0].note(Reading { cpu: Some(1.0), ..Reading::default() }, Instant::now());
        services.mark();
        assert_eq!(services.filtered_and_dead(), None);
    }
}
