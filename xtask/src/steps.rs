//! The steps of the whole check. Those that fail soonest come first.

use std::{fmt::Write as _, panic::resume_unwind, thread};

use anyhow::Result;

use crate::outcome::Outcome;
use crate::workspace::Workspace;
use crate::{browser, command, k8s, real};

/// One step: it passes, is left out with a reason, or fails.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// What is true when it passes.
    pub(crate) about: &'static str,
    /// It starts our programs, so it tests the last build.
    pub(crate) starts_binaries: bool,
    /// Checks what must be installed, before the first step runs: half an hour later is too late.
    pub(crate) needs: fn(&Workspace) -> Result<()>,
    pub(crate) run: fn(&Workspace) -> Result<Outcome>,
}

impl Step {
    const fn new(
        name: &'static str,
        about: &'static str,
        run: fn(&Workspace) -> Result<Outcome>,
    ) -> Self {
        Self { name, about, starts_binaries: false, needs: |_| Ok(()), run }
    }

    const fn starting_binaries(self) -> Self {
        Self { starts_binaries: true, ..self }
    }

    const fn needing(self, needs: fn(&Workspace) -> Result<()>) -> Self {
        Self { needs, ..self }
    }
}

pub(crate) const STEPS: &[Step] = &[
    Step::new("fmt", "rustfmt has nothing to change", fmt),
    Step::new("clippy", "no lint fires, in code or tests", clippy),
    Step::new("build", "all binaries build", build),
    Step::new("rules", "house rules: tidy, layers, compose, features, guarantee table", rules),
    Step::new("contract", "the lists of variables are what the services print", contract)
        .starting_binaries(),
    Step::new(
        "k8s",
        "the manifests build, are valid and keep the house rules; with Go and kubectl",
        k8s::run,
    )
    .starting_binaries(),
    Step::new("tests", "unit tests of all crates", tests),
    Step::new("whole-path", "real processes, from form to bullet", whole_path).starting_binaries(),
    Step::new("guarantees", "nothing is lost, nothing shown twice, whatever breaks", guarantees)
        .starting_binaries(),
    Step::new("real", "the whole path and some guarantees on Apache Kafka and Dynalite", real::run)
        .starting_binaries(),
    Step::new("in-the-wild", "any legal topic, on Apache Kafka: rows 31 to 35", real::in_the_wild)
        .starting_binaries(),
    Step::new("chaos", "a minute of random faults over all processes, no message lost", chaos)
        .starting_binaries(),
    Step::new("doc", "the examples in the documentation", doc),
    Step::new("browser", "the page in a real browser", browser::run)
        .starting_binaries()
        .needing(browser::needs),
    Step::new("deny", "licences and sources of dependencies, where cargo-deny is installed", deny),
];

/// The steps with these names (comma separated), or all. What starts our binaries brings `build`.
pub(crate) fn select(names: Option<&str>) -> Result<Vec<&'static Step>, String> {
    let Some(names) = names else { return Ok(STEPS.iter().collect()) };
    let wanted: Vec<&str> = names.split(',').map(str::trim).collect();
    if let Some(unknown) = wanted.iter().find(|name| STEPS.iter().all(|s| s.name != **name)) {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("there is no step {unknown:?}; there are: {}", known.join(", ")));
    }
    let is_wanted = |step: &Step| wanted.contains(&step.name);
    let build = STEPS.iter().any(|step| step.starts_binaries && is_wanted(step));
    Ok(STEPS.iter().filter(|step| is_wanted(step) || (build && step.name == "build")).collect())
}

pub(crate) fn listing() -> String {
    STEPS.iter().fold(String::new(), |mut text, step| {
        writeln!(text, "{:<11} {}", step.name, step.about).expect("a String takes every write");
        text
    })
}

fn fmt(workspace: &Workspace) -> Result<Outcome> {
    workspace.cargo(&["fmt", "--all", "--check"]).map(passed)
}

fn clippy(workspace: &Workspace) -> Result<Outcome> {
    workspace.cargo_all("clippy", &["--all-targets", "--", "-D", "warnings"]).map(passed)
}

fn build(workspace: &Workspace) -> Result<Outcome> {
    workspace.build().map(passed)
}

fn rules(workspace: &Workspace) -> Result<Outcome> {
    test(workspace, &[], &workspace.integration_tests("xtask")?, &[])
}

fn contract(workspace: &Workspace) -> Result<Outcome> {
    test(workspace, &[], &["contract".into()], &[])
}

/// All but those of `xtask` and `e2e`, which are steps of their own.
fn tests(workspace: &Workspace) -> Result<Outcome> {
    let mut targets = Vec::new();
    for folder in workspace.crates()? {
        if folder != "xtask" && folder != "e2e" {
            targets.extend(workspace.integration_tests(&folder)?);
        }
    }
    test(workspace, &["--lib", "--bins"], &targets, &[])
}

/// Each test starts all processes of a stack, so more at once only wait for each other.
fn whole_path(workspace: &Workspace) -> Result<Outcome> {
    // One test runs a Java tool of Kafka, and is skipped where it cannot be had.
    real::fetch(workspace)?;
    test(workspace, &[], &["whole_path".into()], &["--test-threads=2"])
}

/// What is measured runs by itself, and what was measured is shown.
fn guarantees(workspace: &Workspace) -> Result<Outcome> {
    let target = ["guarantees".into()];
    let side_by_side = ["--show-output", "--test-threads=2", "--skip", "alone::"];
    test(workspace, &[], &target, &side_by_side)?;
    test(workspace, &[], &target, &["--show-output", "--test-threads=1", "alone::"])
}

/// Always the same faults, so that it fails for what was changed. Most of its time passes in waiting, so both runs
/// share it: three processors all the time, and some that come and go.
fn chaos(workspace: &Workspace) -> Result<Outcome> {
    let minute = ["chaos", "--minutes", "1", "--seed", "30"];
    let scaling = [minute.as_slice(), &["--scale", "0..6"]].concat();
    let (fixed, scaling) = thread::scope(|scope| {
        let scaling = scope.spawn(|| workspace.cargo_shown_later(&scaling));
        (workspace.cargo(&minute), scaling.join())
    });
    scaling.unwrap_or_else(|panic| resume_unwind(panic))?.show_and_check()?;
    fixed.map(passed)
}

fn doc(workspace: &Workspace) -> Result<Outcome> {
    test(workspace, &["--doc"], &[], &[])
}

fn deny(workspace: &Workspace) -> Result<Outcome> {
    if !command::answers("cargo", &["deny", "--version"]) {
        return Ok(Outcome::LeftOut(
            "no cargo-deny: cargo install cargo-deny --locked --version 0.20.2",
        ));
    }
    workspace.cargo(&["deny", "check", "bans", "licenses", "sources"]).map(passed)
}

fn passed((): ()) -> Outcome {
    Outcome::Passed
}

fn test(
    workspace: &Workspace,
    kinds: &[&str],
    targets: &[String],
    options: &[&str],
) -> Result<Outcome> {
    let mut line = vec!["--no-fail-fast"];
    line.extend(kinds);
    line.extend(targets.iter().flat_map(|target| ["--test", target]));
    if !options.is_empty() {
        line.push("--");
        line.extend(options);
    }
    workspace.cargo_all("test", &line).map(passed)
}
