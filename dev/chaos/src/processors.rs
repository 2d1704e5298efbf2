//! Processors that come and go by the autoscaler of the launcher: breaks some, and counts how many there are.

use std::{sync::Arc, time::Duration};

use client::eventually::{ticks, within};
use launcher::{Range, Replicas};
use parking_lot::Mutex;
use serde_json::Value;
use stack::{
    Stack,
    demo::Control,
    plan::name::{PROCESSOR, ROUTER},
};
use tokio::task::JoinSet;

use crate::{
    output::{RunLog, print},
    schedule::{Fault, ScheduledFault},
};

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long after two windows without a message the smallest number may be reached.
const LEAVING: Duration = Duration::from_secs(40);

/// The values of `--scale` and `--scale-window`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) range: Range,
    pub(crate) window: Duration,
}

pub(crate) struct Processors {
    scale: Scale,
    replicas: Replicas,
    control: Arc<Control>,
    seen: Arc<Mutex<Seen>>,
    killed: u64,
    /// Looks at them all the time.
    looking: JoinSet<()>,
}

/// How many there were.
#[derive(Debug, Default)]
struct Seen {
    /// How many there are now, in any state.
    now: usize,
    most_ready: usize,
    times_zero: u64,
    died: u64,
    last_event: u64,
}

impl Processors {
    /// Takes the processor out of the stack, and runs as many like it as the router wants.
    pub(crate) async fn start(stack: &mut Stack, scale: Scale) -> Self {
        let processor = stack.take_out(PROCESSOR).await;
        let (data, router) = (stack.data_folder(), stack.address(ROUTER));
        let (Scale { range, window }, homepage) = (scale, stack.homepage().clone());
        let started = Replicas::start(range, window, processor, data, router, homepage).await;
        let replicas = started.expect("the launcher's API has a port, and its files a folder");
        let (address, token) = replicas.api();
        let control = Arc::new(Control::at(address, &token));
        let (seen, mut looking) = (Arc::default(), JoinSet::new());
        looking.spawn(look(Arc::clone(&control), Arc::clone(&seen)));
        Self { scale, replicas, control, seen, killed: 0, looking }
    }

    /// Kills or freezes one of those that live. The launcher starts it again, or lets it go on after ten seconds.
    pub(crate) async fn break_one(&mut self, fault: &ScheduledFault, log: &RunLog) {
        let scaling = self.control.scaling().await;
        let ready = of(&scaling).iter().filter(|it| it["state"] == "ready");
        let names: Vec<_> = ready.filter_map(|it| it["name"].as_str()).collect();
        let Some(at) = (fault.at.as_millis() as usize).checked_rem(names.len()) else {
            return log.event("no message-processor to break");
        };
        let (how, text) = if fault.fault == Fault::Freeze {
            ("freeze", "frozen for 10 s")
        } else {
            ("kill", "kill -9")
        };
        log.event(format_args!("{}: {text}, one of {}", names[at], names.len()));
        let is_done = self.control.break_part(names[at], how).await == 204;
        self.killed += u64::from(is_done && how == "kill");
    }

    /// Waits after the last message until there are as few as may be. Returns whether they have scaled, and no one
    /// has ended by itself; prints it.
    pub(crate) async fn settle(&self) -> bool {
        let (min, time) = (usize::from(self.scale.range.min()), 2 * self.scale.window + LEAVING);
        let what = format!("no more than {min} message-processors are left");
        within(time, &what, async || self.seen.lock().now <= min).await;
        self.seen.lock().print(min, self.killed)
    }

    /// Stops them.
    pub(crate) async fn end(mut self) {
        self.looking.shutdown().await;
        self.replicas.end().await;
    }
}

impl Seen {
    fn add(&mut self, scaling: &Value) {
        let count = |is_one: fn(&Value) -> bool| of(scaling).iter().filter(|it| is_one(it)).count();
        let before = std::mem::replace(&mut self.now, count(|it| it["state"] != "gone"));
        self.times_zero += u64::from(before > 0 && self.now == 0);
        self.most_ready = self.most_ready.max(count(|it| it["state"] == "ready"));
        for event in scaling["events"].as_array().into_iter().flatten() {
            let id = event["id"].as_u64().unwrap_or_default();
            self.died += u64::from(id > self.last_event && event["kind"] == "died");
            self.last_event = id.max(self.last_event);
        }
    }

    fn print(&self, min: usize, killed: u64) -> bool {
        let Self { most_ready, times_zero, died, .. } = *self;
        print(format_args!(
            "processors: none {times_zero} times, at most {most_ready} were ready; {killed} were killed"
        ));
        // One that is killed while it leaves is not reported as dead.
        let faults = [
            (most_ready <= min, format!("never more than {min} message-processors were ready")),
            (died > killed, format!("{} ended by themselves", died.saturating_sub(killed))),
        ];
        let broken: Vec<_> = faults.iter().filter(|(is_so, _)| *is_so).collect();
        broken.iter().for_each(|(_, text)| print(text));
        broken.is_empty()
    }
}

fn of(scaling: &Value) -> &[Value] {
    scaling["processors"].as_array().map_or(&[], Vec::as_slice)
}

async fn look(control: Arc<Control>, seen: Arc<Mutex<Seen>>) {
    let mut due = ticks(LOOK_EVERY);
    loop {
        due.tick().await;
        let scaling = control.scaling().await;
        seen.lock().add(&scaling);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scaling(states: &[&str], events: &[(u64, &str)]) -> Value {
        let processors: Vec<_> = states.iter().map(|state| json!({ "state": state })).collect();
        let events: Vec<_> =
            events.iter().map(|(id, kind)| json!({ "id": id, "kind": kind })).collect();
        json!({ "processors": processors, "events": events })
    }

    #[test]
    fn each_time_none_is_left_and_each_death_count_once() {
        let mut seen = Seen::default();
        seen.add(&scaling(&[], &[]));
        seen.add(&scaling(&["ready", "ready", "starting"], &[(1, "cold_start")]));
        seen.add(&scaling(&["draining", "gone"], &[(1, "cold_start"), (2, "died")]));
        seen.add(&scaling(&["gone"], &[(1, "cold_start"), (2, "died")]));
        seen.add(&scaling(&[], &[(2, "died")]));
        assert_eq!((seen.most_ready, seen.times_zero, seen.died), (2, 1, 1));
        assert!(seen.print(0, 1));
        assert!(!seen.print(0, 0), "one ended by itself");
        assert!(!seen.print(2, 1), "never more than two");
    }
}
