//! A gate before which a thread waits.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Open at first.
#[derive(Debug, Default)]
pub(super) struct Gate {
    closed: Mutex<bool>,
    moved: Condvar,
}

impl Gate {
    /// Closes it, or opens it.
    pub(super) fn close(&self, closed: bool) {
        let mut now = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *now, closed) != closed {
            self.moved.notify_all();
        }
    }

    /// Waits until it is open, at most so long. Answers whether it is.
    pub(super) fn is_open_within(&self, at_most: Duration) -> bool {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.moved.wait_timeout_while(closed, at_most, |closed| *closed);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn an_open_gate_keeps_nobody_and_a_closed_one_no_longer_than_asked_for() {
        let gate = Gate::default();
        assert!(gate.is_open_within(Duration::ZERO));
        gate.close(true);
        assert!(!gate.is_open_within(Duration::from_millis(1)));
    }

    #[test]
    fn whoever_waits_goes_on_when_it_opens() {
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
