//! Requests that failed, counted by what they were for and how they failed.

use std::collections::BTreeMap;

use client::http::Error;

use crate::report::{Failure, Refused};

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
pub(crate) struct Failures(BTreeMap<(Request, Error), u64>);

impl Failures {
    pub(crate) fn count(&mut self, request: Request, error: Error) {
        *self.0.entry((request, error)).or_default() += 1;
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The messages that were answered and not accepted, by their status.
    pub(crate) fn refused(&self) -> Vec<Refused> {
        let mut counts = BTreeMap::<u16, u64>::new();
        for ((request, error), count) in &self.0 {
            if let (Request::Message, Error::Status(status, _)) = (request, error) {
                *counts.entry(*status).or_default() += count;
            }
        }
        counts.into_iter().map(|(status, count)| Refused { status, count }).collect()
    }

    pub(crate) fn list(&self) -> Vec<Failure> {
        let failure = |((request, error), count): (&(Request, Error), &u64)| Failure {
            request: request.name().into(),
            kind: error.to_string(),
            count: *count,
            hint: request.hint(error).map(str::to_owned),
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
    fn hint(self, error: &Error) -> Option<&'static str> {
        match (self, error) {
            (Self::Metrics, _) => {
                Some("a service did not answer with its metrics: was it restarted?")
            }
            (_, Error::Status(429, _)) => Some(
                "barrage limits what one address or device may send: raise MAX_CLIENT_RATE (and \
                 MAX_BURSTS, MAX_RATE for bursts) of its homepage",
            ),
            (_, Error::Status(503, _)) => Some(
                "Kafka does not answer barrage (see /readyz of its homepage), or barrage does not \
                 answer a gateway",
            ),
            (_, Error::Status(502 | 504, _)) => Some("barrage did not answer a gateway"),
            (_, Error::Status(300..=399 | 401 | 403, _)) => {
                Some("a gateway did not let the request pass to barrage")
            }
            (_, Error::NoConnection | Error::UnknownHost) => {
                Some("nobody listened there, or the system had no connection left")
            }
            (_, Error::Certificate(_) | Error::Tls(_)) => {
                Some("not every server of this host has the same certificate and settings")
            }
            (_, Error::Timeout) => Some("barrage was too busy to answer in time: send less"),
            (_, Error::Cut) => Some("the homepage ended, or the network cut the connection"),
            (_, Error::Malformed) => {
                Some("the barrage may be of another version, or a gateway answered in its place")
            }
            (_, Error::Status(..)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_one_kind_are_counted_together() {
        let mut failures = Failures::default();
        let busy = || Error::Status(429, "Too Many Requests".into());
        failures.count(Request::Message, busy());
        failures.count(Request::Metrics, Error::NoConnection);
        failures.count(Request::Message, busy());
        let list = failures.list();
        assert_eq!((failures.total(), list.len()), (3, 2));
        assert_eq!((list[0].request.as_str(), list[0].count), ("message", 2));
        assert_eq!(list[0].kind, "429 Too Many Requests");
        failures.count(Request::Message, Error::Status(429, "slower, please".into()));
        assert_eq!(failures.refused(), [Refused { status: 429, count: 3 }]);
        assert!(list[0].hint.as_ref().is_some_and(|hint| hint.contains("MAX_CLIENT_RATE")));
    }
}
