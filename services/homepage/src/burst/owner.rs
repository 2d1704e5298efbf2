//! Who may stop a burst: whoever has begun it, and nobody else.

use barrage::table::BurstRow;

use crate::device::Device;
use crate::token::Token;

/// What its beginner has. Only hashes, so that nobody who reads the table can stop a burst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// A burst of an older version has neither: nobody can stop it.
    pub(super) stop_token: Option<String>,
    pub(super) device: Option<String>,
}

/// What a request to stop a burst brings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    pub(crate) stop_token: Option<Token>,
    pub(crate) device: Option<Device>,
}

impl Owner {
    pub(crate) fn new(stop_token: Token, device: Device) -> Self {
        Self { stop_token: Some(stop_token.hash()), device: Some(device.hash()) }
    }

    pub(crate) fn of(row: &BurstRow) -> Self {
        Self { stop_token: row.stop_token.clone(), device: row.device.clone() }
    }

    /// Whether the request is the owner's.
    pub(crate) fn has(&self, keys: Keys) -> bool {
        let fits =
            |ours: &Option<String>, theirs: Option<String>| ours.is_some() && *ours == theirs;
        fits(&self.stop_token, keys.stop_token.map(Token::hash))
            || fits(&self.device, keys.device.map(Device::hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_key_of_the_owner_is_enough_and_nobody_else_has_one() {
        let (token, device) = (Token::random(), Device::random());
        let owner = Owner::new(token, device);
        let has = |stop_token, device| owner.has(Keys { stop_token, device });
        assert!(has(Some(token), None));
        assert!(has(None, Some(device)));
        assert!(has(Some(Token::random()), Some(device)));
        assert!(!has(None, None));
        assert!(!has(Some(Token::random()), Some(Device::random())));
        assert!(!format!("{owner:?}").contains(&token.expose()));
    }

    #[test]
    fn a_burst_of_an_older_version_has_no_owner() {
        let owner = Owner { stop_token: None, device: None };
        assert!(!owner.has(Keys { stop_token: None, device: None }));
        assert!(!owner.has(Keys { stop_token: Some(Token::random()), device: None }));
    }
}
