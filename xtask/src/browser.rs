//! The lints and the tests of the page, from `web/`: Playwright with the Chromium of the system, and the main flows
//! in Firefox and WebKit as well.

use std::fs;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Result, ensure};

use crate::command;
use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// Says which Debian packages are missing.
pub(crate) fn needs(workspace: &Workspace) -> Result<()> {
    let missing = missing(workspace).join(" ");
    ensure!(
        missing.is_empty(),
        "the step browser needs {missing}; on Debian: apt-get install -y {missing}\n\
         (or set CHROMIUM to the path of another Chromium)"
    );
    Ok(())
}

/// Installs what the lock file lists, unless it is installed already, and runs the lints and the tests.
pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    if !is_installed(workspace) {
        command::run(npm(workspace).args(["ci", "--no-audit", "--no-fund"]))?;
    }
    command::run(npm(workspace).args(["run", "lint"]))?;
    command::run(npm(workspace).arg("test"))?;
    Ok(Outcome::Passed)
}

const NODE_IS_RECENT: &str = "const [major, minor] = process.versions.node.split('.').map(Number); \
                              process.exit(major > 20 || (major === 20 && minor >= 11) ? 0 : 1)";

fn missing(workspace: &Workspace) -> Vec<&'static str> {
    let needs = [
        // The tests use what Node.js has since 20.11.
        ("nodejs (20.11 or later)", command::answers("node", &["--eval", NODE_IS_RECENT])),
        ("npm", command::answers("npm", &["--version"])),
        ("chromium", workspace.chromium().is_file()),
    ];
    needs.into_iter().filter(|(_, present)| !present).map(|(package, _)| package).collect()
}

/// npm writes its own lock file last, so its time is that of the installation.
fn is_installed(workspace: &Workspace) -> bool {
    let written = |file| -> Option<SystemTime> {
        fs::metadata(workspace.path(file)).and_then(|file| file.modified()).ok()
    };
    let installed = written("web/node_modules/.package-lock.json");
    installed.is_some_and(|at| written("web/package-lock.json").is_some_and(|lock| at >= lock))
}

fn npm(workspace: &Workspace) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(workspace.path("web"));
    // The tests start our programs and must find those that were just built.
    npm.env("CARGO_TARGET_DIR", workspace.target());
    npm.env("CHROMIUM", workspace.chromium());
    // Otherwise Playwright downloads a browser of its own.
    npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    npm
}
