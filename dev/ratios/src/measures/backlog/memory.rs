//! The memory of each process while the router works off a backlog: it should not grow.

use std::fmt;

use stack::usage::Usage;

/// A process is warm when this share of the backlog is finished. By then each of its buffers has been full
/// many times, so any later growth comes from the backlog.
const WARM: f64 = 0.1;

/// The memory of one process, in KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) name: String,
    /// When the process was warm.
    warm: u64,
    /// The highest value from then on.
    highest: u64,
    last: u64,
}

impl Memory {
    /// Of a process, before the backlog is worked off.
    pub(crate) fn new(usage: &Usage) -> Self {
        let now = usage.now_kib;
        Self { name: usage.name.clone(), warm: now, highest: now, last: now }
    }

    /// Adds a value, when this share of the backlog is finished.
    pub(crate) fn note(&mut self, share: f64, usage: &Usage) {
        self.last = usage.now_kib;
        if share <= WARM {
            self.warm = self.last;
            self.highest = self.last;
        }
        self.highest = self.highest.max(self.last);
    }

    /// The highest value ÷ the value when warm; 1 if the memory has not grown.
    pub(crate) fn growth(&self) -> f64 {
        self.highest_mb() / self.warm_mb()
    }

    pub(crate) fn warm_mb(&self) -> f64 {
        mb(self.warm)
    }

    pub(crate) fn highest_mb(&self) -> f64 {
        mb(self.highest)
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [warm, highest, last] = [self.warm, self.highest, self.last].map(mb);
        write!(f, "{} {warm:.0}, {highest:.0}, {last:.0}", self.name)
    }
}

fn mb(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn usage(now_kib: u64) -> Usage {
        Usage { name: "event-router".into(), cpu: Duration::ZERO, peak_kib: 0, now_kib }
    }

    fn memory(kib: &[(f64, u64)]) -> Memory {
        let mut memory = Memory::new(&usage(10));
        kib.iter().for_each(|(share, kib)| memory.note(*share, &usage(*kib)));
        memory
    }

    #[test]
    fn memory_taken_before_the_process_is_warm_is_no_growth() {
        let memory = memory(&[(0.05, 30), (0.1, 40), (0.5, 43), (1.0, 41)]);
        assert_eq!((memory.warm, memory.highest, memory.last), (40, 43, 41));
        assert_eq!(memory.growth(), 43.0 / 40.0);
    }

    #[test]
    fn memory_taken_later_for_a_moment_is_growth() {
        assert_eq!(memory(&[(0.1, 40), (0.5, 45), (1.0, 40)]).growth(), 45.0 / 40.0);
    }
}
