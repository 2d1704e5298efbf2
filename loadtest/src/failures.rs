//! Requests that failed, counted by what they were for and how they failed.

use std::collections::BTreeMap;

use crate::{report::Failure, target::Refusal};

/// What a request was for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Request {
    Message,
    Burst,
    Feed,
    Result,
    Metrics,
}

/// How many failed in each way.
#[derive(Debug, Default)]
pub(crate) struct Failures(BTreeMap<(Request, Refusal), u64>);

impl Failures {
    /// One more.
    pub(crate) fn count(&mut self, request: Request, refusal: Refusal) {
        *self.0.entry((request, refusal)).or_default() += 1;
    }

    /// How many in all.
    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// All of them, for a report.
    pub(crate) fn list(&self) -> Vec<Failure> {
        let failure = |((request, refusal), count): (&(Request, Refusal), &u64)| Failure {
            request: request.name().into(),
            kind: refusal.to_string(),
            count: *count,
            hint: request.hint(refusal).map(str::to_owned),
        };
        self.0.iter().map(failure).collect()
    }
}

impl Request {
    fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Burst => "burst",
            Self::Feed => "feed",
            Self::Result => "result",
            Self::Metrics => "metrics",
        }
    }

    /// What a person can do about it.
    fn hint(self, refusal: &Refusal) -> Option<&'static str> {
        match (self, refusal) {
            (Self::Metrics, _) => Some("a service did not tell its figures: was it restarted?"),
            (Self::Message | Self::Burst | Self::Feed | Self::Result, refusal) => refusal.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_one_kind_are_counted_together() {
        let mut failures = Failures::default();
        let busy = || Refusal::Status(429, "Too Many Requests".into());
        failures.count(Request::Message, busy());
        failures.count(Request::Metrics, Refusal::NoConnection);
        failures.count(Request::Message, busy());
        let list = failures.list();
        assert_eq!((failures.total(), list.len()), (3, 2));
        assert_eq!((list[0].request.as_str(), list[0].count), ("message", 2));
        assert_eq!(list[0].kind, "429 Too Many Requests");
        assert!(list[0].hint.as_ref().is_some_and(|hint| hint.contains("MAX_CLIENT_RATE")));
    }
}
