//! A message: the value of its record, and the rules for its text and for the name of its sender.

mod visible;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use self::visible::is_visible;
use crate::time::Rfc3339;

/// The CloudEvents type of a record that carries a [`Message`].
pub const EVENT_TYPE: &str = "barrage.message.sent.v1";

/// The text of a message: 1 to 100 characters after normalisation, one of them visible.
///
/// Normalisation composes characters (Unicode NFC), removes control characters and trims. A line break or a
/// tab becomes a space, so that words stay apart. Normalising twice changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text(String);

/// Why a text is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing is left of it.
    #[error("the message is empty")]
    Empty,
    /// Nothing of it can be seen.
    #[error("the message has no visible character")]
    Invisible,
    /// It has more characters than [`Text::MAX_CHARS`].
    #[error("the message has {chars} characters, at most 100 are allowed")]
    TooLong { chars: usize },
}

impl Text {
    /// Counted in Unicode scalar values, after normalisation.
    pub const MAX_CHARS: usize = 100;

    /// # Errors
    /// When nothing is left after normalisation, nothing of it can be seen, or the text is too long.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        normal(text, Self::MAX_CHARS).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Text {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        Self::parse(&text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

/// The text without what is not shown, if it has 1 to `max` characters then.
fn normal(text: &str, max: usize) -> Result<String, TextError> {
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let plain = spaced.filter(|c| !c.is_control());
    // ASCII has nothing to compose.
    let plain: String = if text.is_ascii() { plain.collect() } else { plain.nfc().collect() };
    let normal = plain.trim();
    match normal.chars().count() {
        0 => Err(TextError::Empty),
        _ if !normal.chars().any(is_visible) => Err(TextError::Invisible),
        chars if chars > max => Err(TextError::TooLong { chars }),
        _ => Ok(normal.to_owned()),
    }
}

/// The name that a person has typed beside a message: 1 to 20 characters, by the rules of [`Text`]. A message need
/// not have one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left of it, which means that there is no name.
    #[error("the name is empty")]
    Empty,
    /// Nothing of it can be seen.
    #[error("the name has no visible character")]
    Invisible,
    /// It has more characters than [`Name::MAX_CHARS`].
    #[error("the name has {chars} characters, at most 20 are allowed")]
    TooLong { chars: usize },
}

impl Name {
    /// Counted in Unicode scalar values, after normalisation.
    pub const MAX_CHARS: usize = 20;

    /// `None` for a text of which nothing is left: whoever types no name sends an empty one.
    ///
    /// # Errors
    /// When nothing of the text can be seen, or the text is too long.
    pub fn parse_optional(text: &str) -> Result<Option<Self>, NameError> {
        match Self::parse(text) {
            Err(NameError::Empty) => Ok(None),
            name => name.map(Some),
        }
    }

    /// # Errors
    /// When nothing is left after normalisation, nothing of it can be seen, or the text is too long.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        normal(text, Self::MAX_CHARS).map(Self).map_err(|error| match error {
            TextError::Empty => NameError::Empty,
            TextError::Invisible => NameError::Invisible,
            TextError::TooLong { chars } => NameError::TooLong { chars },
        })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// The JSON value of a record of type [`EVENT_TYPE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub message: Text,
    /// The burst that it belongs to; a single message has its own id here.
    pub burst: Uuid,
    /// The burst's loop that sent it, from 1.
    pub sender: u32,
    /// Its number within the sender, from 1 without gaps.
    pub seq: u64,
    /// When it was handed to Kafka.
    pub sent_at: Rfc3339,
    /// The name that its sender has typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Millis;

    #[test]
    fn a_text_is_trimmed_composed_and_free_of_control_characters() {
        assert_eq!(Text::parse("  hi\u{0}\u{1b}[31m ").unwrap().as_str(), "hi[31m");
        assert_eq!(Text::parse("e\u{301}").unwrap().as_str(), "é");
        assert_eq!(Text::parse("a\r\nb\tc").unwrap().as_str(), "a  b c");
    }

    #[test]
    fn a_text_has_1_to_100_characters_however_many_bytes() {
        assert_eq!(Text::parse(" \u{0}\n"), Err(TextError::Empty));
        assert!(Text::parse(&"弹".repeat(100)).is_ok());
        assert_eq!(Text::parse(&"弹".repeat(101)), Err(TextError::TooLong { chars: 101 }));
    }

    #[test]
    fn a_text_has_a_visible_character_and_is_kept_as_it_was_typed() {
        for blank in ["\u{200b}", "\u{3164}\u{2800}", "\u{301}", "\u{202e}\u{e0041}"] {
            assert_eq!(Text::parse(blank), Err(TextError::Invisible));
        }
        for typed in
            ["sp\u{200b}am", "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f} 1\u{fe0f}\u{20e3}", "s\u{336}"]
        {
            assert_eq!(Text::parse(typed).unwrap().as_str(), typed);
        }
    }

    #[test]
    fn a_message_is_the_json_of_the_contract() {
        let message = Message {
            message: Text::parse("hi").unwrap(),
            burst: Uuid::nil(),
            sender: 3,
            seq: 17,
            sent_at: Millis(1_700_000_000_123).rfc3339(),
            name: None,
        };
        assert_eq!(
            serde_json::to_string(&message).unwrap(),
            r#"{"message":"hi","burst":"00000000-0000-0000-0000-000000000000","sender":3,"seq":17,"sent_at":"2023-11-14T22:13:20.123Z"}"#
        );
        let named = Message { name: Some(Name::parse("小明").unwrap()), ..message };
        let json = serde_json::to_string(&named).unwrap();
        assert!(
            json.ends_with(r#","sent_at":"2023-11-14T22:13:20.123Z","name":"小明"}"#),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), named);
    }

    #[test]
    fn a_name_has_at_most_20_characters_by_the_rules_of_a_text_and_may_be_left_out() {
        let name = |text: &str| {
            Name::parse_optional(text).map(|name| name.map_or_else(String::new, String::from))
        };
        assert_eq!(name(" \u{0}\n"), Ok(String::new()));
        assert_eq!(name("  Ada\tL. "), Ok("Ada L.".into()));
        assert_eq!(name("\u{200b}"), Err(NameError::Invisible));
        for twenty in ["弹".repeat(20), "😀".repeat(20), "e\u{301}".repeat(20)] {
            assert!(Name::parse(&twenty).is_ok(), "{twenty}");
            let more = format!("{twenty}x");
            assert_eq!(Name::parse(&more), Err(NameError::TooLong { chars: 21 }), "{more}");
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,40}|.{0,40}|[a-z\u{0}\u{301}\u{327} ]{0,9}") {
            if let Ok(once) = Text::parse(&text) {
                prop_assert_eq!(Text::parse(once.as_str()).unwrap(), once);
            }
        }
    }
}
