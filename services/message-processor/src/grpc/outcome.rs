//! The answer for one record.

use proto::outcome::Kind;

use crate::incoming::Outcome;

/// The outcome as the contract writes it.
pub(super) fn answer(outcome: Outcome) -> proto::Outcome {
    let (kind, reason) = match outcome {
        Outcome::Stored => (Kind::Stored, String::new()),
        Outcome::Rejected(rejection) => (Kind::Rejected, rejection.to_string()),
    };
    proto::Outcome { kind: kind.into(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::Rejection;

    #[test]
    fn only_what_is_rejected_has_a_reason() {
        let stored = answer(Outcome::Stored);
        assert_eq!((stored.kind(), stored.reason.as_str()), (Kind::Stored, ""));
        let rejected = answer(Outcome::Rejected(Rejection::NotAnObject));
        assert_eq!(rejected.kind(), Kind::Rejected);
        assert_eq!(rejected.reason, "the data is not a JSON object");
    }
}
