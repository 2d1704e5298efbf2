//! The checkout and the build folder that the steps work in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use xtask::cargo::{cargo, cargo_workspace};

use crate::command::{self, Ended};

#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    chromium: PathBuf,
}

impl Workspace {
    /// The workspace around `folder`; `executable` is ours, so it lies in the build folder.
    pub(crate) fn of(folder: &Path, executable: &Path, chromium: Option<PathBuf>) -> Result<Self> {
        let is_root = |folder: &&Path| folder.join("xtask/Cargo.toml").is_file();
        let root = folder.ancestors().find(is_root);
        let target = executable.ancestors().nth(2); // TARGET/debug/xtask
        Ok(Self {
            root: root.context("this folder is not inside a checkout of barrage")?.to_owned(),
            target: target.context("the build folder is unknown")?.to_owned(),
            chromium: chromium.unwrap_or_else(|| "/usr/bin/chromium".into()),
        })
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The build folder, for programs that look for it.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The path of one of our programs, built or not.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    pub(crate) fn chromium(&self) -> &Path {
        &self.chromium
    }

    pub(crate) fn cargo(&self, arguments: &[&str]) -> Result<()> {
        command::run(self.prepare(&mut cargo()).args(arguments))
    }

    /// Runs beside something else, whose lines it does not disturb.
    pub(crate) fn cargo_shown_later(&self, arguments: &[&str]) -> Result<Ended> {
        Ended::of(self.prepare(&mut cargo()).args(arguments))
    }

    pub(crate) fn cargo_all(&self, verb: &str, arguments: &[&str]) -> Result<()> {
        command::run(self.prepare(&mut cargo_workspace(verb)).args(arguments))
    }

    /// Runs tests of all crates with a variable set.
    pub(crate) fn test_with(&self, variable: (&str, &str), arguments: &[&str]) -> Result<()> {
        let mut cargo = cargo_workspace("test");
        command::run(self.prepare(&mut cargo).args(arguments).env(variable.0, variable.1))
    }

    pub(crate) fn build(&self) -> Result<()> {
        self.cargo_all("build", &["--bins"])
    }

    fn prepare<'a>(&self, cargo: &'a mut Command) -> &'a mut Command {
        cargo.current_dir(&self.root);
        // One build folder for all steps: the one that this program lies in.
        cargo.env("CARGO_TARGET_DIR", &self.target);
        // A snapshot that differs is a failure, never a new file.
        cargo.env("INSTA_UPDATE", "no")
    }

    /// The folders of all crates, relative to the checkout.
    pub(crate) fn crates(&self) -> Result<Vec<String>> {
        let mut crates = Vec::new();
        for parent in ["", "crates/", "services/", "dev/", "dev/stand-ins/"] {
            for name in names_in(&self.path(parent))? {
                let folder = format!("{parent}{name}");
                if self.path(&folder).join("Cargo.toml").is_file() {
                    crates.push(folder);
                }
            }
        }
        Ok(crates)
    }

    /// The integration tests of one crate, by the names that `cargo test --test` takes.
    pub(crate) fn integration_tests(&self, folder: &str) -> Result<Vec<String>> {
        let tests = self.path(folder).join("tests");
        if !tests.is_dir() {
            return Ok(Vec::new());
        }
        let is_test = |name: String| match name.strip_suffix(".rs") {
            Some(stem) => Some(stem.to_owned()),
            None => tests.join(&name).join("main.rs").is_file().then_some(name),
        };
        Ok(names_in(&tests)?.into_iter().filter_map(is_test).collect())
    }
}

fn names_in(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {folder:?}"))?;
    let name = |entry: std::io::Result<fs::DirEntry>| Ok(entry?.file_name());
    let names = entries.map(name).collect::<std::io::Result<Vec<_>>>()?;
    let mut names: Vec<String> =
        names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Workspace {
        let here = std::env::current_dir().unwrap(); // cargo test runs us in the crate's folder
        Workspace::of(&here, Path::new("/build/debug/xtask"), None).unwrap()
    }

    #[test]
    fn the_checkout_is_found_from_inside_it() {
        assert!(ours().path("README.md").parent().unwrap().join("Cargo.lock").is_file());
        assert_eq!(ours().target(), Path::new("/build"));
        let outside = Workspace::of(Path::new("/"), Path::new("/build/debug/xtask"), None);
        assert!(outside.unwrap_err().to_string().contains("not inside a checkout"));
    }

    #[test]
    fn crates_and_their_integration_tests_are_found() {
        let crates = ours().crates().unwrap();
        assert!(crates.contains(&"xtask".into()) && crates.contains(&"services/homepage".into()));
        assert!(ours().integration_tests("xtask").unwrap().contains(&"tidy".into()));
        assert!(ours().integration_tests("proto").unwrap().is_empty());
    }
}
