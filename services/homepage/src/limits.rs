//! The limits of sending: how many bursts and messages at once and for each client, how long between two messages of
//! one device, and how many requests from one address.

mod cooldown;
mod exceeded;
mod shares;

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Instant;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use self::cooldown::Cooldown;
pub(crate) use self::exceeded::{Limit, LimitExceeded};
pub(crate) use self::shares::{Running, admit, used_up};
use crate::config::Limits;
use crate::device::{Device, network_of};

/// How much more many people may do than one.
const MANY: NonZeroU32 = NonZeroU32::new(10).expect("it is not 0");

/// Counts the requests of each client address, and the messages of each device. Sends and lookups have a limit each,
/// of the same size. Messages of devices have one of their own, which is ten times as high: a whole room may have one
/// address, and press Send in the same second.
pub(crate) struct ClientLimits {
    sends: RateLimits,
    device_messages: RateLimits,
    lookups: RateLimits,
    cooldown: Cooldown,
}

/// One person may have all addresses of an IPv6 network of 64 bits, and so may all people of a venue's network. So such
/// a network has a limit, too.
struct RateLimits {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    networks: DefaultKeyedRateLimiter<Ipv6Addr>,
}

impl ClientLimits {
    pub(crate) fn new(limits: Limits) -> Self {
        let (one, many) = (limits.client_rate, limits.client_rate.saturating_mul(MANY));
        Self {
            sends: RateLimits::new(one, many),
            device_messages: RateLimits::new(many, many),
            lookups: RateLimits::new(one, many),
            cooldown: Cooldown::new(limits.cooldown),
        }
    }

    /// Counts a request to send. Fails if this address sends too often.
    pub(crate) fn count_send(&self, client: IpAddr) -> Result<(), LimitExceeded> {
        self.sends.count(client)
    }

    /// Counts a request to send a message. Fails if this address sends too often, alone or with all its devices.
    pub(crate) fn count_message_send(
        &self,
        client: IpAddr,
        device: Option<Device>,
    ) -> Result<(), LimitExceeded> {
        if device.is_some() { &self.device_messages } else { &self.sends }.count(client)
    }

    /// Counts a request that Kafka or the table must answer. Fails if this address makes too many of them.
    pub(crate) fn count_lookup(&self, client: IpAddr) -> Result<(), LimitExceeded> {
        self.lookups.count(client)
    }

    /// Counts a message, before it is sent. Returns when the device may send the next one; `None` if it may do so at
    /// once, as a request without a device may. Fails if it has just sent one.
    pub(crate) fn count_message(
        &self,
        device: Option<Device>,
    ) -> Result<Option<Instant>, LimitExceeded> {
        device.map_or(Ok(None), |device| self.cooldown.count(device, Instant::now()))
    }

    /// Lets the device send at once, because the message that made it wait until `next` was surely not sent.
    pub(crate) fn give_back_message(&self, device: Option<Device>, next: Option<Instant>) {
        if let (Some(device), Some(next)) = (device, next) {
            self.cooldown.give_back(device, next);
        }
    }

    /// Forgets the addresses and the devices that have made no request for a while, so that memory stays bounded.
    pub(crate) fn forget_old(&self) {
        for limits in [&self.sends, &self.device_messages, &self.lookups] {
            limits.addresses.retain_recent();
            limits.addresses.shrink_to_fit();
            limits.networks.retain_recent();
            limits.networks.shrink_to_fit();
        }
        self.cooldown.forget_old(Instant::now());
    }
}

impl RateLimits {
    fn new(of_address: NonZeroU32, of_network: NonZeroU32) -> Self {
        Self {
            addresses: RateLimiter::keyed(Quota::per_second(of_address)),
            networks: RateLimiter::keyed(Quota::per_second(of_network)),
        }
    }

    fn count(&self, client: IpAddr) -> Result<(), LimitExceeded> {
        let of_network = || match client {
            IpAddr::V4(_) => Ok(()),
            IpAddr::V6(address) => self.networks.check_key(&network_of(address)),
        };
        self.addresses.check_key(&client).and_then(|()| of_network()).map_err(|until| {
            let retry_after = until.wait_time_from(DefaultClock::default().now());
            LimitExceeded { limit: Limit::Requests, retry_after }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: Limits = Limits {
        bursts: 2,
        rate: 100,
        client_rate: NonZeroU32::new(3).unwrap(),
        cooldown: Duration::ZERO,
    };

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
    fn the_devices_of_an_address_send_ten_times_as_many_messages_as_a_client_without_cookies() {
        let clients = ClientLimits::new(LIMITS);
        let room = IpAddr::from([127, 0, 0, 1]);
        let sent = |device: &dyn Fn() -> Option<Device>| {
            (0..50).filter(|_| clients.count_message_send(room, device()).is_ok()).count()
        };
        assert_eq!(sent(&|| Some(Device::random())), 30);
        assert_eq!(sent(&|| None), 3);
        assert!(clients.count_send(room).is_err(), "bursts count as messages without a device do");
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
