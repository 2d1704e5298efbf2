//! The memory of each process while a backlog drains: is it flat?

use std::fmt;

use stack::usage::Usage;

/// A process has warmed up when this share of the backlog is finished: by then each of its buffers
/// has been full many times over, so what grows from here on grows with the backlog.
const WARM: f64 = 0.1;

/// The memory of one process, in KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) name: String,
    /// When it had warmed up.
    warm: u64,
    /// At the most from then on.
    most: u64,
    /// At the end.
    after: u64,
}

impl Memory {
    /// Of a process that has just begun.
    pub(crate) fn new(usage: &Usage) -> Self {
        let now = usage.now_kib;
        Self { name: usage.name.clone(), warm: now, most: now, after: now }
    }

    /// Notes how much it is when this share of the backlog is finished.
    pub(crate) fn note(&mut self, share: f64, usage: &Usage) {
        self.after = usage.now_kib;
        if share <= WARM {
            self.warm = self.after;
            self.most = self.after;
        }
        self.most = self.most.max(self.after);
    }

    /// How much it grew after it had warmed up: 1 is not at all.
    pub(crate) fn growth(&self) -> f64 {
        self.most_mb() / self.warm_mb()
    }

    pub(crate) fn warm_mb(&self) -> f64 {
        mb(self.warm)
    }

    pub(crate) fn most_mb(&self) -> f64 {
        mb(self.most)
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [warm, most, after] = [self.warm, self.most, self.after].map(mb);
        write!(f, "{} {warm:.0}, {most:.0}, {after:.0}", self.name)
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
    fn what_a_process_takes_until_it_is_warm_is_no_growth() {
        let memory = memory(&[(0.05, 30), (0.1, 40), (0.5, 43), (1.0, 41)]);
        assert_eq!((memory.warm, memory.most, memory.after), (40, 43, 41));
        assert_eq!(memory.growth(), 43.0 / 40.0);
    }

    #[test]
    fn what_it_takes_for_a_moment_later_is() {
        assert_eq!(memory(&[(0.1, 40), (0.5, 45), (1.0, 40)]).growth(), 45.0 / 40.0);
    }
}
