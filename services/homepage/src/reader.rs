//! The one reader for all viewers. It follows the high watermarks of the topic, reads the rows that must appear, and
//! counts. It reads the table only while records are not finished, however many people watch.

pub(crate) mod cursor;
pub(crate) mod feed;
mod inspection;
mod partition_reader;
pub(crate) mod progress;
pub(crate) mod record_status;
mod stall;
mod tracker;
mod verification;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barrage::health::Probe;
use barrage::kafka::{self, Offsets, PartitionOffsets, RecordScan, ScannedPartition};
use barrage::position::{Offset, Partition, Topic};
use barrage::retry::{Backoff, pause};
use barrage::shutdown::with_sources;
use barrage::table::{Row, Table, Verdict};
use barrage::telemetry::{Tracer, spans};
use barrage::time::Millis;
use futures::{StreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use self::feed::Feed;
use self::inspection::Inspection;
use self::partition_reader::{Error, Found, PartitionReader, Request};
use self::progress::{Counts, Expired, Progress, Round};
use self::stall::Stall;
use self::tracker::Tracker;
use crate::metrics;
use crate::producer::Acks;
use crate::routers::Routers;

pub(crate) struct Dependencies {
    pub(crate) offsets: Offsets,
    /// Reads records again, for the rounds.
    pub(crate) records: RecordScan,
    /// … and for inspections in the background.
    pub(crate) inspected: RecordScan,
    pub(crate) table: Table,
    pub(crate) topic: Topic,
    /// What Kafka has acknowledged to this process.
    pub(crate) acks: Arc<Acks>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) routers: Arc<Routers>,
    /// Whether results can be read.
    pub(crate) probe: Probe,
    /// Whether all partitions can be read.
    pub(crate) readable: Probe,
    pub(crate) tracer: Tracer,
    pub(crate) result_span: String,
}

/// One run of the reader: from its start, or from the recreation of the topic, to the next recreation.
pub(crate) struct Reader {
    deps: Dependencies,
    partitions: BTreeMap<Partition, PartitionReader>,
    stored: u64,
    blocked: u64,
    stall: Stall,
    inspection: Inspection,
    /// How many records have expired, and when.
    expired: (u64, Option<Expired>),
    offsets_polled: Instant,
    partitions_polled: Instant,
    /// True until all was read once: these rows were there before the run.
    history: bool,
}

impl Reader {
    /// How often Kafka is polled for offsets. This finds what other homepages send.
    const POLL_OFFSETS: Duration = Duration::from_millis(250);
    /// How often Kafka is polled for new partitions of the topic.
    const POLL_PARTITIONS: Duration = Duration::from_secs(5);
    /// How many rounds may fail in a row before the reader is reported as down.
    const TOLERATED_FAILURES: u32 = 2;
    /// While rows keep coming, the reader pauses this many times as long as a round took, so that it leaves most of
    /// the processor's time to others …
    const PAUSE_FACTOR: u32 = 4;
    /// … but not longer than this, so that bullets keep coming when the table is slow.
    const LONGEST_PAUSE: Duration = Duration::from_millis(40);
    /// How many records of all partitions a run begins with, finished or not: a page opens with the last bullets.
    const RECENT: i64 = 8000;
    /// … and of one partition.
    const RECENT_OF_PARTITION: i64 = 1000;
    /// How many partitions are read at once, so that one slow request does not delay all partitions.
    const CONCURRENCY: usize = 16;

    pub(crate) async fn run(deps: Dependencies, stop: CancellationToken) {
        let reading = async {
            let mut deps = deps;
            loop {
                deps = Self::begin(deps).await.follow().await;
            }
        };
        let _stopped = stop.run_until_cancelled(reading).await;
    }

    /// Begins a run, as soon as Kafka says where.
    async fn begin(deps: Dependencies) -> Self {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let partitions = loop {
            match first_partitions(&deps.offsets, &deps.topic).await {
                Ok(partitions) => break partitions,
                Err(error) => {
                    deps.probe.down(with_sources(&error));
                    backoff.wait().await;
                }
            }
        };
        let inspection = Inspection::new(deps.inspected.clone(), deps.readable.clone());
        let reader = Self {
            deps,
            partitions,
            stored: 0,
            blocked: 0,
            stall: Stall::default(),
            inspection,
            expired: (0, None),
            offsets_polled: Instant::now(),
            partitions_polled: Instant::now(),
            history: true,
        };
        let run = rand::random();
        let high_watermarks = reader.each(Tracker::high_watermark);
        reader.deps.feed.begin(run, || reader.deps.progress.begin(run, high_watermarks));
        reader.deps.probe.up();
        reader
    }

    /// Reads round after round until the topic is recreated.
    async fn follow(mut self) -> Dependencies {
        let mut quiet = Backoff::new(Duration::from_millis(8), Duration::from_millis(250));
        let mut failing = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        loop {
            let began = Instant::now();
            match self.round().await {
                Ok(finished) => {
                    self.deps.probe.up();
                    failing.reset();
                    if finished > 0 || self.is_idle() {
                        quiet.reset(); // The next record is polled for at once.
                    }
                    if finished > 0 {
                        let long = began.elapsed() * Self::PAUSE_FACTOR;
                        pause(long.min(Self::LONGEST_PAUSE)).await;
                    } else {
                        self.wait(quiet.next_wait()).await;
                    }
                }
                Err(Error::TopicRecreated) => {
                    tracing::warn!("the topic was recreated: the reader begins a new run");
                    self.deps.acks.clear();
                    return self.deps;
                }
                Err(error) => {
                    if failing.failures() >= Self::TOLERATED_FAILURES {
                        self.deps.probe.down(with_sources(&error));
                    }
                    failing.wait().await;
                }
            }
        }
    }

    /// Waits `short` while records are open. Otherwise it waits for the next poll of Kafka, or until Kafka acknowledges
    /// a record of this homepage.
    async fn wait(&self, short: Duration) {
        let idle = self.is_idle();
        let wait = if idle { Self::POLL_OFFSETS } else { short };
        tokio::select! {
            () = pause(wait) => {}
            () = self.deps.acks.changed(), if idle => {}
        }
    }

    fn is_idle(&self) -> bool {
        self.partitions.values().all(PartitionReader::is_idle)
    }

    /// Polls Kafka and the table once. Returns how many records were found to be finished.
    async fn round(&mut self) -> Result<u64, Error> {
        let (before, began) = (self.finished(), Millis::now());
        let polled = self.poll_kafka().await;
        let mut rows = Vec::new();
        let read = self.read_rows(&mut rows).await;
        rows.sort_by_key(|row| row.stored_at);
        self.count(&rows);
        self.inspect().await;
        let (counts, has_moved) = (self.counts(), self.finished() > before);
        metrics::set_waiting(counts.waiting);
        let stalled_since = match (&polled, &read) {
            (Ok(()), Ok(())) => {
                self.stall.observe(self.waiting_for_a_router(), has_moved, Instant::now())
            }
            _ => self.stall.failed(self.deps.probe.is_up()),
        };
        let has_read_all = !self.history || (polled.is_ok() && read.is_ok());
        let status = |(partition, reader): (&Partition, &PartitionReader)| {
            has_read_all.then(|| (*partition, reader.status()))
        };
        let finished = self.each(Tracker::finished);
        let round = Round {
            counts,
            stalled_since,
            expired: self.note_expired(counts.expired),
            high_watermarks: self.each(Tracker::high_watermark),
            finished: finished.clone(),
            partitions: self.partitions.iter().filter_map(status).collect(),
        };
        // Under one lock: an answer of `/feed` counts exactly the bullets that it has.
        let all_read = polled.is_ok() && read.is_ok() && self.has_read_all();
        let all_read_at = all_read.then_some(began);
        self.deps.feed.add(&rows, finished, all_read_at, || self.deps.progress.update(round));
        if !self.history {
            self.deps.feed.list_processors(&rows);
        }
        polled?;
        read?;
        self.history = false;
        Ok(self.finished().saturating_sub(before))
    }

    /// Learns the high watermarks: in every round from the acknowledgements to this process, and four times a second
    /// from Kafka.
    async fn poll_kafka(&mut self) -> Result<(), Error> {
        for (partition, end) in self.deps.acks.offsets() {
            self.partition(partition).advance(end);
        }
        if self.offsets_polled.elapsed() < Self::POLL_OFFSETS {
            return Ok(());
        }
        if self.partitions_polled.elapsed() >= Self::POLL_PARTITIONS {
            self.poll_partitions().await?;
        }
        let partitions: Vec<_> = self.partitions.keys().copied().collect();
        let high_watermarks = self.deps.offsets.high_watermarks(&partitions).await?;
        self.offsets_polled = Instant::now();
        for (partition, end) in high_watermarks {
            if let Some(reader) = self.partitions.get_mut(&partition) {
                reader.set_high_watermark(end)?;
            }
        }
        if !self.is_idle() {
            // In this order: what is below the low watermark then and not committed later, was not committed then.
            let low_watermarks = self.deps.offsets.low_watermarks(&partitions).await?;
            let committed = self.deps.offsets.committed(&partitions).await?;
            for (partition, reader) in &mut self.partitions {
                let committed = committed.offsets.get(partition).copied();
                reader.set_committed(committed, &self.deps.records).await?;
            }
            let readers = &self.partitions;
            let waits = |it: &_| readers.get(it).is_some_and(|it| it.tracker().waiting() > 0);
            self.deps.routers.note(committed.failures, waits);
            for (partition, low) in low_watermarks {
                if let Some(reader) = self.partitions.get_mut(&partition) {
                    reader.set_low_watermark(low);
                }
            }
        } else {
            self.deps.routers.clear();
        }
        Ok(())
    }

    async fn poll_partitions(&mut self) -> Result<(), Error> {
        let partitions = self.deps.offsets.partitions().await?;
        if self.partitions.keys().any(|known| !partitions.contains(known)) {
            return Err(Error::TopicRecreated);
        }
        for partition in partitions {
            self.partition(partition);
        }
        self.partitions_polled = Instant::now();
        Ok(())
    }

    /// A partition that was not there when the run began is read from its first record.
    fn partition(&mut self, partition: Partition) -> &mut PartitionReader {
        let topic = &self.deps.topic;
        let new = || PartitionReader::new(topic.clone(), partition, Offset::default());
        self.partitions.entry(partition).or_insert_with(new)
    }

    /// Reads the rows that must appear. What was read before an error is kept. While the table is slow, the progress
    /// follows the high watermarks all the same.
    async fn read_rows(&mut self, rows: &mut Vec<Row>) -> Result<(), Error> {
        let partitions: Vec<_> = self.partitions.keys().copied().collect();
        let deps = &self.deps;
        let readers = &mut self.partitions;
        let all = async {
            let mut all_read = Ok(());
            for what in [Request::Deleted, Request::New, Request::Gaps] {
                all_read = all_read.and(request(readers, deps, what, rows).await);
            }
            all_read
        };
        // Until all was read once there are no counts that could advance.
        let all_read = tokio::select! {
            all_read = all => all_read,
            never = advance_progress(deps, &partitions), if !self.history => match never {},
        };
        let (_, high_watermarks) = self.deps.progress.run_and_high_watermarks();
        for (partition, end) in high_watermarks {
            self.partition(partition).advance(end);
        }
        all_read
    }

    /// Looks closer at partitions that stand still.
    async fn inspect(&mut self) {
        let now = Instant::now();
        for (partition, reader) in &self.partitions {
            self.inspection.observe(*partition, reader.tracker(), now);
        }
        for (partition, scanned) in self.inspection.take_result(now).await {
            if let Some(reader) = self.partitions.get_mut(&partition) {
                reader.settle_inspection(&scanned);
            }
        }
    }

    /// Counts rows that were not read before.
    fn count(&mut self, rows: &[Row]) {
        if !self.history {
            metrics::messages_stored(rows);
        }
        for row in rows {
            self.stored += 1;
            match row.verdict {
                Verdict::Blocked => self.blocked += 1,
                Verdict::Shown => {}
            }
            self.deps.progress.count_for_burst(row);
            if let (Some(above), false) = (&row.traceparent, self.history) {
                let name = &self.deps.result_span;
                drop(spans::result(&self.deps.tracer, name, &row.position, above));
            }
        }
    }

    /// Notes how many records have expired. Returns when that was.
    fn note_expired(&mut self, records: u64) -> Option<Expired> {
        let (before, expired) = self.expired;
        let now = if records > before { Some(Expired::again(expired)) } else { expired };
        self.expired = (records, now);
        now
    }

    /// Whether the last round has read every row that was in the table when it began.
    fn has_read_all(&self) -> bool {
        self.partitions.values().all(PartitionReader::has_read_all)
    }

    /// How many records are finished.
    fn finished(&self) -> u64 {
        self.stored + self.sum(Tracker::without_row) + self.sum(Tracker::expired)
    }

    /// How many records wait that a router could read.
    fn waiting_for_a_router(&self) -> u64 {
        let readable =
            self.partitions.iter().filter(|(it, _)| !self.inspection.is_unreadable(**it));
        readable.map(|(_, reader)| reader.tracker().waiting()).sum()
    }

    fn counts(&self) -> Counts {
        Counts {
            accepted: self.sum(Tracker::accepted),
            stored: self.stored,
            blocked: self.blocked,
            finished_without_row: self.sum(Tracker::without_row),
            expired: self.sum(Tracker::expired),
            waiting: self.sum(Tracker::waiting),
        }
    }

    fn sum(&self, of: fn(&Tracker) -> u64) -> u64 {
        self.partitions.values().map(|partition| of(partition.tracker())).sum()
    }

    fn each(&self, of: fn(&Tracker) -> Offset) -> PartitionOffsets {
        let partitions = self.partitions.iter();
        partitions.map(|(partition, reader)| (*partition, of(reader.tracker()))).collect()
    }
}

/// Requests rows of all partitions, reads from Kafka what is needed to judge them, and counts them. An error keeps
/// nothing from counting that could be read.
async fn request(
    readers: &mut BTreeMap<Partition, PartitionReader>,
    deps: &Dependencies,
    what: Request,
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    let mut result = Ok(());
    let mut requested: BTreeMap<Partition, Found> = BTreeMap::new();
    let requests: Vec<_> = readers
        .iter_mut()
        .map(async |(partition, reader)| (*partition, reader.request(what, &deps.table).await))
        .collect();
    let mut answers = stream::iter(requests).buffer_unordered(Reader::CONCURRENCY);
    while let Some((partition, (found, answer))) = answers.next().await {
        requested.insert(partition, found);
        result = result.and(answer);
    }
    drop(answers);
    let to_scan = readers.iter_mut().filter_map(|(partition, reader)| {
        let offsets = reader.offsets_to_scan(requested.get(partition)?);
        (!offsets.is_empty()).then_some((*partition, offsets))
    });
    let scanned = match deps.records.read(to_scan.collect()).await {
        Ok(scanned) => scanned,
        // Without the scan a stored message could count as expired. The next round tries again.
        Err(error) if what == Request::Deleted => return result.and(Err(error.into())),
        Err(error) => {
            result = result.and(Err(error.into()));
            BTreeMap::new()
        }
    };
    let nothing = ScannedPartition::default();
    for (partition, found) in requested {
        if let Some(reader) = readers.get_mut(&partition) {
            rows.extend(reader.settle(what, found, scanned.get(&partition).unwrap_or(&nothing)));
        }
    }
    result
}

/// Where a run begins: with all that is not finished, and with some of what is.
async fn first_partitions(
    offsets: &Offsets,
    topic: &Topic,
) -> Result<BTreeMap<Partition, PartitionReader>, kafka::Error> {
    let partitions = offsets.partitions().await?;
    let low_watermarks = offsets.low_watermarks(&partitions).await?;
    let high_watermarks = offsets.high_watermarks(&partitions).await?;
    let committed = offsets.committed(&partitions).await?.offsets;
    let with_records =
        high_watermarks.iter().filter(|(p, high)| low_watermarks.get(p) < Some(high));
    let share = Reader::RECENT / i64::try_from(with_records.count().max(1)).unwrap_or(i64::MAX);
    let recent = share.clamp(1, Reader::RECENT_OF_PARTITION);
    let reader = |partition: Partition| {
        let unknown = || kafka::Error::Closed;
        let low = low_watermarks.get(&partition).copied().ok_or_else(unknown)?;
        let high = high_watermarks.get(&partition).copied().ok_or_else(unknown)?;
        let committed = committed.get(&partition).copied().unwrap_or(low);
        // What Kafka has deleted and the group has not committed has expired, and this run says so.
        let begin = committed.min(high.minus(recent).max(low));
        let mut reader = PartitionReader::new(topic.clone(), partition, begin);
        reader.advance(high);
        Ok((partition, reader))
    };
    partitions.into_iter().map(reader).collect()
}

/// Keeps the progress at Kafka's high watermarks. If Kafka does not answer, the next round finds out.
async fn advance_progress(deps: &Dependencies, partitions: &[Partition]) -> Infallible {
    loop {
        pause(Reader::POLL_OFFSETS).await;
        if let Ok(high_watermarks) = deps.offsets.high_watermarks(partitions).await {
            metrics::set_waiting(deps.progress.advance(&high_watermarks).waiting);
        }
    }
}
