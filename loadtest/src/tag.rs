//! The texts of the messages of one run. They begin with a tag, so that its bullets are distinguished from others.

use uuid::Uuid;

/// Begins each message of a run.
#[derive(Clone, Debug)]
pub(crate) struct Tag(String);

impl Tag {
    /// The most characters of a text before a tag and a number: a message has at most 100.
    pub(crate) const MAX_TEXT: usize = 80;

    /// A text followed by a random mark, such as `load 3fa9`.
    pub(crate) fn new(text: &str) -> Self {
        let [.., high, low] = *Uuid::new_v4().as_bytes();
        Self(format!("{} {:04x}", text.trim(), u16::from_be_bytes([high, low])))
    }

    /// The text of a single message, such as `load 3fa9-17`.
    pub(crate) fn message(&self, index: u64) -> String {
        format!("{}-{index}", self.0)
    }

    /// The text of all messages of a burst.
    pub(crate) fn burst(&self) -> &str {
        &self.0
    }

    /// Whether a message is one of this run.
    pub(crate) fn is_of(&self, message: &str) -> bool {
        let rest = message.strip_prefix(&self.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_knows_its_own_messages() {
        let (tag, other) = (Tag("load 00af".into()), Tag("load 00a0".into()));
        assert!(tag.is_of(&tag.message(17)) && tag.is_of(tag.burst()));
        assert!(!tag.is_of(&other.message(17)) && !tag.is_of("load 00af17") && !tag.is_of("load"));
    }

    #[test]
    fn the_longest_text_leaves_room_for_every_number() {
        let tag = Tag::new(&"x".repeat(Tag::MAX_TEXT));
        assert!(tag.message(9_999_999_999_999).chars().count() <= 100);
    }
}
