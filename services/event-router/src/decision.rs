//! What a processor's answer means for its records. Every possible answer has a meaning.

use proto::outcome::Kind;
use tonic::{Code, Status};

/// What happens to a record after a processor has answered for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Its row exists, so it is finished.
    Stored,
    DeadLetter(String),
    /// It is sent again after `RETRY_INTERVAL`.
    Retry(String),
}

/// Decides about a record after its `attempts`-th answer. It is retried at most `retry_count` times.
pub(crate) fn decide(outcome: proto::Outcome, attempts: u32, retry_count: u32) -> Decision {
    let retry = |reason| {
        if attempts > retry_count { Decision::DeadLetter(reason) } else { Decision::Retry(reason) }
    };
    match outcome.kind() {
        Kind::Stored => Decision::Stored,
        Kind::Rejected => Decision::DeadLetter(outcome.reason),
        Kind::Retry => retry(outcome.reason),
        // A processor newer than this router: a later attempt may reach one that it understands.
        Kind::Unspecified => retry(format!("unknown outcome {}", outcome.kind)),
    }
}

/// How many records a processor has not rejected.
pub(crate) fn accepted(outcomes: &[proto::Outcome]) -> usize {
    outcomes.iter().filter(|outcome| outcome.kind() != Kind::Rejected).count()
}

/// Why a call failed. All its records are sent again in every case: the call says nothing about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The processor cannot be reached, does not work, or has too much to do.
    Unavailable,
    /// The call itself is wrong: a bug in the router or in the processor.
    Bug,
}

/// Sorts the status of a failed call.
pub(crate) fn failure(status: &Status) -> Failure {
    match status.code() {
        Code::InvalidArgument | Code::Unimplemented | Code::FailedPrecondition => Failure::Bug,
        Code::Ok
        | Code::ResourceExhausted
        | Code::DeadlineExceeded
        | Code::OutOfRange
        | Code::Cancelled
        | Code::Unknown
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => Failure::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(kind: i32, attempts: u32) -> Decision {
        decide(proto::Outcome { kind, reason: "why".into() }, attempts, 5)
    }

    #[test]
    fn each_outcome_decides_what_happens_to_its_record() {
        assert_eq!(decision(Kind::Stored.into(), 1), Decision::Stored);
        assert_eq!(decision(Kind::Rejected.into(), 1), Decision::DeadLetter("why".into()));
        assert_eq!(decision(Kind::Retry.into(), 1), Decision::Retry("why".into()));
    }

    #[test]
    fn a_record_is_retried_only_so_often() {
        assert_eq!(decision(Kind::Retry.into(), 5), Decision::Retry("why".into()));
        assert_eq!(decision(Kind::Retry.into(), 6), Decision::DeadLetter("why".into()));
        assert_eq!(decision(Kind::Stored.into(), 6), Decision::Stored);
    }

    #[test]
    fn an_unknown_outcome_is_retried_and_counted() {
        for unknown in [0, 77] {
            assert!(matches!(decision(unknown, 5), Decision::Retry(_)));
            assert!(matches!(decision(unknown, 6), Decision::DeadLetter(_)));
        }
    }

    #[test]
    fn only_a_wrong_call_is_a_bug() {
        for code in 0..=16 {
            let expected = match code {
                3 | 9 | 12 => Failure::Bug,
                _ => Failure::Unavailable,
            };
            let status = Status::new(Code::from_i32(code), "x");
            assert_eq!(failure(&status), expected, "code {code}");
        }
    }
}
