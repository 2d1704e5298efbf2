//! How both stand-ins start and end: arguments, a lock on the data folder, the log, and the exit code. Also how much
//! data they keep.

pub mod file;
pub mod keep;
pub mod retention;

use std::{
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use keep::Share;
use nix::sys::signal::Signal;
use process::folder_lock::{self, FolderLock};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// The arguments of every stand-in.
#[derive(Debug, Args)]
pub struct Options {
    /// Port to listen on; 0 = any free port.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Folder for the data; created if it is missing.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Delete the oldest data before the files grow beyond so many bytes; that of the last 30 seconds stays. Without
    /// it all stays.
    #[arg(long, value_name = "BYTES")]
    pub keep: Option<Share>,
}

/// Creates the data folder if it is missing, and locks it for this process.
pub fn lock_data_folder(
    folder: &Path,
    holder: &'static str,
) -> Result<FolderLock, folder_lock::Error> {
    let failed = |source| folder_lock::Error::Io { path: folder.into(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    FolderLock::take(folder, &format!("{holder}.lock"), holder)
}

/// Makes a write over the file size limit fail with an error, as on a full disk. By default SIGXFSZ would
/// kill the process. Tests lower the limit to simulate a full disk.
pub fn ignore_file_size_signal() -> io::Result<()> {
    // The handler stays installed after the stream of signals is dropped.
    signal(SignalKind::from_raw(Signal::SIGXFSZ as i32)).map(drop)
}

/// Logs to stderr what `RUST_LOG` selects, warnings by default.
pub fn log_to_stderr() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into());
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_env_filter(filter.from_env_lossy())
        .init();
}

/// 0 after a stop in order, else 1 after one line that says why.
pub fn exit_code<E: Display>(name: &str, outcome: Result<(), E>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
