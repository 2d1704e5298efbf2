//! Dynalite: DynamoDB's API on LevelDB, as others have written it, so that nothing leans on what only our
//! stand-in does. Amazon's own emulator is not free software, so nothing here fetches it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use process::child::{Inherits, Spec};

use super::Real;

/// What npm needs to fetch it, and what starts it.
pub(super) const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../../real/package.json")),
    ("package-lock.json", include_str!("../../real/package-lock.json")),
    ("table.js", include_str!("../../real/table.js")),
];

/// A table that has its own folder.
#[derive(Debug)]
pub struct Table<'a> {
    /// What runs it.
    pub real: &'a Real,
    /// Its data.
    pub folder: &'a Path,
}

impl Table<'_> {
    /// Completes what starts it. It listens at the spec's port.
    pub fn furnish(&self, spec: &mut Spec) {
        let port = spec.port.address().port().to_string();
        spec.program = self.real.node.clone();
        spec.args = vec![self.real.table().join("table.js").into(), port.into()];
        spec.args.push(self.folder.into());
        spec.inherits = Inherits::Nothing;
    }
}

impl Real {
    /// Where Dynalite and what it needs were put.
    fn table(&self) -> PathBuf {
        self.folder.join("table")
    }

    /// Fetches it by npm.
    pub(super) fn fetch_table(&self) -> anyhow::Result<()> {
        let folder = self.table();
        fs::create_dir_all(&folder)?;
        let write = |(name, content)| fs::write(folder.join(name), content);
        FILES.into_iter().try_for_each(write).context("the table's files cannot be written")?;
        let mut npm = Command::new("npm");
        // What it has compiled comes with it: no script of a package needs to run.
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        npm.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null());
        let status = npm.status().context("npm could not be started")?;
        ensure!(status.success(), "npm could not fetch Dynalite ({status})");
        Ok(())
    }
}
