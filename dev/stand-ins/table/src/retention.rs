//! Keeps the tables within their share of the disk: deletes the rows that were written first, which expire first too.
//!
//! The totals that a homepage saves are a row as well. They are written after the rows that they count. So whoever finds
//! totals finds the rows that these do not count yet.

use std::{path::Path, time::Instant};

use startup::keep::{ROUND, Settled, Share};
use tokio::{
    task,
    time::{MissedTickBehavior, interval, sleep_until},
};

use crate::file::File;

/// How many rows of a table are deleted at once. Meanwhile no client can write.
const ROWS: u32 = 500;

pub(crate) struct Retention {
    file: File,
    share: Share,
    last_rows: Settled<String>,
    /// Rows go until there is room.
    is_deleting: bool,
    /// Whether the log says already that the share does not suffice.
    is_short: bool,
}

impl Retention {
    /// Prepares the file, which the engine must not have opened yet.
    pub(crate) fn prepare(path: &Path, share: Share) -> rusqlite::Result<Self> {
        let file = File::open(path)?;
        Ok(Self { file, share, last_rows: Settled::default(), is_deleting: false, is_short: false })
    }

    /// Looks at the file again and again.
    pub(crate) async fn run(mut self) {
        let mut due = interval(ROUND);
        due.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let began = Instant::now();
            let round = match task::spawn_blocking(move || (self.round(), self)).await {
                Ok((round, same)) => {
                    self = same;
                    round
                }
                Err(error) => {
                    tracing::error!(%error, "keeping the tables within their share died");
                    return;
                }
            };
            match round {
                // Half of the time is for the clients.
                Ok(true) => sleep_until((Instant::now() + began.elapsed()).into()).await,
                Ok(false) => drop(due.tick().await),
                Err(error) => {
                    tracing::warn!(%error, "the tables were not kept within their share");
                    due.tick().await;
                }
            }
        }
    }

    /// Deletes some rows if they must go. Returns whether more of them must.
    fn round(&mut self) -> rusqlite::Result<bool> {
        if !self.is_deleting {
            self.last_rows.note(Instant::now(), self.file.last_rows()?);
            self.is_deleting = self.share.is_nearly_used(self.file.pages()?);
        }
        if self.is_deleting {
            self.is_deleting = self.delete_some()?;
        }
        if !self.is_deleting {
            self.file.shrink(self.share)?;
        }
        Ok(self.is_deleting)
    }

    /// Deletes some of the oldest rows. Returns whether more must go, and may.
    fn delete_some(&mut self) -> rusqlite::Result<bool> {
        let mut deleted = 0;
        for (table, last) in self.last_rows.numbers(Instant::now()) {
            deleted += self.file.delete_oldest(&table, last, ROWS)?;
        }
        if self.share.has_room(self.file.pages()?) {
            self.is_short = false;
        } else if deleted > 0 {
            return Ok(true);
        } else if !self.is_short {
            self.is_short = true;
            tracing::warn!(
                "the tables take more than their share of --keep: what is left is too new"
            );
        }
        Ok(false)
    }
}
