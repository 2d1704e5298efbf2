//! Samples every second what happens.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::{
    failures::Request, machine::Stack, progress::Progress, report::Second, run::Run,
    services::Services,
};

const EVERY: Duration = Duration::from_secs(1);

/// What is read every second besides the measurements.
#[derive(Debug)]
pub(crate) struct Sampler {
    pub(crate) services: Services,
    pub(crate) stack: Stack,
    pub(crate) progress: Progress,
}

impl Sampler {
    /// Samples until the run is over, and then once more. Returns the seconds, and how many records the routers have
    /// filtered and dead-lettered during the run.
    pub(crate) async fn sample(mut self, run: Arc<Run>) -> (Vec<Second>, Option<(u64, u64)>) {
        self.second(&run, EVERY).await;
        let mut seconds: Vec<Second> = Vec::new();
        let mut every = interval_at(run.began + EVERY, EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut last = run.began;
        loop {
            let over = run.over.run_until_cancelled(every.tick()).await.is_none();
            let now = Instant::now();
            let mut second = self.second(&run, now - last).await;
            second.due = run.due_until(now - run.began) - run.due_until(last - run.began);
            second.at = (now - run.began).as_secs_f64();
            last = now;
            self.progress.show(&run, &second);
            seconds.push(second);
            if over {
                self.progress.clear();
                self.services.retry().await;
                return (seconds, self.services.filtered_and_dead());
            }
        }
    }

    async fn second(&mut self, run: &Run, since: Duration) -> Second {
        let failed = |error| run.measurements.failed(Request::Metrics, error);
        let of_services = self.services.scrape(failed).await;
        let mut processes = self.stack.usage(since);
        if !self.stack.is_known() {
            processes.extend(of_services.processes);
        }
        let Second { batch, in_flight, processing, table_reads, .. } = of_services;
        let rest = run.measurements.end_second();
        Second { batch, in_flight, processing, table_reads, processes, ..rest }
    }
}
