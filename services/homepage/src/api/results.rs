//! `GET /bursts/{id}/results`: every row of a burst, read from the table, as NDJSON or CSV.

use std::borrow::Cow;

use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use barrage::table::Row;
use barrage::time::Millis;
use csv::{Terminator, Writer, WriterBuilder};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::caller::Caller;
use super::extract::BurstId;
use super::problem::Problem;
use crate::burst::{Bursts, RemoteBursts, Results};
use crate::limits::ClientLimits;
use crate::row_json::RowJson;

/// If the table fails in the middle, the answer is cut off without its last chunk. So a client sees that rows
/// are missing from it. It counts against the client's limit, because the table must answer.
pub(super) async fn stream(
    (bursts, remote): (Data<Bursts>, Data<RemoteBursts>),
    (results, clients): (Data<Results>, Data<ClientLimits>),
    request: HttpRequest,
    caller: Caller,
    BurstId(id): BurstId,
) -> Result<HttpResponse, Problem> {
    let format = Format::wanted(&request)?;
    caller.count_lookup(&clients)?;
    let (from, to) = match bursts.find(id) {
        Some(burst) => burst.offset_range(),
        None => {
            let row = remote.find(id).await?;
            (row.from, row.to)
        }
    };
    let rows = results.pages(&from, &to).map_ok(move |page| {
        let now = Millis::now();
        let ours =
            page.iter().filter(|row| row.burst == id && !row.expires_at.has_surely_passed(now));
        format.lines(ours)
    });
    let pieces = stream::iter([Ok(format.header())]).chain(rows);
    // An empty piece would end a chunked answer.
    let pieces = pieces.try_filter(|piece: &Bytes| std::future::ready(!piece.is_empty()));
    let mut answer = HttpResponse::Ok();
    answer.content_type(format.content_type()).insert_header((CACHE_CONTROL, "no-store"));
    // Of an answer to HEAD actix would read all rows, and send none.
    let is_head = request.method() == Method::HEAD;
    let pieces = pieces.take(if is_head { 0 } else { usize::MAX });
    Ok(answer.streaming(pieces))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Ndjson,
    Csv,
}

/// The columns of CSV, which are the members of a line of NDJSON. That leaves the name out if there is none.
const COLUMNS: [&str; 14] = [
    "id",
    "message",
    "verdict",
    "burst",
    "sender",
    "seq",
    "processor",
    "partition",
    "offset",
    "sent_at",
    "received_at",
    "stored_at",
    "trace",
    "name",
];

impl Format {
    /// What `?format=` says. Without it: CSV if the client accepts that, else NDJSON.
    fn wanted(request: &HttpRequest) -> Result<Self, Problem> {
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

    fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// What comes before the first row.
    fn header(self) -> Bytes {
        match self {
            Self::Ndjson => Bytes::new(),
            Self::Csv => csv(|writer| writer.write_record(COLUMNS)),
        }
    }

    /// Rows, each with its line break.
    fn lines<'a>(self, rows: impl Iterator<Item = &'a Row>) -> Bytes {
        match self {
            Self::Ndjson => rows.map(ndjson).collect::<String>().into(),
            Self::Csv => csv(|writer| {
                rows.map(without_formulas)
                    .try_for_each(|row| writer.serialize(RowJson::cells(&row)))
            }),
        }
    }
}

fn ndjson(row: &Row) -> String {
    let line = serde_json::to_string(&RowJson::result(row));
    line.expect("a row is texts and numbers") + "\n"
}

/// CSV as in RFC 4180: lines end with CR LF, and a field has quotes only if it needs them.
fn csv(write: impl FnOnce(&mut Writer<Vec<u8>>) -> csv::Result<()>) -> Bytes {
    let mut builder = WriterBuilder::new();
    let mut writer = builder.has_headers(false).terminator(Terminator::CRLF).from_writer(vec![]);
    write(&mut writer).expect("a row is texts and numbers");
    writer.into_inner().expect("memory can be written").into()
}

/// A text that a spreadsheet would run as a formula gets a quote before it.
fn without_formulas(row: &Row) -> Cow<'_, Row> {
    let is_formula = |text: &str| text.starts_with(['=', '+', '-', '@']);
    let mut texts =
        [&row.id, &row.message, &row.processor, &row.trace].into_iter().chain(&row.name);
    if !texts.any(|it| is_formula(it)) {
        return Cow::Borrowed(row);
    }
    let mut row = row.clone();
    let texts = [&mut row.id, &mut row.message, &mut row.processor, &mut row.trace];
    for text in texts.into_iter().chain(&mut row.name) {
        if is_formula(text) {
            text.insert(0, '\'');
        }
    }
    Cow::Owned(row)
}

#[cfg(test)]
mod tests {
    use barrage::position::{Offset, Position};
    use barrage::table::Verdict;
    use serde_json::Value;
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
            source: None,
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
            name: None,
        }
    }

    #[test]
    fn a_row_is_one_line_of_json() {
        let line = ndjson(&row("a\n\"b\""));
        assert_eq!(line.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["message"], "a\n\"b\"");
        assert_eq!((&value["sender"], &value["seq"]), (&3.into(), &4.into()));
    }

    #[test]
    fn a_record_of_csv_has_what_a_line_of_json_has() {
        let plain = row("hi");
        let row = Row { name: Some("小明".into()), ..row("a \"quote\", a comma\nand two lines") };
        let text = [Format::Csv.header(), Format::Csv.lines([&row, &plain].into_iter())].concat();
        let mut reader = csv::Reader::from_reader(&text[..]);
        let names: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        let [record, nameless] = &records[..] else { panic!("{records:?}") };
        let json: Value = serde_json::from_str(&ndjson(&row)).unwrap();
        assert_eq!(json.as_object().unwrap().len(), names.len());
        assert_eq!(nameless.get(names.len() - 1), Some(""));
        for (name, cell) in names.iter().zip(record) {
            let value = json[name].as_str().map_or_else(|| json[name].to_string(), str::to_owned);
            assert_eq!(cell, value, "{name}");
        }
    }

    #[test]
    fn a_record_of_csv_is_never_a_formula() {
        let row = Row { name: Some("@SUM(A1)".into()), ..row("=1+\"1\",2") };
        let line = Format::Csv.lines([&row].into_iter());
        let line = std::str::from_utf8(&line).unwrap();
        assert!(line.starts_with("i,\"'=1+\"\"1\"\",2\",shown,00000000-"), "{line}");
        assert!(line.ends_with(",'@SUM(A1)\r\n"), "{line}");
    }
}
