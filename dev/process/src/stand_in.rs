//! What both stand-ins have in common: how they are called, where they log, how they end.

use std::{
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use nix::sys::signal::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::folder_lock::{self, FolderLock};

/// The arguments of a stand-in.
#[derive(Debug, Args)]
pub struct Place {
    /// Port of 127.0.0.1 to listen on; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Folder to keep the data in.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// Creates the folder where it is missing, and makes sure that only this process uses it.
pub fn claim(folder: &Path, holder: &'static str) -> Result<FolderLock, folder_lock::Error> {
    let failed = |source| folder_lock::Error::Io { path: folder.into(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    FolderLock::take(folder, &format!("{holder}.lock"), holder)
}

/// A file that may not grow is an error of the write from now on, as on a full disk, and no longer
/// the end of the process.
pub fn outlive_file_limits() -> io::Result<()> {
    // The handler stays when we stop listening, and it is all that is needed.
    signal(SignalKind::from_raw(Signal::SIGXFSZ as i32)).map(drop)
}

/// Logs to stderr what `RUST_LOG` asks for, and warnings by default.
pub fn log_to_stderr() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into());
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_env_filter(filter.from_env_lossy())
        .init();
}

/// 0 when it was told to stop, else 1 after one line that says why.
pub fn exit_code<E: Display>(name: &str, outcome: Result<(), E>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
