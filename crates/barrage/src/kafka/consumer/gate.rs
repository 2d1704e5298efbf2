//! A gate in front of a loop: another thread closes it to pause the loop.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Pauses the polling thread. A caller whose memory is full closes the gate. Then the thread waits at it, and
/// receives no more records.
///
/// An example with a limit of 100 ms, as the polling thread has it:
///
/// 1. The gate is open: `is_open_within` returns true at once, and the thread polls.
/// 2. The caller calls `close(true)`. The next `is_open_within` returns false after 100 ms. The thread checks
///    whether it must end, and waits at the gate again.
/// 3. After 30 ms of this wait the caller calls `close(false)`: `is_open_within` returns true at once, and does
///    not wait for the other 70 ms.
#[derive(Debug, Default)]
pub(super) struct Gate {
    is_closed: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    /// Closes it, or opens it. A new gate is open.
    pub(super) fn close(&self, close: bool) {
        let mut is_closed = self.is_closed.lock();
        if std::mem::replace(&mut *is_closed, close) != close {
            self.changed.notify_all();
        }
    }

    /// Waits until it is open, but not longer than `limit`. Says whether it is open.
    pub(super) fn is_open_within(&self, limit: Duration) -> bool {
        let mut is_closed = self.is_closed.lock();
        self.changed.wait_while_for(&mut is_closed, |is_closed| *is_closed, limit);
        !*is_closed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn an_open_gate_delays_nobody_and_a_closed_one_not_longer_than_the_limit() {
        let gate = Gate::default();
        assert!(gate.is_open_within(Duration::ZERO));
        gate.close(true);
        assert!(!gate.is_open_within(Duration::from_millis(1)));
    }

    #[test]
    fn a_thread_that_waits_goes_on_when_the_gate_opens() {
        let (gate, began) = (Gate::default(), Instant::now());
        gate.close(true);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.is_open_within(Duration::from_secs(60)));
            gate.close(false);
            assert!(waiting.join().unwrap());
        });
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
