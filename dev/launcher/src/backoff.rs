//! How long to wait before a process that died is started again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Who ran this long was healthy: its death is a new story.
const HEALTHY: Duration = Duration::from_secs(10);

/// Doubles with each death in a row.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(FIRST)
    }

    /// The pause after a life that lasted this long.
    pub(crate) fn after(&mut self, life: Duration) -> Duration {
        if life >= HEALTHY {
            self.0 = FIRST;
        }
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds_and_start_anew_after_a_healthy_life() {
        let mut backoff = Backoff::new();
        let pauses = [0, 1, 0, 0, 0, 0, 9, 10, 0].map(|life| {
            let pause = backoff.after(Duration::from_secs(life));
            u64::try_from(pause.as_millis()).unwrap()
        });
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 5000, 5000, 200, 400]);
    }
}
