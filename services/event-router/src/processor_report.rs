//! When the router tells the homepages that no processor does its work. It says so beside the offsets that it commits.
//!
//! An example:
//!
//! | time | what happens | what stands beside the offsets |
//! | --- | --- | --- |
//! | 0 s | the last call to each processor has failed | nothing |
//! | 1 s | still | the failure |
//! | 11 s | still | the failure, committed again: a commit can be lost |
//! | 12 s | a call succeeds | nothing |

use std::time::{Duration, Instant};

use barrage::processor_failure::ProcessorFailure;
use barrage::time::Millis;

/// What is to be said, and when.
#[derive(Debug, Default)]
pub(crate) struct ProcessorReport {
    failing: Option<ProcessorFailure>,
    /// When it is to be said, or taken back.
    due: Option<Instant>,
    /// A failure may stand beside offsets, said by this router or by the one before.
    is_said: bool,
}

impl ProcessorReport {
    /// How long no call may succeed. The restart of a processor takes less.
    const PATIENCE: Duration = Duration::from_secs(1);
    /// How often a failure is said. Each time costs one commit.
    const INTERVAL: Duration = Duration::from_secs(10);

    /// The last call to each of these processors has failed, and `answering` of them have answered it. The first error
    /// stays, so that people read one steady text.
    pub(crate) fn failed(
        &mut self,
        processors: usize,
        answering: usize,
        error: &str,
        now: Instant,
    ) {
        let has_changed = |it: &ProcessorFailure| {
            (it.processors, it.answering > 0) != (processors, answering > 0)
        };
        if self.failing.as_ref().is_none_or(has_changed) {
            let since = self.failing.as_ref().map_or_else(Millis::now, |before| before.since);
            self.failing = Some(ProcessorFailure::new(since, processors, answering, error));
            self.say_after_patience(now);
        }
    }

    /// A call has succeeded.
    pub(crate) fn succeeded(&mut self, now: Instant) {
        self.failing = None;
        self.due = self.is_said.then_some(now);
    }

    /// Partitions are ours from now on: what is to be said must stand beside their offsets, too.
    pub(crate) fn assigned(&mut self, now: Instant) {
        self.is_said = true;
        if self.failing.is_some() {
            self.say_after_patience(now);
        }
    }

    fn say_after_patience(&mut self, now: Instant) {
        let at = now + Self::PATIENCE;
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// When something is to be said.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        self.due
    }

    /// What is to stand beside the offsets from now on, if that changes or must be said again.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<String> {
        self.due.filter(|due| *due <= now)?;
        self.is_said = self.failing.is_some();
        self.due = self.is_said.then_some(now + Self::INTERVAL);
        Some(self.failing.as_ref().map(ProcessorFailure::to_metadata).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said at this time, if anything.
    fn said(report: &mut ProcessorReport, at: Instant) -> Option<String> {
        let text = report.take_due(at)?;
        let failure = ProcessorFailure::from_metadata(&text);
        Some(failure.map_or_else(String::new, |it| format!("{} {}", it.answering, it.error())))
    }

    #[test]
    fn a_failure_is_said_after_a_second_and_then_seldom_until_a_call_succeeds() {
        let (mut report, begin) = (ProcessorReport::default(), Instant::now());
        let at = |ms| begin + Duration::from_millis(ms);
        report.failed(2, 0, "refused", at(0));
        report.failed(2, 0, "refused by the other", at(900));
        assert_eq!(said(&mut report, at(999)), None);
        assert_eq!(said(&mut report, at(1_000)).as_deref(), Some("0 refused"));
        report.failed(2, 0, "refused again", at(2_000));
        assert_eq!(said(&mut report, at(10_999)), None);
        assert_eq!(said(&mut report, at(11_000)).as_deref(), Some("0 refused"));
        report.succeeded(at(12_000));
        assert_eq!(said(&mut report, at(12_000)).as_deref(), Some(""));
        report.succeeded(at(13_000));
        assert_eq!((said(&mut report, at(30_000)), report.due_at()), (None, None));
    }

    #[test]
    fn a_failure_that_ends_within_a_second_is_not_said() {
        let (mut report, begin) = (ProcessorReport::default(), Instant::now());
        report.failed(1, 0, "refused", begin);
        report.succeeded(begin + Duration::from_millis(500));
        assert_eq!(said(&mut report, begin + Duration::from_secs(5)), None);
    }

    #[test]
    fn a_failure_of_another_kind_is_said_a_second_later_with_its_own_text() {
        let (mut report, begin) = (ProcessorReport::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        report.failed(2, 0, "refused", at(0));
        let since = report.failing.as_ref().unwrap().since;
        assert!(said(&mut report, at(1)).is_some());
        report.failed(2, 1, "no table", at(2));
        assert_eq!(said(&mut report, at(2)), None);
        assert_eq!(said(&mut report, at(3)).as_deref(), Some("1 no table"));
        assert_eq!(report.failing.unwrap().since, since);
    }

    #[test]
    fn what_another_router_has_said_is_taken_back_by_the_first_success() {
        let (mut report, begin) = (ProcessorReport::default(), Instant::now());
        report.assigned(begin);
        assert_eq!(said(&mut report, begin), None);
        report.succeeded(begin);
        assert_eq!(said(&mut report, begin).as_deref(), Some(""));
    }
}
