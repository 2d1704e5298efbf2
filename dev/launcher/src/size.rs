//! The value of `--keep`: how much data the stand-ins keep.

use std::{fmt, str::FromStr};

/// A number of bytes, written as `200MB` or `2GB`, at least 100 MB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(u64);

/// The units, the smallest first, with their bytes.
const UNITS: [(&str, u64); 3] =
    [("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000)];

/// Less does not hold the log that SQLite writes besides, of 4 MB for each stand-in, and the last half minute.
const LEAST: u64 = 100_000_000;

impl Size {
    pub(crate) fn bytes(self) -> u64 {
        self.0
    }
}

/// A text that is no such size.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Invalid {
    #[error("expected a number with MB, GB or TB, such as 200MB or 2GB")]
    Form,
    #[error("expected at least {}", Size(LEAST))]
    TooSmall,
}

impl FromStr for Size {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.to_ascii_uppercase();
        let parts = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)));
        let (number, unit) = parts.ok_or(Invalid::Form)?;
        let number: u64 = number.trim_end().parse().map_err(|_| Invalid::Form)?;
        let bytes = number.checked_mul(*unit).ok_or(Invalid::Form)?;
        if bytes < LEAST { Err(Invalid::TooSmall) } else { Ok(Self(bytes)) }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = UNITS.iter().rfind(|(_, bytes)| self.0.is_multiple_of(*bytes));
        match fits {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_size_has_a_unit() {
        let bytes = |text: &str| text.parse().map(Size::bytes);
        assert_eq!(bytes("2GB"), Ok(2_000_000_000));
        assert_eq!(bytes("200 mb"), Ok(200_000_000));
        for text in ["", "GB", "2", "2 G", "-2GB", "1.5GB", "2GiB", "99999999999TB"] {
            assert_eq!(bytes(text), Err(Invalid::Form), "{text:?}");
        }
        assert_eq!(bytes("99MB"), Err(Invalid::TooSmall));
        assert_eq!(Invalid::TooSmall.to_string(), "expected at least 100MB");
    }

    proptest! {
        #[test]
        fn a_size_is_printed_as_it_is_read(number in 100_u64..10_000, unit in 0_usize..3) {
            let size = Size(number * UNITS[unit].1);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }
    }
}
