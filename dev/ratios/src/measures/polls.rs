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

/// How many viewers poll at once, as fast as they are answered.
const VIEWERS: u32 = 4;

/// Bullets to be seen: more than a poll brings.
const BULLETS: u32 = 1000;

/// A poll of each kind: what it asks for, and which encoding it takes.
const NEWEST: Poll = Poll { path: "/feed?limit=100", encoding: "identity" };
const COMPRESSED: Poll = Poll { path: "/feed?limit=100", encoding: "gzip" };

#[derive(Clone, Copy, Debug)]
struct Poll {
    path: &'static str,
    encoding: &'static str,
}

pub(crate) async fn measure(scope: &Scope) -> anyhow::Result<Findings> {
    eprintln!("P9: {BULLETS} bullets to be seen …");
    let stack = stacks::whole().start().await;
    Load::at_rate(BULLETS, 1).pass(stack.homepage()).await?;
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
        "P9: {:.0} µs where a poll brings nothing new, {:.0} µs where its 100 bullets are compressed (gzip)",
        nothing.median(),
        compressed.median()
    ));
    Ok(findings)
}

/// Polls for so long; the microseconds of CPU time of each.
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
    while let Some(answered) = viewers.join_next().await {
        polls += answered??;
    }
    ensure!(polls > 0, "the homepage answers no poll");
    let busy = usage::of_process(stack, HOMEPAGE)?.cpu.saturating_sub(before);
    Ok(busy.as_secs_f64() * 1e6 / f64::from(polls))
}

/// On one connection; how many polls were answered.
async fn poll(client: Client, url: String, encoding: String, end: Instant) -> anyhow::Result<u32> {
    let mut polls = 0;
    while Instant::now() < end {
        let asked = client.get(&url).header(ACCEPT_ENCODING, &encoding);
        asked.send().await?.error_for_status()?.bytes().await?;
        polls += 1;
    }
    Ok(polls)
}
