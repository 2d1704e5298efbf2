//! How much people may ask for at once.

use std::net::IpAddr;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Limits;
use crate::request::BurstRequest;

/// More than is allowed; asking again is worth it after so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit}")]
pub(crate) struct TooMuch {
    /// Which limit, for a person.
    pub(crate) limit: &'static str,
    /// When to try again.
    pub(crate) retry_after: Duration,
}

impl TooMuch {
    /// So many bursts wait for the rest of the path that no further one is taken.
    pub(crate) fn too_many_draining() -> Self {
        Self {
            limit: "Too many bursts are not finished yet.",
            retry_after: Duration::from_secs(10),
        }
    }
}

/// Counts what each client address asks for. Sends and questions do not take each other's share.
pub(crate) struct Clients {
    sends: DefaultKeyedRateLimiter<IpAddr>,
    questions: DefaultKeyedRateLimiter<IpAddr>,
}

impl Clients {
    pub(crate) fn new(limits: Limits) -> Self {
        let limiter = || RateLimiter::keyed(Quota::per_second(limits.client_rate));
        Self { sends: limiter(), questions: limiter() }
    }

    /// Counts one send.
    ///
    /// # Errors
    /// When this address has sent too often.
    pub(crate) fn count(&self, client: IpAddr) -> Result<(), TooMuch> {
        check(&self.sends, client)
    }

    /// Counts one question that Kafka or the table must be asked for.
    ///
    /// # Errors
    /// When this address has asked too often.
    pub(crate) fn count_question(&self, client: IpAddr) -> Result<(), TooMuch> {
        check(&self.questions, client)
    }

    /// Forgets addresses that have not asked for a while, so that memory stays bounded.
    pub(crate) fn forget_old(&self) {
        for limiter in [&self.sends, &self.questions] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn check(limiter: &DefaultKeyedRateLimiter<IpAddr>, client: IpAddr) -> Result<(), TooMuch> {
    let limit = "Too many requests from your address.";
    limiter.check_key(&client).map_err(|until| {
        let retry_after = until.wait_time_from(DefaultClock::default().now());
        TooMuch { limit, retry_after }
    })
}

/// A burst that runs: how much it takes, and for how long still.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    pub(crate) rate: u64,
    pub(crate) remaining: Duration,
}

/// Whether one more burst fits beside those that run.
///
/// # Errors
/// When there are too many, or they ask for too much together.
pub(crate) fn admit(
    limits: Limits,
    running: &[Running],
    request: &BurstRequest,
) -> Result<(), TooMuch> {
    let soonest = running.iter().map(|burst| burst.remaining).min().unwrap_or_default();
    let retry_after = soonest.max(Duration::from_secs(1));
    if running.len() >= limits.bursts {
        return Err(TooMuch { limit: "Too many bursts.", retry_after });
    }
    let rate: u64 = running.iter().map(|burst| burst.rate).sum();
    if rate + request.total_rate() > limits.rate {
        return Err(TooMuch { limit: "Too many messages per second.", retry_after });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use barrage::message::Text;

    use super::*;

    const LIMITS: Limits =
        Limits { bursts: 2, rate: 100, client_rate: NonZeroU32::new(3).unwrap() };

    fn request(concurrency: u32, rate: u32) -> BurstRequest {
        BurstRequest { message: Text::parse("hi").unwrap(), concurrency, duration: 1, rate }
    }

    fn running(rate: u64, seconds: u64) -> Running {
        Running { rate, remaining: Duration::from_secs(seconds) }
    }

    #[test]
    fn a_burst_fits_until_there_are_too_many_or_too_fast_ones() {
        assert_eq!(admit(LIMITS, &[], &request(10, 10)), Ok(()));
        assert!(admit(LIMITS, &[], &request(10, 11)).is_err());
        assert!(admit(LIMITS, &[running(50, 3)], &request(6, 10)).is_err());
        let full = admit(LIMITS, &[running(1, 9), running(1, 4)], &request(1, 1)).unwrap_err();
        assert_eq!(full.retry_after, Duration::from_secs(4));
    }

    #[test]
    fn each_client_has_its_own_count() {
        let clients = Clients::new(LIMITS);
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let allowed = (0..5).filter(|_| clients.count(a).is_ok()).count();
        assert_eq!(allowed, 3);
        assert!(clients.count(b).is_ok());
        assert!(clients.count_question(a).is_ok(), "questions are counted by themselves");
    }
}
