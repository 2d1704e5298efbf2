//! Moderation: a message is shown unless it, or the name of its sender, contains a blocked word.

mod lookalikes;
mod skeleton;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::str::FromStr;

use barrage::message::{Name, Text};
use barrage::table::Verdict;

use self::skeleton::readings;

/// The value of `BLOCKED_WORDS`: words separated by commas.
///
/// A word is found anywhere, also inside another word, because many scripts have no spaces between words.
/// What cannot be seen makes no difference, nor do case, compatibility forms, marks over letters and letters that
/// look alike. See [`readings`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockedWords(BTreeSet<String>);

impl BlockedWords {
    pub(crate) fn verdict(&self, text: &Text, name: Option<&Name>) -> Verdict {
        let is_blocked =
            self.block(text.as_str()) || name.is_some_and(|it| self.block(it.as_str()));
        if is_blocked { Verdict::Blocked } else { Verdict::Shown }
    }

    fn block(&self, text: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let readings = readings(text);
        self.0.iter().any(|word| readings.iter().any(|reading| reading.contains(word)))
    }
}

impl FromStr for BlockedWords {
    type Err = Infallible;

    fn from_str(list: &str) -> Result<Self, Infallible> {
        // A word means its letters, however an operator writes them. In capitals, Cyrillic "НЕТ" would also be the
        // Latin letters "HET".
        let words = list.split(',').flat_map(|word| {
            let mut readings = readings(&word.trim().to_lowercase());
            // As drawn, "f1" would be the beginning of "flower".
            if word.trim_end().ends_with(|c: char| c.is_numeric() || c == '|') {
                readings.drain(..readings.len() - 1);
            }
            readings
        });
        // Every text contains the empty word, so one comma too many would block all messages.
        Ok(Self(words.filter(|word| !word.is_empty()).collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::skeleton::is_ignored;
    use super::*;

    fn verdict(words: &str, text: &str) -> Verdict {
        words.parse::<BlockedWords>().unwrap().verdict(&Text::parse(text).unwrap(), None)
    }

    #[test]
    fn a_blocked_word_in_the_name_blocks_the_message() {
        let words: BlockedWords = "spam".parse().unwrap();
        let of =
            |name| words.verdict(&Text::parse("hi").unwrap(), Some(&Name::parse(name).unwrap()));
        assert_eq!(of("Mr. ЅРАМ"), Verdict::Blocked);
        assert_eq!(of("Sam"), Verdict::Shown);
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
            ("нет", "НЕТ"),
            ("two words", "TWO WORDS"),
        ] {
            assert_eq!(verdict(word, text), Verdict::Blocked, "{word} in {text}");
        }
    }

    #[test]
    fn a_disguised_word_is_found() {
        for (disguise, text) in [
            ("zero width space", "sp\u{200b}am"),
            ("zero width non-joiner", "s\u{200c}pam"),
            ("zero width joiner", "sp\u{200d}am"),
            ("word joiner", "spa\u{2060}m"),
            ("soft hyphen", "sp\u{ad}am"),
            ("byte order mark", "sp\u{feff}am"),
            ("grapheme joiner", "sp\u{34f}am"),
            ("variation selector", "spa\u{fe0f}m"),
            ("tag", "sp\u{e0061}am"),
            ("Hangul filler", "sp\u{3164}am"),
            ("annotation anchor", "sp\u{fff9}am"),
            ("Cyrillic", "ѕраm"),
            ("Cyrillic capitals", "ЅРАМ"),
            ("Greek capital", "SPΑM"),
            ("right to left", "\u{202e}maps\u{202c}"),
            ("right to left, in part", "s\u{202e}map\u{202c}"),
            ("stroke over letters", "s\u{336}p\u{336}a\u{336}m\u{336}"),
            ("accents", "śṕám"),
            ("marks of another script", "s\u{5b0}p\u{e38}am"),
            ("keycaps", "s\u{20e3}p\u{20e3}a\u{20e3}m\u{20e3}"),
            ("circled", "ⓢⓟⓐⓜ"),
            ("white on black", "🅢🅟🅐🅜"),
            ("squared", "🆂🅿🅰🅼"),
            ("flags", "🇸🇵🇦🇲"),
            ("mathematical", "𝓼𝓹𝓪𝓶"),
            ("small capitals", "ꜱᴘᴀᴍ"),
            ("Lisu", "ꓢꓑꓮꓟ"),
        ] {
            assert_eq!(verdict("spam", text), Verdict::Blocked, "{disguise}: {text}");
        }
    }

    #[test]
    fn digits_and_strokes_inside_a_word_are_the_letters_they_look_like() {
        for (word, text) in [
            ("kill", "ki11"),
            ("kill", "kiII"),
            ("kill", "ki||"),
            ("boob", "b00b"),
            ("b00b", "boob"),
            ("loser", "1oser"),
            ("loser", "Ioser"),
            ("nazi", "ΝΑΖΙ"),
            ("kiosk", "KI0SK"),
            ("1488", "x1488"),
            ("covid 19", "COVID 19x"),
        ] {
            assert_eq!(verdict(word, text), Verdict::Blocked, "{word} in {text}");
        }
    }

    #[test]
    fn a_mark_over_a_letter_makes_no_difference() {
        for (word, text) in [
            ("café", "cafe"),
            ("cafe", "CAFÉ"),
            ("øl", "ol"),
            ("łódź", "lodz"),
            ("سلام", "سَلَام"),
            ("سلام", "ســلام"),
        ] {
            assert_eq!(verdict(word, text), Verdict::Blocked, "{word} in {text}");
        }
    }

    #[test]
    fn an_ordinary_text_is_not_blocked_by_chance() {
        for (word, text) in [
            ("nazi", "amazing"), // m is not rn
            ("porn", "pompous"), // nor the other way
            ("bum", "burning"),
            ("f1", "a flower"),
            ("loo", "100 % of 1000"), // a number is no word
            ("loo", "100km, 第100章"),
            ("lol", "it is 101"),
            ("lo", "10:10, 10.1"),
            ("bot", "вот и всё"), // small letters that only resemble small capitals
            ("het", "нет"),
            ("het", "你好"),
            ("그", "극장"),   // a syllable is one letter
            ("ばか", "ばが"), // a voiced kana is another kana
            ("ハカ", "バカ"),
            ("कि", "कु"), // a vowel sign belongs to the word
            ("ที", "ทู"),
            ("us", "u s"),
        ] {
            assert_eq!(verdict(word, text), Verdict::Shown, "{word} in {text}");
        }
    }

    #[test]
    fn a_message_without_a_blocked_word_is_shown() {
        for words in ["", ",", " , ,", "\u{200b}", "\u{301}", "spam", "ham,eggs"] {
            assert_eq!(verdict(words, "sp am"), Verdict::Shown, "{words}");
        }
    }

    #[test]
    fn an_emoji_that_needs_joiners_is_found_as_it_is() {
        assert_eq!(verdict("👩\u{200d}👩\u{200d}👧", "x 👩\u{200d}👩\u{200d}👧"), Verdict::Blocked);
        assert_eq!(verdict("❤\u{fe0f}", "❤"), Verdict::Blocked);
        assert_eq!(verdict("spam", "👨\u{200d}👩\u{200d}👧 🇨🇭 1\u{fe0f}\u{20e3}"), Verdict::Shown);
    }

    proptest! {
        #[test]
        fn one_word_of_the_list_is_enough(
            word in "[\\p{L}\\p{N}]{1,10}", before in "\\PC{0,20}", upper in any::<bool>(),
        ) {
            let word = word.as_str();
            prop_assume!(!word.chars().all(is_ignored));
            let spelling = if upper { word.to_uppercase() } else { word.to_owned() };
            let text = format!("{before} {spelling} !");
            prop_assert_eq!(verdict(&format!("other, {word}"), &text), Verdict::Blocked);
        }

        #[test]
        fn an_ignorable_character_anywhere_hides_no_word(
            word in "[a-z弹гøγ]{2,8}", at in any::<prop::sample::Index>(), hidden in any::<char>(),
        ) {
            let hidden = if is_ignored(hidden) { hidden } else { '\u{200b}' };
            let letters: Vec<char> = word.chars().collect();
            let (before, after) = letters.split_at(at.index(letters.len()));
            let text: String = before.iter().chain([&hidden]).chain(after).collect();
            prop_assert_eq!(verdict(&word, &text), Verdict::Blocked);
        }
    }

    #[test]
    fn every_ignorable_character_hides_no_word() {
        for hidden in ('\u{80}'..=char::MAX).filter(|c| is_ignored(*c)) {
            assert_eq!(verdict("spam", &format!("sp{hidden}am")), Verdict::Blocked, "{hidden:?}");
        }
    }
}
