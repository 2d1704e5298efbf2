//! P8: how a router works off what has gathered while it was down.

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
    figures::{Rounded, Rounds},
    finding::{Finding, Findings},
    ratio::{BACKLOG, FLAT},
    raw::{consume, produce::Producer, rows},
    scope::Scope,
    stacks,
};

/// How long bare writers write.
const WRITING: Duration = Duration::from_secs(5);

/// What Kafka and the table reach alone, in records and rows per second.
#[derive(Clone, Copy, Debug)]
struct Bare {
    read: f64,
    written: f64,
}

/// Fills the topic, then starts the router. Kafka and the table alone are measured before and after, because a
/// machine is not always equally fast.
pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    let records = scope.backlog;
    let mut stack = stacks::without_router().await;
    eprintln!("P8: writing {records} records that wait …");
    Producer::new(stack.address(BROKER))?.fill(records).await?;
    let kafka = Kafka::at(stack.address(BROKER));
    let waiting: i64 = kafka.high_watermarks(TOPIC).await.values().sum();
    ensure!(waiting == i64::from(records), "{waiting} records wait instead of {records}");
    let before = bare(&stack, records).await?;
    eprintln!("P8: starting the router …");
    let drain = Drain::watch(&mut stack, records).await?;
    let after = bare(&stack, records).await?;
    Ok(findings(&drain, [before, after]))
}

async fn bare(stack: &Stack, records: u32) -> anyhow::Result<Bare> {
    eprintln!("P8: a bare consumer, and bare writers …");
    let read = consume::drain(stack.address(BROKER), records.into()).await?;
    let written = rows::write(&Table::at(stack.address(TABLE)), WRITING).await;
    Ok(Bare { read, written })
}

fn findings(drain: &Drain, bare: [Bare; 2]) -> Findings {
    let once = |figure| Rounds::from_iter([figure]);
    let mean = |of: fn(Bare) -> f64| f64::midpoint(of(bare[0]), of(bare[1]));
    let (read, written) = (mean(|it| it.read), mean(|it| it.written));
    let ratio = Finding::ratio(BACKLOG, once(drain.rate), once(read));
    let most_grown = drain.memory.iter().max_by(|a, b| a.growth().total_cmp(&b.growth()));
    let memory =
        most_grown.map(|it| Finding::ratio(FLAT, once(it.highest_mb()), once(it.warm_mb())));
    let mut findings = Findings::from([ratio]);
    findings.lines.extend(memory);
    findings.note(format!(
        "P8: bare writers write {} rows per second; the drain is {:.2} of that; {}",
        Rounded(written),
        drain.rate / written,
        drain.page
    ));
    let memory: Vec<_> = drain.memory.iter().map(Memory::to_string).collect();
    findings.note(format!("P8: MB when warm, at the highest, at the end: {}", memory.join(", ")));
    findings
}
