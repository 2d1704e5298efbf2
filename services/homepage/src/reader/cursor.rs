//! A viewer's opaque place in the feed. It holds two places, for two kinds of homepage:
//!
//! - On the homepage that made it: the reader's run, the number of the next bullet in it, and the number of the last
//!   news. No bullet comes twice and none is missed, however late its row appears. Whoever waits gets each news, also
//!   one without a bullet.
//! - On any other homepage, or on the same one after a restart: for each partition the offset before which all
//!   records were finished. A viewer may get a bullet again, but misses none.
//!
//! A cursor goes into a URL, and common proxies refuse long URLs. So its text has at most 1,024 characters. The offsets
//! of many partitions do not fit, so they are left out. Then another homepage goes by a time: when the reader's last
//! round began that read all rows. It sends the bullets whose rows may have appeared after that.
//!
//! An example: run 7, next 3, news 5, all rows read at 1,000,000 ms, finished before offset 41 in partition 0 and before
//! offset 300 in partition 1. The viewer has got the bullets 0/39, 0/40, 0/42 and those of partition 1. The record 0/41
//! is still open, so the offset is not 43. The text is `AwAAAAAAAAAHAwXAhD0prAI`, in URL-safe Base64. Its bytes:
//!
//! | bytes | meaning |
//! | --- | --- |
//! | `03` | the version of this format |
//! | `00 00 00 00 00 00 00 07` | run 7 |
//! | `03` | next 3, a varint: 7 bits in each byte, the lowest first; `80` is added to all bytes but the last |
//! | `05` | news 5, a varint |
//! | `c0 84 3d` | the time 1,000,000 ms, a varint; 0 if no round has read all rows yet |
//! | `29` | partition 0: offset 41, a varint |
//! | `ac 02` | partition 1: offset 300, a varint |
//!
//! - The row of 0/41 appears. The same homepage gives it the number 3, and the viewer gets it alone.
//! - Another homepage, which has a run of its own, sends all from 41 on: 0/41, and 0/42 again. The page shows each
//!   position once.
//! - If the offsets were left out, it sends all that may have appeared after 1,000,000 ms: 0/41, and more again.

use std::str::FromStr;

use barrage::kafka::PartitionOffsets;
use barrage::position::{Offset, Partition};
use barrage::time::Millis;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The run of the reader that made it. Runs are random numbers, so no two homepages have the same.
    pub(crate) run: u64,
    /// The number of the next bullet in that run.
    pub(crate) next: u64,
    /// The number of the last news that the viewer has been told; 0 if the format had none.
    pub(crate) news: u64,
    /// When the last round of that run began that read all rows, by that homepage's clock; `None` before the first.
    pub(crate) all_read_at: Option<Millis>,
    /// All records before these offsets were finished. It is empty if they did not fit into the text.
    pub(crate) finished: PartitionOffsets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this cursor was not made by a feed")]
pub(crate) struct CursorError;

impl Cursor {
    /// The first byte. Another format would have another version.
    const VERSION: u8 = 3;
    /// The format before this one has no news. Homepages give it out while they are updated one by one.
    const VERSION_WITHOUT_NEWS: u8 = 2;
    /// The longest text, in characters.
    const MAX_LENGTH: usize = 1024;
    /// What this text has room for: Base64 has four characters for three bytes.
    const MAX_BYTES: usize = Self::MAX_LENGTH / 4 * 3;
    /// A row may appear in the table this much later than its `stored_at`, in milliseconds. A processor takes that time
    /// before it writes, and tries a row again until the router's call ends: after 60 s, unless `REQ_TIMEOUT` says
    /// another time. As much again is for the reader, which learns of new records and partitions some seconds late.
    const LONGEST_DELAY: i64 = 2 * 60_000;

    /// The cursor as a text.
    pub(crate) fn text(&self) -> String {
        self.text_at(self.news)
    }

    /// The text of a cursor that is like this one, of a viewer who has been told this news.
    pub(crate) fn text_at(&self, news: u64) -> String {
        let mut bytes = vec![Self::VERSION];
        bytes.extend(self.run.to_be_bytes());
        push_varint(&mut bytes, self.next);
        push_varint(&mut bytes, news);
        push_varint(&mut bytes, self.all_read_at.map_or(0, |at| at.0.try_into().unwrap_or(0)));
        let room = Self::MAX_BYTES - bytes.len();
        bytes.extend(self.offsets(room).unwrap_or_default());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The offsets by partition, if they fit into so many bytes.
    fn offsets(&self, room: usize) -> Option<Vec<u8>> {
        let (mut bytes, mut next) = (Vec::new(), 0);
        for (partition, offset) in &self.finished {
            // Each partition needs a byte or more.
            let partition = usize::try_from(*partition).ok().filter(|it| *it < room)?;
            // Nothing is known of the partitions between: they are open from offset 0 on.
            bytes.resize(bytes.len() + (partition - next), 0);
            push_varint(&mut bytes, offset.get().try_into().ok()?);
            next = partition + 1;
        }
        (bytes.len() <= room).then_some(bytes)
    }

    /// Whether the viewer may have missed this bullet when the cursor was made.
    pub(crate) fn may_have_missed(
        &self,
        partition: Partition,
        offset: Offset,
        stored_at: Millis,
    ) -> bool {
        if self.finished.is_empty() {
            // `stored_at` is by a processor's clock, which may differ from the homepage's.
            let appeared = Millis(stored_at.0.saturating_add(Self::LONGEST_DELAY));
            return self.all_read_at.is_none_or(|read| !appeared.has_surely_passed(read));
        }
        self.finished.get(&partition).is_none_or(|next| offset >= *next)
    }

    /// Whether this bullet, which the viewer may have missed, is probably new to it. By the time, many bullets come
    /// again only to be safe from slow writes and wrong clocks.
    pub(crate) fn is_probably_new(&self, stored_at: Millis) -> bool {
        !self.finished.is_empty() || self.all_read_at.is_none_or(|read| stored_at >= read)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let fits = text.len() <= Self::MAX_LENGTH;
        let bytes = fits.then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten().ok_or(CursorError)?;
        let cursor = match bytes.split_first() {
            Some((&Self::VERSION, rest)) => parse(rest, true),
            Some((&Self::VERSION_WITHOUT_NEWS, rest)) => parse(rest, false),
            _ => parse_version_1(&bytes),
        };
        cursor.ok_or(CursorError)
    }
}

/// Reads what follows the version.
fn parse(bytes: &[u8], has_news: bool) -> Option<Cursor> {
    let (run, mut rest) = bytes.split_first_chunk()?;
    let next = take_varint(&mut rest)?;
    let news = if has_news { take_varint(&mut rest)? } else { 0 };
    let all_read_at = i64::try_from(take_varint(&mut rest)?).ok()?;
    let mut finished = Vec::new();
    while !rest.is_empty() {
        finished.push(Offset::new(take_varint(&mut rest)?.try_into().ok()?)?);
    }
    Some(Cursor {
        run: u64::from_be_bytes(*run),
        next,
        news,
        all_read_at: (all_read_at > 0).then_some(Millis(all_read_at)),
        finished: (0..).zip(finished).collect(),
    })
}

/// The first format, a text: `1.RUN.NEXT.PLACES`, each place being `PARTITION:OFFSET`.
fn parse_version_1(bytes: &[u8]) -> Option<Cursor> {
    let mut parts = std::str::from_utf8(bytes).ok()?.splitn(4, '.');
    let (version, run, next, places) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let place = |place: &str| {
        let (partition, offset) = place.split_once(':')?;
        Some((partition.parse().ok()?, Offset::new(offset.parse().ok()?)?))
    };
    let places = places.split(',').filter(|place| !place.is_empty());
    let finished: PartitionOffsets = places.map(place).collect::<Option<_>>()?;
    let (run, next) = (run.parse().ok()?, next.parse().ok()?);
    (version == "1").then_some(Cursor { run, next, news: 0, all_read_at: None, finished })
}

fn push_varint(to: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return to.push(low & 0x7f);
        }
        to.push(low | 0x80);
    }
}

/// `None` if no whole number of 64 bits is there.
fn take_varint(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    fn offset(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    fn offsets(offsets: impl IntoIterator<Item = i64>) -> PartitionOffsets {
        (0..).zip(offsets.into_iter().map(offset)).collect()
    }

    fn cursor(finished: PartitionOffsets) -> Cursor {
        Cursor { run: 7, next: 3, news: 5, all_read_at: Some(Millis(1_000_000)), finished }
    }

    /// Of the first format.
    fn version_1(places: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("1.7.3.{places}"))
    }

    #[test]
    fn the_example_is_true() {
        let cursor = cursor(offsets([41, 300]));
        assert_eq!(cursor.text(), "AwAAAAAAAAAHAwXAhD0prAI");
        assert_eq!(cursor.text().parse(), Ok(cursor));
    }

    #[test]
    fn a_cursor_without_news_is_read() {
        let expected = Cursor { news: 0, ..cursor(offsets([41, 300])) };
        assert_eq!("AgAAAAAAAAAHA8CEPSmsAg".parse(), Ok(expected));
    }

    #[test]
    fn a_cursor_of_the_first_format_is_read_unless_it_is_too_long() {
        let expected = Cursor { news: 0, all_read_at: None, ..cursor(offsets([41, 300])) };
        assert_eq!(version_1("0:41,1:300").parse(), Ok(expected));
        let many: Vec<_> = (0..1000).map(|partition| format!("{partition}:300")).collect();
        assert_eq!(version_1(&many.join(",")).parse::<Cursor>(), Err(CursorError));
        assert_eq!(version_1("-1:-1").parse::<Cursor>(), Err(CursorError));
    }

    #[test]
    fn without_offsets_a_slow_write_and_a_wrong_clock_make_no_viewer_miss_a_bullet() {
        let read = 1_800_000_000_000;
        let by_time = Cursor { all_read_at: Some(Millis(read)), ..cursor(PartitionOffsets::new()) };
        let may_have_missed = |before_ms: i64| {
            by_time.may_have_missed(0, Offset::default(), Millis(read - before_ms))
        };
        let minute = 60_000;
        // 15 minutes for the clocks, and two for the write and the reader.
        assert!(may_have_missed(17 * minute - 1));
        assert!(!may_have_missed(17 * minute));
        let unread = Cursor { all_read_at: None, ..by_time };
        assert!(unread.may_have_missed(0, Offset::default(), Millis(i64::MIN)));
    }

    #[test]
    fn a_partition_of_which_nothing_is_known_is_open_from_its_begin_on() {
        let finished = [(2, offset(5))].into_iter().collect();
        let read: Cursor = cursor(finished).text().parse().unwrap();
        let may_have_missed =
            |partition, at| read.may_have_missed(partition, offset(at), Millis(0));
        assert!(may_have_missed(0, 0) && may_have_missed(3, 0) && may_have_missed(2, 5));
        assert!(!may_have_missed(2, 4));
    }

    proptest! {
        #[test]
        fn a_text_fits_into_a_url_however_many_partitions_there_are(
            run in any::<u64>(),
            next in any::<u64>(),
            news in any::<u64>(),
            at in 1..=i64::MAX,
            finished in vec(0..=i64::MAX, 0..1000),
        ) {
            let (all_read_at, finished) = (Some(Millis(at)), offsets(finished));
            let cursor = Cursor { run, next, news, all_read_at, finished };
            let text = cursor.text();
            prop_assert!(text.len() <= 1024);
            prop_assert!(text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it)));
            let read: Cursor = text.parse().unwrap();
            let without_offsets = Cursor { finished: PartitionOffsets::new(), ..cursor.clone() };
            prop_assert!(read == cursor || read == without_offsets);
        }

        #[test]
        fn any_offsets_of_70_partitions_and_usual_ones_of_240_survive_the_text(
            any in vec(0..=i64::MAX, 0..=70),
            usual in vec(0..1i64 << 21, 0..=240),
        ) {
            for finished in [any, usual] {
                let cursor = cursor(offsets(finished));
                prop_assert_eq!(cursor.text().parse(), Ok(cursor));
            }
        }

        #[test]
        fn any_partitions_have_a_text(places in btree_map(any::<i32>(), 0..=i64::MAX, 0..20)) {
            let finished = places.into_iter().map(|(partition, at)| (partition, offset(at))).collect();
            prop_assert!(cursor(finished).text().len() <= 1024);
        }

        #[test]
        fn a_text_that_is_no_cursor_is_an_error_and_never_a_panic(text in ".{0,60}") {
            prop_assert!(text.parse::<Cursor>().is_err());
        }

        #[test]
        fn any_bytes_after_a_version_never_panic(bytes in vec(any::<u8>(), 0..60)) {
            for version in ["\u{3}", "\u{2}", "1."] {
                let text = URL_SAFE_NO_PAD.encode([version.as_bytes(), &bytes].concat());
                let _either = text.parse::<Cursor>();
            }
        }

        #[test]
        fn a_cursor_cut_short_never_panics(cut in 0usize..40) {
            let whole = cursor(offsets([1 << 40, 7])).text();
            let _either = whole[..cut.min(whole.len())].parse::<Cursor>();
        }
    }
}
