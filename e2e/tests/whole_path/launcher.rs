//! `cargo demo`: one line when everything is up, restarts, a stop in order, and no process left.

use std::{process::Stdio, time::Duration};

use client::eventually::{eventually, within};
use nix::sys::signal::Signal;
use serde_json::json;
use stack::{
    demo::{Demo, runs, send},
    plan::name::{HOMEPAGE, ROUTER},
};
use tokio::process::Command;

/// A demo with one processor.
fn demo() -> Demo {
    Demo::new(&["--processors", "1"])
}

#[tokio::test]
async fn the_demo_starts_and_leaves_no_process_when_it_stops() {
    let demo = demo();
    let launcher = demo.start().await;
    assert_eq!(demo.stack_json()["page"], format!("http://{}", demo.page()));
    let pids = demo.pids();
    assert!(pids.len() == 5 && pids.iter().all(|pid| runs(*pid)), "{pids:?}");
    launcher.signal(Signal::SIGTERM);
    let status = demo.ended(launcher).await;
    assert!(status.success(), "it ended with {status}");
    assert!(!pids.iter().any(|pid| runs(*pid)));
    assert!(!demo.data().join("stack.json").exists());
}

#[tokio::test]
async fn a_process_that_dies_is_restarted_at_its_address() {
    let demo = demo();
    let _launcher = demo.start().await;
    let before = demo.entry(ROUTER).unwrap();
    send(Signal::SIGKILL, before["pid"].as_i64().unwrap());
    eventually("the router runs again", async || {
        let now = demo.entry(ROUTER).unwrap();
        now["restarts"] == 1 && now["pid"].is_u64()
    })
    .await;
    let after = demo.entry(ROUTER).unwrap();
    assert_eq!(after["address"], before["address"]);
    assert_ne!(after["pid"], before["pid"]);
}

#[tokio::test]
async fn no_process_outlives_a_killed_launcher_and_the_next_one_starts() {
    let demo = demo();
    let launcher = demo.start().await;
    let pids = demo.pids();
    drop(launcher);
    eventually("all processes are gone", async || !pids.iter().any(|pid| runs(*pid))).await;
    demo.start().await;
}

/// As on a system without `setpriv`, where nothing ends the children of a killed launcher.
#[tokio::test]
async fn the_next_launcher_ends_processes_that_a_killed_one_left_running() {
    let demo = demo();
    let data = demo.data();
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("barrage-demo.lock"), "").unwrap();
    let mut child = Command::new(stack::program("table"));
    child.args(["--data", "table"]).current_dir(&data).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = child.spawn().unwrap();
    let processes = json!([{ "name": "table", "pid": child.id(), "address": "", "restarts": 0 }]);
    let stack = json!({ "page": "", "pid": 1, "processes": processes });
    std::fs::write(data.join("stack.json"), stack.to_string()).unwrap();
    // Wait for it, as init would do: until then, a zombie process would keep its id.
    let ended = tokio::spawn(async move { child.wait().await.unwrap() });
    let _launcher = demo.start().await;
    assert!(!ended.await.unwrap().success());
}

#[tokio::test]
async fn a_second_demo_on_the_same_data_is_refused_in_one_line() {
    let demo = demo();
    let _first = demo.start().await;
    let second = Demo::new(&[]).on_data_of(&demo);
    let status = second.ended(second.spawn()).await;
    assert_eq!(status.code(), Some(1));
    let line = second.lines().pop().unwrap();
    assert!(line.contains("another demo uses") && line.contains("--data"), "{line}");
}

#[tokio::test]
async fn a_port_in_use_is_reported_with_what_to_do() {
    let demo = demo();
    let _taken = tokio::net::TcpListener::bind(demo.page()).await.unwrap();
    let status = demo.ended(demo.spawn()).await;
    assert_eq!(status.code(), Some(1));
    let line = demo.lines().pop().unwrap();
    assert!(line.contains("is in use; choose another with --port"), "{line}");
}

#[tokio::test]
async fn too_little_room_for_data_is_refused_in_one_line() {
    let demo = Demo::new(&["--keep", "1MB"]);
    let status = demo.ended(demo.spawn()).await;
    assert_eq!(status.code(), Some(2));
    let lines = demo.lines();
    assert!(lines.len() == 1 && lines[0].contains("--keep"), "{lines:?}");
    assert!(lines[0].contains("expected at least 100MB"), "{lines:?}");
}

#[tokio::test]
async fn a_page_on_all_addresses_is_reached_from_this_machine_and_from_others() {
    let demo = Demo::new(&["--processors", "1", "--host", "0.0.0.0"]);
    let _launcher = demo.start().await;
    // Any other address of this machine.
    let other = ([127, 0, 0, 2], demo.page().port()).into();
    let page = client::homepage::Homepage::new(other).unwrap();
    assert!(page.readiness().await.unwrap().status.is_success());
}

#[tokio::test]
async fn an_invalid_variable_stops_the_demo_with_the_line_that_names_it() {
    let demo = demo().var("KAFKA_PARTITIONS", "many");
    let status = demo.ended(demo.spawn()).await;
    assert_eq!(status.code(), Some(2));
    let lines = demo.lines().join("\n");
    assert!(lines.contains("KAFKA_PARTITIONS") && lines.contains("many"), "{lines}");
}

#[tokio::test]
async fn a_killed_homepage_answers_again_at_its_address() {
    let demo = demo();
    let _launcher = demo.start().await;
    let page = client::homepage::Homepage::new(demo.page()).unwrap();
    send(Signal::SIGKILL, demo.pid(HOMEPAGE));
    within(Duration::from_secs(20), "the page is ready again", async || {
        demo.entry(HOMEPAGE).unwrap()["restarts"] == 1
            && page.readiness().await.is_ok_and(|answer| answer.status.is_success())
    })
    .await;
}
