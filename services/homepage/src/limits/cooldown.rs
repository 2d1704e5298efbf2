//! The time between two messages of one device.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::exceeded::{Limit, LimitExceeded};
use crate::device::Device;

/// When each device may send its next message.
pub(super) struct Cooldown {
    /// Zero without a cooldown.
    period: Duration,
    devices: Mutex<Devices>,
}

#[derive(Default)]
struct Devices {
    next: HashMap<Device, Instant>,
    /// When old ones were last forgotten because there were too many.
    last_room_made: Option<Instant>,
}

impl Cooldown {
    /// How many devices are remembered. A device that comes when so many wait has no cooldown: the limit of its address
    /// still holds. Those that are remembered wait as before.
    const MAX_DEVICES: usize = 100_000;
    /// To look through all devices takes a moment, so it is not done for each message.
    const MAKE_ROOM_EVERY: Duration = Duration::from_secs(1);

    pub(super) fn new(period: Duration) -> Self {
        Self { period, devices: Mutex::default() }
    }

    /// Counts a message. Returns when the device may send the next one; `None` if it may do so at once.
    ///
    /// # Errors
    /// When its last message was sent too short a time ago. Then this one does not count.
    pub(super) fn count(
        &self,
        device: Device,
        now: Instant,
    ) -> Result<Option<Instant>, LimitExceeded> {
        if self.period.is_zero() {
            return Ok(None);
        }
        let mut devices = self.devices.lock();
        let known = devices.next.get(&device).copied();
        if let Some(next) = known.filter(|next| *next > now) {
            let retry_after = next.saturating_duration_since(now);
            return Err(LimitExceeded { limit: Limit::Cooldown, retry_after });
        }
        if known.is_none() && !devices.has_room(now) {
            return Ok(None);
        }
        let next = now + self.period;
        devices.next.insert(device, next);
        Ok(Some(next))
    }

    /// Lets the device send at once: its message, which made it wait until then, was surely not sent.
    pub(super) fn give_back(&self, device: Device, until: Instant) {
        let mut devices = self.devices.lock();
        if devices.next.get(&device) == Some(&until) {
            devices.next.remove(&device);
        }
    }

    /// Forgets the devices that may send again.
    pub(super) fn forget_old(&self, now: Instant) {
        self.devices.lock().forget_old(now);
    }
}

impl Devices {
    fn has_room(&mut self, now: Instant) -> bool {
        let is_due = |at: Instant| now.saturating_duration_since(at) >= Cooldown::MAKE_ROOM_EVERY;
        if self.next.len() >= Cooldown::MAX_DEVICES && self.last_room_made.is_none_or(is_due) {
            self.last_room_made = Some(now);
            self.forget_old(now);
        }
        self.next.len() < Cooldown::MAX_DEVICES
    }

    fn forget_old(&mut self, now: Instant) {
        self.next.retain(|_, next| *next > now);
        self.next.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const MOMENT: Duration = Duration::from_millis(1);

    #[test]
    fn a_device_waits_between_two_messages_and_others_need_not() {
        let (cooldown, now) = (Cooldown::new(HOUR), Instant::now());
        let (a, b) = (Device::random(), Device::random());
        assert_eq!(cooldown.count(a, now), Ok(Some(now + HOUR)));
        let refused = LimitExceeded { limit: Limit::Cooldown, retry_after: HOUR / 4 };
        assert_eq!(cooldown.count(a, now + HOUR / 4 * 3), Err(refused));
        assert!(cooldown.count(b, now).is_ok());
    }

    #[test]
    fn a_device_that_comes_when_it_was_told_to_is_accepted_whatever_it_tried_before() {
        let (cooldown, device, now) = (Cooldown::new(HOUR), Device::random(), Instant::now());
        let next = cooldown.count(device, now).unwrap().unwrap();
        for minutes in 1..60 {
            assert!(cooldown.count(device, now + HOUR / 60 * minutes).is_err());
        }
        assert!(cooldown.count(device, next - MOMENT).is_err());
        assert_eq!(cooldown.count(device, next), Ok(Some(next + HOUR)));
    }

    #[test]
    fn a_message_that_was_not_sent_is_given_back_but_not_a_later_one() {
        let (cooldown, device, now) = (Cooldown::new(HOUR), Device::random(), Instant::now());
        let first = cooldown.count(device, now).unwrap().unwrap();
        cooldown.give_back(device, first);
        let second = cooldown.count(device, now + MOMENT).unwrap().unwrap();
        cooldown.give_back(device, first);
        assert!(cooldown.count(device, now + MOMENT).is_err());
        cooldown.give_back(device, second);
        assert!(cooldown.count(device, now + MOMENT).is_ok());
    }

    #[test]
    fn a_cooldown_of_zero_is_none() {
        let (cooldown, device, now) =
            (Cooldown::new(Duration::ZERO), Device::random(), Instant::now());
        assert!((0..9).all(|_| cooldown.count(device, now) == Ok(None)));
    }

    #[test]
    fn devices_without_end_take_no_memory_and_free_nobody_who_waits() {
        let (cooldown, now) = (Cooldown::new(HOUR), Instant::now());
        let remembered = || cooldown.devices.lock().next.len();
        let first = Device::random();
        assert!(cooldown.count(first, now).is_ok());
        for _ in 0..Cooldown::MAX_DEVICES + 1000 {
            assert!(cooldown.count(Device::random(), now).is_ok());
        }
        assert_eq!(remembered(), Cooldown::MAX_DEVICES);
        assert!(cooldown.count(first, now + HOUR / 2).is_err());
        assert_eq!(cooldown.count(Device::random(), now + HOUR / 2), Ok(None));
        // A device that comes when they may all send again makes room for itself.
        let late = Device::random();
        assert!(cooldown.count(late, now + HOUR).is_ok());
        assert_eq!(remembered(), 1);
        assert!(cooldown.count(late, now + HOUR).is_err());
    }

    #[test]
    fn a_device_that_may_send_again_is_forgotten() {
        let (cooldown, now) = (Cooldown::new(HOUR), Instant::now());
        let remembered = || cooldown.devices.lock().next.len();
        assert!(cooldown.count(Device::random(), now).is_ok());
        cooldown.forget_old(now + HOUR - MOMENT);
        assert_eq!(remembered(), 1);
        cooldown.forget_old(now + HOUR);
        assert_eq!(remembered(), 0);
    }
}
