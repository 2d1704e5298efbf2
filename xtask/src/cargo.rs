//! Cargo, started by a program that cargo itself runs.

use std::process::Command;

/// What `cargo run` tells a program about the package it belongs to.
const ABOUT_US: &[&str] = &[
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// A cargo that builds as if it had been typed in a shell.
///
/// The build script of `ring` watches what [`ABOUT_US`] lists, so with those set a build from
/// here, and then the next one from a shell, would compile it and all that use it once more.
pub fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    for name in ABOUT_US {
        cargo.env_remove(name);
    }
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_does_not_see_who_started_it() {
        let cargo = cargo();
        let hidden: Vec<_> = cargo.get_envs().map(|(name, _)| name.to_owned()).collect();
        // Cargo runs this test as well, so what it tells can be seen here.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                assert!(hidden.contains(&name), "{text}");
            }
        }
    }
}
