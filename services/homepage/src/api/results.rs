//! `GET /bursts/{id}/results`: every row of a burst, read from the table, not from memory.

use std::collections::VecDeque;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use barrage::kafka::Ends;
use barrage::position::{Offset, Partition, Shard};
use barrage::retry::{Backoff, Fate};
use barrage::table::{self, BurstRow, Consistency, Page, Range, Row, State, Table, Verdict};
use barrage::time::Millis;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

use super::format::Format;
use super::problem::Problem;
use super::{Api, bursts};

/// How many rows one request to the table asks for.
const PAGE: i32 = 1000;
/// How often one request is tried again before the answer is cut off.
const TRIES: u32 = 6;
/// A running burst whose row is older than this has lost its homepage.
const SILENT_MS: i64 = 10_000;

/// `GET /bursts/{id}/results`: NDJSON, or CSV when that is accepted. An answer that ends early is cut off
/// without its last chunk, so that nobody takes a part for the whole.
pub(super) async fn stream(
    api: Data<Api>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = bursts::parse(&id)?;
    let (from, to) = match api.bursts.find(id) {
        Some(burst) => burst.positions(),
        None => {
            let row = of_another_homepage(&api, id).await?;
            (row.from, row.to)
        }
    };
    let format = Format::wanted(&request);
    let begin = stream::iter(format.begin().map(Ok));
    let rows = pages(&api, &from, &to).map_ok(move |page| {
        let now = Millis::now();
        let ours = page.iter().filter(|row| row.burst == id && row.expires_at > now);
        ours.map(|row| format.line(row)).collect::<String>().into()
    });
    // An empty piece would end a chunked answer.
    let rows = rows.try_filter(|piece: &Bytes| std::future::ready(!piece.is_empty()));
    Ok(HttpResponse::Ok()
        .content_type(format.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(begin.chain(rows)))
}

/// The row of a burst that this homepage does not run. One whose homepage has died is stopped, and counted.
pub(super) async fn of_another_homepage(api: &Api, id: Uuid) -> Result<BurstRow, Problem> {
    let row = api.table.burst(id).await?.ok_or_else(|| Problem::not_found("burst"))?;
    if row.state.is_final() || Millis::now().0 - row.heartbeat.0 < SILENT_MS {
        return Ok(row);
    }
    recount(api, row).await
}

/// Counts a burst whose homepage has died: from the topic what was accepted, from the table what was
/// stored. It is written down as soon as all of it is finished.
async fn recount(api: &Api, mut row: BurstRow) -> Result<BurstRow, Problem> {
    let partitions: Vec<_> = row.from.keys().copied().collect();
    let away = |_| Problem::kafka_away();
    let latest = api.offsets.latest(&partitions).await.map_err(away)?;
    let prefix = format!("{}/", row.id).into_bytes();
    let counted = api.counter.count(row.from.clone(), latest, prefix).await.map_err(away)?;
    (row.accepted, row.to, row.state) = (counted.records, counted.ends, State::Stopped);
    let finished = api.wall.has_finished(&row.to);
    (row.stored, row.blocked) = (0, 0);
    let mut pages = std::pin::pin!(pages(api, &row.from, &row.to));
    while let Some(page) = pages.try_next().await? {
        for stored in page.iter().filter(|it| it.burst == row.id) {
            row.stored += 1;
            row.blocked += u64::from(stored.verdict == Verdict::Blocked);
        }
    }
    // Its homepage may live after all, and have written it meanwhile: then its word counts.
    if finished && !api.table.replace_burst(&row, row.heartbeat).await? {
        return api.table.burst(row.id).await?.ok_or_else(|| Problem::not_found("burst"));
    }
    Ok(row)
}

/// All rows between these offsets, page by page.
fn pages(
    api: &Api,
    from: &Ends,
    to: &Ends,
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
