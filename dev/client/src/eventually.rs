//! Waiting for a fact, with a deadline: the only place where tests wait.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

/// How long a fact may take, unless the test says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(30);

const BETWEEN_CHECKS: Duration = Duration::from_millis(50);

/// Checks until `is_so`; panics with `what` when it is not so within [`DEADLINE`].
pub async fn eventually(what: &str, is_so: impl AsyncFnMut() -> bool) {
    within(DEADLINE, what, is_so).await;
}

/// Checks until `is_so`; panics with `what` when it is not so within `deadline`.
pub async fn within(deadline: Duration, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    let mut checks = ticks(BETWEEN_CHECKS);
    loop {
        checks.tick().await;
        if is_so().await {
            return;
        }
        assert!(started.elapsed() < deadline, "not so within {deadline:?}: {what}");
    }
}

/// The first tick is now. After a late one, the next comes no sooner than this time later.
pub fn ticks(between: Duration) -> Interval {
    let mut ticks = interval(between);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Lets time pass that is itself the fault, or in which nothing may happen, and checks all the while.
pub async fn lasts(time: Duration, mut check: impl AsyncFnMut()) {
    let started = Instant::now();
    within(time * 2, "the time has passed", async || {
        check().await;
        started.elapsed() >= time
    })
    .await;
}
