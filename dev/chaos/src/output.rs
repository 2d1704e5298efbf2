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

/// 118,233 is easier to read than 118233.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_have_groups_of_three_digits() {
        let texts = [0, 999, 1000, 118_233, 1_000_000].map(thousands);
        assert_eq!(texts, ["0", "999", "1,000", "118,233", "1,000,000"]);
    }
}
