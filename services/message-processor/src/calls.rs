//! A call, by gRPC or as CloudEvents: checks it, and limits how many are served at once.

use std::time::Duration;

use barrage::table;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::metrics::{CallInFlight, ServedCall};
use crate::processor::Processor;
use crate::record::{self, Outcome, PositionError, Record};

/// Why a call failed. Nothing is known about its records then, so the caller sends all of them again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A bug of the caller.
    #[error("the call is malformed: {0}")]
    Malformed(#[from] PositionError),
    /// A bug of the caller, too.
    #[error("the call has {0} records, at most {max} are allowed", max = proto::MAX_RECORDS)]
    TooManyRecords(usize),
    #[error("{0} calls are being served already, which is the limit")]
    TooManyCalls(usize),
    #[error(transparent)]
    Table(#[from] table::Error),
}

/// Hands the records of calls to the processor.
#[derive(Debug)]
pub(crate) struct Calls {
    processor: Processor,
    permits: Semaphore,
    concurrency: usize,
}

impl Calls {
    /// How long a call waits for a permit: long enough for a short burst of calls, short enough that the
    /// caller soon tries another processor.
    const MAX_WAIT: Duration = Duration::from_millis(100);

    /// Serves at most `concurrency` calls at once.
    pub(crate) fn new(processor: Processor, concurrency: usize) -> Self {
        Self { processor, permits: Semaphore::new(concurrency), concurrency }
    }

    /// Serves one call. If the caller goes away, this future is dropped, and that stops the call.
    pub(crate) async fn serve(&self, records: Vec<Record>) -> Result<Vec<Outcome>, Error> {
        if records.len() > proto::MAX_RECORDS {
            return Err(Error::TooManyRecords(records.len()));
        }
        record::check_distinct(&records)?;
        // An autoscaler counts calls that wait, too.
        let _in_flight = CallInFlight::begin();
        let _permit = self.permit().await?;
        let _served = ServedCall::begin(records.len());
        Ok(self.processor.process(records).await?)
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>, Error> {
        let permit = timeout(Self::MAX_WAIT, self.permits.acquire()).await;
        let permit = permit.map_err(|_| Error::TooManyCalls(self.concurrency))?;
        Ok(permit.expect("the semaphore is never closed"))
    }
}
