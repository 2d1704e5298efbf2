//! `cargo xtask images`: builds the images and tags them with the version of the workspace.

use std::process::Command;

use anyhow::Result;

use crate::command;
use crate::workspace::Workspace;

/// The targets of the Dockerfile that somebody runs: the three services, and the stand-in for the table.
const TARGETS: [&str; 4] = ["homepage", "event-router", "message-processor", "table"];

/// All crates and images have the version that Cargo.toml gives to the workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Builds all images with the Docker of this machine. Returns their names, with their tag.
pub(crate) fn build(workspace: &Workspace) -> Result<Vec<String>> {
    let revision = revision(workspace);
    let build = |target| {
        let image = format!("barrage/{target}:{VERSION}");
        let mut docker = Command::new("docker");
        docker.args(arguments(target, &image, &revision)).current_dir(workspace.path(""));
        command::run(&mut docker).map(|()| image)
    };
    TARGETS.into_iter().map(build).collect()
}

fn arguments(target: &str, image: &str, revision: &str) -> Vec<String> {
    let version = format!("VERSION={VERSION}");
    let revision = format!("REVISION={revision}");
    let arguments = ["build", "--target", target, "--tag", image, "--build-arg", &version];
    let rest = ["--build-arg", &revision, "."];
    arguments.into_iter().chain(rest).map(str::to_owned).collect()
}

/// The commit that is checked out; `unknown` outside a repository, as in the Dockerfile.
fn revision(workspace: &Workspace) -> String {
    let git =
        Command::new("git").args(["rev-parse", "HEAD"]).current_dir(workspace.path("")).output();
    let output = git.ok().filter(|output| output.status.success());
    let commit = output.and_then(|output| String::from_utf8(output.stdout).ok());
    commit.map_or_else(|| "unknown".into(), |commit| commit.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_image_is_a_target_and_is_tagged_with_the_version() {
        let dockerfile = fs::read_to_string("../Dockerfile").unwrap();
        for target in TARGETS {
            assert!(dockerfile.contains(&format!("\nFROM runtime AS {target}\n")), "{target}");
        }
        let images = dockerfile.matches("\nFROM runtime AS ").count();
        assert_eq!(images, TARGETS.len(), "an image of the Dockerfile is left out");
    }

    #[test]
    fn version_and_commit_go_into_the_labels() {
        let line = arguments("homepage", "barrage/homepage:1.2.3", "abc").join(" ");
        let expected = format!(
            "build --target homepage --tag barrage/homepage:1.2.3 --build-arg VERSION={VERSION} \
             --build-arg REVISION=abc ."
        );
        assert_eq!(line, expected);
    }
}
