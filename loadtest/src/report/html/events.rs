//! Events of the processes of barrage during the run: ends and restarts, which the charts mark.

use serde::Serialize;

use crate::report::{Process, Second};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Event {
    /// In seconds since the first message was due.
    pub(super) at: f64,
    pub(super) text: String,
}

impl Event {
    pub(super) fn second(&self) -> String {
        format!("{:.0} s", self.at)
    }
}

/// The events of a run in the order of time.
pub(super) fn events(seconds: &[Second]) -> Vec<Event> {
    let pairs = seconds.iter().zip(seconds.iter().skip(1));
    pairs.flat_map(|(before, now)| between(before, now)).collect()
}

fn between(before: &Second, now: &Second) -> Vec<Event> {
    let change = |process: &Process| {
        let earlier = before.processes.iter().find(|it| it.name == process.name)?;
        let name = &process.name;
        let text = if process.restarts > earlier.restarts {
            format!("{name} was started again")
        } else if earlier.rss_mib.is_some() && process.rss_mib.is_none() {
            format!("{name} has ended")
        } else if earlier.rss_mib.is_none() && process.rss_mib.is_some() {
            format!("{name} runs")
        } else {
            return None;
        };
        Some(Event { at: super::lines::rounded(now.at), text })
    };
    now.processes.iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(at: f64, rss_mib: Option<f64>, restarts: u32) -> Second {
        let process = Process { name: "event-router".into(), cpu: None, rss_mib, restarts };
        Second { at, processes: vec![process], ..Second::default() }
    }

    #[test]
    fn the_end_and_the_restart_of_a_process_are_events() {
        let seconds = [
            second(1.0, Some(30.0), 0),
            second(2.0, None, 0),
            second(3.0, Some(20.0), 1),
            second(4.0, Some(20.0), 1),
            second(5.0, Some(9.0), 2),
        ];
        let events: Vec<_> = events(&seconds).into_iter().map(|it| (it.at, it.text)).collect();
        let (ended, again) = ("event-router has ended", "event-router was started again");
        assert_eq!(events, [(2.0, ended.into()), (3.0, again.into()), (5.0, again.into())]);
    }

    #[test]
    fn a_run_in_which_no_process_ends_has_no_events() {
        assert_eq!(events(&[]), []);
        assert_eq!(events(&[second(1.0, Some(1.0), 3), second(2.0, Some(1.0), 3)]), []);
    }
}
