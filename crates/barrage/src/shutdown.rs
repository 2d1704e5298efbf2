//! How a service is told to stop, and what its exit code says.

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
    let told = stop.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        };
        tracing::info!(signal = name, "stopping");
        told.cancel();
    });
    Ok(stop)
}

/// 0 when told to stop, 2 for a wrong configuration (one line a fault), 1 for anything else.
///
/// The words go to stderr: a wrong configuration is known before there is a log.
pub fn exit_code<E: AsRef<dyn Error + Send + Sync>>(result: Result<(), E>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let error: &(dyn Error + 'static) = error.as_ref();
    eprintln!("{}", with_sources(error));
    let configuration = std::iter::successors(Some(error), |error| (*error).source())
        .any(|error| error.is::<Faults>());
    ExitCode::from(if configuration { 2 } else { 1 })
}

/// An error with all that caused it, in one line.
pub fn with_sources(error: &dyn Error) -> String {
    let sources = std::iter::successors(error.source(), |error| (*error).source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
