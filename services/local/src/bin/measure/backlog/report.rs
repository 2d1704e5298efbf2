//! The report of a backlog: how fast it drained, beside what was possible, and with which memory.

use std::{fmt, time::Duration};

use super::drain::Drain;

/// All that was measured.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) waiting: u32,
    pub(crate) producing: Duration,
    /// Before the drain and after it.
    pub(crate) raw: [Raw; 2],
    pub(crate) drain: Drain,
}

/// What Kafka and the table do alone, in records and rows per second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw {
    pub(crate) read: f64,
    pub(crate) written: f64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |time: Duration| f64::from(self.waiting) / time.as_secs_f64();
        let [read, written] = [|raw: Raw| raw.read, |raw: Raw| raw.written].map(|of| {
            let [before, after] = self.raw.map(of);
            (before, after, f64::midpoint(before, after))
        });
        let drained = rate(self.drain.took);
        writeln!(f, "waiting     {:>9}", self.waiting)?;
        writeln!(f, "produced    {:>9.0} per second", rate(self.producing))?;
        for (what, (before, after, mean)) in [("read alone", read), ("rows alone", written)] {
            writeln!(f, "{what}  {mean:>9.0} per second ({before:.0} before, {after:.0} after)")?;
        }
        let (of_read, of_rows) = (drained / read.2, drained / written.2);
        writeln!(
            f,
            "drained     {drained:>9.0} per second: {of_read:.2} of reading alone, {of_rows:.2} of rows alone"
        )?;
        self.write_page(f)?;
        self.write_memory(f)
    }
}

impl Report {
    fn write_page(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let page = &self.drain.page;
        let [first, last] = [page.first(), page.last()].map(|n| n.copied().unwrap_or_default());
        let how = if self.drain.page_only_fell() { "and never rose" } else { "and ROSE meanwhile" };
        writeln!(f, "the page    said that {first} wait, at the end {last}, {how}\n")
    }

    fn write_memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, warm, most, after] = ["before", "at 10 %", "most then", "at the end"];
        writeln!(f, "{:<24}{before:>10}{warm:>10}{most:>11}{after:>12}  MiB", "process")?;
        for memory in &self.drain.memory {
            let [before, warm, most, after] =
                [memory.before, memory.warm, memory.most, memory.after].map(|kib| kib / 1024);
            write!(f, "{:<24}{before:>10}{warm:>10}{most:>11}{after:>12}", memory.name)?;
            let is_flat = if memory.is_flat() { "flat" } else { "GREW" };
            writeln!(f, "  {is_flat} ({:+.0} %)", memory.growth() * 100.0)?;
        }
        Ok(())
    }
}
