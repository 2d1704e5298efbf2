//! Bursts that another homepage runs or has run, by what their rows say.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web::Data;
use barrage::retry::pause;
use barrage::table::{BurstRow, State, Verdict};
use barrage::time::Millis;
use futures::future::{BoxFuture, Shared};
use futures::{FutureExt as _, TryStreamExt as _};
use tokio::time::timeout;
use uuid::Uuid;

use super::problem::Problem;
use super::{Api, results};
use crate::burst::Pulse;

/// How often a burst is looked at of which it is not known whether its homepage lives.
const LOOK: Duration = Duration::from_millis(500);

/// How long an answer waits for a burst to be counted.
const PATIENCE: Duration = Duration::from_secs(5);

/// A count, however many wait for it.
type Recount = Shared<BoxFuture<'static, Result<BurstRow, Problem>>>;

/// The counts that are under way. Each goes on when whoever has asked for it is gone: in a large topic it
/// takes longer than people wait.
#[derive(Debug, Default)]
pub(crate) struct Recounts(Mutex<HashMap<Uuid, Recount>>);

impl Recounts {
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Recount>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The row of a burst that this homepage does not run. One whose homepage has died is stopped, and counted.
pub(super) async fn find(api: &Data<Api>, id: Uuid) -> Result<BurstRow, Problem> {
    loop {
        let row = api.table.burst(id).await?.ok_or_else(|| Problem::not_found("burst"))?;
        if row.state.is_final() {
            return Ok(row);
        }
        match api.pulses.feel(id, row.heartbeat, Millis::now(), Instant::now()) {
            Pulse::Beats => return Ok(row),
            Pulse::Unsure => pause(LOOK).await,
            Pulse::Silent => return counted(api, row).await,
        }
    }
}

/// Asks another homepage to stop a burst. Answers its row, and whether it had ended already.
pub(super) async fn stop(api: &Data<Api>, id: Uuid) -> Result<(BurstRow, bool), Problem> {
    // Asked whether or not its homepage seems to live: who lives after all, stops.
    let asked = api.table.request_stop(id).await?;
    let row = find(api, id).await?;
    let had_ended = !asked || row.state.is_final();
    Ok((row, had_ended))
}

/// The row of a burst whose homepage has died, once it is counted; until then as it was last written, and
/// draining, because nobody sends any more.
async fn counted(api: &Data<Api>, row: BurstRow) -> Result<BurstRow, Problem> {
    let recount = match api.recounts.lock().entry(row.id) {
        Entry::Occupied(under_way) => under_way.get().clone(),
        Entry::Vacant(place) => place.insert(begin(api.clone(), row.clone())).clone(),
    };
    let late = |_| Ok(BurstRow { state: State::Draining, ..row });
    timeout(PATIENCE, recount).await.unwrap_or_else(late)
}

fn begin(api: Data<Api>, row: BurstRow) -> Recount {
    let (id, owner) = (row.id, api.clone());
    let recount = async move { recount(&api, row).await }.boxed().shared();
    let under_way = recount.clone();
    tokio::spawn(async move {
        drop(under_way.await);
        owner.recounts.lock().remove(&id);
    });
    recount
}

/// Counts a burst whose homepage has died: from the topic what was accepted, from the table what was
/// stored. It is written down as soon as all of it is finished.
async fn recount(api: &Api, mut row: BurstRow) -> Result<BurstRow, Problem> {
    let partitions: Vec<_> = row.from.keys().copied().collect();
    let away = |_| Problem::kafka_away();
    let latest = api.offsets.high_watermarks(&partitions).await.map_err(away)?;
    let prefix = format!("{}/", row.id).into_bytes();
    let counted = api.counter.count(row.from.clone(), latest, prefix).await.map_err(away)?;
    (row.accepted, row.to, row.state) = (counted.records, counted.next_offsets, State::Stopped);
    let finished = api.wall.has_finished(&row.to);
    (row.stored, row.blocked) = (0, 0);
    let mut pages = std::pin::pin!(results::pages(api, &row.from, &row.to));
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
