//! Calls to the processors: which records wait for one, what goes into one, and how it ended.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use barrage::health::Probe;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use proto::Outcome;
use tonic::Status;

use crate::batch;
use crate::config::Limits;
use crate::decision::{self, Failure};
use crate::in_flight_record::InFlightRecord;
use crate::metrics;
use crate::processor_report::ProcessorReport;
use crate::processors::{Call, CallEnd, CallId, Processors, Work};

/// Records that wait for a call, and the calls in flight.
pub(crate) struct Calls {
    processors: Processors,
    waiting: VecDeque<InFlightRecord>,
    running: FuturesUnordered<BoxFuture<'static, EndedCall>>,
    /// No call starts before all calls in flight have ended.
    is_held: bool,
    /// Whether it is usual that there is no processor: then records only wait for one.
    scales_to_zero: bool,
    /// Whether any processor answers, for `/readyz`.
    probe: Probe,
    /// … and for the homepages.
    report: ProcessorReport,
}

/// A call that has ended, with the records that it carried.
pub(crate) struct EndedCall {
    id: CallId,
    records: Vec<InFlightRecord>,
    outcomes: Result<Vec<Outcome>, Status>,
    took: Duration,
}

impl Calls {
    pub(crate) fn new(limits: Limits, scales_to_zero: bool, probe: Probe) -> Self {
        let processors = Processors::new(limits.call_timeout, limits.batch_max, limits.in_flight);
        Self {
            processors: if scales_to_zero { processors.with_grace() } else { processors },
            waiting: VecDeque::new(),
            running: FuturesUnordered::new(),
            is_held: false,
            scales_to_zero,
            probe,
            report: ProcessorReport::default(),
        }
    }

    /// What is to be said of the processors.
    pub(crate) fn report(&mut self) -> &mut ProcessorReport {
        &mut self.report
    }

    pub(crate) fn update_processors(&mut self, urls: &[String]) {
        self.processors.update(urls);
        // Those that have failed may have left.
        if !self.processors.all_have_failed() {
            self.probe.up();
        }
    }

    /// Appends a record that was just read.
    pub(crate) fn push_back(&mut self, record: InFlightRecord) {
        self.waiting.push_back(record);
    }

    /// Puts a record that is sent again before those that came later.
    pub(crate) fn push_front(&mut self, record: InFlightRecord) {
        self.waiting.push_front(record);
    }

    /// Removes records that wait for a call.
    pub(crate) fn remove_waiting(
        &mut self,
        which: impl Fn(&InFlightRecord) -> bool,
    ) -> VecDeque<InFlightRecord> {
        let (removed, kept) = std::mem::take(&mut self.waiting).into_iter().partition(which);
        self.waiting = kept;
        removed
    }

    /// Starts no call until all calls in flight have ended.
    pub(crate) fn hold(&mut self) {
        self.is_held = true;
    }

    /// Starts calls while records wait and a processor is available.
    pub(crate) fn start(&mut self) {
        self.is_held &= !self.running.is_empty();
        if self.processors.known_and_answering().0 == 0 {
            self.report_none();
        }
        while !self.is_held && self.waiting() > 0 {
            let Some(call) = self.processors.pick(Instant::now()) else { return };
            let records = self.take_batch(call.most_records);
            self.running.push(Box::pin(send(call, records)));
        }
    }

    /// No processor is known.
    fn report_none(&mut self) {
        if self.scales_to_zero {
            // What was said of those that have left, by this router or the one before, is over.
            self.report.succeeded(Instant::now());
        } else if self.waiting() > 0 {
            self.report.failed(0, 0, "no address of a processor is known", Instant::now());
        }
    }

    /// Takes the records of the next call, at most `most`.
    pub(crate) fn take_batch(&mut self, most: usize) -> Vec<InFlightRecord> {
        let sizes = self.waiting.iter().map(InFlightRecord::size);
        let count = batch::fitting(sizes, most);
        self.waiting.drain(..count).collect()
    }

    /// The call that ends next. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<EndedCall> {
        self.running.next().await
    }

    /// Learns from a call that has ended. `Ok` has the outcome of each record. `Err` has all records of a
    /// failed call, which says nothing about them.
    pub(crate) fn end(
        &mut self,
        call: EndedCall,
    ) -> Result<Vec<(InFlightRecord, Outcome)>, Vec<InFlightRecord>> {
        let EndedCall { id, records, outcomes, took } = call;
        let now = Instant::now();
        let accepted = outcomes.as_ref().map_or(0, |outcomes| decision::accepted(outcomes));
        let work =
            Work { records: records.len(), accepted, took, others_wait: !self.waiting.is_empty() };
        self.processors.call_ended(&id, CallEnd::of(&outcomes), work, now);
        match outcomes {
            Ok(outcomes) => {
                self.probe.up();
                self.report.succeeded(now);
                metrics::call_succeeded(records.len(), took);
                Ok(records.into_iter().zip(outcomes).collect())
            }
            Err(status) => {
                self.failed(&id.url, &status);
                Err(records)
            }
        }
    }

    fn failed(&mut self, url: &str, status: &Status) {
        let (code, message) = (status.code(), status.message());
        metrics::call_failed(code);
        if self.processors.all_have_failed() {
            self.probe.down(format!("{url} answered {code:?}: {message}"));
            let (known, answering) = self.processors.known_and_answering();
            self.report.failed(known, answering, message, Instant::now());
        }
        match decision::failure(status) {
            Failure::Unavailable => tracing::debug!(url, ?code, message, "a call has failed"),
            Failure::Bug => tracing::error!(url, ?code, message, "a call was refused as malformed"),
        }
    }

    /// When a processor that backs off may be called again, if records wait for that.
    pub(crate) fn next_attempt_at(&self) -> Option<Instant> {
        self.processors.next_attempt_at().filter(|_| self.waiting() > 0 && !self.is_held)
    }

    /// How many calls are in flight.
    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }

    /// How many records wait for a call.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

async fn send(mut call: Call, records: Vec<InFlightRecord>) -> EndedCall {
    let started = Instant::now();
    let outcomes = call.send(records.iter().filter_map(InFlightRecord::to_proto).collect()).await;
    EndedCall { id: call.id, records, outcomes, took: started.elapsed() }
}
