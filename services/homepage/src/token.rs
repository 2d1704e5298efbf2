//! Tokens that only their owner knows. Others keep no more than their hash, which says nothing of the token.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// 128 random bits, written as 32 hexadecimal digits in small letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token(u128);

impl Token {
    const DIGITS: usize = 32;

    pub(crate) fn random() -> Self {
        Self(rand::random())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_digit = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
        let is_token = text.len() == Self::DIGITS && text.bytes().all(is_digit);
        u128::from_str_radix(text, 16).ok().filter(|_| is_token).map(Self)
    }

    /// The token itself, for the answer to its owner.
    pub(crate) fn expose(self) -> String {
        format!("{:032x}", self.0)
    }

    /// The SHA-256 of its digits, in hexadecimal digits. Whoever compares hashes learns nothing of a token by the time
    /// that takes.
    pub(crate) fn hash(self) -> String {
        Sha256::digest(self.expose()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Whoever has a token is taken for its owner, so no log shows it.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_32_hexadecimal_digits_in_small_letters() {
        let text = "00112233445566778899aabbccddeeff";
        assert_eq!(Token::parse(text).unwrap().expose(), text);
        let random = Token::random();
        assert_eq!(Token::parse(&random.expose()), Some(random));
        assert_ne!(random, Token::random());
        for malformed in [
            "",
            &text[1..],
            &format!("{text}0"),
            &text.to_uppercase(),
            &format!("+{}", &text[1..]),
            "0011223344556677_899aabbccddeeff",
            "００1122334455667788",
        ] {
            assert_eq!(Token::parse(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn a_hash_is_the_sha_256_of_the_digits() {
        let zero = Token::parse(&"0".repeat(32)).unwrap();
        let expected = "84e0c0eafaa95a34c293f278ac52e45ce537bab5e752a00e6959a13ae103b65a";
        assert_eq!(zero.hash(), expected);
        assert_ne!(Token::random().hash(), expected);
    }

    #[test]
    fn no_log_shows_a_token() {
        let token = Token::random();
        assert!(!format!("{token:?}").contains(&token.expose()[..6]));
    }
}
