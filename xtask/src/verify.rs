//! Runs the steps one after the other, and reports how each ended and how long it took.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::outcome::Outcome;
use crate::steps::Step;
use crate::workspace::Workspace;

/// Stops at the first step that fails. At the end it prints all steps with their times.
pub(crate) fn run(workspace: &Workspace, steps: &[&Step]) -> Result<()> {
    steps.iter().try_for_each(|step| (step.needs)(workspace))?;
    let start = Instant::now();
    let mut summary = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let place = format!("[{}/{}] {}", index + 1, steps.len(), step.name);
        eprintln!("\n{place}: {}", step.about);
        let start = Instant::now();
        let outcome = (step.run)(workspace).map_err(|error| {
            let (name, time) = (step.name, human(start.elapsed()));
            anyhow!("{place} failed after {time}: {error:#}\nagain: cargo verify --only {name}")
        })?;
        let line = match outcome {
            Outcome::Passed => format!("passed in {}", human(start.elapsed())),
            Outcome::LeftOut(reason) => format!("left out: {reason}"),
        };
        eprintln!("{place} {line}");
        summary.push(format!("{:<11} {line}", step.name));
    }
    eprintln!("\n{}\nverify passed in {}", summary.join("\n"), human(start.elapsed()));
    Ok(())
}

fn human(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(human(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(human(Duration::from_secs(725)), "12 min 05 s");
    }
}
