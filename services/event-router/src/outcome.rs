//! What a processor's answer means for a record. Total: no answer is left to chance.

use proto::outcome::Kind;
use tonic::{Code, Status};

/// What happens to a record next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is finished: its row exists.
    Stored,
    /// It goes to the dead-letter topic.
    Bury(String),
    /// It is tried again later, counted.
    Retry(String),
}

/// What an outcome means for its record.
pub(crate) fn next(outcome: proto::Outcome) -> Next {
    match outcome.kind() {
        Kind::Stored => Next::Stored,
        Kind::Rejected => Next::Bury(outcome.reason),
        Kind::Retry => Next::Retry(outcome.reason),
        // A processor newer than this router: a later attempt may meet one that it understands.
        Kind::Unspecified => Next::Retry(format!("unknown outcome {}", outcome.kind)),
    }
}

/// What a failed call means. Whatever it is, all its records go again: the call says nothing of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The processor is away or stopped answering.
    Away,
    /// The processor wants less: overload, or a deadline that passed.
    Overloaded,
    /// The call itself is wrong: a bug, ours or the processor's.
    Bug,
}

/// Sorts the status of a failed call.
pub(crate) fn failure(status: &Status) -> Failure {
    match status.code() {
        Code::ResourceExhausted | Code::DeadlineExceeded | Code::OutOfRange => Failure::Overloaded,
        Code::InvalidArgument | Code::Unimplemented | Code::FailedPrecondition => Failure::Bug,
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => Failure::Away,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(kind: i32) -> proto::Outcome {
        proto::Outcome { kind, reason: "why".into() }
    }

    #[test]
    fn each_outcome_decides_over_its_record() {
        assert_eq!(next(outcome(Kind::Stored.into())), Next::Stored);
        assert_eq!(next(outcome(Kind::Rejected.into())), Next::Bury("why".into()));
        assert_eq!(next(outcome(Kind::Retry.into())), Next::Retry("why".into()));
    }

    #[test]
    fn an_outcome_that_nobody_knows_is_tried_again_and_counted() {
        assert!(matches!(next(outcome(0)), Next::Retry(_)));
        assert!(matches!(next(outcome(77)), Next::Retry(_)));
    }

    #[test]
    fn only_an_overload_asks_for_less_and_only_a_wrong_call_is_a_bug() {
        let sorted = |code: i32| failure(&Status::new(Code::from_i32(code), "x"));
        for code in 0..=16 {
            let expected = match code {
                4 | 8 | 11 => Failure::Overloaded,
                3 | 9 | 12 => Failure::Bug,
                _ => Failure::Away,
            };
            assert_eq!(sorted(code), expected, "code {code}");
        }
    }
}
