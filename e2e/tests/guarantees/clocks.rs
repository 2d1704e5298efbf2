//! A homepage whose clock is wrong.

use std::{path::Path, process::Command};

use client::{eventually::eventually, feed::Viewer, homepage::Homepage};
use serde_json::json;
use stack::{
    Setup, Stack,
    plan::name::{HOMEPAGE, PROCESSOR},
};

use crate::load;

const WRONG: &str = "homepage-with-a-wrong-clock";

/// Builds a library that changes the clock of the process that preloads it (`LD_PRELOAD`).
fn wrong_clock(folder: &Path) -> String {
    let (source, library) = (folder.join("wrong_clock.c"), folder.join("wrong_clock.so"));
    // Included in the test's binary, because the clone in which it was built may be gone.
    std::fs::write(&source, include_str!("wrong_clock.c")).expect("the folder takes a file");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source);
    let status = compiler.status().expect("the C compiler cc is installed");
    assert!(status.success(), "{compiler:?} ended with {status}");
    library.to_str().expect("the path is text").to_owned()
}

/// A stack with a second homepage whose clock is this many seconds ahead; negative means behind.
async fn with_a_wrong_clock(seconds: i32) -> (Stack, [Homepage; 2]) {
    // Rows expire after less time than the difference of the clocks.
    let setup = Setup::default().var(HOMEPAGE, "TABLE_TTL", "300");
    let mut stack = setup.var(PROCESSOR, "TABLE_TTL", "300").start().await;
    let (library, ahead) = (wrong_clock(stack.data_folder()), seconds.to_string());
    let vars = [("LD_PRELOAD", library.as_str()), ("WRONG_CLOCK", ahead.as_str())];
    stack.scale_out_with(HOMEPAGE, WRONG, &vars).await;
    eventually("the second homepage is ready", async || stack.is_ready(WRONG).await).await;
    let both = [stack.homepage().clone(), stack.homepage_at(WRONG)];
    (stack, both)
}

/// Sends a burst that is longer than the time after which a burst without heartbeats counts as stopped.
async fn send(homepage: &Homepage) -> String {
    let burst = json!({ "message": "hello", "concurrency": 10, "duration": 14, "rate": 12 });
    homepage.start_burst(&burst).await.expect("a burst").id
}

async fn holds_with_a_clock_of(seconds: i32) {
    println!("row 28: {seconds:+} s");
    let (stack, homepages) = with_a_wrong_clock(seconds).await;
    let mut viewers = [Viewer::default(), Viewer::default()];
    for (viewer, homepage) in viewers.iter_mut().zip(&homepages) {
        viewer.poll(homepage).await;
    }
    let ids = [send(&homepages[0]).await, send(&homepages[1]).await];
    let [right, wrong] = &homepages;
    let [first, second] = &mut viewers;
    let done = load::done(&homepages, &ids);
    first.watch(&[right, wrong], second.watch(&[wrong, right], done)).await;
    first.draws_all(wrong, &ids).await;
    second.draws_all(right, &ids).await;
    let mut rows = Vec::new();
    for id in &ids {
        load::assert_kept(&stack, id).await;
        let on_the_other = homepages[1].results(id).await.expect("results").len();
        let results = stack.results(id).await;
        assert_eq!(results.len(), on_the_other, "{seconds:+} s");
        rows.extend(results);
    }
    for viewer in &viewers {
        viewer.assert_drew(&rows);
    }
    let again: usize = viewers.iter().map(Viewer::came_again).sum();
    println!(
        "row 28: {seconds:+} s: {} rows for two viewers, {again} bullets came again",
        rows.len()
    );
}

// Row 28.
#[tokio::test]
async fn order_and_cursor_hold_when_the_clock_of_a_homepage_is_wrong() {
    for seconds in [600, -600] {
        holds_with_a_clock_of(seconds).await;
    }
}
