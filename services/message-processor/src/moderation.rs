//! Moderation: a message is shown unless it contains a blocked word.

use std::convert::Infallible;
use std::str::FromStr;

use barrage::message::Text;
use barrage::table::Verdict;
use unicode_normalization::UnicodeNormalization;

/// The value of `BLOCKED_WORDS`: words separated by commas.
///
/// A word is found anywhere, also inside another word, because many scripts have no spaces between words.
/// Case and compatibility forms (full width, ligatures, …) make no difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockedWords(Vec<String>);

impl BlockedWords {
    pub(crate) fn verdict(&self, text: &Text) -> Verdict {
        let text = fold(text.as_str());
        let blocked = self.0.iter().any(|word| text.contains(word));
        if blocked { Verdict::Blocked } else { Verdict::Shown }
    }
}

impl FromStr for BlockedWords {
    type Err = Infallible;

    fn from_str(list: &str) -> Result<Self, Infallible> {
        // Every text contains the empty word, so one comma too many would block all messages.
        let words = list.split(',').map(|word| fold(word.trim())).filter(|word| !word.is_empty());
        Ok(Self(words.collect()))
    }
}

/// Makes texts equal that differ only in case or in compatibility form.
///
/// Lower case alone is not enough: `ß` and `ẞ`, `σ` and `ς` become equal only through upper case.
fn fold(text: &str) -> String {
    let lower = text.nfkc().flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn verdict(words: &str, text: &str) -> Verdict {
        words.parse::<BlockedWords>().unwrap().verdict(&Text::parse(text).unwrap())
    }

    #[test]
    fn a_word_is_found_in_any_case_and_form_and_anywhere() {
        for (word, text) in [
            ("spam", "no SPAM please"),
            ("SPAM", "antispamming"),
            ("spam", "ＳＰＡＭ"),
            ("刷屏", "请不要刷屏哦"),
            ("straße", "STRASSE"),
            ("ẞ", "heiß"),
            ("ΟΔΟΣ", "οδος"),
            ("two words", "TWO WORDS"),
        ] {
            assert_eq!(verdict(word, text), Verdict::Blocked, "{word} in {text}");
        }
    }

    #[test]
    fn a_message_without_a_blocked_word_is_shown() {
        for words in ["", ",", " , ,", "spam", "ham,eggs"] {
            assert_eq!(verdict(words, "sp am"), Verdict::Shown, "{words}");
        }
    }

    proptest! {
        #[test]
        fn one_word_of_the_list_is_enough(
            word in "[\\p{L}\\p{N}]{1,10}", before in "\\PC{0,20}", upper in any::<bool>(),
        ) {
            let word = word.as_str();
            let spelling = if upper { word.to_uppercase() } else { word.to_owned() };
            let text = format!("{before} {spelling} !");
            prop_assert_eq!(verdict(&format!("other, {word}"), &text), Verdict::Blocked);
        }

        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,20}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
