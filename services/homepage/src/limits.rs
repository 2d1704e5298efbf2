//! The limits of sending: how many bursts and messages at once, and how many requests from one address.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Limits;
use crate::request::BurstRequest;

/// A request was refused because of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit}")]
pub(crate) struct LimitExceeded {
    /// Which limit, as a sentence for a person.
    pub(crate) limit: &'static str,
    /// An earlier try would be refused as well.
    pub(crate) retry_after: Duration,
}

impl LimitExceeded {
    /// So many bursts are draining that no further one is started.
    pub(crate) fn too_many_draining() -> Self {
        Self {
            limit: "Too many bursts are not finished yet.",
            retry_after: Duration::from_secs(10),
        }
    }
}

/// Counts the requests of each client address. Sends and lookups have a limit each, of the same size.
pub(crate) struct ClientLimits {
    sends: DefaultKeyedRateLimiter<IpAddr>,
    lookups: DefaultKeyedRateLimiter<IpAddr>,
}

impl ClientLimits {
    pub(crate) fn new(limits: Limits) -> Self {
        let limiter = || RateLimiter::keyed(Quota::per_second(limits.client_rate));
        Self { sends: limiter(), lookups: limiter() }
    }

    /// Counts a request to send. Fails if this address sends too often.
    pub(crate) fn count_send(&self, client: IpAddr) -> Result<(), LimitExceeded> {
        check(&self.sends, client)
    }

    /// Counts a request that Kafka or the table must answer. Fails if this address makes too many of them.
    pub(crate) fn count_lookup(&self, client: IpAddr) -> Result<(), LimitExceeded> {
        check(&self.lookups, client)
    }

    /// Forgets the addresses that have made no request for a while, so that memory stays bounded.
    pub(crate) fn forget_old(&self) {
        for limiter in [&self.sends, &self.lookups] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn check(limiter: &DefaultKeyedRateLimiter<IpAddr>, client: IpAddr) -> Result<(), LimitExceeded> {
    let limit = "Too many requests from your address.";
    limiter.check_key(&bucket(client)).map_err(|until| {
        let retry_after = until.wait_time_from(DefaultClock::default().now());
        LimitExceeded { limit, retry_after }
    })
}

/// Whose requests are counted together. One person has a whole IPv6 network of 64 bits.
fn bucket(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

/// The share of the limits that a running burst has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    /// Messages per second of all its senders together.
    pub(crate) rate: u64,
    pub(crate) remaining: Duration,
}

/// Fails if with one more burst there are too many bursts, or too many messages per second in all.
pub(crate) fn admit(
    limits: Limits,
    running: &[Running],
    request: &BurstRequest,
) -> Result<(), LimitExceeded> {
    let first_end = running.iter().map(|burst| burst.remaining).min().unwrap_or_default();
    let retry_after = first_end.max(Duration::from_secs(1));
    if running.len() >= limits.bursts {
        return Err(LimitExceeded { limit: "Too many bursts.", retry_after });
    }
    let rate: u64 = running.iter().map(|burst| burst.rate).sum();
    if rate + request.total_rate() > limits.rate {
        return Err(LimitExceeded { limit: "Too many messages per second.", retry_after });
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
    fn a_burst_is_admitted_until_there_are_too_many_bursts_or_messages_per_second() {
        assert_eq!(admit(LIMITS, &[], &request(10, 10)), Ok(()));
        assert!(admit(LIMITS, &[], &request(10, 11)).is_err());
        assert!(admit(LIMITS, &[running(50, 3)], &request(6, 10)).is_err());
        let full = admit(LIMITS, &[running(1, 9), running(1, 4)], &request(1, 1)).unwrap_err();
        assert_eq!(full.retry_after, Duration::from_secs(4));
    }

    #[test]
    fn each_client_address_has_its_own_limit() {
        let clients = ClientLimits::new(LIMITS);
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let allowed = (0..5).filter(|_| clients.count_send(a).is_ok()).count();
        assert_eq!(allowed, 3);
        assert!(clients.count_send(b).is_ok());
        assert!(clients.count_lookup(a).is_ok(), "lookups have a limit of their own");
    }

    #[test]
    fn all_addresses_of_an_ipv6_network_of_64_bits_have_one_limit() {
        let clients = ClientLimits::new(LIMITS);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let same = ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:0:0:3", "2001:db8::4"];
        let allowed = same.map(|text| clients.count_send(address(text)).is_ok());
        assert_eq!(allowed, [true, true, true, false]);
        assert!(clients.count_send(address("2001:db8:0:1::1")).is_ok());
    }
}
