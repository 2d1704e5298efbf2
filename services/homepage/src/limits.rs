//! The limits of sending: how many bursts and messages at once, and how many requests from one address.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
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
    sends: RateLimits,
    lookups: RateLimits,
}

/// One person may have all addresses of an IPv6 network of 64 bits, and so may all people of a venue's network. So such
/// a network has a limit, too, which is ten times as high.
struct RateLimits {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    networks: DefaultKeyedRateLimiter<u64>,
}

impl ClientLimits {
    pub(crate) fn new(limits: Limits) -> Self {
        let limits_of = || RateLimits::new(limits.client_rate);
        Self { sends: limits_of(), lookups: limits_of() }
    }

    /// Counts a request to send. Fails if this address sends too often.
    pub(crate) fn count_send(&self, client: IpAddr) -> Result<(), LimitExceeded> {
        self.sends.count(client)
    }

    /// Counts a request that Kafka or the table must answer. Fails if this address makes too many of them.
    pub(crate) fn count_lookup(&self, client: IpAddr) -> Result<(), LimitExceeded> {
        self.lookups.count(client)
    }

    /// Forgets the addresses that have made no request for a while, so that memory stays bounded.
    pub(crate) fn forget_old(&self) {
        for limits in [&self.sends, &self.lookups] {
            limits.addresses.retain_recent();
            limits.addresses.shrink_to_fit();
            limits.networks.retain_recent();
            limits.networks.shrink_to_fit();
        }
    }
}

impl RateLimits {
    const OF_NETWORK: u32 = 10;

    fn new(rate: NonZeroU32) -> Self {
        let of_network = rate.saturating_mul(NonZeroU32::MIN.saturating_add(Self::OF_NETWORK - 1));
        Self {
            addresses: RateLimiter::keyed(Quota::per_second(rate)),
            networks: RateLimiter::keyed(Quota::per_second(of_network)),
        }
    }

    fn count(&self, client: IpAddr) -> Result<(), LimitExceeded> {
        let of_network = || match client {
            IpAddr::V4(_) => Ok(()),
            IpAddr::V6(address) => self.networks.check_key(&network(address)),
        };
        self.addresses.check_key(&client).and_then(|()| of_network()).map_err(|until| {
            let retry_after = until.wait_time_from(DefaultClock::default().now());
            LimitExceeded { limit: "Too many requests from your address.", retry_after }
        })
    }
}

/// The upper 64 bits.
fn network(address: Ipv6Addr) -> u64 {
    u64::try_from(address.to_bits() >> 64).unwrap_or_default()
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
        let message = Text::parse("hi").unwrap();
        BurstRequest { message, concurrency, duration: 1, rate, name: None }
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
    fn an_ipv6_network_of_64_bits_has_ten_times_the_limit_of_an_address() {
        let clients = ClientLimits::new(LIMITS);
        let address = |n: u128| IpAddr::from(Ipv6Addr::from_bits((0x2001_0db8 << 96) | n));
        let allowed = |addresses: std::ops::Range<u128>| {
            addresses.filter(|n| clients.count_send(address(*n)).is_ok()).count()
        };
        assert_eq!((0..5).filter(|_| clients.count_send(address(1)).is_ok()).count(), 3);
        assert_eq!(allowed(2..99), 27);
        assert!(clients.count_send(address(1 << 64)).is_ok(), "it is of another network");
    }
}
