//! The lines that chaos prints.

use std::{fmt::Display, time::Duration};

use tokio::time::Instant;

/// Prints events with the time since the start of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunLog(Instant);

impl RunLog {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    pub(crate) fn event(&self, what: impl Display) {
        print(format_args!("{:6.1} s  {what}", self.0.elapsed().as_secs_f64()));
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the events and the verdict are the output of this program"
)]
pub(crate) fn print(line: impl Display) {
    println!("{line}");
}
