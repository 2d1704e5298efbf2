//! What became of the record at a position: from what the reader knows, else from Kafka and the table.

use std::sync::Arc;

use barrage::health::Probe;
use barrage::kafka::{self, OffsetContent, Offsets, RecordScan};
use barrage::position::{Offset, Partition, Position, Topic};
use barrage::table::{self, Consistency, Row, Table};
use barrage::time::Millis;

use crate::reader::progress::Progress;
use crate::reader::record_status::RecordStatus;

/// Answers for any position of the topic, also for the records of other homepages.
pub(crate) struct Lookup {
    pub(crate) progress: Arc<Progress>,
    /// Whether the reader can read results.
    pub(crate) reader: Probe,
    pub(crate) topic: Topic,
    pub(crate) table: Table,
    pub(crate) offsets: Offsets,
    pub(crate) records: RecordScan,
}

/// How far a record is.
#[derive(Debug)]
pub(crate) enum State {
    Waiting,
    Stored(Box<Row>),
    /// Filtered or dead-lettered; or its row has expired.
    FinishedWithoutRow,
    /// Kafka deleted it before it was processed.
    Expired,
}

impl State {
    fn stored(row: Row) -> Self {
        Self::Stored(Box::new(row))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the topic has no record there")]
    NoRecord,
    #[error("the reader or the partition's leader does not know now")]
    Unknown,
    #[error(transparent)]
    Kafka(#[from] kafka::Error),
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl Lookup {
    pub(crate) fn position(&self, partition: Partition, offset: Offset) -> Position {
        Position { topic: self.topic.clone(), partition, offset }
    }

    /// What the reader knows of a position. This needs no request to Kafka or the table. Fails if the reader has
    /// not read the partition yet.
    pub(crate) fn status(&self, at: &Position) -> Result<RecordStatus, Error> {
        self.progress.record_status(at.partition, at.offset).ok_or(Error::Unknown)
    }

    /// How far the record at a position is. `status` is what the reader knows of it. Unless that is
    /// `Waiting`, Kafka or the table gets a request. Fails if there is no record or no answer.
    pub(crate) async fn state(&self, at: &Position, status: RecordStatus) -> Result<State, Error> {
        match status {
            RecordStatus::Waiting if self.reader.is_up() => Ok(State::Waiting),
            RecordStatus::Waiting => Err(Error::Unknown),
            RecordStatus::Expired => Ok(State::Expired),
            RecordStatus::BeyondEnd if self.is_in_kafka(at).await? => Ok(State::Waiting),
            RecordStatus::BeyondEnd => Err(Error::NoRecord),
            RecordStatus::Finished { needs_verification } => {
                self.finished(at, needs_verification).await
            }
            RecordStatus::BeforeBegin => {
                let earliest = self.offsets.low_watermarks(&[at.partition]).await?;
                match earliest.get(&at.partition) {
                    Some(earliest) if *earliest <= at.offset => self.finished(at, true).await,
                    Some(_) => self.deleted(at).await,
                    None => Err(Error::Unknown),
                }
            }
        }
    }

    /// Whether there is a record that the reader does not know yet: another homepage has just sent it.
    async fn is_in_kafka(&self, at: &Position) -> Result<bool, Error> {
        if !self.offsets.partitions().await?.contains(&at.partition) {
            return Ok(false);
        }
        let latest = self.offsets.high_watermarks(&[at.partition]).await?;
        let end = latest.get(&at.partition).ok_or(Error::Unknown)?;
        Ok(at.offset < *end)
    }

    /// The row of a finished record, if it has one. A row that was there before this run of the reader may be
    /// of an earlier topic: it counts only if it is of the event that Kafka has there now.
    async fn finished(&self, at: &Position, needs_verification: bool) -> Result<State, Error> {
        if let Some(row) = self.row(at).await? {
            let is_proven = !needs_verification || self.is_of_its_record(&row).await?;
            return Ok(if is_proven { State::stored(row) } else { State::FinishedWithoutRow });
        }
        match self.records.read_one(at.partition, at.offset).await? {
            OffsetContent::NoRecord => Err(Error::NoRecord),
            OffsetContent::Record(_)
            | OffsetContent::Deleted
            | OffsetContent::Unreadable
            | OffsetContent::Unknown => Ok(State::FinishedWithoutRow),
        }
    }

    /// A record that Kafka has deleted is known only by its row.
    async fn deleted(&self, at: &Position) -> Result<State, Error> {
        self.row(at).await?.map(State::stored).ok_or(Error::NoRecord)
    }

    /// The row at a position, unless it has expired. Fails if the table has not looked it up.
    async fn row(&self, at: &Position) -> Result<Option<Row>, Error> {
        let found = self.table.get(std::slice::from_ref(at), Consistency::Strong).await?;
        if found.looked_up.is_empty() {
            return Err(Error::Unknown);
        }
        let now = Millis::now();
        Ok(found.rows.into_iter().find(|row| !row.expires_at.has_surely_passed(now)))
    }

    async fn is_of_its_record(&self, row: &Row) -> Result<bool, Error> {
        let Position { partition, offset, .. } = row.position;
        Ok(match self.records.read_one(partition, offset).await? {
            OffsetContent::Record(event) => event.is_some_and(|it| it.matches(&row.identity())),
            OffsetContent::NoRecord | OffsetContent::Unknown => false,
            // Kafka cannot give the record any more. Nothing speaks against the row.
            OffsetContent::Deleted | OffsetContent::Unreadable => true,
        })
    }
}
