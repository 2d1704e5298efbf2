//! The processors of `cargo demo` come and go by themselves, and die meanwhile.

use std::time::{Duration, Instant};

use client::{
    eventually::{lasts, within},
    ledger::Ledger,
};
use serde_json::json;
use stack::demo::{Control, Demo};

/// How soon after the first message eight processors must be ready, while each of them is killed now and then.
const OUT: Duration = Duration::from_secs(20);

/// Between two kills.
const BETWEEN_KILLS: Duration = Duration::from_secs(2);

/// How soon after the last message none may be left: the window of 6 s and the grace, which is as long, and the
/// backlog that the kills have left.
const IN: Duration = Duration::from_secs(60);

// Row 38.
#[tokio::test]
async fn nothing_is_lost_while_processors_scale_from_zero_to_eight_and_back_and_are_killed() {
    // 300 messages a second of 200 ms are 60 calls under way. With a target of 7 that wants nine processors.
    let demo = Demo::new(&["--scale", "0..8", "--scale-window", "6"])
        .var("WORK_MS", "200")
        .var("CONTAINER_CONCURRENCY", "10");
    let launcher = demo.start().await;
    let (control, page, began) = (demo.control(), demo.homepage(), Instant::now());
    let burst = json!({ "message": "hello", "concurrency": 60, "duration": 30, "rate": 5 });
    let burst = page.start_burst(&burst).await.expect("a burst").id;
    within(OUT, "eight processors were ready", async || control.count("ready").await == 8).await;
    println!("row 38: eight processors after {:.1} s", began.elapsed().as_secs_f64());
    let mut kills = 0;
    while page.burst(&burst).await.expect("the burst").state == "running" {
        kills += u32::from(kill_newest(&control).await);
        lasts(BETWEEN_KILLS, async || {}).await;
    }
    let ended = Instant::now();
    within(IN, "no processor is left", async || demo.processors().is_empty()).await;
    println!("row 38: {kills} kills; none left after {:.1} s", ended.elapsed().as_secs_f64());
    assert!(kills > 3, "only {kills} processors were killed");

    let settled = page.burst(&burst).await.expect("the burst");
    assert_eq!((settled.state.as_str(), settled.failed), ("done", 0));
    let ledger = Ledger::of(demo.sources(), |id| id.burst == burst, |_| false).await;
    assert_eq!(ledger.faults(), Vec::<String>::new());
    let (accepted, dead) = (ledger.accepted() as u64, ledger.dead());
    assert_eq!((accepted, dead), (settled.accepted, 0));
    demo.stop(launcher).await;
}

/// Whether there was one that could be killed.
async fn kill_newest(control: &Control) -> bool {
    let scaling = control.scaling().await;
    let processors = scaling["processors"].as_array().expect("a list");
    let ready = processors.iter().rfind(|processor| processor["state"] == "ready");
    let Some(name) = ready.and_then(|processor| processor["name"].as_str()) else { return false };
    control.break_part(name, "kill").await == 204
}
