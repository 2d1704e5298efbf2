//! The one reader for all viewers: it follows how far the topic reaches, reads the rows that must come,
//! and counts. It reads the table only while records are not finished, however many people watch.

mod counts;
pub(crate) mod cursor;
mod doubt;
pub(crate) mod known;
mod passage;
mod round;
mod stall;
mod start;
mod tracker;
pub(crate) mod wall;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barrage::health::Probe;
use barrage::kafka::{self, EventIds, Offsets, PartitionOffsets};
use barrage::position::{Offset, Partition, Topic};
use barrage::retry::{Backoff, pause};
use barrage::shutdown::with_sources;
use barrage::table::{self, Table};
use barrage::telemetry::Tracer;
use tokio_util::sync::CancellationToken;

use self::doubt::Doubt;
use self::stall::Stall;
use self::tracker::Tracker;
use self::wall::{Round, Wall};
use crate::burst::Tally;
use crate::metrics;
use crate::producer::Sender;

/// What the reader needs.
pub(crate) struct Parts {
    pub(crate) offsets: Offsets,
    pub(crate) ids: EventIds,
    pub(crate) table: Table,
    pub(crate) topic: Topic,
    /// Who knows what this process has sent.
    pub(crate) sender: Arc<Sender>,
    pub(crate) wall: Arc<Wall>,
    /// Where rows are counted for the bursts of this homepage.
    pub(crate) tally: Arc<Tally>,
    /// Whether results can be read.
    pub(crate) probe: Probe,
    pub(crate) tracer: Tracer,
    pub(crate) result_span: String,
}

/// Why a round could not be finished. The next one goes on.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Kafka(#[from] kafka::Error),
    #[error(transparent)]
    Table(#[from] table::Error),
    /// Offsets began anew: somebody has deleted the topic.
    #[error("the topic was made anew")]
    TopicMadeAnew,
}

/// Follows the topic; one value for each run.
pub(crate) struct Reader {
    parts: Parts,
    trackers: BTreeMap<Partition, Tracker>,
    doubts: BTreeMap<Partition, Doubt>,
    /// What the router's group has committed.
    committed: PartitionOffsets,
    stored: u64,
    blocked: u64,
    stall: Stall,
    asked_kafka: Instant,
    asked_partitions: Instant,
    /// Nothing was read yet: what comes first was there before.
    history: bool,
}

impl Reader {
    /// How often Kafka is asked how far the topic reaches, for what other homepages send.
    const ASK_KAFKA: Duration = Duration::from_millis(250);
    /// How often Kafka is asked whether the topic has got more partitions.
    const ASK_PARTITIONS: Duration = Duration::from_secs(5);
    /// How many rounds may fail in a row before somebody is told.
    const BLINK: u32 = 2;
    /// While rows keep coming, it rests so many times as long as it has read, and leaves most of the time to
    /// others …
    const RESTS: u32 = 4;
    /// … but not longer than this, so that bullets keep coming from a slow table.
    const LONGEST_REST: Duration = Duration::from_millis(40);
    /// How many records of each partition it shows again at the beginning of a run.
    const RECENT: i64 = 1000;

    /// Reads until `stop`.
    pub(crate) async fn run(parts: Parts, stop: CancellationToken) {
        let reading = async {
            let mut parts = parts;
            loop {
                parts = Self::one_run(parts).await;
            }
        };
        let _stopped = stop.run_until_cancelled(reading).await;
    }

    /// Follows the topic until it is made anew.
    async fn one_run(parts: Parts) -> Parts {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let trackers = loop {
            match start::trackers(&parts.offsets).await {
                Ok(trackers) => break trackers,
                Err(error) => {
                    parts.probe.down(with_sources(&error));
                    backoff.wait().await;
                }
            }
        };
        let ends = trackers.iter().map(|(partition, tracker)| (*partition, tracker.end()));
        parts.wall.begin(rand::random(), ends.collect());
        parts.probe.up();
        let begun = Self {
            doubts: BTreeMap::new(),
            parts,
            trackers,
            committed: PartitionOffsets::new(),
            stored: 0,
            blocked: 0,
            stall: Stall::default(),
            asked_kafka: Instant::now(),
            asked_partitions: Instant::now(),
            history: true,
        };
        begun.follow().await
    }

    async fn follow(mut self) -> Parts {
        let mut quiet = Backoff::new(Duration::from_millis(8), Duration::from_millis(250));
        let mut failing = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        loop {
            let began = Instant::now();
            match self.round().await {
                Ok(found) => {
                    self.parts.probe.up();
                    failing.reset();
                    if found > 0 || self.is_idle() {
                        quiet.reset(); // What comes next is looked for at once.
                    }
                    if found > 0 {
                        let rest = began.elapsed() * Self::RESTS;
                        pause(rest.min(Self::LONGEST_REST)).await;
                    } else {
                        self.rest(quiet.next_wait()).await;
                    }
                }
                Err(Error::TopicMadeAnew) => {
                    tracing::warn!("the topic was made anew: the reader begins anew as well");
                    self.parts.sender.acks.clear();
                    return self.parts;
                }
                Err(error) => {
                    if failing.failures() >= Self::BLINK {
                        self.parts.probe.down(with_sources(&error));
                    }
                    failing.wait().await;
                }
            }
        }
    }

    /// Waits a little while something must still come, else until Kafka has acknowledged something or
    /// it is time to ask Kafka again.
    async fn rest(&self, little: Duration) {
        let idle = self.is_idle();
        let wait = if idle { Self::ASK_KAFKA } else { little };
        tokio::select! {
            () = pause(wait) => {}
            () = self.parts.sender.acks.news(), if idle => {}
        }
    }

    /// Whether nothing must still come.
    fn is_idle(&self) -> bool {
        self.trackers.values().all(|tracker| tracker.waiting() == 0)
    }

    /// One look at Kafka and the table. Answers how many records were found to be finished.
    async fn round(&mut self) -> Result<u64, Error> {
        let before = self.found();
        let followed = self.follow_ends().await;
        let mut rows = Vec::new();
        let read = self.read_rows(&mut rows).await;
        rows.sort_by_key(|row| row.stored_at);
        self.count(&rows);
        let (counts, has_moved) = (self.counts(), self.found() > before);
        metrics::set_waiting(counts.waiting);
        let stalled_since = match (&followed, &read) {
            (Ok(()), Ok(())) => self.stall.note(counts.waiting, has_moved, Instant::now()),
            _ => self.stall.lose_sight(),
        };
        let has_read = !self.history || (followed.is_ok() && read.is_ok());
        self.parts.wall.add(Round {
            rows,
            counts,
            stalled_since,
            ends: self.each(Tracker::end),
            finished: self.each(Tracker::finished),
            known: if has_read { self.known() } else { BTreeMap::new() },
            history: self.history,
        });
        followed?;
        read?;
        self.history = false;
        Ok(self.found() - before)
    }

    fn each(&self, of: fn(&Tracker) -> Offset) -> PartitionOffsets {
        self.trackers.iter().map(|(partition, tracker)| (*partition, of(tracker))).collect()
    }
}
