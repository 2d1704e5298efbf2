//! Apache Kafka and Dynalite without a container: `cargo xtask real`, and the steps of the check that use them.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command;
use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// The variable that chooses broker and table for the tests.
const BACKEND: (&str, &str) = ("BARRAGE_BACKEND", "real");

const MISSING: Outcome = Outcome::LeftOut("java, mvn, node or npm is not installed");

/// Tests of the whole path that need no broker and no table, or always start the stand-ins.
const NOT_HERE: &[&str] = &["launcher::", "stock_clients::", "configuration::"];

/// The tests of the guarantees 1, 2, 5, 14 and 16 to 19: those about the broker, the table, and the programs
/// between these two.
const GUARANTEES: &[&str] = &[
    "routers::a_burst_survives_kill_9_of_the_router",
    "routers::a_router_finishes_what_is_in_flight_after_sigterm",
    "processors::a_burst_survives_kill_9_of_the_processor",
    "brokers::a_burst_survives_kill_9_of_the_broker_and_the_page_reports_it",
    "brokers::every_service_starts_without_a_broker_reports_it_and_heals",
    "topics::",
    "recreated_topics::",
    "tables::a_burst_survives_kill_9_of_the_table",
];

/// Builds everything, then becomes the program `real`.
pub(crate) fn become_it(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    workspace.build()?;
    let program = workspace.program("real");
    // `exec` returns only when it fails.
    let error = Command::new(&program).args(arguments).exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}

/// The whole path and some of the guarantees on Apache Kafka and Dynalite.
pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    if !fetch(workspace)? {
        return Ok(MISSING);
    }
    let skipped: Vec<_> = NOT_HERE.iter().flat_map(|module| ["--skip", *module]).collect();
    for (target, chosen) in [("whole_path", &skipped[..]), ("guarantees", GUARANTEES)] {
        let options =
            ["--no-fail-fast", "--test", target, "--", "--show-output", "--test-threads=2"];
        workspace.test_with(BACKEND, &[&options[..], chosen].concat())?;
    }
    Ok(Outcome::Passed)
}

/// Any legal topic, as others write it. These tests run on Apache Kafka alone.
pub(crate) fn in_the_wild(workspace: &Workspace) -> Result<Outcome> {
    if !fetch(workspace)? {
        return Ok(MISSING);
    }
    let options = ["--no-fail-fast", "--test", "in_the_wild", "--", "--show-output"];
    workspace.test_with(BACKEND, &[&options[..], &["--test-threads=2"]].concat())?;
    Ok(Outcome::Passed)
}

/// Installs both for this user, unless they are. False where a program is missing that this needs.
pub(crate) fn fetch(workspace: &Workspace) -> Result<bool> {
    let needed =
        [("java", "-version"), ("mvn", "--version"), ("node", "--version"), ("npm", "--version")];
    let are_there = needed.iter().all(|(program, version)| command::answers(program, &[version]));
    if are_there {
        command::run(Command::new(workspace.program("real")).arg("fetch"))?;
    }
    Ok(are_there)
}
