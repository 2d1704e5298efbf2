//! The time between two messages of one device.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::exceeded::{Limit, LimitExceeded};
use crate::device::Device;

/// When each device has sent its last message.
pub(super) struct Cooldown {
    period: Duration,
    /// `None` without a cooldown.
    devices: Option<DefaultKeyedRateLimiter<Device>>,
}

impl Cooldown {
    /// How many devices are remembered. A device that comes when there are so many has no cooldown until old ones
    /// are forgotten: the limit of its address still holds.
    const MAX_DEVICES: usize = 100_000;

    pub(super) fn new(period: Duration) -> Self {
        let quota = Quota::with_period(period).map(|it| it.allow_burst(NonZeroU32::MIN));
        Self { period, devices: quota.map(RateLimiter::keyed) }
    }

    /// Counts a message. Returns when the device may send the next one; `None` if it may do so at once.
    ///
    /// # Errors
    /// When its last message was sent too short a time ago. Then this one does not count.
    pub(super) fn count(&self, device: Device) -> Result<Option<Instant>, LimitExceeded> {
        let Some(devices) = self.devices.as_ref().filter(|it| it.len() < Self::MAX_DEVICES) else {
            return Ok(None);
        };
        let now = Instant::now();
        devices.check_key(&device).map(|()| Some(now + self.period)).map_err(|until| {
            let retry_after = until.wait_time_from(DefaultClock::default().now());
            LimitExceeded { limit: Limit::Cooldown, retry_after }
        })
    }

    /// Forgets the devices that may send again.
    pub(super) fn forget_old(&self) {
        if let Some(devices) = &self.devices {
            devices.retain_recent();
            devices.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_device_waits_between_two_messages_and_others_need_not() {
        let cooldown = Cooldown::new(HOUR);
        let (a, b) = (Device::random(), Device::random());
        let next = cooldown.count(a).unwrap().unwrap();
        assert!(next > Instant::now() + HOUR / 2);
        for _ in 0..3 {
            let refused = cooldown.count(a).unwrap_err();
            assert_eq!(refused.limit, Limit::Cooldown);
            assert!(refused.retry_after > HOUR / 2 && refused.retry_after <= HOUR);
        }
        assert!(cooldown.count(b).is_ok());
    }

    #[test]
    fn a_refused_message_does_not_make_the_wait_longer() {
        let cooldown = Cooldown::new(Duration::from_millis(20));
        let device = Device::random();
        let next = cooldown.count(device).unwrap().unwrap();
        while cooldown.count(device).is_err() {
            std::thread::yield_now();
        }
        // The limiter has a clock of its own.
        assert!(Instant::now() + Duration::from_millis(5) >= next);
        assert!(Instant::now() < next + Duration::from_secs(10));
    }

    #[test]
    fn a_cooldown_of_zero_is_none() {
        let cooldown = Cooldown::new(Duration::ZERO);
        let device = Device::random();
        assert!((0..9).all(|_| cooldown.count(device) == Ok(None)));
    }

    #[test]
    fn the_number_of_devices_is_bounded_and_old_ones_are_forgotten() {
        let cooldown = Cooldown::new(Duration::from_millis(1));
        let remembered = || cooldown.devices.as_ref().unwrap().len();
        for _ in 0..Cooldown::MAX_DEVICES + 1000 {
            assert!(cooldown.count(Device::random()).is_ok());
        }
        assert!(remembered() <= Cooldown::MAX_DEVICES);
        let last = Instant::now();
        while last.elapsed() < Duration::from_millis(2) {
            std::thread::yield_now();
        }
        cooldown.forget_old();
        assert_eq!(remembered(), 0);
    }
}
