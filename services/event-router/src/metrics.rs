//! What the router counts, in one place.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// How a record was finished.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Finish {
    Stored,
    Filtered,
    Dead,
}

pub(crate) fn describe() {
    describe_counter!("router_records_total", "Records that are finished, by how.");
    describe_counter!("router_retries_total", "Records that a processor asked to be tried again.");
    describe_counter!("router_call_failures_total", "Calls that failed, by gRPC status.");
    describe_histogram!("router_batch_records", "Records in a call.");
    describe_histogram!("router_call_duration_seconds", "How long a call that succeeded took.");
    describe_gauge!("router_calls_in_flight", "Calls that are under way.");
    describe_gauge!("router_records_in_flight", "Records that were read and are not finished.");
    for outcome in ["stored", "filtered", "dead_lettered"] {
        counter!("router_records_total", "outcome" => outcome).increment(0);
    }
}

pub(crate) fn finished(finish: Finish) {
    let outcome = match finish {
        Finish::Stored => "stored",
        Finish::Filtered => "filtered",
        Finish::Dead => "dead_lettered",
    };
    counter!("router_records_total", "outcome" => outcome).increment(1);
}

pub(crate) fn retried() {
    counter!("router_retries_total").increment(1);
}

pub(crate) fn call_failed(code: tonic::Code) {
    counter!("router_call_failures_total", "code" => format!("{code:?}")).increment(1);
}

pub(crate) fn call_succeeded(records: usize, took: std::time::Duration) {
    #[expect(clippy::cast_precision_loss, reason = "a batch is far below 2^52")]
    histogram!("router_batch_records").record(records as f64);
    histogram!("router_call_duration_seconds").record(took.as_secs_f64());
}

pub(crate) fn level(calls: usize, open: usize) {
    #[expect(clippy::cast_precision_loss, reason = "both are bounded far below 2^52")]
    let (calls, open) = (calls as f64, open as f64);
    gauge!("router_calls_in_flight").set(calls);
    gauge!("router_records_in_flight").set(open);
}
