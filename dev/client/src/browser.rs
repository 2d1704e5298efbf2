//! How a page in a browser asks for the feed: its headers, the compressions that it takes, and its wait for news.
//!
//! A tool that asks otherwise measures something else. Without `Accept-Encoding`, a homepage compresses nothing.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde::{Deserialize, de::IgnoredAny};

use crate::{answers::Feed, compression::decompressed, http::Error};

/// What Chromium sends with each request of a script, besides `Host`, `Accept` and the cookie.
pub const HEADERS: [(&str, &str); 8] = [
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-GB,en;q=0.9,zh-CN;q=0.8"),
    ("cache-control", "no-cache"),
    ("pragma", "no-cache"),
    ("sec-fetch-dest", "empty"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-site", "same-origin"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
];

/// How many bullets a page requests: at first, and after a cursor.
const FIRST: u32 = 100;
const MOST: u32 = 500;

/// How many seconds a page lets a homepage wait for news. One of before does not know `wait`, and answers at once.
const WAIT: u32 = 5;

/// A page that waits asks no faster than this, however soon it may.
const PACE: Duration = Duration::from_millis(100);

/// How long a page waits for an answer: the wait for news, and the time for the answer itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// So many of the last answers are kept decoded: those of a few ticks.
const KEPT: usize = 16;

/// How a page asks for the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// For what is there, as pages did before homepages knew `wait`.
    Now,
    /// For what is next, and waits for it.
    Wait,
}

impl Ask {
    /// The path and query of a request, below the base path. The first request is answered at once.
    pub fn path(self, after: Option<&str>) -> String {
        let limit = if after.is_some() { MOST } else { FIRST };
        let wait = match (self, after) {
            (Self::Wait, Some(_)) => format!("&wait={WAIT}"),
            (Self::Wait, None) | (Self::Now, _) => String::new(),
        };
        // A cursor has only characters that may stand in a query.
        let after = after.map(|cursor| format!("&after={cursor}")).unwrap_or_default();
        format!("/feed?limit={limit}{after}{wait}")
    }

    /// How long a page pauses after an answer. That of its first request tells those when to ask again who do not wait.
    pub fn pause(self, is_first: bool, answer: &Answer) -> Duration {
        match self {
            Self::Now => answer.poll_after,
            Self::Wait if is_first => PACE,
            Self::Wait => answer.poll_after.max(PACE),
        }
    }
}

/// An answer to a page, decompressed; its bullets are not read yet.
#[derive(Debug)]
pub struct Answer {
    pub cursor: String,
    /// How many bullets it has, and how many there were.
    pub bullets: u64,
    pub passed: u64,
    pub poll_after: Duration,
    /// When the homepage made it, in milliseconds since 1970 by its clock.
    pub made: i64,
    /// Answers with the same cursor are of the same tick, and have its number.
    pub tick: u64,
    json: Vec<u8>,
}

#[derive(Deserialize)]
struct Head {
    bullets: Vec<IgnoredAny>,
    cursor: String,
    passed: u64,
    poll_after_ms: u32,
    now: i64,
}

impl Answer {
    /// The whole answer.
    pub fn feed(&self) -> Result<Feed, Error> {
        let feed: Feed = serde_json::from_slice(&self.json).map_err(|_| Error::Malformed)?;
        Ok(Feed { bytes: self.bytes(), ..feed })
    }

    /// Its size once it is decompressed.
    pub fn bytes(&self) -> u64 {
        self.json.len() as u64
    }
}

/// The body of an answer as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The value of `Content-Encoding`; empty where it is not compressed.
    pub encoding: String,
    pub bytes: Vec<u8>,
}

/// Decodes the answers of many viewers. All who wait at a tick get the same bytes: these are decoded once, so that a
/// crowd of viewers costs the tool little.
#[derive(Debug, Default)]
pub struct Decoder(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The newest last.
    answers: VecDeque<(Body, Arc<Answer>)>,
    bodies: u64,
    ticks: u64,
}

impl Decoder {
    /// Decodes a body that is compressed like this: a value of `Content-Encoding`, or nothing.
    pub fn read(&self, encoding: &str, body: &[u8]) -> Result<Arc<Answer>, Error> {
        let mut known = self.0.lock();
        let same = |it: &&(Body, Arc<Answer>)| it.0.bytes == body && it.0.encoding == encoding;
        if let Some((_, answer)) = known.answers.iter().rev().find(same) {
            return Ok(answer.clone());
        }
        let json = decompressed(encoding, body).map_err(|_| Error::Malformed)?;
        let head: Head = serde_json::from_slice(&json).map_err(|_| Error::Malformed)?;
        let tick = known.tick(&head.cursor);
        let answer = Arc::new(Answer {
            bullets: head.bullets.len() as u64,
            cursor: head.cursor,
            passed: head.passed,
            poll_after: Duration::from_millis(head.poll_after_ms.into()),
            made: head.now,
            tick,
            json,
        });
        known.keep(Body { encoding: encoding.into(), bytes: body.into() }, answer.clone());
        Ok(answer)
    }

    /// How many different bodies there were. A homepage has compressed each of them at least once.
    pub fn bodies(&self) -> u64 {
        self.0.lock().bodies
    }

    /// The last bodies as they came, the oldest first.
    pub fn last_bodies(&self) -> Vec<Body> {
        self.0.lock().answers.iter().map(|(body, _)| body.clone()).collect()
    }
}

impl Known {
    fn tick(&mut self, cursor: &str) -> u64 {
        let same = self.answers.iter().find(|(_, answer)| answer.cursor == cursor);
        same.map(|(_, answer)| answer.tick).unwrap_or_else(|| {
            self.ticks += 1;
            self.ticks
        })
    }

    fn keep(&mut self, body: Body, answer: Arc<Answer>) {
        self.bodies += 1;
        if self.answers.len() == KEPT {
            self.answers.pop_front();
        }
        self.answers.push_back((body, answer));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{
        Compression,
        write::{GzEncoder, ZlibEncoder},
    };

    use super::*;
    use crate::compression::MAX_BYTES;

    fn json(cursor: &str, passed: u64) -> Vec<u8> {
        format!(
            r#"{{"bullets":[{{"id":1}},{{}}],"cursor":"{cursor}","passed":{passed},"poll_after_ms":400,"now":7,"more":[]}}"#
        )
        .into_bytes()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_page_asks_for_500_bullets_after_its_cursor_and_waits_for_them() {
        assert_eq!(Ask::Wait.path(None), "/feed?limit=100");
        assert_eq!(Ask::Wait.path(Some("c")), "/feed?limit=500&after=c&wait=5");
        assert_eq!(Ask::Now.path(Some("c")), "/feed?limit=500&after=c");
    }

    #[test]
    fn a_page_obeys_the_pace_of_the_homepage_and_its_own() {
        let answer = |ms: u64| {
            let json = String::from_utf8(json("c", 1)).unwrap().replace("400", &ms.to_string());
            Decoder::default().read("", json.as_bytes()).unwrap()
        };
        let millis = |ask: Ask, is_first, ms| ask.pause(is_first, &answer(ms)).as_millis();
        assert_eq!(millis(Ask::Now, true, 400), 400);
        assert_eq!(millis(Ask::Wait, true, 400), 100);
        assert_eq!([0, 99, 400].map(|ms| millis(Ask::Wait, false, ms)), [100, 100, 400]);
    }

    #[test]
    fn every_encoding_that_the_tools_can_read_gives_the_same_answer() {
        let plain = json("c", 9);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&plain).unwrap();
        let mut br = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20);
        br.write_all(&plain).unwrap();
        for (encoding, body) in [
            ("", plain.clone()),
            ("gzip", gzip(&plain)),
            ("deflate", zlib.finish().unwrap()),
            ("br", br.into_inner()),
        ] {
            let answer = Decoder::default().read(encoding, &body).unwrap();
            assert_eq!((answer.bullets, answer.passed, answer.made), (2, 9, 7), "{encoding}");
            assert_eq!(answer.bytes(), plain.len() as u64);
        }
    }

    #[test]
    fn the_same_bytes_are_decoded_once() {
        let decoder = Decoder::default();
        let first = decoder.read("gzip", &gzip(&json("c", 1))).unwrap();
        let again = decoder.read("gzip", &gzip(&json("c", 1))).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(decoder.bodies(), 1);
    }

    #[test]
    fn answers_with_the_same_cursor_are_of_the_same_tick() {
        let decoder = Decoder::default();
        let tick = |cursor, passed| decoder.read("", &json(cursor, passed)).unwrap().tick;
        let ticks = [("a", 1), ("a", 2), ("b", 1), ("a", 3)].map(|(it, passed)| tick(it, passed));
        assert_eq!(ticks, [1, 1, 2, 1]);
        assert_eq!(decoder.bodies(), 4);
    }

    #[test]
    fn only_a_few_bodies_are_kept() {
        let decoder = Decoder::default();
        for n in 0..100 {
            decoder.read("", &json("c", n)).unwrap();
        }
        assert_eq!((decoder.last_bodies().len(), decoder.bodies()), (KEPT, 100));
    }

    #[test]
    fn what_is_no_answer_is_malformed() {
        let bomb = gzip(&vec![b' '; MAX_BYTES as usize]);
        let (decoder, plain) = (Decoder::default(), json("c", 1));
        for (encoding, body) in
            [("zip", &plain[..]), ("gzip", &plain), ("br", b"x"), ("", b"{}"), ("gzip", &bomb)]
        {
            assert_eq!(decoder.read(encoding, body).unwrap_err(), Error::Malformed, "{encoding}");
        }
    }
}
