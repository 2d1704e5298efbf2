//! P3 and P4: what goes through a router when records wait, with a processor that only answers, and with a
//! real one in calls of many records and of one.

use std::{io, time::Duration};

use anyhow::ensure;
use client::{homepage::Homepage, kafka::GROUP};
use faults::processor_proxy::{Mode, ProcessorProxy};
use stack::{
    Stack,
    plan::name::{BROKER, PROCESSOR, ROUTER, TABLE},
    usage,
};
use tokio::time::{Instant, MissedTickBehavior, interval};

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

/// So many records wait for each second of the measurement: more than goes through.
const RECORDS_PER_SECOND: u32 = 30_000;

/// A router finishes nothing for so long: then it is stuck.
const STUCK: Duration = Duration::from_secs(60);

const LOOK: Duration = Duration::from_millis(25);

/// How many records a router has finished with a row.
const STORED: &str = r#"router_records_total{outcome="stored"}"#;

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    let mut stack = stacks::for_routers().await;
    let records = scope.seconds * RECORDS_PER_SECOND;
    eprintln!("P3, P4: letting {records} records wait …");
    Producer::new(stack.address(BROKER))?.fill(records).await?;
    let mut bench = Bench { stack: &mut stack, records: records.into(), scope, routers: 0 };
    let mut findings = Findings::default();
    if scope.wants(&[P3]) {
        findings.extend(bench.answering().await?);
    }
    if scope.wants(&[P4]) {
        findings.extend(bench.batching().await?);
    }
    Ok(findings)
}

struct Bench<'a> {
    stack: &'a mut Stack,
    records: u64,
    scope: &'a Scope,
    routers: u32,
}

impl Bench<'_> {
    async fn answering(&mut self) -> anyhow::Result<Findings> {
        let front = ProcessorProxy::start().await?;
        front.set_mode(Mode::Store);
        let (mut drains, mut read) = (Vec::new(), Rounds::default());
        for round in 1..=self.scope.rounds {
            eprintln!("P3, round {round}: a router, and a processor that only answers …");
            drains.push(self.drain(&[("SINK", &front.url())]).await?);
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

    /// Lets a new router of a new group read what waits.
    async fn drain(&mut self, vars: &[(&str, &str)]) -> anyhow::Result<Drain> {
        self.routers += 1;
        let (name, group) = (format!("{ROUTER}-{}", self.routers), self.routers);
        let group = format!("{GROUP}-{group}");
        let vars = [vars, &[("KAFKA_GROUP", group.as_str())]].concat();
        self.stack.scale_out_with(ROUTER, &name, &vars).await;
        let processes = [BROKER, &name, PROCESSOR, TABLE];
        let before = self.busy(processes)?;
        let followed =
            follow(&self.stack.homepage_at(&name), self.records, self.scope.seconds).await;
        let after = self.busy(processes)?;
        self.stack.kill(&name).await;
        let (rate, finished) = followed?;
        let cost = |n: usize| (after[n] - before[n]) * 100_000.0 / finished as f64;
        Ok(Drain { rate, cpu: [0, 1, 2, 3].map(cost) })
    }

    /// CPU seconds of each so far.
    fn busy<const N: usize>(&self, processes: [&str; N]) -> io::Result<[f64; N]> {
        let mut busy = [0.0; N];
        for (busy, process) in busy.iter_mut().zip(processes) {
            *busy = usage::of_process(self.stack, process)?.cpu.as_secs_f64();
        }
        Ok(busy)
    }
}

/// What a router has done.
#[derive(Clone, Copy, Debug)]
struct Drain {
    /// Records per second.
    rate: f64,
    /// CPU seconds for 100,000 records: of broker, router, processor and table.
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

/// Until all is finished, or for so long; how much in a second, and how much in all.
async fn follow(router: &Homepage, records: u64, seconds: u32) -> anyhow::Result<(f64, u64)> {
    let (mut growth, most) = (Growth::default(), Duration::from_secs(seconds.into()));
    let started = Instant::now();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        look.tick().await;
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
