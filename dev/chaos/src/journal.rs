//! What the person who watches is told, with the time since the start.

use std::{fmt::Display, time::Duration};

use tokio::time::Instant;

/// Tells what happens as it happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Journal(Instant);

impl Journal {
    /// Time counts from now.
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// The time since then.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Tells what happens now.
    pub(crate) fn note(&self, what: impl Display) {
        say(format_args!("{:6.1} s  {what}", self.0.elapsed().as_secs_f64()));
    }
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "what happens is what the program is for")]
pub(crate) fn say(line: impl Display) {
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
    fn long_numbers_are_told_in_groups() {
        let told = [0, 999, 1000, 118_233, 1_000_000].map(thousands);
        assert_eq!(told, ["0", "999", "1,000", "118,233", "1,000,000"]);
    }
}
