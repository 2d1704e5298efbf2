//! P9: what a poll of the feed costs the homepage.

use std::time::Duration;

use anyhow::ensure;
use reqwest::{Client, header::ACCEPT_ENCODING};
use stack::{Stack, plan::name::HOMEPAGE, usage};
use tokio::{task::JoinSet, time::Instant};

use crate::{
    figures::Rounds,
    finding::{Finding, Findings},
    load::Load,
    ratio::POLL,
    scope::Scope,
    stacks,
};

/// How many viewers poll at once, each as soon as it has its answer.
const VIEWERS: u32 = 4;

/// How many bullets there are: more than one poll brings.
const BULLETS: u32 = 1000;

const NEWEST: Poll = Poll { path: "/feed?limit=100", encoding: "identity" };
const COMPRESSED: Poll = Poll { path: "/feed?limit=100", encoding: "gzip" };

#[derive(Clone, Copy, Debug)]
struct Poll {
    path: &'static str,
    encoding: &'static str,
}

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    eprintln!("P9: sending {BULLETS} bullets …");
    let stack = stacks::whole().start().await;
    Load::at_rate(BULLETS, 1).run(stack.homepage()).await?;
    let cursor = stack.homepage().feed(None, 1).await?.cursor;
    let nothing_new = format!("/feed?limit=100&after={cursor}");
    let [mut newest, mut compressed, mut nothing] = [const { Vec::new() }; 3];
    for round in 1..=scope.rounds {
        eprintln!("P9, round {round}: polling …");
        newest.push(cost(&stack, NEWEST.path, NEWEST.encoding, scope.seconds).await?);
        compressed.push(cost(&stack, COMPRESSED.path, COMPRESSED.encoding, scope.seconds).await?);
        nothing.push(cost(&stack, &nothing_new, NEWEST.encoding, scope.seconds).await?);
    }
    let [newest, compressed, nothing]: [Rounds; 3] =
        [newest, compressed, nothing].map(|costs| costs.into_iter().collect());
    let mut findings = Findings::from([Finding::figure(POLL, newest)]);
    findings.note(format!(
        "P9: {:.0} µs if a poll brings nothing new, {:.0} µs if its 100 bullets are compressed (gzip)",
        nothing.median(),
        compressed.median()
    ));
    Ok(findings)
}

/// The homepage's CPU time for each poll, in microseconds, over this many seconds.
async fn cost(stack: &Stack, path: &str, encoding: &str, seconds: u32) -> anyhow::Result<f64> {
    let url = format!("{}{path}", stack.homepage().url());
    let end = Instant::now() + Duration::from_secs(seconds.into());
    let before = usage::of_process(stack, HOMEPAGE)?.cpu;
    let mut viewers = JoinSet::new();
    for _ in 0..VIEWERS {
        viewers.spawn(poll(
            Client::builder().no_proxy().build()?,
            url.clone(),
            encoding.to_owned(),
            end,
        ));
    }
    let mut polls = 0;
    while let Some(count) = viewers.join_next().await {
        polls += count??;
    }
    ensure!(polls > 0, "the homepage answers no poll");
    let cpu = usage::of_process(stack, HOMEPAGE)?.cpu.saturating_sub(before);
    Ok(cpu.as_secs_f64() * 1e6 / f64::from(polls))
}

/// Polls on one connection until `end`. Returns the number of polls.
async fn poll(client: Client, url: String, encoding: String, end: Instant) -> anyhow::Result<u32> {
    let mut polls = 0;
    while Instant::now() < end {
        let request = client.get(&url).header(ACCEPT_ENCODING, &encoding);
        request.send().await?.error_for_status()?.bytes().await?;
        polls += 1;
    }
    Ok(polls)
}
