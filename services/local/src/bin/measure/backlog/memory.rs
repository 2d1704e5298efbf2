//! The memory of each process while a backlog drains: is it flat?

use local::bench::usage::Usage;

/// A process has warmed up when this share of the backlog is finished: by then each of its buffers
/// has been full many times over, so what grows from here on grows with the backlog.
const WARM: f64 = 0.1;

/// As much more than that is still flat.
const FLAT: f64 = 0.1;

/// The memory of one process, in KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) name: String,
    /// Before the drain.
    pub(crate) before: u64,
    /// When it had warmed up.
    pub(crate) warm: u64,
    /// At the most from then on.
    pub(crate) most: u64,
    /// At the end.
    pub(crate) after: u64,
}

impl Memory {
    /// Of a process that has just begun.
    pub(crate) fn new(usage: &Usage) -> Self {
        let now = usage.now_kib;
        Self { name: usage.name.clone(), before: now, warm: now, most: now, after: now }
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

    /// How much it grew after it had warmed up, as a share.
    pub(crate) fn growth(&self) -> f64 {
        let [warm, most] =
            [self.warm, self.most].map(|kib| u32::try_from(kib).map_or(f64::INFINITY, f64::from));
        most / warm - 1.0
    }

    /// Whether that is no growth to speak of.
    pub(crate) fn is_flat(&self) -> bool {
        self.growth() <= FLAT
    }
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
        let Memory { before, warm, most, after, .. } = memory.clone();
        assert_eq!((before, warm, most, after), (10, 40, 43, 41));
        assert!(memory.is_flat());
    }

    #[test]
    fn what_it_takes_for_a_moment_later_is() {
        assert!(!memory(&[(0.1, 40), (0.5, 45), (1.0, 40)]).is_flat());
    }
}
