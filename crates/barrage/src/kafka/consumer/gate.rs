//! A gate in front of a loop: another thread closes it to pause the loop.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Pauses the polling thread. A caller whose memory is full closes it; then the thread stays in
/// [`Gate::is_open_within`] instead of polling.
///
/// An example with a limit of 100 ms:
///
/// ```text
/// the loop                          the caller
/// is_open_within(100 ms) -> true
/// polls                             close(true)
/// is_open_within(100 ms) -> false   (100 ms later; the loop checks whether it must end)
/// is_open_within(100 ms)            close(false) after 30 ms
///                        -> true    (at once, not after the remaining 70 ms)
/// ```
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
