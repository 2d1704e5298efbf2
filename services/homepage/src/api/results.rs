//! `GET /bursts/{id}/results`: every row of a burst, read from the table, not from memory.

use std::collections::VecDeque;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use barrage::kafka::PartitionOffsets;
use barrage::position::{Offset, Partition, Shard};
use barrage::retry::{Backoff, Fate};
use barrage::table::{self, Consistency, Page, Range, Row, Table};
use barrage::time::Millis;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::format::Format;
use super::problem::Problem;
use super::{Api, bursts, elsewhere};

/// How many rows one request to the table asks for.
const PAGE: i32 = 1000;
/// How often one request is tried again before the answer is cut off.
const TRIES: u32 = 6;

/// `GET /bursts/{id}/results`: NDJSON, or CSV when that is accepted. An answer that ends early is cut off
/// without its last chunk, so that nobody takes a part for the whole.
pub(super) async fn stream(
    api: Data<Api>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (id, format) = (bursts::parse(&id)?, Format::wanted(&request)?);
    let (from, to) = match api.bursts.find(id) {
        Some(burst) => burst.positions(),
        None => {
            let row = elsewhere::find(&api, id).await?;
            (row.from, row.to)
        }
    };
    let begin = stream::iter(format.begin().map(Ok));
    let rows = pages(&api, &from, &to).map_ok(move |page| {
        let now = Millis::now();
        let ours =
            page.iter().filter(|row| row.burst == id && !row.expires_at.has_surely_passed(now));
        ours.map(|row| format.line(row)).collect::<String>().into()
    });
    // An empty piece would end a chunked answer.
    let rows = rows.try_filter(|piece: &Bytes| std::future::ready(!piece.is_empty()));
    Ok(HttpResponse::Ok()
        .content_type(format.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(begin.chain(rows)))
}

/// All rows between these offsets, page by page.
pub(super) fn pages(
    api: &Api,
    from: &PartitionOffsets,
    to: &PartitionOffsets,
) -> impl Stream<Item = Result<Vec<Row>, table::Error>> + use<> {
    let begin = |(partition, end): (&Partition, &Offset)| {
        (*partition, from.get(partition).copied().unwrap_or_default(), *end)
    };
    let open: VecDeque<_> = to.iter().map(begin).collect();
    let (table, topic) = (api.table.clone(), api.topic.clone());
    stream::try_unfold((table, topic, open), |(table, topic, mut open)| async move {
        let Some((partition, from, end)) = open.pop_front() else { return Ok(None) };
        let shard = Shard::of(&topic, partition, from);
        let to = end.min(shard.end());
        let range = Range { from, to, limit: PAGE, consistency: Consistency::Strong };
        let page = read(&table, &shard, range).await?;
        let last = page.rows.last().map(|row| row.position.offset.next());
        let next = last.filter(|_| page.more).unwrap_or(to);
        if next < end {
            open.push_front((partition, next, end));
        }
        Ok(Some((page.rows, (table, topic, open))))
    })
}

async fn read(table: &Table, shard: &Shard, range: Range) -> Result<Page, table::Error> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    loop {
        match table.range(shard, range).await {
            Err(error) if error.fate() == Fate::Wait && backoff.failures() < TRIES => {
                tracing::debug!(%error, "results are read again");
                backoff.wait().await;
            }
            answer => return answer,
        }
    }
}
