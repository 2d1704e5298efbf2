//! P3 and P4: records through a router whose topic is full, with a processor that answers at once, and with a
//! real processor in large calls and in calls of one record.

use std::{io, time::Duration};

use anyhow::ensure;
use client::{eventually::ticks, homepage::Homepage, kafka::GROUP};
use faults::processor_proxy::{Mode, ProcessorProxy};
use stack::{
    Stack,
    plan::name::{BROKER, PROCESSOR, ROUTER, TABLE},
    usage,
};
use tokio::time::Instant;

use crate::{
    figures::{Growth, Rounds},
    finding::{Finding, Findings},
    ratio::{
        BATCHING, ROUTING,
        Ratio::{P3, P4},
    },
    raw::{consume, produce::Producer},
    scope::Scope,
    stacks,
};

/// How many records wait for each second of the measurement: more than any router finishes.
const RECORDS_PER_SECOND: u32 = 30_000;

/// How much longer than the measurement a router may take.
const STUCK: Duration = Duration::from_secs(60);

const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// The router's metric of stored records.
const STORED: &str = r#"router_records_total{outcome="stored"}"#;

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    let mut stack = stacks::for_routers().await;
    let records = scope.seconds * RECORDS_PER_SECOND;
    eprintln!("P3, P4: writing {records} records that wait …");
    Producer::new(stack.address(BROKER))?.fill(records).await?;
    let mut routers = Routers { stack: &mut stack, records: records.into(), scope, started: 0 };
    let mut findings = Findings::default();
    if scope.wants(&[P3]) {
        findings.extend(routers.without_processing().await?);
    }
    if scope.wants(&[P4]) {
        findings.extend(routers.batching().await?);
    }
    Ok(findings)
}

/// The routers that run one after the other on the same topic, each in a consumer group of its own.
struct Routers<'a> {
    stack: &'a mut Stack,
    records: u64,
    scope: &'a Scope,
    started: u32,
}

impl Routers<'_> {
    async fn without_processing(&mut self) -> anyhow::Result<Findings> {
        let processor = ProcessorProxy::start().await?;
        processor.set_mode(Mode::Store);
        let (mut drains, mut read) = (Vec::new(), Rounds::default());
        for round in 1..=self.scope.rounds {
            eprintln!("P3, round {round}: a router, and a processor that answers at once …");
            drains.push(self.drain(&[("SINK", &processor.url())]).await?);
            eprintln!("P3, round {round}: a bare consumer …");
            read.push(consume::drain(self.stack.address(BROKER), self.records).await?);
        }
        let mut findings = Findings::from([Finding::ratio(ROUTING, rates(&drains), read)]);
        findings.note(format!("P3: {}", costs(&drains)));
        Ok(findings)
    }

    async fn batching(&mut self) -> anyhow::Result<Findings> {
        let (mut many, mut one) = (Vec::new(), Vec::new());
        for round in 1..=self.scope.rounds {
            eprintln!("P4, round {round}: calls of up to 500 records …");
            many.push(self.drain(&[]).await?);
            eprintln!("P4, round {round}: calls of one record …");
            one.push(self.drain(&[("BATCH_MAX", "1")]).await?);
        }
        let mut findings = Findings::from([Finding::ratio(BATCHING, rates(&many), rates(&one))]);
        findings.note(format!("P4, batched: {}; one by one: {}", costs(&many), costs(&one)));
        Ok(findings)
    }

    /// Starts a router with these variables, and measures how fast it finishes the topic.
    async fn drain(&mut self, vars: &[(&str, &str)]) -> anyhow::Result<Drain> {
        self.started += 1;
        let (name, group) = (format!("{ROUTER}-{}", self.started), self.started);
        let group = format!("{GROUP}-{group}");
        let vars = [vars, &[("KAFKA_GROUP", group.as_str())]].concat();
        self.stack.scale_out_with(ROUTER, &name, &vars).await;
        let processes = [BROKER, &name, PROCESSOR, TABLE];
        let before = self.cpu(processes)?;
        let followed =
            follow(&self.stack.homepage_at(&name), self.records, self.scope.seconds).await;
        let after = self.cpu(processes)?;
        self.stack.kill(&name).await;
        let (rate, finished) = followed?;
        let cost = |n: usize| (after[n] - before[n]) * 100_000.0 / finished as f64;
        Ok(Drain { rate, cpu: [0, 1, 2, 3].map(cost) })
    }

    /// The CPU seconds of each process so far.
    fn cpu<const N: usize>(&self, processes: [&str; N]) -> io::Result<[f64; N]> {
        let mut cpu = [0.0; N];
        for (cpu, process) in cpu.iter_mut().zip(processes) {
            *cpu = usage::of_process(self.stack, process)?.cpu.as_secs_f64();
        }
        Ok(cpu)
    }
}

/// How one router has worked.
#[derive(Clone, Copy, Debug)]
struct Drain {
    /// How many records were finished per second.
    rate: f64,
    /// The CPU seconds of broker, router, processor and table for 100,000 records.
    cpu: [f64; 4],
}

fn rates(drains: &[Drain]) -> Rounds {
    drains.iter().map(|drain| drain.rate).collect()
}

fn costs(drains: &[Drain]) -> String {
    let cost = |n: usize| drains.iter().map(|drain| drain.cpu[n]).collect::<Rounds>().median();
    let [broker, router, processor, table] = [0, 1, 2, 3].map(cost);
    format!(
        "CPU for 100,000 records: broker {broker:.1} s, router {router:.1} s, \
         processor {processor:.1} s, table {table:.1} s"
    )
}

/// Follows a router until all records are finished, or for this many seconds. Returns the records per second,
/// and how many were finished in all.
async fn follow(router: &Homepage, records: u64, seconds: u32) -> anyhow::Result<(f64, u64)> {
    let (mut growth, most) = (Growth::default(), Duration::from_secs(seconds.into()));
    let started = Instant::now();
    let mut poll = ticks(POLL_INTERVAL);
    loop {
        poll.tick().await;
        let finished = router.metric(STORED).await? as u64;
        growth.note(finished, Instant::now());
        if let Some(rate) = growth.rate()
            && (finished >= records || growth.lasted() >= most)
        {
            return Ok((rate, finished));
        }
        ensure!(started.elapsed() < most + STUCK, "{finished} of {records} records, too slow");
    }
}
