//! Which messages are shown: those without a blocked word.

use std::convert::Infallible;
use std::str::FromStr;

use barrage::message::Text;
use barrage::table::Verdict;
use unicode_normalization::UnicodeNormalization;

/// Words that no shown message contains.
///
/// A word is found anywhere, also inside another word, because many scripts put no spaces between words.
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
        // A text contains the empty word, so one comma too many would block everything.
        let words = list.split(',').map(|word| fold(word.trim())).filter(|word| !word.is_empty());
        Ok(Self(words.collect()))
    }
}

/// What differs in case or compatibility form only becomes equal.
///
/// Lower case alone does not do: `ß` and `ẞ`, `σ` and `ς` only meet by way of upper case.
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
    fn a_word_is_found_in_any_case_form_and_place() {
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
    fn without_a_blocked_word_a_message_is_shown() {
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
            let said = if upper { word.to_uppercase() } else { word.to_owned() };
            let text = format!("{before} {said} !");
            prop_assert_eq!(verdict(&format!("other, {word}"), &text), Verdict::Blocked);
        }

        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,20}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
