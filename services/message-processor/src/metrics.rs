//! What the processor counts, by name.

use std::time::Instant;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::incoming::Outcome;

const RECORDS: &str = "processor_records_total";
const SECONDS: &str = "processor_call_duration_seconds";
const SIZE: &str = "processor_batch_records";
const IN_FLIGHT: &str = "processor_calls_in_flight";

/// Says what each metric means. Called once, at start.
pub(crate) fn describe() {
    describe_counter!(RECORDS, "Records that were answered, by outcome.");
    describe_histogram!(SECONDS, Unit::Seconds, "How long calls took that found a place.");
    describe_histogram!(SIZE, "How many records calls had.");
    describe_gauge!(IN_FLIGHT, "Calls that are being served.");
    gauge!(IN_FLIGHT).set(0.0);
    for outcome in ["stored", "rejected"] {
        counter!(RECORDS, "outcome" => outcome).increment(0);
    }
}

/// Counts the answer to one record.
pub(crate) fn answered(outcome: &Outcome) {
    let outcome = match outcome {
        Outcome::Stored => "stored",
        Outcome::Rejected(_) => "rejected",
    };
    counter!(RECORDS, "outcome" => outcome).increment(1);
}

/// A call that is being served, until it is dropped: also when its caller has gone.
#[derive(Debug)]
pub(crate) struct InFlight(Instant);

impl InFlight {
    pub(crate) fn of(records: usize) -> Self {
        histogram!(SIZE).record(records as f64);
        gauge!(IN_FLIGHT).increment(1.0);
        Self(Instant::now())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT).decrement(1.0);
        histogram!(SECONDS).record(self.0.elapsed());
    }
}
