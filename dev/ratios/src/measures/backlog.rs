//! P8: what a router that was down for long does when it is back.

mod drain;
mod memory;

use std::time::Duration;

use anyhow::ensure;
use client::{
    kafka::{Kafka, TOPIC},
    table::Table,
};
use stack::{
    Stack,
    plan::name::{BROKER, TABLE},
};

use self::{drain::Drain, memory::Memory};
use crate::{
    figures::Rounds,
    finding::{Finding, Findings},
    ratio::{BACKLOG, FLAT},
    raw::{consume, produce::Producer, rows},
    report::Short,
    scope::Scope,
    stacks,
};

/// How long the table is written to alone.
const WRITING: Duration = Duration::from_secs(5);

/// What Kafka and the table do alone, in records and rows per second.
#[derive(Clone, Copy, Debug)]
struct Alone {
    read: f64,
    written: f64,
}

/// Lets so many records wait, then lets the router drain them. What Kafka and the table do alone is measured
/// before and after, since a machine is not always as fast.
pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    let records = scope.backlog;
    let mut stack = stacks::without_router().await;
    eprintln!("P8: letting {records} records wait …");
    Producer::new(stack.address(BROKER))?.fill(records).await?;
    let waiting: i64 = Kafka::at(stack.address(BROKER)).high_watermarks(TOPIC).await.values().sum();
    ensure!(waiting == i64::from(records), "{waiting} records wait instead of {records}");
    let before = alone(&stack, records).await?;
    eprintln!("P8: starting the router …");
    let drain = Drain::watch(&mut stack, records).await?;
    let after = alone(&stack, records).await?;
    Ok(findings(&drain, [before, after]))
}

async fn alone(stack: &Stack, records: u32) -> anyhow::Result<Alone> {
    eprintln!("P8: a bare consumer, and bare writers …");
    let read = consume::drain(stack.address(BROKER), records.into()).await?;
    let written = rows::write(&Table::at(stack.address(TABLE)), WRITING).await;
    Ok(Alone { read, written })
}

fn findings(drain: &Drain, alone: [Alone; 2]) -> Findings {
    let once = |figure| Rounds::from_iter([figure]);
    let mean = |of: fn(Alone) -> f64| f64::midpoint(of(alone[0]), of(alone[1]));
    let (read, written) = (mean(|it| it.read), mean(|it| it.written));
    let ratio = Finding::ratio(BACKLOG, once(drain.rate), once(read));
    let grown = drain.memory.iter().max_by(|a, b| a.growth().total_cmp(&b.growth()));
    let memory = grown.map(|it| Finding::ratio(FLAT, once(it.most_mb()), once(it.warm_mb())));
    let mut findings = Findings::from([ratio]);
    findings.lines.extend(memory);
    findings.note(format!(
        "P8: bare writers write {} rows per second, of which the drain is {:.2}; {}",
        Short(written),
        drain.rate / written,
        drain.page
    ));
    let memory: Vec<_> = drain.memory.iter().map(Memory::to_string).collect();
    findings.note(format!("P8: MB when warm, at the most, at the end: {}", memory.join(", ")));
    findings
}
