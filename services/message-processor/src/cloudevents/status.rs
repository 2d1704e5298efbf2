//! The HTTP status of an answer. For a Knative sender 2xx means stored; 404, 408, 409, 429 and all of 5xx
//! mean that it tries again; and every other 4xx means that it gives up.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use barrage::table;

use super::events::Malformed;
use crate::calls;
use crate::record::Outcome;

/// Why a request has no outcomes.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Call(#[from] calls::Error),
}

/// The answer to a request whose events were processed. If all are stored it has no body, because Knative
/// would take a body as an event in reply.
pub(super) fn answered(outcomes: &[Outcome]) -> Response {
    let reasons: String = (1..).zip(outcomes).filter_map(|(nth, it)| reason(nth, it)).collect();
    if reasons.is_empty() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, reasons).into_response()
    }
}

/// One line for each rejected event, counted from 1. The other events of the batch are stored.
fn reason(nth: usize, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Stored => None,
        Outcome::Rejected(rejection) => Some(format!("event {nth}: {rejection}\n")),
    }
}

/// The answer to a request without outcomes.
pub(super) fn refused(refusal: &Refusal) -> Response {
    (status(refusal), format!("{refusal}\n")).into_response()
}

fn status(refusal: &Refusal) -> StatusCode {
    use calls::Error as Call;
    match refusal {
        Refusal::Malformed(Malformed::Format(_)) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refusal::Malformed(_) | Refusal::Call(Call::Malformed(_) | Call::TooManyRecords(_)) => {
            StatusCode::BAD_REQUEST
        }
        Refusal::Call(Call::TooManyCalls(_) | Call::Table(table::Error::Throttled)) => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Refusal::Call(Call::Table(
            table::Error::Unreachable(_)
            | table::Error::NoTable(_)
            | table::Error::Denied(_)
            | table::Error::Other(_),
        )) => StatusCode::SERVICE_UNAVAILABLE,
        // The processor makes these the outcomes of single events, so here they are its bug.
        Refusal::Call(Call::Table(table::Error::RowTooLarge | table::Error::Malformed { .. })) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

#[cfg(test)]
mod tests {
    use barrage::event::UnknownFormat;

    use super::*;
    use crate::config::tests::parse;
    use crate::record::{PositionError, Rejection};

    #[test]
    fn the_status_is_204_unless_an_event_is_rejected() {
        let rejected = || Outcome::Rejected(Rejection::NotAnObject);
        assert_eq!(answered(&[]).status(), 204);
        assert_eq!(answered(&[Outcome::Stored]).status(), 204);
        assert_eq!(answered(&[rejected()]).status(), 422);
        assert_eq!(answered(&[Outcome::Stored, rejected()]).status(), 422);
        assert_eq!(reason(2, &rejected()).unwrap(), "event 2: the data is not a JSON object\n");
    }

    #[test]
    fn each_refusal_has_its_status() {
        use table::Error as Table;
        let malformed = Table::Malformed { key: "s@1".into(), attribute: "id" };
        for (error, expected) in [
            (calls::Error::Malformed(PositionError::Missing), 400),
            (calls::Error::TooManyRecords(10_001), 400),
            (calls::Error::TooManyCalls(1), 429),
            (calls::Error::Table(Table::Throttled), 429),
            (calls::Error::Table(Table::Unreachable("refused".into())), 503),
            (calls::Error::Table(Table::NoTable(parse(&[]).unwrap().table.name)), 503),
            (calls::Error::Table(Table::Denied("who?".into())), 503),
            (calls::Error::Table(Table::Other("hm".into())), 503),
            (calls::Error::Table(Table::RowTooLarge), 500),
            (calls::Error::Table(malformed), 500),
        ] {
            assert_eq!(refused(&Refusal::Call(error)).status(), expected);
        }
        assert_eq!(refused(&Malformed::NoPosition.into()).status(), 400);
        assert_eq!(refused(&Malformed::Format(UnknownFormat("x".into())).into()).status(), 415);
    }
}
