//! Cargo, started from a program that cargo itself runs.

use std::env;
use std::process::Command;

/// A cargo that builds the same as one from a shell.
///
/// Cargo sets variables about the package for the programs that it runs. Some build scripts (that of `ring`)
/// depend on them, so a build from here and one from a shell would each compile their crates again.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.filter(|name| is_about_our_package(name)) {
        cargo.env_remove(name);
    }
    cargo
}

/// The same for all crates at once. With some crates only, cargo would choose other features for their
/// dependencies, and build hundreds of them again.
///
/// This is the only place that ignores a declared Rust version: the stand-in `broker` depends on rama, which
/// declares Rust 1.96 but builds and runs on 1.95. With Rust 1.96 the flag goes.
pub fn cargo_workspace(verb: &str) -> Command {
    let mut cargo = cargo();
    cargo.args([verb, "--workspace", "--ignore-rust-version"]);
    cargo
}

fn is_about_our_package(variable: &str) -> bool {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    variable == "CARGO_PRIMARY_PACKAGE"
        || prefixes.iter().any(|prefix| variable.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_about_our_package_do_not_reach_the_next_cargo() {
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO_PRIMARY_PACKAGE"] {
            assert!(is_about_our_package(name), "{name}");
        }
        for name in ["CARGO_TARGET_DIR", "CARGO_HOME", "CARGO_INCREMENTAL", "CARGO", "PATH"] {
            assert!(!is_about_our_package(name), "{name}");
        }
    }
}
