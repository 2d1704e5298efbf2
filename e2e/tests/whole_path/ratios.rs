//! The program `ratios`: it starts stacks of its own, prints a table, and leaves no process running.

use std::{fs, process::Stdio, time::Duration};

use client::eventually::eventually;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use process::child::run_to_end;
use stack::program;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

/// Longer than six short measurements take, each on a fresh stack.
const DEADLINE: Duration = Duration::from_secs(180);

fn ratios(options: &[&str]) -> Command {
    let mut command = Command::new(program("ratios"));
    command.args(options).kill_on_drop(true);
    command
}

#[tokio::test]
async fn a_ratio_is_printed_with_its_aim_as_a_row_of_a_table() {
    let options = ["--only", "p9", "--rounds", "1", "--seconds", "1", "--most-viewers", "20"];
    let ran = run_to_end(&mut ratios(&options), DEADLINE).await;
    let (text, errors) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr));
    assert!(ran.status.success(), "{errors:?}");
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("| P")).collect();
    let begin = |line: &&str, viewers| {
        line.starts_with(&format!("| P9 | CPU per answer, {viewers} viewers |"))
    };
    assert!(
        matches!(lines[..], [few, many] if begin(&few, "1,000") && begin(&many, "5,000")),
        "{text}"
    );
    assert!(lines[0].contains("≤ 60.0 µs") && lines[1].contains("≤ 25.0 µs"), "{text}");
    assert!(
        text.contains("at most 20 viewers") && text.contains("without, as pages polled"),
        "{text}"
    );
}

#[tokio::test]
async fn an_interrupted_run_leaves_nothing_running() {
    let options = ["--only", "P9", "--rounds", "1", "--seconds", "60"];
    let mut running = ratios(&options).stderr(Stdio::piped()).spawn().unwrap();
    let pid = running.id().unwrap();
    let mut lines = BufReader::new(running.stderr.take().unwrap()).lines();
    while !lines.next_line().await.unwrap().unwrap().contains("messages per second") {}
    let mut stack = Vec::new();
    eventually("broker, table, and three services run", async || {
        stack = children(pid);
        stack.len() == 5
    })
    .await;
    kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGINT).unwrap();
    let ended = timeout(DEADLINE, running.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(130));
    eventually("all processes of its stack have ended", async || {
        stack.iter().all(|child| !fs::exists(format!("/proc/{child}")).unwrap())
    })
    .await;
}

#[tokio::test]
async fn an_unknown_ratio_is_refused() {
    let ran = run_to_end(&mut ratios(&["--only", "P14"]), DEADLINE).await;
    let errors = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2), "{errors}");
    assert!(errors.contains("P14") && errors.contains("P11"), "all ratios are named: {errors}");
}

/// The running child processes of a process.
fn children(pid: u32) -> Vec<u32> {
    let parent = |child: &u32| {
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).ok()?;
        // The parent is the second field after the program's name, which is in brackets and may contain spaces.
        let (_, rest) = stat.rsplit_once(") ")?;
        rest.split(' ').nth(1)?.parse::<u32>().ok()
    };
    let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
    let pids = all.filter_map(|name| name.to_str()?.parse().ok());
    pids.filter(|child| parent(child) == Some(pid)).collect()
}
