//! The manifests in `k8s/`: the Go program in `xtask/k8s-check` builds them with kubectl and checks every object.

use std::process::Command;

use anyhow::Result;

use crate::command;
use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// Runs its tests, which break manifests in each way that it must find, and then the program itself.
pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let folder = workspace.path("xtask/k8s-check");
    // An older Go cannot read the list of modules there.
    let has_go = command::answers("go", &["-C", &folder.to_string_lossy(), "list", "-m"]);
    if !has_go || !command::answers("kubectl", &["version", "--client"]) {
        return Ok(Outcome::LeftOut("Go 1.24 or later, or kubectl, is not installed"));
    }
    // Fetches the modules that are not in Go's cache yet.
    if !command::answers("go", &["-C", &folder.to_string_lossy(), "list", "-deps", "-test", "."]) {
        return Ok(Outcome::LeftOut("the modules of xtask/k8s-check cannot be fetched"));
    }
    let go = |arguments: &[&str]| {
        let mut go = Command::new("go");
        go.current_dir(&folder).args(arguments).env("BARRAGE_PROGRAMS", workspace.program(""));
        go
    };
    command::run(&mut go(&["test", "-vet=off", "-count=1", "."]))?;
    command::run(go(&["run", "-buildvcs=false", ".", "../.."]).arg(workspace.program("")))?;
    Ok(Outcome::Passed)
}
