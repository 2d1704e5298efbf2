//! The value of `--scale`: the fewest and the most processors.

use std::{fmt, str::FromStr};

/// The most processors that one machine is asked for.
pub(crate) const MOST: u16 = 64;

/// From 0 to [`MOST`] processors, at least 1 at most, written as `MIN..MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    min: u16,
    max: u16,
}

impl Range {
    /// From 1 to this number, which is from 1 to [`MOST`].
    pub(crate) fn up_to(max: u16) -> Self {
        Self { min: 1, max: max.clamp(1, MOST) }
    }

    pub fn min(self) -> u16 {
        self.min
    }

    pub fn max(self) -> u16 {
        self.max
    }

    /// Whether there is something to show: none, and more than one.
    pub(crate) fn allows_tour(self) -> bool {
        self.min == 0 && self.max >= 2
    }

    /// The number in the range that is nearest to a whole one.
    pub(crate) fn nearest(self, number: f64) -> u16 {
        let limited = number.clamp(f64::from(self.min), f64::from(self.max));
        // Whole, and between two of its type.
        limited as u16
    }
}

/// A text that is no range.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("expected MIN..MAX, two numbers from 0 to {MOST}, such as 0..4")]
    Form,
    #[error("{0} is larger than {1}; the smaller number comes first, such as {1}..{0}")]
    Reversed(u16, u16),
    #[error("at least one processor must be allowed, such as 0..1")]
    Nothing,
}

impl FromStr for Range {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (min, max) = text.split_once("..").ok_or(Invalid::Form)?;
        let [min, max] = [number(min)?, number(max)?];
        match () {
            () if min > max => Err(Invalid::Reversed(min, max)),
            () if max == 0 => Err(Invalid::Nothing),
            () => Ok(Self { min, max }),
        }
    }
}

fn number(text: &str) -> Result<u16, Invalid> {
    // `parse` would also take a plus sign.
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_number && *number <= MOST);
    number.ok_or(Invalid::Form)
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}..{}", self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_two_numbers_in_order() {
        for (text, min, max) in [("0..4", 0, 4), ("3..3", 3, 3), ("0..64", 0, 64), ("1..08", 1, 8)]
        {
            assert_eq!(text.parse(), Ok(Range { min, max }), "{text}");
        }
        for text in [
            "", "4", "..", "..4", "4..", "-1", "-1..4", "0..65", "a..b", "0...4", "0..=4", "+0..4",
            "0 .. 4", "0..99999",
        ] {
            assert_eq!(text.parse::<Range>(), Err(Invalid::Form), "{text}");
        }
        assert_eq!("5..2".parse::<Range>(), Err(Invalid::Reversed(5, 2)));
        assert_eq!("8..0".parse::<Range>(), Err(Invalid::Reversed(8, 0)));
        assert_eq!("0..0".parse::<Range>(), Err(Invalid::Nothing));
    }

    #[test]
    fn a_tour_goes_from_zero_to_at_least_two() {
        for (text, allows) in [("0..2", true), ("0..64", true), ("0..1", false), ("1..4", false)] {
            assert_eq!(text.parse::<Range>().unwrap().allows_tour(), allows, "{text}");
        }
        assert!(!Range::up_to(4).allows_tour());
    }

    #[test]
    fn the_nearest_number_is_in_the_range() {
        let range: Range = "2..8".parse().unwrap();
        assert_eq!([0.0, 2.0, 5.0, 9.0, 1e9].map(|number| range.nearest(number)), [2, 2, 5, 8, 8]);
    }
}
