//! The hops of a message, each alone, by bare clients and on stand-ins without other load.

use std::{fmt, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use client::table::Table;
use faults::processor_proxy::{Mode, ProcessorProxy};
use proto::{ProcessBatchRequest, Record, message_processor_client::MessageProcessorClient};
use stack::plan::name::{BROKER, TABLE};
use tokio::time::Instant;

use crate::{
    figures::p50_and_p99,
    raw::{CHUNK, consume, produce::Producer, record, rows},
    stacks,
};

/// How often each call is repeated.
const CALLS: u32 = 300;

/// In seconds, before the measurement.
const WARM_UP: u32 = 1;

/// The p50 and p99 of each hop, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Hops {
    /// From sending a record until it is consumed, at the rate of the load.
    kafka: [f64; 2],
    /// A call with 25 records to a processor that answers at once.
    call: [f64; 2],
    /// A write of 25 rows.
    write: [f64; 2],
    /// A query of these rows.
    read: [f64; 2],
    /// A poll of an idle homepage.
    poll: [f64; 2],
}

impl Hops {
    pub(crate) async fn measure(rate: u32, seconds: u32, polls: &[f64]) -> anyhow::Result<Self> {
        let stack = stacks::bare().await;
        let kafka = kafka(stack.address(BROKER), rate, seconds).await?;
        let table = Table::at(stack.address(TABLE));
        table.create().await;
        let shard = rows::fresh_shard();
        let write = timed(async |n| {
            table.put_batch(rows::chunk(&shard, first_of(n))).await;
            Ok(())
        });
        let write = write.await?;
        let read = timed(async |n| {
            let found = table.range(&shard, first_of(n), first_of(n + 1) - 1).await;
            anyhow::ensure!(found == CHUNK, "of {CHUNK} rows there are {found}");
            Ok(())
        });
        let read = read.await?;
        Ok(Self { kafka, call: call().await?, write, read, poll: p50_and_p99(polls) })
    }

    /// The sum of the p50 of all hops, and that of their p99.
    pub(crate) fn sum(&self) -> [f64; 2] {
        let all = [self.kafka, self.call, self.write, self.read, self.poll];
        [0, 1].map(|n| all.iter().map(|hop| hop[n]).sum())
    }
}

async fn kafka(broker: SocketAddr, rate: u32, seconds: u32) -> anyhow::Result<[f64; 2]> {
    let (warm_up, all) = ((rate * WARM_UP) as usize, (rate * (WARM_UP + seconds)) as usize);
    let mut ages = Vec::with_capacity(all);
    let consuming = consume::each(broker, move |message| {
        ages.push(record::age(message).unwrap_or(f64::NAN));
        (ages.len() == all).then(|| ages.split_off(warm_up))
    });
    let producer = Producer::new(broker)?;
    let (ages, sent) = tokio::join!(consuming, producer.paced(rate, WARM_UP + seconds));
    sent?;
    Ok(p50_and_p99(&ages?))
}

async fn call() -> anyhow::Result<[f64; 2]> {
    let processor = ProcessorProxy::start().await?;
    processor.set_mode(Mode::Store);
    let client = MessageProcessorClient::connect(processor.url()).await;
    let client = client.context("the processor that answers at once")?;
    let record = Record { data: vec![b' '; 130].into(), ..Record::default() };
    timed(async |_| {
        let records = vec![record.clone(); CHUNK];
        client.clone().process_batch(ProcessBatchRequest { records }).await?;
        Ok(())
    })
    .await
}

/// The offset of the first row of a chunk.
fn first_of(chunk: u32) -> i64 {
    i64::from(chunk) * CHUNK as i64
}

/// The p50 and p99 of calls, one after the other. The first tenth is the warm-up.
async fn timed(call: impl AsyncFn(u32) -> anyhow::Result<()>) -> anyhow::Result<[f64; 2]> {
    let mut took = Vec::new();
    for n in 0..CALLS {
        let began = Instant::now();
        call(n).await?;
        took.push(millis(began.elapsed()));
    }
    Ok(p50_and_p99(&took[took.len() / 10..]))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

impl fmt::Display for Hops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kafka, call, write, read, poll } = self;
        let hops = [
            ("send → consumed", kafka),
            ("call", call),
            ("write", write),
            ("read", read),
            ("poll", poll),
        ];
        let text = hops.map(|(name, [p50, p99])| format!("{name} {p50:.1} / {p99:.1} ms"));
        write!(f, "{} (p50 / p99)", text.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_of_the_hops_are_summed() {
        let hop = |p50, p99| [p50, p99];
        let hops = Hops {
            kafka: hop(20.0, 50.0),
            call: hop(1.0, 2.0),
            write: hop(3.0, 6.0),
            read: hop(2.0, 3.0),
            poll: hop(0.5, 1.0),
        };
        assert_eq!(hops.sum(), [26.5, 62.0]);
        assert!(hops.to_string().starts_with("send → consumed 20.0 / 50.0 ms, call 1.0 / 2.0 ms"));
    }
}
