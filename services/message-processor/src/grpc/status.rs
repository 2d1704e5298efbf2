//! The status of a call that failed.

use barrage::table;
use tonic::{Code, Status};

use crate::call::Error;

/// The status, with the reason.
pub(super) fn of(error: &Error) -> Status {
    Status::new(code(error), error.to_string())
}

fn code(error: &Error) -> Code {
    match error {
        Error::Malformed(_) | Error::TooMany(_) => Code::InvalidArgument,
        Error::Full(_) | Error::Table(table::Error::Throttled) => Code::ResourceExhausted,
        Error::Table(
            table::Error::Unreachable(_)
            | table::Error::NoTable(_)
            | table::Error::Denied(_)
            | table::Error::Other(_),
        ) => Code::Unavailable,
        // The processor turns these into outcomes of single records, so here they are its bug.
        Error::Table(table::Error::RowTooLarge | table::Error::Malformed { .. }) => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::parse;
    use crate::place;

    #[test]
    fn each_error_has_its_code_and_its_reason() {
        use table::Error as Table;
        let malformed = Table::Malformed { key: "s@1".into(), attribute: "id" };
        for (error, code) in [
            (Error::Malformed(place::Error::Missing), Code::InvalidArgument),
            (Error::TooMany(10_001), Code::InvalidArgument),
            (Error::Full(1), Code::ResourceExhausted),
            (Error::Table(Table::Throttled), Code::ResourceExhausted),
            (Error::Table(Table::Unreachable("refused".into())), Code::Unavailable),
            (Error::Table(Table::NoTable(parse(&[]).unwrap().table.name)), Code::Unavailable),
            (Error::Table(Table::Denied("who?".into())), Code::Unavailable),
            (Error::Table(Table::Other("hm".into())), Code::Unavailable),
            (Error::Table(Table::RowTooLarge), Code::Internal),
            (Error::Table(malformed), Code::Internal),
        ] {
            let status = of(&error);
            assert_eq!(status.code(), code, "{error}");
            assert_eq!(status.message(), error.to_string());
        }
    }
}
