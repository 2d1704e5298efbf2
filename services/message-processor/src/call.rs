//! One call, by whichever door: a bounded number of them is served at once.

use std::time::Duration;

use barrage::table;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::incoming::{Incoming, Outcome};
use crate::metrics::InFlight;
use crate::place;
use crate::processor::Processor;

/// Why a call failed. Nothing is known of its records then: the caller sends all of them again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The caller's bug.
    #[error("the call is malformed: {0}")]
    Malformed(#[from] place::Error),
    /// The caller's bug too.
    #[error("the call has {0} records, at most {max} are allowed", max = proto::MAX_RECORDS)]
    TooMany(usize),
    /// So many calls are being served already.
    #[error("all {0} places for calls are taken")]
    Full(usize),
    /// The table did not take the rows.
    #[error(transparent)]
    Table(#[from] table::Error),
}

/// Where both doors hand in their records.
#[derive(Debug)]
pub(crate) struct Calls {
    processor: Processor,
    places: Semaphore,
    concurrency: usize,
}

impl Calls {
    /// Long enough for a short burst of calls, short enough that the caller soon tries another processor.
    const PATIENCE: Duration = Duration::from_millis(100);

    /// Serves `concurrency` calls at once.
    pub(crate) fn new(processor: Processor, concurrency: usize) -> Self {
        Self { processor, places: Semaphore::new(concurrency), concurrency }
    }

    /// Serves one call. Dropping the future stops it: its caller has gone.
    pub(crate) async fn serve(&self, records: Vec<Incoming>) -> Result<Vec<Outcome>, Error> {
        if records.len() > proto::MAX_RECORDS {
            return Err(Error::TooMany(records.len()));
        }
        place::distinct(&records)?;
        let _place = self.enter().await?;
        let _in_flight = InFlight::of(records.len());
        Ok(self.processor.process(records).await?)
    }

    async fn enter(&self) -> Result<SemaphorePermit<'_>, Error> {
        let place = timeout(Self::PATIENCE, self.places.acquire()).await;
        place.map_err(|_| Error::Full(self.concurrency)).map(|permit| permit.expect("never closed"))
    }
}
