//! One bullet, ready to be sent.

use barrage::position::{Offset, Partition};
use barrage::table::{Row, Verdict};
use barrage::time::Millis;
use bytes::Bytes;

use crate::row_json::RowJson;

/// One bullet, already in JSON.
#[derive(Clone, Debug)]
pub(super) struct Bullet {
    pub(super) partition: Partition,
    pub(super) offset: Offset,
    expires_at: Millis,
    json: Bytes,
}

impl Bullet {
    /// The bullet of a row that is shown.
    pub(super) fn of(row: &Row) -> Option<Self> {
        match row.verdict {
            Verdict::Blocked => return None,
            Verdict::Shown => {}
        }
        let json = serde_json::to_vec(&RowJson::bullet(row));
        Some(Self {
            partition: row.position.partition,
            offset: row.position.offset,
            expires_at: row.expires_at,
            json: json.ok()?.into(),
        })
    }
}

/// The newest `limit` of these bullets that have not expired, oldest first.
pub(super) fn newest<'a>(
    newest_first: impl Iterator<Item = &'a Bullet>,
    limit: usize,
) -> Vec<Bytes> {
    let now = Millis::now();
    let alive = newest_first.filter(|bullet| !bullet.expires_at.has_surely_passed(now));
    let mut bullets: Vec<_> = alive.take(limit).map(|bullet| bullet.json.clone()).collect();
    bullets.reverse();
    bullets
}
