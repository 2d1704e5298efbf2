//! `cargo demo`: one line when everything is up, restarts, a stop in order, and no process left.

use std::process::Stdio;

use client::eventually::eventually;
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
async fn a_process_that_dies_is_restarted_at_its_address_and_the_page_is_ready_again() {
    let demo = demo();
    let _launcher = demo.start().await;
    for name in [ROUTER, HOMEPAGE] {
        let before = demo.entry(name).unwrap();
        send(Signal::SIGKILL, before["pid"].as_i64().unwrap());
        eventually("it runs again", async || {
            let now = demo.entry(name).unwrap();
            now["restarts"] == 1 && now["pid"].is_u64()
        })
        .await;
        let after = demo.entry(name).unwrap();
        assert_eq!(after["address"], before["address"]);
        assert_ne!(after["pid"], before["pid"]);
    }
    eventually("the page is ready again", async || {
        demo.homepage().readiness().await.is_ok_and(|answer| answer.status.is_success())
    })
    .await;
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
    // Only processors read the second one, and at first none of them is wanted.
    for (args, name, value) in [
        (["--processors", "1"], "KAFKA_PARTITIONS", "many"),
        (["--scale", "0..2"], "WORK_MS", "long"),
    ] {
        let demo = Demo::new(&args).var(name, value);
        let status = demo.ended(demo.spawn()).await;
        assert_eq!(status.code(), Some(2));
        let lines = demo.lines().join("\n");
        assert!(lines.contains(name) && lines.contains(value), "{lines}");
    }
}

#[tokio::test]
async fn wrong_arguments_are_one_line_and_exit_2() {
    for (arguments, named) in [
        ("--scale 5..2", "--scale"),
        ("--scale 8..0", "--scale"),
        ("--scale 0..0", "--scale"),
        ("--scale -1", "--scale"),
        ("--scale -1..4", "--scale"),
        ("--scale many", "--scale"),
        ("--scale=", "--scale"),
        ("--scale 0..65", "--scale"),
        ("--scale-window 5", "--scale-window"),
        ("--processors 0", "--processors"),
        ("--processors 2 --scale 0..4", "--scale"),
        ("--tour --scale 1..4", "--tour"),
        ("--tour --scale 0..1", "--tour"),
        ("--tour --processors 2", "--tour"),
        ("--processors 2 --tour", "--tour"),
        ("--keep 1MB", "expected at least 100MB"),
    ] {
        let demo = Demo::new(&arguments.split(' ').collect::<Vec<_>>());
        let status = demo.ended(demo.spawn()).await;
        let lines = demo.lines();
        assert_eq!(status.code(), Some(2), "{arguments}: {lines:?}");
        assert!(lines.len() == 1 && lines[0].contains(named), "{arguments}: {lines:?}");
    }
}
