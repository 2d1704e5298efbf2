//! `cargo demo`, `cargo loadtest` and `cargo chaos`: builds the program that was asked for and those that it starts,
//! then becomes it.

mod build;
mod progress;

use std::{
    convert::Infallible,
    env,
    ffi::OsString,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};

fn main() -> ExitCode {
    match run() {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns only if the program cannot be run.
fn run() -> Result<Infallible> {
    let request = Request::from_args(env::args_os().skip(1));
    let target = target_folder(&env::current_exe()?)?;
    let profile = if request.release { "release" } else { "debug" };
    let program = target.join(profile).join(request.program);
    if !(request.asks_for_help() && program.is_file()) {
        build::build(&target, &request.programs(), request.release)?;
    }
    // `exec` returns only when it fails. From here on this process is the program, so signals and
    // the exit code belong to it.
    let error = Command::new(&program).args(&request.args).envs(request.url).exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}

/// Our own options, which may stand anywhere, and the arguments of the program.
struct Request {
    program: &'static str,
    release: bool,
    args: Vec<OsString>,
    /// A URL that may have a password, and the variable that hands it on. All users of a machine see the arguments of
    /// a process, and only its own user sees its variables.
    url: Option<(&'static str, OsString)>,
}

/// The services and the stand-ins.
const STACK: [&str; 5] = ["broker", "table", "homepage", "event-router", "message-processor"];

/// The variable of the load tester for the URL of the barrage.
const BARRAGE_URL: &str = "BARRAGE_URL";

/// The options of the load tester whose values may look like such a URL.
const WITH_TEXT: [&str; 2] = ["--message", "--metrics"];

impl Request {
    fn from_args(args: impl Iterator<Item = OsString>) -> Self {
        let mut request = Self { program: "launcher", release: false, args: Vec::new(), url: None };
        for arg in args {
            match arg.to_str() {
                Some("--release") => request.release = true,
                Some("--loadtest") => request.program = "loadtest",
                Some("--chaos") => request.program = "chaos",
                // Some aliases need it and some do not, so people write it anywhere.
                Some("--") => {}
                Some(_) | None => request.args.push(arg),
            }
        }
        if request.program == "loadtest" {
            request.hide_password();
        }
        request
    }

    /// Takes the URL out of the arguments if it may have a password.
    fn hide_password(&mut self) {
        let is_text = |at: usize| at > 0 && WITH_TEXT.iter().any(|it| self.args[at - 1] == *it);
        let is_url = |arg: &str| arg.trim_start().to_ascii_lowercase().starts_with("http");
        let may_have_password =
            |arg: &OsString| arg.to_str().is_some_and(|arg| is_url(arg) && arg.contains('@'));
        let found =
            (0..self.args.len()).find(|at| may_have_password(&self.args[*at]) && !is_text(*at));
        self.url = found.map(|at| (BARRAGE_URL, self.args.remove(at)));
    }

    /// The program, and those that it starts.
    fn programs(&self) -> Vec<&'static str> {
        let measures = self.args.first().is_some_and(|arg| arg == "ratios");
        let others: &[_] = match self.program {
            "loadtest" if measures => &["ratios"],
            "loadtest" => return vec![self.program],
            _ => &[],
        };
        [&[self.program], others, &STACK].concat()
    }

    fn asks_for_help(&self) -> bool {
        self.args.iter().any(|arg| arg == "--help" || arg == "-h")
    }
}

/// This program is `<target>/<profile>/demo`, wherever the build folder is.
fn target_folder(own: &Path) -> Result<PathBuf> {
    let target = own.parent().and_then(Path::parent);
    target.map(Path::to_owned).with_context(|| format!("{} is in no build folder", own.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_options_are_taken_out_and_all_others_passed_on() {
        let args = ["--", "--port", "0", "--release", "--fresh"].map(OsString::from);
        let request = Request::from_args(args.into_iter());
        assert_eq!((request.program, request.release), ("launcher", true));
        assert_eq!(request.args, ["--port", "0", "--fresh"]);
    }

    #[test]
    fn only_what_a_run_needs_is_built() {
        let programs =
            |line: &str| Request::from_args(line.split_whitespace().map(OsString::from)).programs();
        let with_stack = |first: &[&'static str]| [first, &STACK].concat();
        assert_eq!(programs("-- --port 0"), with_stack(&["launcher"]));
        assert_eq!(programs("--chaos"), with_stack(&["chaos"]));
        assert_eq!(programs("--loadtest -- http://127.0.0.1:8080"), ["loadtest"]);
        let ratios = with_stack(&["loadtest", "ratios"]);
        assert_eq!(programs("--loadtest -- ratios --release --only P1"), ratios);
    }

    #[test]
    fn a_password_does_not_reach_the_arguments_of_the_load_tester() {
        let request = |line: &str| Request::from_args(line.split_whitespace().map(OsString::from));
        let secret = "https://ann:secret@host/barrage";
        for line in ["--loadtest -- URL --viewers 3", "--loadtest --insecure URL", "URL --loadtest"]
        {
            let request = request(&line.replace("URL", secret));
            assert_eq!(request.url, Some((BARRAGE_URL, secret.into())), "{line}");
            assert!(request.args.iter().all(|arg| arg != secret), "{:?}", request.args);
        }
        let plain = request("--loadtest http://host --message a@b --json a");
        assert_eq!((plain.url, plain.args.len()), (None, 5));
    }

    #[test]
    fn the_target_folder_holds_the_folder_of_our_profile() {
        let target = target_folder(Path::new("/somewhere/debug/demo")).unwrap();
        assert_eq!(target, Path::new("/somewhere"));
    }
}
