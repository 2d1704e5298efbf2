//! Who may begin a burst: there are so many places, and no client gets all of them.
//!
//! Of 20 places, one device holds at most 5, all requests without a cookie from one address at most 15, and one address
//! in all at most 18. So a room behind one address has devices with places of their own. Somebody who makes up devices
//! without end leaves places to all other addresses, but none to others of the same address. Of fewer than 8 places,
//! one address may hold all.
//!
//! The rate is not divided, so that one burst may have all of it. But whoever has no burst running may always begin a
//! small one. So all bursts together send at most the rate and a hundredth of it for each place.

use std::time::Duration;

use super::exceeded::{Limit, LimitExceeded};
use crate::config::Limits;
use crate::device::Client;

/// The part of the limits that a running burst has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    pub(crate) client: Client,
    /// Messages per second of all its senders together.
    pub(crate) rate: u64,
    pub(crate) remaining: Duration,
}

/// The part of the rate that is there for each client that has no burst running, even when all of the rate is used up.
const SMALL: u64 = 100;

/// Fails if with one more burst of this client and this rate there are too many bursts of it, too many bursts, or too
/// many messages per second in all.
pub(crate) fn admit(
    limits: Limits,
    running: &[Running],
    client: Client,
    rate: u64,
) -> Result<(), LimitExceeded> {
    let all_rates: u64 = running.iter().map(|burst| burst.rate).sum();
    let is_first_and_small =
        || rate <= limits.rate / SMALL && !running.iter().any(|burst| is_own(client, burst.client));
    let limit = match used_up(limits.bursts, client, running.iter().map(|it| it.client)) {
        Some(limit) => limit,
        None if running.len() >= limits.bursts => Limit::Bursts,
        None if all_rates + rate > limits.rate && !is_first_and_small() => Limit::Rate,
        None => return Ok(()),
    };
    let counts = |burst: &&Running| match limit {
        Limit::OwnBursts { .. } => is_own(client, burst.client),
        Limit::AddressBursts { .. } => client.has_address_of(burst.client),
        Limit::Requests | Limit::Cooldown | Limit::Bursts | Limit::Rate | Limit::Draining => true,
    };
    let first_end = running.iter().filter(counts).map(|burst| burst.remaining).min();
    let retry_after = first_end.unwrap_or_default().max(Duration::from_secs(1));
    Err(LimitExceeded { limit, retry_after })
}

/// The share of `places` that a client has used up, if it has: these clients hold one place each.
pub(crate) fn used_up(
    places: usize,
    client: Client,
    holders: impl Iterator<Item = Client> + Clone,
) -> Option<Limit> {
    let own = holders.clone().filter(|holder| is_own(client, *holder)).count();
    let near = holders.filter(|holder| client.has_address_of(*holder)).count();
    let (of_device, of_cookieless, of_address) =
        ((places / 4).max(1), places - places / 4, places - places / 8);
    if client.device.is_some() && own >= of_device {
        return Some(Limit::OwnBursts { running: own });
    }
    if client.device.is_none() && own >= of_cookieless {
        return Some(Limit::AddressBursts { running: own });
    }
    (near >= of_address).then_some(Limit::AddressBursts { running: near })
}

/// Whether a place is held by the same device; or, for requests without a cookie, by others of them from the address.
fn is_own(client: Client, holder: Client) -> bool {
    client.device == holder.device && (client.device.is_some() || client.has_address_of(holder))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;
    use crate::device::Device;

    fn limits(bursts: usize) -> Limits {
        let (client_rate, cooldown) = (NonZeroU32::MIN, Duration::ZERO);
        Limits { bursts, rate: 100, client_rate, cooldown }
    }

    fn at(address: u8) -> Client {
        Client::new(None, Some(IpAddr::from([192, 0, 2, address])))
    }

    fn with(device: Device, address: u8) -> Client {
        Client::new(Some(device), Some(IpAddr::from([192, 0, 2, address])))
    }

    fn running(client: Client, rate: u64, seconds: u64) -> Running {
        Running { client, rate, remaining: Duration::from_secs(seconds) }
    }

    /// How many bursts somebody gets who tries it often, each time as the next of these clients.
    fn taken(places: usize, clients: impl Iterator<Item = Client>) -> usize {
        let mut all = Vec::new();
        for client in clients.take(3 * places) {
            if admit(limits(places), &all, client, 0).is_ok() {
                all.push(running(client, 0, 1));
            }
        }
        all.len()
    }

    #[test]
    fn nobody_takes_all_places_however_they_do_it() {
        for (places, by_device, without, made_up) in [
            (20, 5, 15, 18),
            (8, 2, 6, 7),
            (7, 1, 6, 7),
            (4, 1, 3, 4),
            (2, 1, 2, 2),
            (1, 1, 1, 1),
            (1000, 250, 750, 875),
        ] {
            let device = Device::random();
            assert_eq!(taken(places, std::iter::repeat(with(device, 1))), by_device);
            let anywhere = (0..=255).cycle().map(|address| with(device, address));
            assert_eq!(taken(places, anywhere), by_device);
            assert_eq!(taken(places, std::iter::repeat(at(1))), without);
            let forged = std::iter::repeat_with(|| with(Device::random(), 1));
            assert_eq!(taken(places, forged), made_up, "{places}");
            let mixed = (0..).map(|n| if n % 2 == 0 { at(1) } else { with(Device::random(), 1) });
            assert_eq!(taken(places, mixed), made_up, "{places}");
        }
    }

    #[test]
    fn a_client_over_its_share_is_told_when_its_own_first_burst_ends() {
        let (device, other) = (Device::random(), Device::random());
        let mut all = vec![running(with(other, 1), 0, 3), running(at(1), 0, 2)];
        all.extend((0..5).map(|n| running(with(device, 1), 0, 40 + n)));
        let refused = admit(limits(20), &all, with(device, 1), 0).unwrap_err();
        assert_eq!(refused.limit, Limit::OwnBursts { running: 5 });
        assert_eq!(refused.retry_after, Duration::from_secs(40));
        assert_eq!(refused.to_string(), "You have 5 bursts running already.");
        assert_eq!(admit(limits(20), &all, with(other, 1), 0), Ok(()));
        assert_eq!(admit(limits(20), &all, at(1), 0), Ok(()));
    }

    #[test]
    fn a_burst_is_admitted_until_there_are_too_many_bursts_or_messages_per_second() {
        assert_eq!(admit(limits(4), &[], at(1), 100), Ok(()));
        let limit = |running: &[Running], rate| admit(limits(2), running, at(9), rate).unwrap_err();
        assert_eq!(limit(&[], 101).limit, Limit::Rate);
        assert_eq!(limit(&[running(at(1), 50, 3)], 60).limit, Limit::Rate);
        let full = limit(&[running(at(1), 1, 9), running(at(2), 1, 4)], 1);
        assert_eq!((full.limit, full.retry_after), (Limit::Bursts, Duration::from_secs(4)));
    }

    #[test]
    fn whoever_has_no_burst_begins_a_small_one_though_somebody_has_all_of_the_rate() {
        let limits = Limits { rate: 1000, ..limits(20) };
        let (hog, guest) = (Device::random(), Device::random());
        let all = vec![running(with(hog, 1), 1000, 60)];
        for (client, rate, is_admitted) in [
            (with(guest, 1), 10, true),
            (with(guest, 1), 11, false),
            (at(1), 10, true),
            (at(2), 10, true),
            (with(hog, 1), 1, false),
            (with(hog, 2), 1, false),
        ] {
            let admitted = admit(limits, &all, client, rate);
            assert_eq!(admitted.is_ok(), is_admitted, "{client:?} {rate}: {admitted:?}");
        }
        let again = [all, vec![running(with(guest, 1), 10, 60)]].concat();
        let refused = admit(limits, &again, with(guest, 1), 1).unwrap_err();
        assert_eq!((refused.limit, refused.retry_after), (Limit::Rate, Duration::from_secs(60)));
    }

    proptest! {
        #[test]
        fn all_rates_together_are_bounded_and_nobody_is_kept_from_a_small_burst(
            tries in proptest::collection::vec((0usize..30, 0u64..1200), 0..60),
        ) {
            let limits = Limits { rate: 1000, ..limits(20) };
            let mut all: Vec<Running> = Vec::new();
            for (address, rate) in tries {
                let client = at(u8::try_from(address).unwrap());
                let has_none = all.iter().all(|it| it.client != client);
                let admitted = admit(limits, &all, client, rate);
                if has_none && rate <= 10 && all.len() < 20 {
                    prop_assert_eq!(admitted, Ok(()));
                }
                if admitted.is_ok() {
                    all.push(running(client, rate, 1));
                }
            }
            let sum: u64 = all.iter().map(|it| it.rate).sum();
            prop_assert!(sum <= 1000 + 20 * 10, "{}", sum);
        }

        #[test]
        fn no_order_of_clients_exceeds_a_share_or_the_places(
            places in 1usize..30, tries in proptest::collection::vec((0usize..4, 1u8..4), 0..120),
        ) {
            let devices: Vec<_> = std::iter::repeat_with(Device::random).take(3).collect();
            let mut all: Vec<Running> = Vec::new();
            for (device, address) in tries {
                let client = devices.get(device).map_or(at(address), |it| with(*it, address));
                if admit(limits(places), &all, client, 0).is_ok() {
                    all.push(running(client, 0, 1));
                }
            }
            prop_assert!(all.len() <= places);
            for device in devices {
                let own = all.iter().filter(|it| it.client.device == Some(device)).count();
                prop_assert!(own <= (places / 4).max(1));
            }
            for address in 1..4 {
                let near = all.iter().filter(|it| it.client.has_address_of(at(address))).count();
                prop_assert!(near <= places - places / 8);
                let without = all.iter().filter(|it| it.client == at(address)).count();
                prop_assert!(without <= places - places / 4);
            }
        }
    }
}
