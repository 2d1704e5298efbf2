//! Bursts that another homepage runs or has run, by what their rows say.

use std::time::{Duration, Instant};

use barrage::retry::pause;
use barrage::table::{BurstRow, State, Verdict};
use barrage::time::Millis;
use futures::TryStreamExt as _;
use uuid::Uuid;

use super::problem::Problem;
use super::{Api, results};
use crate::burst::Pulse;

/// How often a burst is looked at of which it is not known whether its homepage lives.
const LOOK: Duration = Duration::from_millis(500);

/// The row of a burst that this homepage does not run. One whose homepage has died is stopped, and counted.
pub(super) async fn find(api: &Api, id: Uuid) -> Result<BurstRow, Problem> {
    loop {
        let row = api.table.burst(id).await?.ok_or_else(|| Problem::not_found("burst"))?;
        if row.state.is_final() {
            return Ok(row);
        }
        match api.pulses.feel(id, row.heartbeat, Millis::now(), Instant::now()) {
            Pulse::Beats => return Ok(row),
            Pulse::Unsure => pause(LOOK).await,
            Pulse::Silent => return recount(api, row).await,
        }
    }
}

/// Asks another homepage to stop a burst. Answers its row, and whether it had ended already.
pub(super) async fn stop(api: &Api, id: Uuid) -> Result<(BurstRow, bool), Problem> {
    let row = find(api, id).await?;
    if !row.state.is_final() && api.table.ask_to_stop(id).await? {
        return Ok((row, false));
    }
    Ok((find(api, id).await?, true))
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
