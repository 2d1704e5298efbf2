//! The load tester with a real stack: it follows every message, and says so if it cannot.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use client::eventually::eventually;
use process::child::run_to_end;
use serde_json::Value;
use stack::{
    Stack,
    plan::name::{HOMEPAGE, PROCESSOR, ROUTER},
    program,
};
use tokio::process::Command;

/// Longer than any of these runs takes.
const DEADLINE: Duration = Duration::from_secs(120);

/// A run of the load tester, and the file of its report.
struct LoadTest {
    command: Command,
    report: PathBuf,
}

impl LoadTest {
    fn of(stack: &Stack, options: &[&str]) -> Self {
        let report = stack.data_folder().join("report.json");
        let mut command = Command::new(program("loadtest"));
        command.arg(stack.homepage().url()).args(options).arg("--json").arg(&report);
        for service in [HOMEPAGE, ROUTER, PROCESSOR] {
            let address: SocketAddr = stack.address(service);
            command.arg("--metrics").arg(format!("http://{address}/metrics"));
        }
        Self { command, report }
    }

    /// Runs it to its end. Returns its exit code, its report, and what it has printed.
    async fn run(mut self) -> (i32, Value, String) {
        let output = run_to_end(&mut self.command, DEADLINE).await;
        let report = std::fs::read(&self.report).unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), serde_json::from_slice(&report).unwrap(), text)
    }
}

/// These counts of the report's ledger.
fn ledger<const N: usize>(report: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| report["ledger"][name].as_u64().unwrap())
}

#[tokio::test]
async fn every_message_is_followed_to_its_row_in_each_mode() {
    let stack = Stack::start().await;
    let page = stack.data_folder().join("report.html");
    let html = ["--html", page.to_str().unwrap()];
    let options = ["--stages", "150:2,0:1,0-300:2", "--viewers", "3", "--expect", "lost==0"];
    let (code, report, text) = LoadTest::of(&stack, &[&options[..], &html].concat()).run().await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(ledger(&report, ["accepted", "stored", "lost", "twice"]), [600, 600, 0, 0]);
    assert_eq!(report["latency"]["accept"]["count"], 600);
    assert!(report["latency"]["shown"]["p50"].as_f64().unwrap() > 0.0);
    assert!(report["viewers"]["polls"].as_u64().unwrap() > 3);
    assert_sampled(report["seconds"].as_array().unwrap());
    assert_eq!(report["expectations"][0]["holds"], true);
    assert!(text.starts_with("HOLDS: each of the 600 accepted messages"), "{text}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<h1>HOLDS</h1>") && page.trim_end().ends_with("</html>"), "{page}");

    let options = ["--stages", "250:2", "--mode", "bursts,messages", "--viewers", "0"];
    let (code, report, text) = LoadTest::of(&stack, &options).run().await;
    assert_eq!(code, 0, "{text}");
    let expected = [1000, 1000, 0, 0];
    assert_eq!(ledger(&report, ["accepted", "stored", "lost", "out_of_order"]), expected);
}

/// The report must have the services' metrics for each second.
fn assert_sampled(seconds: &[Value]) {
    assert!(seconds.len() >= 5, "{seconds:?}");
    for figure in ["batch", "in_flight", "processing", "table_reads"] {
        assert!(seconds.iter().any(|second| second[figure].is_f64()), "no {figure}: {seconds:?}");
    }
    let used = seconds.iter().flat_map(|second| second["processes"].as_array().unwrap());
    let used: Vec<_> = used.collect();
    for service in [HOMEPAGE, ROUTER, PROCESSOR] {
        let is_reported = used.iter().any(|it| {
            let name = it["name"].as_str().unwrap();
            name.starts_with(service) && it["cpu"].is_f64() && it["rss_mib"].as_f64() > Some(1.0)
        });
        assert!(is_reported, "no {service}: {used:?}");
    }
}

#[tokio::test]
async fn the_mode_viewers_sends_nothing() {
    let stack = Stack::start().await;
    let options = ["--mode", "viewers", "--viewers", "5", "--stages", "100:4"];
    let (code, report, text) = LoadTest::of(&stack, &options).run().await;
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("HOLDS: nothing was sent"), "{text}");
    assert_eq!((&report["sending"]["due"], &report["sending"]["sent"]), (&0.into(), &0.into()));
    assert_eq!(report["viewers"]["count"], 5);
    // Each asks once at once, and then waits for news.
    assert!(report["latency"]["poll"]["count"].as_u64().unwrap() >= 5, "{report}");
    assert_eq!(stack.feed(None, 1).await.totals.accepted, 0);
}

#[tokio::test]
async fn an_audience_has_devices_obeys_its_cooldown_and_loses_nothing() {
    let stack = Stack::start().await;
    // Forty guests may send twenty texts a second, as their cooldown is 2 s.
    let options = ["--mode", "audience", "--guests", "40", "--texts-per-second", "10"];
    let expected = ["--duration", "4", "--expect", "refused==0", "--expect", "shown_p95<60s"];
    let (code, report, text) = LoadTest::of(&stack, &[options, expected].concat()).run().await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(ledger(&report, ["accepted", "stored", "lost", "twice"]), [40, 40, 0, 0]);
    assert_eq!(
        (&report["audience"]["devices"], &report["viewers"]["count"]),
        (&40.into(), &40.into())
    );
    // On a busy machine some are settled before the stage has them.
    assert!(report["latency"]["shown"]["count"].as_u64() > Some(20), "{text}");
    assert!(text.contains("40 guests, 40 of them with a device: Send to bullet"), "{text}");

    let options = ["--mode", "audience", "--guests", "2", "--texts-per-second", "4"];
    let (code, report, text) =
        LoadTest::of(&stack, &[&options[..], &["--duration", "2"]].concat()).run().await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(ledger(&report, ["accepted", "lost"]), [8, 0]);
    assert_eq!(report["audience"]["refused"], serde_json::json!([]));
    assert!(report["audience"]["held_back"].as_u64().unwrap() >= 4, "{text}");
}

#[tokio::test]
async fn a_killed_router_costs_time_but_no_message() {
    let mut stack = Stack::start().await;
    let running = tokio::spawn(LoadTest::of(&stack, &["--stages", "400:6"]).run());
    eventually("some messages are stored", async || stack.feed(None, 1).await.totals.stored > 400)
        .await;
    stack.kill(ROUTER).await;
    eventually("some messages wait", async || stack.feed(None, 1).await.totals.waiting > 400).await;
    stack.start_again(ROUTER).await;
    let (code, report, text) = running.await.unwrap();
    assert_eq!(code, 0, "{text}");
    assert_eq!(ledger(&report, ["accepted", "stored", "lost", "twice"]), [2400, 2400, 0, 0]);
    let seconds = report["seconds"].as_array().unwrap();
    let most = seconds.iter().filter_map(|second| second["waiting"].as_u64()).max();
    assert!(most.unwrap() > 200, "the backlog is not in the report: {most:?}");
}

#[tokio::test]
async fn blocked_and_filtered_messages_are_counted_as_such() {
    let block = [(PROCESSOR, "BLOCKED_WORDS", "load")];
    let stack = Stack::with(block).await;
    let (code, report, text) = LoadTest::of(&stack, &["--stages", "100:1"]).run().await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(ledger(&report, ["accepted", "stored", "blocked", "lost"]), [100, 0, 100, 0]);

    let filter = [(ROUTER, "FILTERS", r#"[{"exact":{"type":"another"}}]"#)];
    let stack = Stack::with(filter).await;
    for mode in ["messages", "bursts"] {
        let options = ["--stages", "100:1", "--mode", mode];
        let (code, report, text) = LoadTest::of(&stack, &options).run().await;
        assert_eq!(code, 0, "{text}");
        let names = ["accepted", "without_row", "filtered", "lost"];
        assert_eq!(ledger(&report, names), [100, 100, 100, 0], "{mode}");
    }
}

#[tokio::test]
async fn messages_that_do_not_arrive_in_time_are_lost_and_named() {
    let stack = Stack::start().await;
    stack.freeze(PROCESSOR);
    let options = ["--stages", "20:1", "--settle", "2", "--expect", "shown_p99<1s"];
    let (code, report, text) = LoadTest::of(&stack, &options).run().await;
    assert_eq!(code, 1, "{text}");
    assert_eq!(ledger(&report, ["accepted", "stored", "lost"]), [20, 0, 20]);
    assert_eq!(report["ledger"]["missing"].as_array().unwrap().len(), 20);
    assert!(text.starts_with("BROKEN: of 20 accepted messages 20 are lost"), "{text}");
    assert!(text.contains("FAILED  shown_p99<1s  (measured: not measured)"), "{text}");
}

#[tokio::test]
async fn an_interrupted_run_reports_what_it_has() {
    let stack = Stack::start().await;
    let LoadTest { mut command, report } = LoadTest::of(&stack, &["--stages", "100:100"]);
    let child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let pid = nix::unistd::Pid::from_raw(child.id().unwrap().try_into().unwrap());
    eventually("some messages are stored", async || stack.feed(None, 1).await.totals.stored > 50)
        .await;
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(report["interrupted"], true);
    let [accepted, stored, unsettled, lost] =
        ledger(&report, ["accepted", "stored", "unsettled", "lost"]);
    assert!(accepted > 50, "{accepted}");
    assert_eq!((stored + unsettled, lost), (accepted, 0));
}

#[tokio::test]
async fn a_homepage_that_dies_is_counted_and_does_not_end_the_run() {
    let mut stack = Stack::start().await;
    let running = tokio::spawn(LoadTest::of(&stack, &["--stages", "200:4"]).run());
    eventually("some messages are stored", async || stack.feed(None, 1).await.totals.stored > 100)
        .await;
    stack.kill(HOMEPAGE).await;
    stack.start_again(HOMEPAGE).await;
    let (code, report, text) = running.await.unwrap();
    assert_eq!(code, 0, "{text}");
    let failures = report["sending"]["failures"].as_array().unwrap();
    assert!(failures.iter().any(|it| it["request"] == "message"), "{failures:?}");
    let [accepted, stored, lost] = ledger(&report, ["accepted", "stored", "lost"]);
    assert_eq!((stored, lost), (accepted, 0));
}
