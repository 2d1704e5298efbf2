//! Wall-clock time as the contract writes it: milliseconds since the epoch in the table, and RFC 3339 with
//! three digits of fraction in records.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, 1970-01-01 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// The wall clock of this machine. It cannot order what happens on two machines: their clocks may differ by
    /// some minutes or more.
    pub fn now() -> Self {
        Self(Timestamp::now().as_millisecond())
    }

    /// Whole seconds since the epoch, which is the unit of a table's TTL.
    pub fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How far the clocks of two machines may differ. With more, cloud services reject signed requests anyway.
    const MAX_CLOCK_SKEW: i64 = 15 * 60 * 1000;

    /// Whether this time, taken by another machine's clock, has passed however that clock differs from ours.
    /// `now` is by our clock. An example: 12:00 has surely passed at 12:15 by our clock, but not at 12:14.
    pub fn has_surely_passed(self, now: Self) -> bool {
        self.0.saturating_add(Self::MAX_CLOCK_SKEW) <= now.0
    }

    /// This much later.
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
    }

    /// RFC 3339 in UTC with three digits of fraction.
    pub fn rfc3339(self) -> Rfc3339 {
        Rfc3339(self)
    }
}

/// A time that reads and writes as RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rfc3339(pub Millis);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Timestamp::from_millisecond(self.0.0).unwrap_or(Timestamp::UNIX_EPOCH);
        write!(f, "{time:.3}")
    }
}

impl FromStr for Rfc3339 {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(Millis(text.parse::<Timestamp>()?.as_millisecond())))
    }
}

impl TryFrom<String> for Rfc3339 {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Rfc3339> for String {
    fn from(time: Rfc3339) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_always_three_digits_of_fraction() {
        assert_eq!(Millis(1_700_000_000_000).rfc3339().to_string(), "2023-11-14T22:13:20.000Z");
        assert_eq!(Millis(1_700_000_000_120).rfc3339().to_string(), "2023-11-14T22:13:20.120Z");
    }

    #[test]
    fn a_time_has_surely_passed_when_it_is_over_by_every_clock() {
        let minute = 60_000;
        assert!(!Millis(0).has_surely_passed(Millis(10 * minute)));
        assert!(Millis(0).has_surely_passed(Millis(15 * minute)));
        assert!(!Millis(i64::MAX).has_surely_passed(Millis(0)));
    }

    #[test]
    fn what_is_written_is_read_again_also_with_an_offset() {
        let time = Millis(1_700_000_000_123).rfc3339();
        assert_eq!(time.to_string().parse::<Rfc3339>().unwrap(), time);
        assert_eq!("2023-11-14T23:13:20.123+01:00".parse::<Rfc3339>().unwrap(), time);
    }
}
