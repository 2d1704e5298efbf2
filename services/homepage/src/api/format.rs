//! The forms in which rows are given out: NDJSON and CSV.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT;
use actix_web::web::Bytes;
use barrage::table::Row;

use super::problem::Problem;
use crate::row_json::RowJson;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Ndjson,
    Csv,
}

impl Format {
    const COLUMNS: &str = "id,message,verdict,burst,sender,seq,processor,partition,offset,sent_at,\
                           received_at,stored_at,trace\r\n";

    /// What `?format=` says; without it CSV when the client accepts that, else NDJSON.
    ///
    /// # Errors
    /// When there is no such format.
    pub(super) fn wanted(request: &HttpRequest) -> Result<Self, Problem> {
        let mut pairs = request.query_string().split('&').filter_map(|pair| pair.split_once('='));
        match pairs.find(|(name, _)| *name == "format").map(|(_, format)| format) {
            Some("csv") => Ok(Self::Csv),
            Some("ndjson") => Ok(Self::Ndjson),
            Some(_) => Err(Problem::bad_parameter("format", "csv or ndjson.")),
            None => {
                let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
                let is_csv = accept.is_some_and(|accept| accept.contains("text/csv"));
                Ok(if is_csv { Self::Csv } else { Self::Ndjson })
            }
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// What comes before the first row.
    pub(super) fn begin(self) -> Option<Bytes> {
        match self {
            Self::Ndjson => None,
            Self::Csv => Some(Bytes::from_static(Self::COLUMNS.as_bytes())),
        }
    }

    /// One row with its line break.
    pub(super) fn line(self, row: &Row) -> String {
        match self {
            Self::Ndjson => ndjson(row),
            Self::Csv => csv(row),
        }
    }
}

fn ndjson(row: &Row) -> String {
    let line = serde_json::to_string(&RowJson::result(row));
    line.expect("a row is texts and numbers") + "\n"
}

fn csv(row: &Row) -> String {
    let Row { position, verdict, burst, sender, seq, .. } = row;
    let (id, message, processor) = (cell(&row.id), cell(&row.message), cell(&row.processor));
    let (sent, received, stored) = (row.sent_at.0, row.received_at.0, row.stored_at.0);
    let (partition, offset, trace) = (position.partition, position.offset, cell(&row.trace));
    format!(
        "{id},{message},{verdict},{burst},{sender},{seq},{processor},{partition},{offset},{sent},\
         {received},{stored},{trace}\r\n"
    )
}

/// A text as RFC 4180 quotes it. A text that a spreadsheet would run as a formula gets a quote before it.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use barrage::position::{Offset, Position};
    use barrage::table::Verdict;
    use barrage::time::Millis;
    use uuid::Uuid;

    use super::*;

    fn row(message: &str) -> Row {
        Row {
            position: Position {
                topic: "t".parse().unwrap(),
                partition: 1,
                offset: Offset::new(2).unwrap(),
            },
            id: "i".into(),
            message: message.into(),
            verdict: Verdict::Shown,
            burst: Uuid::nil(),
            sender: 3,
            seq: 4,
            processor: "p".into(),
            sent_at: Millis(5),
            read_at: Some(Millis(6)),
            received_at: Millis(6),
            stored_at: Millis(7),
            trace: "t".into(),
            traceparent: None,
            expires_at: Millis(8),
        }
    }

    #[test]
    fn a_row_is_one_line_of_json() {
        let line = Format::Ndjson.line(&row("a\n\"b\""));
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["message"], "a\n\"b\"");
        assert_eq!((&value["sender"], &value["seq"]), (&3.into(), &4.into()));
    }

    #[test]
    fn a_line_of_json_has_what_a_record_of_csv_has() {
        let value: serde_json::Value = serde_json::from_str(&ndjson(&row("hi"))).unwrap();
        let names: BTreeSet<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, Format::COLUMNS.trim_end().split(',').collect());
    }

    #[test]
    fn a_row_is_one_record_of_csv_and_never_a_formula() {
        let line = Format::Csv.line(&row("=1+\"1\",2"));
        assert!(line.starts_with("\"i\",\"'=1+\"\"1\"\",2\",shown,00000000-"), "{line}");
        assert_eq!(Format::COLUMNS.split(',').count(), 13);
    }
}
