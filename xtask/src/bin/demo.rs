//! `cargo demo` and `cargo measure`: build all that runs, then become the program that runs it.

use std::{
    convert::Infallible,
    env,
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, ensure};

fn main() -> ExitCode {
    match run() {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Becomes the program, or says why not.
fn run() -> Result<Infallible> {
    let request = Request::from_args(env::args_os().skip(1));
    let target = target_folder(&env::current_exe()?)?;
    let profile = if request.release { "release" } else { "debug" };
    let program = target.join(profile).join(request.program);
    if !(request.asks_for_help() && program.is_file()) {
        build(&target, request.release)?;
    }
    // `exec` returns only when it fails: from here on this process is the program, so signals
    // and the exit code are its own.
    let error = Command::new(&program).args(&request.args).exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}

/// Our two words, which may stand anywhere; all others are the program's.
struct Request {
    program: &'static str,
    release: bool,
    args: Vec<OsString>,
}

impl Request {
    fn from_args(args: impl Iterator<Item = OsString>) -> Self {
        let mut request = Self { program: "launcher", release: false, args: Vec::new() };
        for arg in args {
            match arg.to_str() {
                Some("--release") => request.release = true,
                Some("--measure") => request.program = "measure",
                // Whether one must be written depends on the alias, so people write it anywhere.
                Some("--") => {}
                Some(_) | None => request.args.push(arg),
            }
        }
        request
    }

    fn asks_for_help(&self) -> bool {
        self.args.iter().any(|arg| arg == "--help" || arg == "-h")
    }
}

fn build(target: &Path, release: bool) -> Result<()> {
    eprintln!("building; the first time takes about 15 minutes, later ones a few seconds …");
    // Cargo tells those it runs which cargo it is.
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    // See .cargo/config.toml for why the declared Rust version is ignored.
    command.args(["build", "--workspace", "--bins", "--ignore-rust-version", "--target-dir"]);
    command.arg(target).args(release.then_some("--release"));
    // Cargo also tells those it runs of which package they are. Build scripts look at that, and
    // would build their crates anew each time it changes between `cargo demo` and `cargo build`.
    for (name, _) in env::vars_os().filter(|(name, _)| is_about_our_package(name)) {
        command.env_remove(name);
    }
    let status = command.status().with_context(|| format!("cannot run {}", cargo.display()))?;
    ensure!(status.success(), "the build failed ({status}); its errors are above");
    Ok(())
}

fn is_about_our_package(variable: &OsStr) -> bool {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    let name = variable.to_string_lossy();
    name == "CARGO_PRIMARY_PACKAGE" || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// We are `<target>/<profile>/demo`, whatever cargo was told about its target folder.
fn target_folder(own: &Path) -> Result<PathBuf> {
    let target = own.parent().and_then(Path::parent);
    target
        .map(Path::to_owned)
        .with_context(|| format!("{} lies in no target folder", own.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_words_are_kept_and_all_others_passed_on() {
        let args = ["--", "--port", "0", "--release", "--fresh"].map(OsString::from);
        let request = Request::from_args(args.into_iter());
        assert_eq!((request.program, request.release), ("launcher", true));
        assert_eq!(request.args, ["--port", "0", "--fresh"]);
    }

    #[test]
    fn the_target_folder_holds_the_folder_of_our_profile() {
        let target = target_folder(Path::new("/somewhere/debug/demo")).unwrap();
        assert_eq!(target, Path::new("/somewhere"));
    }
}
