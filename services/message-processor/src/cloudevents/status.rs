//! The HTTP status of the answer. To a Knative sender 2xx means stored, 408, 409, 429, 404 and all of 5xx
//! mean try again, and any other 4xx means never again.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use barrage::table;

use super::malformed::Malformed;
use crate::call;
use crate::incoming::Outcome;

/// Why a request has no outcomes.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// It carries no events.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Nothing is known of its events.
    #[error(transparent)]
    Call(#[from] call::Error),
}

/// The answer when all was done that can be. Without a body when all is stored: Knative would take one for
/// an event in reply.
pub(super) fn answered(outcomes: &[Outcome]) -> Response {
    let reasons: String = (1..).zip(outcomes).filter_map(|(nth, it)| reason(nth, it)).collect();
    if reasons.is_empty() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, reasons).into_response()
    }
}

/// A line for each event that is rejected; the others of a batch are stored all the same.
fn reason(nth: usize, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Stored => None,
        Outcome::Rejected(rejection) => Some(format!("event {nth}: {rejection}\n")),
    }
}

/// The answer when nothing is known.
pub(super) fn refused(refusal: &Refusal) -> Response {
    (status(refusal), format!("{refusal}\n")).into_response()
}

fn status(refusal: &Refusal) -> StatusCode {
    use call::Error as Call;
    match refusal {
        Refusal::Malformed(Malformed::Format(_)) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refusal::Malformed(_) | Refusal::Call(Call::Malformed(_) | Call::TooMany(_)) => {
            StatusCode::BAD_REQUEST
        }
        Refusal::Call(Call::Full(_) | Call::Table(table::Error::Throttled)) => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Refusal::Call(Call::Table(
            table::Error::Unreachable(_)
            | table::Error::NoTable(_)
            | table::Error::Denied(_)
            | table::Error::Other(_),
        )) => StatusCode::SERVICE_UNAVAILABLE,
        // The processor turns these into outcomes of single events, so here they are its bug.
        Refusal::Call(Call::Table(table::Error::RowTooLarge | table::Error::Malformed { .. })) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::parse;
    use crate::parse::Rejection;
    use crate::place;

    #[test]
    fn an_answer_is_204_unless_an_event_is_rejected() {
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
            (call::Error::Malformed(place::Error::Missing), 400),
            (call::Error::TooMany(10_001), 400),
            (call::Error::Full(1), 429),
            (call::Error::Table(Table::Throttled), 429),
            (call::Error::Table(Table::Unreachable("refused".into())), 503),
            (call::Error::Table(Table::NoTable(parse(&[]).unwrap().table.name)), 503),
            (call::Error::Table(Table::Denied("who?".into())), 503),
            (call::Error::Table(Table::Other("hm".into())), 503),
            (call::Error::Table(Table::RowTooLarge), 500),
            (call::Error::Table(malformed), 500),
        ] {
            assert_eq!(refused(&Refusal::Call(error)).status(), expected);
        }
        assert_eq!(refused(&Malformed::NoPosition.into()).status(), 400);
        assert_eq!(refused(&Malformed::Format("x".into()).into()).status(), 415);
    }
}
