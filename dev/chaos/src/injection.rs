//! Injects the faults of the schedule when they are due, and ends them.

use std::time::Duration;

use client::eventually;
use faults::{table_proxy, tcp_proxy};
use stack::Stack;
use tokio_util::sync::CancellationToken;

use crate::{
    output::RunLog,
    processors::Processors,
    schedule::{Fault, Kind, ScheduledFault},
};

/// How exactly the schedule is followed.
const TICK: Duration = Duration::from_millis(20);

/// Longer than a service's default `SHUTDOWN_GRACE`.
const GRACE: Duration = Duration::from_secs(30);

const NETWORK_DELAY: Duration = Duration::from_millis(150);
const TABLE_DELAY: Duration = Duration::from_secs(1);

/// Injects every fault of the schedule. After `stop` it only ends those that are active.
pub(crate) async fn run(
    stack: &mut Stack,
    processors: &mut Option<Processors>,
    schedule: &[ScheduledFault],
    log: &RunLog,
    stop: &CancellationToken,
) {
    let mut active: Vec<&ScheduledFault> = Vec::new();
    let mut coming = schedule.iter().peekable();
    let mut ticks = eventually::ticks(TICK);
    while coming.peek().is_some() && !stop.is_cancelled() || !active.is_empty() {
        ticks.tick().await;
        let mut still_active = Vec::new();
        for fault in active {
            let due = stop.is_cancelled() || log.elapsed() >= fault.end();
            if due && may_end(stack, fault, log) {
                end(stack, fault).await;
            } else {
                still_active.push(fault);
            }
        }
        active = still_active;
        assert_alive(stack, &active);
        // A process may take long to stop. No further fault begins until then.
        let in_time = active.iter().all(|fault| log.elapsed() < fault.end());
        let due = |fault: &&ScheduledFault| in_time && log.elapsed() >= fault.at;
        if let Some(fault) = coming.next_if(|fault| !stop.is_cancelled() && due(fault))
            && begin(stack, processors, fault, log).await
        {
            active.push(fault);
        }
    }
}

/// A process that was told to stop has its grace time.
fn may_end(stack: &mut Stack, fault: &ScheduledFault, log: &RunLog) -> bool {
    fault.fault != Fault::Terminate
        || stack.has_ended(&fault.target.name)
        || log.elapsed() > fault.end() + GRACE
}

/// Fails if a process has ended without a fault. Otherwise this could go unnoticed, because another process
/// may take over its work.
pub(crate) fn assert_alive(stack: &mut Stack, active: &[&ScheduledFault]) {
    for process in stack.names() {
        let is_target = active.iter().any(|fault| fault.target.name == process);
        if !is_target && stack.has_ended(&process) {
            panic!("{process} has ended by itself:\n{}", stack.tail(&process).join("\n"));
        }
    }
}

/// Whether the fault has to be ended. The launcher itself ends those of its processors.
async fn begin(
    stack: &mut Stack,
    processors: &mut Option<Processors>,
    fault: &ScheduledFault,
    log: &RunLog,
) -> bool {
    if let (Some(all), Kind::AnyProcessor) = (processors, fault.target.kind) {
        all.break_one(fault, log).await;
        return false;
    }
    log.event(fault);
    let process = &fault.target.name;
    match fault.fault {
        Fault::Kill => stack.kill(process).await,
        Fault::Terminate => stack.request_stop(process),
        Fault::Freeze => stack.freeze(process),
        Fault::Cut => set_network(stack, fault, tcp_proxy::Fault::Cut),
        Fault::BlackHole => set_network(stack, fault, tcp_proxy::Fault::BlackHole),
        Fault::Delay => set_network(stack, fault, tcp_proxy::Fault::Delay(NETWORK_DELAY)),
        Fault::Unprocessed | Fault::Throttled | Fault::Slow | Fault::Stale | Fault::Late => {
            stack.table_proxy().set(table_faults(fault.fault))
        }
    }
    true
}

async fn end(stack: &mut Stack, fault: &ScheduledFault) {
    let process = &fault.target.name;
    match fault.fault {
        Fault::Kill => stack.start_again(process).await,
        Fault::Terminate => {
            let status = stack.wait_exit(process).await;
            assert!(status.success(), "{process} ended with {status} after SIGTERM");
            stack.start_again(process).await;
        }
        Fault::Freeze => stack.unfreeze(process),
        Fault::Cut | Fault::BlackHole | Fault::Delay => {
            set_network(stack, fault, tcp_proxy::Fault::None);
        }
        Fault::Unprocessed | Fault::Throttled | Fault::Slow | Fault::Stale | Fault::Late => {
            stack.table_proxy().heal()
        }
    }
}

fn set_network(stack: &Stack, fault: &ScheduledFault, network: tcp_proxy::Fault) {
    if let Kind::Network(from, to) = fault.target.kind {
        stack.break_between(from, to, network);
    }
}

fn table_faults(fault: Fault) -> table_proxy::Faults {
    let share = |of: Fault, share| if fault == of { share } else { 0.0 };
    table_proxy::Faults {
        unprocessed: share(Fault::Unprocessed, 0.5),
        throttled: share(Fault::Throttled, 0.8),
        slow: share(Fault::Slow, 1.0),
        slow_by: TABLE_DELAY,
        stale: share(Fault::Stale, 0.3),
        late: share(Fault::Late, 0.3),
        late_by: TABLE_DELAY,
    }
}

/// Ends all faults, and starts all processes that have ended.
pub(crate) async fn heal_all(stack: &mut Stack) {
    stack.heal();
    stack.table_proxy().heal();
    for process in stack.names() {
        if stack.has_ended(&process) {
            stack.start_again(&process).await;
        } else {
            stack.unfreeze(&process);
        }
    }
}
