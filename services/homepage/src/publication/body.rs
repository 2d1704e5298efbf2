//! The bytes of one answer: JSON, and compressed once in each encoding that a viewer asks for.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use barrage::time::{Millis, Rfc3339};
use brotli::CompressorWriter;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::snapshot::Snapshot;
use crate::assets::Encoding;
use crate::events::Event;
use crate::metrics;
use crate::problems::PartProblem;
use crate::reader::cursor::Cursor;
use crate::reader::progress::Counts;

/// Of 500 bullets, 173 kB, level 1 of zlib makes 29 kB in 2.2 ms, level 6 25 kB in 3.6 ms, and level 9 24 kB in 8 ms.
/// Every viewer gets these bytes, and they are made once.
const GZIP: u32 = 6;
const BROTLI: u32 = 4;
/// 256 KiB, which holds any answer.
const BROTLI_WINDOW: u32 = 18;

/// For whom the answer says when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PollAfter {
    /// A viewer who polls.
    Polling,
    /// A viewer who waits.
    Waiting,
}

/// Of what an answer is made.
pub(super) struct Parts<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// In JSON, oldest first.
    pub(super) bullets: Vec<Bytes>,
    pub(super) passed: u64,
    /// Where the viewer goes on.
    pub(super) cursor: Arc<str>,
    pub(super) is_for_all: bool,
}

/// One answer. All who get it share its bytes.
#[derive(Debug)]
pub(crate) struct Body {
    /// No two bodies have the same.
    pub(crate) tag: String,
    pub(crate) poll_after_ms: u32,
    /// Where the viewer goes on.
    pub(super) cursor: Arc<str>,
    pub(super) has_bullets: bool,
    /// The answer has a cursor of this homepage, so it is right for anybody who asks the same within a moment.
    is_for_all: bool,
    plain: Bytes,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
}

/// All of the answer but its bullets, which the reader has serialised already.
#[derive(Serialize)]
struct Rest<'a> {
    /// A page compares its own clock with it.
    now: Millis,
    cursor: &'a str,
    passed: u64,
    totals: TotalsJson,
    processors: &'a [String],
    slots: &'a BTreeMap<String, u64>,
    poll_after_ms: u32,
    problems: &'a [PartProblem],
    events: &'a [Event],
}

#[derive(Serialize)]
struct TotalsJson {
    since: Option<Rfc3339>,
    #[serde(flatten)]
    counts: Counts,
    expired_since: Option<Rfc3339>,
}

impl<'a> Parts<'a> {
    /// While it is read what was there before, everybody stays at the own cursor: what is old would look new to a viewer
    /// who goes on from here.
    pub(super) fn history(snapshot: &'a Snapshot, after: Option<&Cursor>) -> Self {
        let cursor = after.map(Cursor::text).unwrap_or_default().into();
        Self { snapshot, bullets: Vec::new(), passed: 0, cursor, is_for_all: false }
    }

    fn json(&self, poll_after_ms: u32) -> Vec<u8> {
        let Self { snapshot, bullets, passed, cursor, .. } = self;
        let totals = snapshot.totals;
        let rest = serde_json::to_vec(&Rest {
            now: Millis::now(),
            cursor,
            passed: *passed,
            totals: TotalsJson {
                since: totals.since,
                counts: totals.counts,
                expired_since: totals.expired.map(|expired| expired.since.rfc3339()),
            },
            processors: &snapshot.sight.processors,
            slots: &snapshot.sight.slots,
            poll_after_ms,
            problems: &snapshot.problems,
            events: &snapshot.events,
        });
        let rest = rest.expect("the answer is texts and numbers");
        let bullets = bullets.join(&b","[..]);
        // One object: the bullets as its first member, then the others.
        [br#"{"bullets":["#, &bullets[..], b"],", &rest[1..]].concat()
    }
}

impl Body {
    pub(super) fn new(tag: String, parts: &Parts<'_>, poll_after_ms: u32) -> Self {
        metrics::feed_body_made();
        Self {
            tag,
            poll_after_ms,
            cursor: parts.cursor.clone(),
            has_bullets: !parts.bullets.is_empty(),
            is_for_all: parts.is_for_all,
            plain: parts.json(poll_after_ms).into(),
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        }
    }

    /// Whether it is right for all who ask after this cursor within a moment. Where it leads back to the same cursor,
    /// they would get it again instead of what comes next.
    pub(crate) fn leads_on_from(&self, after: Option<&str>) -> bool {
        self.is_for_all && after != Some(&*self.cursor)
    }

    /// The answer as it is.
    pub(crate) fn plain(&self) -> Bytes {
        self.plain.clone()
    }

    /// The answer in this encoding. The first who asks for it compresses it for all.
    pub(crate) fn encoded(&self, encoding: Encoding) -> Bytes {
        let (once, compress, name): (_, fn(&[u8]) -> Bytes, _) = match encoding {
            Encoding::Brotli => (&self.brotli, brotli, "br"),
            Encoding::Gzip => (&self.gzip, gzip, "gzip"),
        };
        let compress = || {
            metrics::feed_compressed(name);
            compress(&self.plain)
        };
        once.get_or_init(compress).clone()
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let compressed = [&self.gzip, &self.brotli];
        self.plain.len()
            + compressed.into_iter().filter_map(|it| it.get()).map(Bytes::len).sum::<usize>()
    }
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), Compression::new(GZIP));
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.expect("memory can be written").into()
}

fn brotli(plain: &[u8]) -> Bytes {
    let room = Vec::with_capacity(plain.len() / 3);
    let mut encoder = CompressorWriter::new(room, 4096, BROTLI, BROTLI_WINDOW);
    encoder.write_all(plain).expect("memory can be written");
    encoder.into_inner().into()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use brotli::Decompressor;
    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn each_encoding_holds_the_same_answer() {
        let plain: Vec<u8> = (0..200_000u32).map(|n| (n % 251 / 3).to_le_bytes()[0]).collect();
        let (brotli, gzip) = (brotli(&plain), gzip(&plain));
        let mut decoded = [Vec::new(), Vec::new()];
        Decompressor::new(&brotli[..], 4096).read_to_end(&mut decoded[0]).unwrap();
        GzDecoder::new(&gzip[..]).read_to_end(&mut decoded[1]).unwrap();
        assert!(decoded.iter().all(|decoded| *decoded == plain));
        assert!(brotli.len().max(gzip.len()) < plain.len());
    }
}
