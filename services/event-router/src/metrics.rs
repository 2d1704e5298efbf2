//! The metrics of the event router.

use barrage::position::{Offset, Partition};
use metrics::{
    Gauge, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const END_OFFSET: &str = "router_partition_end_offset";
const COMMITTED_OFFSET: &str = "router_partition_committed_offset";
const CALLS_ALLOWED: &str = "router_calls_allowed";
const CALLS_IN_FLIGHT: &str = "router_calls_in_flight";
const RECORDS_IN_FLIGHT: &str = "router_records_in_flight";
const RECORDS_WAITING: &str = "router_records_waiting";
const LAG: &str = "router_partition_lag_records";

/// How a record was finished.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Finish {
    Stored,
    Filtered,
    DeadLettered,
}

/// Registers the metrics. Called once, at the start.
pub(crate) fn describe() {
    describe_counter!("router_records_total", "Records that are finished, by outcome.");
    describe_counter!("router_retries_total", "Records that a processor answered with RETRY.");
    describe_counter!("router_call_failures_total", "Calls that failed, by gRPC status.");
    describe_histogram!("router_batch_records", "Records in a call.");
    describe_histogram!("router_call_duration_seconds", "Duration of calls that succeeded.");
    describe_gauge!(CALLS_IN_FLIGHT, "Calls to an address that have not ended yet.");
    describe_gauge!(CALLS_ALLOWED, "How many calls an address may have at once.");
    describe_gauge!(RECORDS_IN_FLIGHT, "Records that were read and are not finished.");
    describe_gauge!(RECORDS_WAITING, "Records that wait for a call.");
    for outcome in ["stored", "filtered", "dead_lettered", "expired"] {
        counter!("router_records_total", "outcome" => outcome).increment(0);
    }
    counter!("router_retries_total").increment(0);
    for code in (1..=16).map(tonic::Code::from_i32) {
        counter!("router_call_failures_total", "code" => format!("{code:?}")).increment(0);
    }
    for name in ["router_batch_records", "router_call_duration_seconds"] {
        drop(histogram!(name));
    }
    records(0, 0);
    describe_partitions();
}

fn describe_partitions() {
    describe_gauge!(END_OFFSET, "The offset after the last record of a partition.");
    describe_gauge!(COMMITTED_OFFSET, "The offset that the group has committed of a partition.");
    describe_gauge!(LAG, "Offsets of a partition from the committed one to its end.");
}

pub(crate) fn finished(finish: Finish) {
    let outcome = match finish {
        Finish::Stored => "stored",
        Finish::Filtered => "filtered",
        Finish::DeadLettered => "dead_lettered",
    };
    counter!("router_records_total", "outcome" => outcome).increment(1);
}

/// Kafka deleted records before they were read.
pub(crate) fn expired(records: u64) {
    counter!("router_records_total", "outcome" => "expired").increment(records);
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

/// How many records are in flight, and how many of them wait for a call now.
pub(crate) fn records(in_flight: usize, waiting: usize) {
    #[expect(clippy::cast_precision_loss, reason = "both are bounded far below 2^52")]
    let (in_flight, waiting) = (in_flight as f64, waiting as f64);
    gauge!(RECORDS_IN_FLIGHT).set(in_flight);
    gauge!(RECORDS_WAITING).set(waiting);
}

/// Counts the calls to one address, also those that began before the address left the list and came back.
#[derive(Clone, Debug)]
pub(crate) struct CallCounter(Gauge);

impl CallCounter {
    pub(crate) fn new(address: &str) -> Self {
        Self(gauge!(CALLS_IN_FLIGHT, "address" => address.to_owned()))
    }

    /// Counts a call until the value is dropped.
    pub(crate) fn begin(&self) -> CallInFlight {
        self.0.increment(1.0);
        CallInFlight(self.0.clone())
    }
}

#[derive(Debug)]
pub(crate) struct CallInFlight(Gauge);

impl Drop for CallInFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// How many calls an address may have at once; 0 if it is not used any more.
pub(crate) fn calls_allowed(address: &str, calls: usize) {
    #[expect(clippy::cast_precision_loss, reason = "at most 1000")]
    gauge!(CALLS_ALLOWED, "address" => address.to_owned()).set(calls as f64);
}

/// A partition of this router: where it ends, and before which offset the group has finished all.
pub(crate) fn partition(partition: Partition, end: Offset, committed: Offset) {
    set_partition(partition, end.get(), committed.get(), end.since(committed));
}

/// This router does not have the partition any more. A series cannot end, so it becomes 0: then the largest value of all
/// routers is that of the router that has the partition.
pub(crate) fn partition_lost(partition: Partition) {
    set_partition(partition, 0, 0, 0);
}

#[expect(clippy::cast_precision_loss, reason = "a partition has far below 2^52 offsets")]
fn set_partition(partition: Partition, end: i64, committed: i64, lag: u64) {
    let label = [("partition", partition.to_string())];
    gauge!(END_OFFSET, &label).set(end as f64);
    gauge!(COMMITTED_OFFSET, &label).set(committed as f64);
    gauge!(LAG, &label).set(lag as f64);
}
