//! What one service says of itself, time and again.

use std::time::Duration;

use reqwest::Url;
use tokio::time::Instant;

use super::reading::Reading;
use crate::report::Process;

/// A service that can be asked.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) url: Url,
    /// What it said before the run began.
    pub(super) first: Option<Reading>,
    pub(super) last: Option<(Instant, Reading)>,
    /// It was started again so often, so what it counts now may not be all.
    pub(super) restarts: u32,
    /// So often in a row it has not answered until now.
    pub(super) silent: u32,
}

/// What one service did since it last answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Change {
    pub(super) calls: Option<f64>,
    pub(super) records: Option<f64>,
    pub(super) in_flight: Option<f64>,
    pub(super) processing: Option<f64>,
    /// Per second.
    pub(super) table_reads: Option<f64>,
    /// Cores.
    pub(super) cpu: Option<f64>,
}

impl Service {
    /// How often in a row it may be silent before it seems to have ended: it may only be busy.
    const BUSY: u32 = 3;
    /// Of a shorter time, the clock of a process is too coarse.
    const SHORTEST: Duration = Duration::from_millis(100);

    pub(super) fn new(url: Url) -> Self {
        Self { url, first: None, last: None, restarts: 0, silent: 0 }
    }

    /// Takes what it says of itself now.
    pub(super) fn note(&mut self, now: Reading, at: Instant) -> Change {
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

    /// What it has used; nothing while it is not known what it is, or whether it is still there.
    pub(super) fn usage(&self, change: Change) -> Option<Process> {
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

    fn router() -> Service {
        Service::new(Url::parse("http://127.0.0.1:1/metrics").unwrap())
    }

    fn used(cpu: f64, memory: f64) -> Reading {
        let in_flight = Some(0.0);
        Reading { cpu: Some(cpu), memory: Some(memory), in_flight, ..Reading::default() }
    }

    #[test]
    fn what_a_service_has_used_is_told_of_the_time_since_it_last_answered() {
        let (mut service, begin) = (router(), Instant::now());
        assert_eq!(service.note(used(1.0, 0.0), begin).cpu, None);
        let now = used(2.0, 3.0 * 1_048_576.0);
        let change = service.note(now, begin + Duration::from_secs(4));
        let usage = service.usage(change).unwrap();
        assert_eq!((usage.cpu, usage.rss_mib), (Some(0.25), Some(3.0)));
    }

    #[test]
    fn a_service_that_does_not_answer_is_busy_at_first_and_then_seems_to_have_ended() {
        let mut service = router();
        service.note(used(1.0, 3.0), Instant::now());
        service.silent = 1;
        assert!(service.usage(Change::default()).is_none());
        service.silent = Service::BUSY;
        let ended = service.usage(Change::default()).unwrap();
        assert_eq!((ended.name.as_str(), ended.rss_mib), ("event-router at 127.0.0.1:1", None));
    }
}
