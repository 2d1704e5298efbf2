//! A viewer's opaque place in the feed. It holds two places, for two kinds of homepage:
//!
//! - On the homepage that made it: the reader's run and the number of the next bullet in it. No bullet comes twice and
//!   none is missed, however late its row appears.
//! - On any other homepage, or on the same one after a restart: for each partition the offset before which all
//!   records were finished. A viewer may get a bullet again, but misses none.
//!
//! An example: run 7, next 3, finished before offset 41 in partition 0. The viewer has got the bullets 0/39, 0/40 and
//! 0/42. The record 0/41 is still open, so the offset is not 43.
//!
//! - The row of 0/41 appears. The same homepage gives it the number 3, and the viewer gets it alone.
//! - Another homepage, which has a run of its own, sends all from 41 on: 0/41, and 0/42 again. The page shows each id
//!   once.

use std::fmt;
use std::str::FromStr;

use barrage::kafka::PartitionOffsets;
use barrage::position::{Offset, Partition};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The run of the reader that made it. Runs are random numbers, so no two homepages have the same.
    pub(crate) run: u64,
    /// The number of the next bullet in that run.
    pub(crate) next: u64,
    /// All records before these offsets were finished.
    pub(crate) finished: PartitionOffsets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this cursor was not made by a feed")]
pub(crate) struct CursorError;

impl Cursor {
    /// The first part of the text. Another format would have another version.
    const VERSION: &str = "1";
    /// A topic has 1,000 partitions at most, so a longer text is no cursor.
    const MAX_LENGTH: usize = 64 << 10;

    /// Whether a record may have been unfinished when the cursor was made.
    pub(crate) fn is_open(&self, partition: Partition, offset: Offset) -> bool {
        self.finished.get(&partition).is_none_or(|next| offset >= *next)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |(partition, offset): (&i32, &Offset)| format!("{partition}:{offset}");
        let places: Vec<_> = self.finished.iter().map(place).collect();
        let text = format!("{}.{}.{}.{}", Self::VERSION, self.run, self.next, places.join(","));
        f.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        parse(text).ok_or(CursorError)
    }
}

fn parse(text: &str) -> Option<Cursor> {
    let bytes = (text.len() <= Cursor::MAX_LENGTH).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
    let text = String::from_utf8(bytes).ok()?;
    let mut parts = text.splitn(4, '.');
    let (version, run, next, places) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let place = |place: &str| {
        let (partition, offset) = place.split_once(':')?;
        Some((partition.parse().ok()?, Offset::new(offset.parse().ok()?)?))
    };
    let places = places.split(',').filter(|place| !place.is_empty());
    let finished: PartitionOffsets = places.map(place).collect::<Option<_>>()?;
    let (run, next) = (run.parse().ok()?, next.parse().ok()?);
    (version == Cursor::VERSION).then_some(Cursor { run, next, finished })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(
            run in any::<u64>(),
            next in any::<u64>(),
            places in proptest::collection::btree_map(0i32..1000, 0i64..i64::MAX, 0..20),
        ) {
            let finished = places.into_iter().filter_map(|(p, o)| Some((p, Offset::new(o)?))).collect();
            let cursor = Cursor { run, next, finished };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn a_text_that_is_no_cursor_is_an_error_and_never_a_panic(text in ".{0,60}") {
            prop_assert!(text.parse::<Cursor>().is_err());
        }

        #[test]
        fn a_cursor_cut_short_never_panics(cut in 0usize..40) {
            let whole = Cursor { run: 1 << 60, next: 77, finished: PartitionOffsets::new() }.to_string();
            let _either = whole[..cut.min(whole.len())].parse::<Cursor>();
        }
    }
}
