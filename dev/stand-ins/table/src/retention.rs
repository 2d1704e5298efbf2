//! Keeps the tables within their share of the disk: deletes the rows that were written first, which expire first too.
//!
//! The totals that a homepage saves are a row as well. They are written after the rows that they count. So whoever finds
//! totals finds the rows that these do not count yet.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use startup::keep::{ROUND, Settled, Share};
use tokio::{
    task,
    time::{MissedTickBehavior, interval},
};

use crate::file::File;

/// How many rows of a table are deleted at once. Meanwhile no client can write.
const ROWS: u32 = 500;

pub(crate) struct Retention {
    file: File,
    share: Share,
    last_rows: Settled<String>,
    /// Whether the log says already that the share does not suffice.
    is_short: bool,
}

impl Retention {
    /// Prepares the file, which the engine must not have opened yet.
    pub(crate) fn prepare(path: &Path, share: Share) -> rusqlite::Result<Self> {
        let file = File::open(path)?;
        Ok(Self { file, share, last_rows: Settled::default(), is_short: false })
    }

    /// Looks at the file again and again.
    pub(crate) async fn run(mut self) {
        let mut due = interval(ROUND);
        due.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            due.tick().await;
            let round = task::spawn_blocking(move || (self.round(), self)).await;
            match round {
                Ok((Ok(()), same)) => self = same,
                Ok((Err(error), same)) => {
                    tracing::warn!(%error, "the tables were not kept within their share");
                    self = same;
                }
                Err(error) => {
                    tracing::error!(%error, "keeping the tables within their share died");
                    return;
                }
            }
        }
    }

    fn round(&mut self) -> rusqlite::Result<()> {
        self.last_rows.note(Instant::now(), self.file.last_rows()?);
        if self.share.is_nearly_used(self.file.pages()?) {
            let suffices = self.delete()?;
            if !suffices && !self.is_short {
                tracing::warn!(
                    "the tables take more than their share of --keep: what is left is too new"
                );
            }
            self.is_short = !suffices;
        }
        self.file.shrink(self.share)
    }

    /// Deletes the oldest rows until there is room. Returns whether there is.
    fn delete(&self) -> rusqlite::Result<bool> {
        let old = self.last_rows.numbers(Instant::now());
        loop {
            let began = Instant::now();
            let mut deleted = 0;
            for (table, last) in &old {
                if self.share.has_room(self.file.pages()?) {
                    return Ok(true);
                }
                deleted += self.file.delete_oldest(table, *last, ROWS)?;
            }
            if deleted == 0 {
                return Ok(self.share.has_room(self.file.pages()?));
            }
            // Half of the time is for the clients.
            thread::sleep(began.elapsed().min(Duration::from_secs(1)));
        }
    }
}
