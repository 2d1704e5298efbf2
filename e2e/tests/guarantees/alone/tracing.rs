//! The tracing endpoint is down, slow, or a black hole.

use std::time::{Duration, Instant};

use client::eventually::eventually;
use faults::{
    collector::ExportCounter,
    tcp_proxy::{Fault, TcpProxy},
};
use serde_json::json;
use stack::{
    Setup, Stack,
    plan::name::{HOMEPAGE, PROCESSOR, ROUTER},
    usage,
};
use tokio::join;

const SERVICES: [&str; 3] = [HOMEPAGE, ROUTER, PROCESSOR];

const FAULTS: [(&str, Fault); 3] = [
    ("down", Fault::Cut),
    ("slow", Fault::Delay(Duration::from_secs(2))),
    ("a black hole", Fault::BlackHole),
];

/// The share of its throughput that a stack must keep.
const SHARE: f64 = 0.95;

/// How much memory a service may hold for its spans, in KiB.
const SPAN_MEMORY: u64 = 16 * 1024;

/// The names of the threads that export spans.
const EXPORTERS: [&str; 2] = ["OpenTelemetry", "reqwest-interna"];

/// A stack that traces every message, or none.
async fn stack(tracing: Option<&TcpProxy>) -> Stack {
    let mut setup = Setup::default();
    if let Some(proxy) = tracing {
        let endpoint = format!("http://{}", proxy.address());
        setup = setup.var(HOMEPAGE, "TRACE_SAMPLE", "1");
        for service in SERVICES {
            setup = setup.var(service, "TRACING", &endpoint);
        }
    }
    setup.start().await
}

/// The messages per second of a burst, from its start until all are stored.
async fn throughput(stack: &Stack, rate: u32) -> f64 {
    let began = Instant::now();
    let burst = json!({ "message": "hello", "concurrency": 12, "duration": 4, "rate": rate });
    let id = stack.send_burst(burst).await;
    let burst = stack.settled(&id).await;
    let end = (burst.state.as_str(), burst.failed, burst.stored);
    assert_eq!(end, ("done", 0, burst.accepted));
    f64::from(u32::try_from(burst.accepted).expect("a burst is short"))
        / began.elapsed().as_secs_f64()
}

/// The throughput of the traced stack ÷ that of the other, with the same burst at the same time. The best of
/// three counts: a busy machine may slow down one of them, but waiting for the endpoint would slow down all.
async fn best_share(off: &Stack, on: &Stack) -> f64 {
    let mut best = 0.0_f64;
    for _ in 0..3 {
        let (off, on) = join!(throughput(off, 20), throughput(on, 20));
        best = best.max(on / off);
        if best >= SHARE {
            break;
        }
    }
    best
}

/// The CPU seconds of all processes of a stack, and those of their exporters.
fn cpu_seconds(stack: &Stack) -> (f64, f64) {
    let used = usage::of(stack).expect("all processes live");
    let exporters = SERVICES.map(|service| {
        usage::of_threads(stack.pid(service), &EXPORTERS).expect("it has exporters").as_secs_f64()
    });
    (used.iter().map(|used| used.cpu.as_secs_f64()).sum(), exporters.iter().sum())
}

fn resident_kib(stack: &Stack, service: &str) -> u64 {
    let used = usage::of(stack).expect("all processes live");
    used.iter().filter(|used| used.name == service).map(|used| used.now_kib).sum()
}

// Row 27. Under full load the CPU is the limit, so the share of the CPU time that is not spent on exports is the
// share of the throughput. It is read from the threads of one stack, because two stacks that compete for a busy
// machine differ by more than 5 %.
#[tokio::test]
async fn a_tracing_endpoint_that_fails_costs_neither_throughput_nor_memory() {
    let collector = ExportCounter::start().await.expect("a free port");
    let proxy = TcpProxy::new(collector.serving.address()).expect("a free port");
    let (off, on) = (stack(None).await, stack(Some(&proxy)).await);
    throughput(&on, 20).await;
    eventually("spans arrive", async || collector.exports() > 0).await;
    for (what, fault) in FAULTS {
        proxy.set(fault);
        let share = best_share(&off, &on).await;
        let before = cpu_seconds(&on);
        let (_, flat_out) = join!(throughput(&off, 1000), throughput(&on, 1000));
        let after = cpu_seconds(&on);
        let exporting = (after.1 - before.1) / (after.0 - before.0);
        println!(
            "row 27: {what}: {share:.2} of the throughput in a burst; \
             {exporting:.3} of the CPU time at {flat_out:.0} messages/s is for traces"
        );
        assert!(share >= SHARE && 1.0 - exporting >= SHARE, "{what}");
        for service in SERVICES {
            let [with, without] = [&on, &off].map(|stack| resident_kib(stack, service));
            println!("row 27: {what}: {service} holds {with} KiB, {without} KiB without tracing");
            assert!(with < without + SPAN_MEMORY, "{service} holds {with} KiB of {without} KiB");
        }
    }
}
