//! `cargo xtask docs`: writes the generated parts of files.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use xtask::generated;
use xtask::variables::{SERVICES, variables};

use crate::workspace::Workspace;

/// Builds the services, asks each for its variables, and writes them where they are listed.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    workspace.build()?;
    let help = |service| Ok((service, help(workspace, service)?));
    let helps = SERVICES.into_iter().map(help).collect::<Result<Vec<_>>>()?;
    let variables = variables(&helps);
    for file in generated::FILES {
        let path = workspace.path(file.path);
        let old = fs::read_to_string(&path).with_context(|| format!("cannot read {path:?}"))?;
        let new = file.generate(&old, &variables).context(file.path)?;
        if new == old {
            eprintln!("{} is up to date", file.path);
        } else {
            fs::write(&path, new).with_context(|| format!("cannot write {path:?}"))?;
            eprintln!("{} is written", file.path);
        }
    }
    Ok(())
}

fn help(workspace: &Workspace, service: &str) -> Result<String> {
    let output = Command::new(workspace.program(service)).arg("--help").env_clear().output();
    let output = output.with_context(|| format!("cannot run {service}"))?;
    ensure!(output.status.success(), "`{service} --help` failed ({})", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("{service} --help"))
}
