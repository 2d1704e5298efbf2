//! The report: what came through, and what each process used for it.

use std::{fmt, time::Duration};

use local::bench::usage::Usage;

use crate::load::Passage;

/// All that was measured.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    passage: &'a Passage,
    before: &'a [Usage],
    after: &'a [Usage],
}

impl<'a> Report<'a> {
    /// Of usages of the same processes, in the same order, before and after the load.
    pub(crate) fn new(passage: &'a Passage, before: &'a [Usage], after: &'a [Usage]) -> Self {
        Self { passage, before, after }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Passage { accepted, failed, stored, sending, storing } = self.passage;
        let settling = storing.saturating_sub(*sending).as_secs_f64();
        let rate = |count: &u64, time| per_second(*count, time);
        writeln!(f, "accepted  {accepted:>9}   {:>7.0} per second", rate(accepted, *sending))?;
        writeln!(f, "stored    {stored:>9}   {:>7.0} per second", rate(stored, *storing))?;
        writeln!(f, "failed    {failed:>9}")?;
        writeln!(f, "settled   {settling:>9.1} s after the last acknowledgement\n")?;
        let [process, cpu, core] = ["process", "CPU s", "% of a core"];
        writeln!(f, "{process:<24}{cpu:>8}{core:>14}{:>12}{:>12}", "peak MiB", "final MiB")?;
        for (before, after) in self.before.iter().zip(self.after) {
            let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64();
            let share = 100.0 * cpu / storing.as_secs_f64();
            let [peak, now] = [after.peak_kib, after.now_kib].map(|kib| kib / 1024);
            writeln!(f, "{:<24}{cpu:>8.1}{share:>14.0}{peak:>12}{now:>12}", after.name)?;
        }
        Ok(())
    }
}

fn per_second(count: u64, time: Duration) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from) / time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_tells_rates_and_costs() {
        let passage = Passage {
            accepted: 40_000,
            failed: 0,
            stored: 40_000,
            sending: Duration::from_secs(20),
            storing: Duration::from_secs(25),
        };
        let usage = |cpu| {
            let cpu = Duration::from_secs(cpu);
            [Usage { name: "table".into(), cpu, peak_kib: 12 * 1024, now_kib: 9 * 1024 }]
        };
        let report = Report::new(&passage, &usage(1), &usage(6)).to_string();
        let expected = "\
accepted      40000      2000 per second
stored        40000      1600 per second
failed            0
settled         5.0 s after the last acknowledgement

process                    CPU s   % of a core    peak MiB   final MiB
table                        5.0            20          12           9
";
        assert_eq!(report, expected);
    }
}
