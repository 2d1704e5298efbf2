//! Builds the programs of a run. The first build takes minutes, so it says how many, and how far it is.

use std::collections::HashSet;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use xtask::cargo::{cargo, cargo_workspace};

use crate::progress::{Progress, minutes};

/// CPU time of a first build for each of its crates, in C and Rust: P14 in loadtest/RESULTS.md has 15.2 minutes for 573.
const CRATE: Duration = Duration::from_millis(1_600);

/// Each run builds one of these.
const EACH_RUN: [&str; 3] = ["launcher", "chaos", "loadtest"];

/// How often a first build says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(20);

/// Builds these programs and what they need, and not the whole workspace: a first build is long enough.
pub(crate) fn build(target: &Path, programs: &[&str], release: bool) -> Result<()> {
    let folder = target.join(if release { "release" } else { "debug" });
    let is_first = !EACH_RUN.iter().any(|program| folder.join(program).is_file());
    let mut cargo = cargo_workspace("build");
    cargo.args(programs.iter().flat_map(|program| ["--bin", program]));
    cargo.arg("--target-dir").arg(target).args(release.then_some("--release"));
    let status = if is_first {
        let crates = crates_of(programs)?;
        eprintln!("{}", announcement(crates, cores(), release));
        first(cargo, crates)?
    } else {
        eprintln!("building what has changed …");
        cargo.status().context("cannot run cargo")?
    };
    ensure!(status.success(), "the build failed ({status}); its errors are above");
    Ok(())
}

fn cores() -> u32 {
    available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX))
}

fn announcement(crates: usize, cores: u32, release: bool) -> String {
    if release {
        return format!("building {crates} crates: with --release, far longer than without …");
    }
    let cores_here = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    let long = minutes(CRATE.mul_f64(crates as f64) / cores);
    format!(
        "building {crates} crates: from nothing that takes about {long} on the {cores_here} of this \
         machine, and the download; later it takes seconds …"
    )
}

/// Cargo lists what it has finished on stdout. Its own bar, on stderr, stays as it is.
fn first(mut cargo: Command, crates: usize) -> Result<ExitStatus> {
    cargo.args(["--message-format", "json-render-diagnostics"]).stdout(Stdio::piped());
    let mut cargo = cargo.spawn().context("cannot run cargo")?;
    let stdout = cargo.stdout.take().context("cargo has no output")?;
    let mut watch = Watch::new(Progress::new(crates));
    for line in BufReader::new(stdout).lines() {
        let line = line.context("cannot read cargo's output")?;
        if let Some(report) = watch.see(&line) {
            // Over the line of cargo's bar, which cargo then draws again.
            let start = if io::stderr().is_terminal() { "\r\x1b[K" } else { "" };
            eprintln!("{start}{report}");
        }
    }
    cargo.wait().context("cannot wait for cargo")
}

/// Counts what is built, and says it now and then.
struct Watch {
    progress: Progress,
    built: HashSet<String>,
    /// How many an earlier run has left, and when ours built its first.
    before: usize,
    started: Option<Instant>,
    said: Instant,
}

impl Watch {
    fn new(progress: Progress) -> Self {
        let now = Instant::now();
        Self { progress, built: HashSet::new(), before: 0, started: None, said: now }
    }

    /// A line of cargo's, and what to say then.
    fn see(&mut self, line: &str) -> Option<String> {
        let (package, is_fresh) = built_package(line)?;
        self.built.insert(package.to_owned());
        if is_fresh && self.started.is_none() {
            self.before = self.built.len();
            return None;
        }
        if self.started.is_none() {
            // It may have taken long to look at what was there.
            self.said = Instant::now();
        }
        let started = *self.started.get_or_insert_with(Instant::now);
        if self.said.elapsed() < SAY_EVERY {
            return None;
        }
        self.said = Instant::now();
        Some(self.progress.report(self.before, self.built.len(), started.elapsed()))
    }
}

/// The package that cargo says it has built, and whether it was there before. A build script is not yet its package.
fn built_package(line: &str) -> Option<(&str, bool)> {
    let rest = line.strip_prefix(r#"{"reason":"compiler-artifact","package_id":""#)?;
    let (package, rest) = rest.split_once('"')?;
    (!rest.contains(r#""kind":["custom-build"]"#))
        .then(|| (package, rest.contains(r#""fresh":true"#)))
}

/// How many crates these programs consist of, ours and others'.
fn crates_of(programs: &[&str]) -> Result<usize> {
    let mut tree = cargo();
    tree.args(["tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    tree.args(programs.iter().flat_map(|program| ["--package", program]));
    let output = tree.stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    ensure!(output.status.success(), "cargo cannot list the crates; its errors are above");
    let lines = String::from_utf8_lossy(&output.stdout);
    // `(*)` marks a crate that the list has already.
    let crates: HashSet<_> = lines
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    Ok(crates.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: &str = r#"{"reason":"compiler-artifact","package_id":"registry+https://example.com#a@1.0.0","target":{"kind":["lib"]},"fresh":false}"#;

    #[test]
    fn a_package_is_built_when_its_library_is_and_not_when_its_build_script_is() {
        let package = "registry+https://example.com#a@1.0.0";
        assert_eq!(built_package(LIBRARY), Some((package, false)));
        let left = LIBRARY.replace("false", "true");
        assert_eq!(built_package(&left), Some((package, true)));
        let script = LIBRARY.replace(r#"["lib"]"#, r#"["custom-build"]"#);
        for other in [&*script, r#"{"reason":"build-finished","success":true}"#, "", "error"] {
            assert_eq!(built_package(other), None, "{other}");
        }
    }

    #[test]
    fn a_package_counts_once() {
        let mut watch = Watch::new(Progress::new(2));
        for _ in 0..2 {
            assert_eq!(watch.see(LIBRARY), None, "too early");
        }
        assert_eq!((watch.before, watch.built.len()), (0, 1));
    }

    #[test]
    fn the_time_is_that_of_these_crates_on_this_machine() {
        let two = announcement(562, 2, false);
        assert!(two.contains("about 7 min 30 s on the 2 cores of this machine"), "{two}");
        let one = announcement(206, 1, false);
        assert!(one.contains("about 5 min 30 s on the 1 core of this machine"), "{one}");
    }
}
