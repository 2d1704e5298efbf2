//! P3 and P4: what goes through a router when records wait, with a processor that only answers, and with a
//! real one in calls of many records and of one.

use std::time::Duration;

use anyhow::ensure;
use local::{
    bench::{
        kafka::GROUP,
        processor_front::{Manner, ProcessorFront},
    },
    homepage::Homepage,
    plan::name::{BROKER, ROUTER},
    stack::Stack,
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
    run::Scope,
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
        let front = ProcessorFront::start().await?;
        front.behave(Manner::Stores);
        let (mut routed, mut read) = (Rounds::default(), Rounds::default());
        for round in 1..=self.scope.rounds {
            eprintln!("P3, round {round}: a router, and a processor that only answers …");
            routed.push(self.drain(&[("SINK", &front.url())]).await?);
            eprintln!("P3, round {round}: a bare consumer …");
            read.push(consume::drain(self.stack.address(BROKER), self.records).await?);
        }
        Ok([Finding::ratio(ROUTING, routed, read)].into())
    }

    async fn batching(&mut self) -> anyhow::Result<Findings> {
        let (mut many, mut one) = (Rounds::default(), Rounds::default());
        for round in 1..=self.scope.rounds {
            eprintln!("P4, round {round}: calls of up to 500 records …");
            many.push(self.drain(&[]).await?);
            eprintln!("P4, round {round}: calls of one record …");
            one.push(self.drain(&[("BATCH_MAX", "1")]).await?);
        }
        Ok([Finding::ratio(BATCHING, many, one)].into())
    }

    /// Lets a new router of a new group read what waits; how much it finishes in a second.
    async fn drain(&mut self, vars: &[(&str, &str)]) -> anyhow::Result<f64> {
        self.routers += 1;
        let (name, group) = (format!("{ROUTER}-{}", self.routers), self.routers);
        let group = format!("{GROUP}-{group}");
        let vars = [vars, &[("KAFKA_GROUP", group.as_str())]].concat();
        self.stack.scale_out_with(ROUTER, &name, &vars).await;
        let rate = follow(&self.stack.homepage_at(&name), self.records, self.scope.seconds).await;
        self.stack.kill(&name).await;
        rate
    }
}

/// Until all is finished, or for so long.
async fn follow(router: &Homepage, records: u64, seconds: u32) -> anyhow::Result<f64> {
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
            return Ok(rate);
        }
        ensure!(started.elapsed() < most + STUCK, "{finished} of {records} records, too slow");
    }
}
