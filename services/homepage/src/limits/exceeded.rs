//! What is said of a request that is over a limit.

use std::fmt;
use std::time::Duration;

/// A request was refused because of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit}")]
pub(crate) struct LimitExceeded {
    pub(crate) limit: Limit,
    /// An earlier try would be refused as well.
    pub(crate) retry_after: Duration,
}

/// Which limit. The display is a sentence of the API for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Of requests per second of an address.
    Requests,
    /// Between two messages of a device.
    Cooldown,
    /// Of bursts that run at once.
    Bursts,
    /// Of messages per second of all bursts.
    Rate,
    /// Of bursts that have not ended, because their messages are not finished.
    Draining,
    /// A device has all the places that one may have: so many bursts of its own run.
    OwnBursts { running: usize },
    /// As before, of an address.
    AddressBursts { running: usize },
}

impl Limit {
    /// Its name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Cooldown => "cooldown",
            Self::Bursts => "bursts",
            Self::Rate => "rate",
            Self::Draining => "draining",
            Self::OwnBursts { .. } => "own_bursts",
            Self::AddressBursts { .. } => "address_bursts",
        }
    }

    /// How many bursts whoever has sent the request has running, where that is the limit.
    pub(crate) fn running(self) -> Option<usize> {
        match self {
            Self::OwnBursts { running } | Self::AddressBursts { running } => Some(running),
            Self::Requests | Self::Cooldown | Self::Bursts | Self::Rate | Self::Draining => None,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requests => f.write_str("Too many requests from your address."),
            Self::Cooldown => f.write_str("You have just sent a message."),
            Self::Bursts => f.write_str("Too many bursts."),
            Self::Rate => f.write_str("Too many messages per second."),
            Self::Draining => f.write_str("Too many bursts are not finished yet."),
            Self::OwnBursts { running: 1 } => f.write_str("You have a burst running already."),
            Self::OwnBursts { running } => write!(f, "You have {running} bursts running already."),
            Self::AddressBursts { running: 1 } => {
                f.write_str("A burst from your address is running already.")
            }
            Self::AddressBursts { running } => {
                write!(f, "{running} bursts from your address are running already.")
            }
        }
    }
}
