//! The signals that stop a service, and its exit code.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::Faults;

/// A token that SIGINT or SIGTERM cancels.
///
/// # Errors
/// When the process cannot have signal handlers.
pub fn on_signal() -> io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let on_signal = stop.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        };
        tracing::info!(signal = name, "stopping");
        on_signal.cancel();
    });
    Ok(stop)
}

/// 0 after a stop, 2 for an invalid configuration, 1 for any other error.
///
/// It prints the error to stderr, because the configuration is read before the log is set up. An invalid
/// configuration gives one line for each problem.
pub fn exit_code<E: AsRef<dyn Error + Send + Sync>>(result: Result<(), E>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let error: &(dyn Error + 'static) = error.as_ref();
    eprintln!("{}", with_sources(error));
    let configuration = std::iter::successors(Some(error), |error| (*error).source())
        .any(|error| error.is::<Faults>());
    ExitCode::from(if configuration { 2 } else { 1 })
}

/// An error and its sources in one line, with colons between them.
pub fn with_sources(error: &dyn Error) -> String {
    let sources = std::iter::successors(error.source(), |error| (*error).source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
