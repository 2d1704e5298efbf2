//! Breaks what the schedule says, when it says so, and heals it.

use std::time::Duration;

use faults::{table_proxy, tcp_proxy};
use stack::Stack;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    journal::Journal,
    schedule::{Fault, Kind, Strike},
};

/// How exactly the times of the schedule are kept.
const LOOK: Duration = Duration::from_millis(20);

/// Longer than the grace that a process has to stop in.
const GRACE: Duration = Duration::from_secs(30);

/// How much a slow network and a slow table add.
const NETWORK_DELAY: Duration = Duration::from_millis(150);
const TABLE_DELAY: Duration = Duration::from_secs(1);

/// Lets every fault happen. When it is told to stop it only heals what is broken by then.
pub(crate) async fn strike_all(
    stack: &mut Stack,
    strikes: &[Strike],
    journal: &Journal,
    stop: &CancellationToken,
) {
    let mut broken: Vec<&Strike> = Vec::new();
    let mut coming = strikes.iter().peekable();
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while coming.peek().is_some() && !stop.is_cancelled() || !broken.is_empty() {
        looks.tick().await;
        let mut open = Vec::new();
        for strike in broken {
            let due = stop.is_cancelled() || journal.elapsed() >= strike.end();
            if due && may_end(stack, strike, journal) {
                end(stack, strike).await;
            } else {
                open.push(strike);
            }
        }
        broken = open;
        assert_alive(stack, &broken);
        // One that ends late, since its process takes its time to stop, holds the next back.
        let in_time = broken.iter().all(|strike| journal.elapsed() < strike.end());
        let due = |strike: &&Strike| in_time && journal.elapsed() >= strike.at;
        if let Some(strike) = coming.next_if(|strike| !stop.is_cancelled() && due(strike)) {
            journal.note(strike);
            begin(stack, strike).await;
            broken.push(strike);
        }
    }
}

/// A process that is to stop has its grace. Meanwhile nothing else is to stay broken for longer.
fn may_end(stack: &mut Stack, strike: &Strike, journal: &Journal) -> bool {
    strike.fault != Fault::Terminate
        || stack.has_ended(&strike.target.name)
        || journal.elapsed() > strike.end() + GRACE
}

/// Fails when a process has ended that nobody has struck. Another one may have taken its work over.
pub(crate) fn assert_alive(stack: &mut Stack, broken: &[&Strike]) {
    for process in stack.names() {
        let is_struck = broken.iter().any(|strike| strike.target.name == process);
        if !is_struck && stack.has_ended(&process) {
            panic!("{process} has ended by itself:\n{}", stack.tail(&process).join("\n"));
        }
    }
}

async fn begin(stack: &mut Stack, strike: &Strike) {
    let process = &strike.target.name;
    match strike.fault {
        Fault::Kill => stack.kill(process).await,
        Fault::Terminate => stack.request_stop(process),
        Fault::Freeze => stack.freeze(process),
        Fault::Cut => set_way(stack, strike, tcp_proxy::Fault::Cut),
        Fault::BlackHole => set_way(stack, strike, tcp_proxy::Fault::BlackHole),
        Fault::Delay => set_way(stack, strike, tcp_proxy::Fault::Delay(NETWORK_DELAY)),
        Fault::Unprocessed | Fault::Throttled | Fault::Slow | Fault::Stale | Fault::Late => {
            stack.table_proxy().set(table_faults(strike.fault))
        }
    }
}

async fn end(stack: &mut Stack, strike: &Strike) {
    let process = &strike.target.name;
    match strike.fault {
        Fault::Kill => stack.start_again(process).await,
        Fault::Terminate => {
            let status = stack.wait_exit(process).await;
            assert!(status.success(), "{process} ended with {status} when it was asked to stop");
            stack.start_again(process).await;
        }
        Fault::Freeze => stack.unfreeze(process),
        Fault::Cut | Fault::BlackHole | Fault::Delay => {
            set_way(stack, strike, tcp_proxy::Fault::None);
        }
        Fault::Unprocessed | Fault::Throttled | Fault::Slow | Fault::Stale | Fault::Late => {
            stack.table_proxy().heal()
        }
    }
}

fn set_way(stack: &Stack, strike: &Strike, fault: tcp_proxy::Fault) {
    if let Kind::Way(from, to) = strike.target.kind {
        stack.break_between(from, to, fault);
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

/// Lets everything run again, whatever was broken.
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
