//! The metrics of the message processor.

use std::time::Instant;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::record::Outcome;

const RECORDS: &str = "processor_records_total";
const CALL_DURATION: &str = "processor_call_duration_seconds";
const BATCH_RECORDS: &str = "processor_batch_records";
const CALLS_IN_FLIGHT: &str = "processor_calls_in_flight";

/// Registers the metrics. Called once, at the start.
pub(crate) fn describe() {
    describe_counter!(RECORDS, "Records that were answered, by outcome.");
    describe_histogram!(CALL_DURATION, Unit::Seconds, "Duration of calls that were served.");
    describe_histogram!(BATCH_RECORDS, "Records in a call.");
    describe_gauge!(CALLS_IN_FLIGHT, "Calls that are being served or wait for that.");
    gauge!(CALLS_IN_FLIGHT).set(0.0);
    for outcome in ["stored", "rejected"] {
        counter!(RECORDS, "outcome" => outcome).increment(0);
    }
    for name in [CALL_DURATION, BATCH_RECORDS] {
        drop(histogram!(name));
    }
}

pub(crate) fn answered(outcome: &Outcome) {
    let outcome = match outcome {
        Outcome::Stored => "stored",
        Outcome::Rejected(_) => "rejected",
    };
    counter!(RECORDS, "outcome" => outcome).increment(1);
}

/// Counts a call as in flight until it is dropped, also if its caller goes away.
#[derive(Debug)]
pub(crate) struct CallInFlight(());

impl CallInFlight {
    pub(crate) fn begin() -> Self {
        gauge!(CALLS_IN_FLIGHT).increment(1.0);
        Self(())
    }
}

impl Drop for CallInFlight {
    fn drop(&mut self) {
        gauge!(CALLS_IN_FLIGHT).decrement(1.0);
    }
}

/// A call that is being served until it is dropped.
#[derive(Debug)]
pub(crate) struct ServedCall(Instant);

impl ServedCall {
    pub(crate) fn begin(records: usize) -> Self {
        histogram!(BATCH_RECORDS).record(records as f64);
        Self(Instant::now())
    }
}

impl Drop for ServedCall {
    fn drop(&mut self) {
        histogram!(CALL_DURATION).record(self.0.elapsed());
    }
}
