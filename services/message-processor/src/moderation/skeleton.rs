//! The skeleton of a text: what is equal in it is read as equal. After UTS 39, "Unicode Security Mechanisms", with
//! exceptions so that ordinary words stay apart:
//!
//! - `m` is not `rn`, else "amazing" would contain "nazi".
//! - A mark belongs to the letter in scripts that write vowels as marks.
//! - A number is not a word: see [`super::lookalikes`].

use std::borrow::Cow;

use icu_properties::props::{
    DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_bidi::{BidiInfo, Level};
use unicode_normalization::UnicodeNormalization;

use super::lookalikes::{as_drawn, prototype};

/// A skeleton is stable after one or two rounds. Each makes every character simpler.
const MAX_ROUNDS: usize = 5;

/// The skeletons of all ways in which a person may read a text: by its letters, by the shapes of its characters,
/// and both also from right to left if it says so.
///
/// The Cyrillic "НЕТ" has the skeletons of "нет" and of "het".
pub(super) fn readings(text: &str) -> Vec<String> {
    let mut readings = Vec::with_capacity(2);
    for text in [Some(Cow::Borrowed(text)), reordered(text).map(Cow::Owned)].into_iter().flatten() {
        let plain: String = text.chars().filter(|c| !is_ignored(*c)).nfkc().collect();
        // Compatibility forms can bring new ones: that of the half width filler is the filler.
        let plain: String = plain.chars().filter(|c| !is_ignored(*c)).collect();
        let drawn = as_drawn(&plain);
        if drawn != plain {
            readings.push(skeleton(&drawn));
        }
        readings.push(skeleton(&plain));
    }
    readings
}

/// Whether a character changes nothing for a reader: those that Unicode calls default ignorable, the anchors of
/// annotations, and the line that makes Arabic words longer.
pub(super) fn is_ignored(c: char) -> bool {
    let is_ignorable = || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c);
    !c.is_ascii() && (matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{640}') || is_ignorable())
}

/// The text as it is seen, if it overrides the direction of its letters.
fn reordered(text: &str) -> Option<String> {
    text.contains(['\u{202d}', '\u{202e}']).then(|| {
        let bidi = BidiInfo::new(text, Some(Level::ltr()));
        let lines = bidi.paragraphs.iter().map(|line| bidi.reorder_line(line, line.range.clone()));
        lines.collect()
    })
}

/// Expects a text without ignored characters.
fn skeleton(plain: &str) -> String {
    if plain.is_ascii() {
        return plain.to_ascii_lowercase();
    }
    let mut skeleton = without_marks(&fold(plain));
    for _ in 0..MAX_ROUNDS {
        let next = without_marks(&fold(&alike(&skeleton)));
        if next == skeleton {
            break;
        }
        skeleton = next;
    }
    skeleton
}

/// The text with the prototype of each character. A letter with a mark of its own stays as it is.
fn alike(text: &str) -> String {
    let mut chars = text.chars().peekable();
    let mut alike = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        if is_mark(c) || chars.peek().is_some_and(|next| is_mark(*next)) {
            alike.push(c);
        } else {
            alike.push_str(&prototype(c));
        }
    }
    alike
}

/// Makes texts equal that differ only in case or in compatibility form.
///
/// Lower case alone is not enough: `ß` and `ẞ`, `σ` and `ς` become equal only through upper case.
fn fold(text: &str) -> String {
    let lower = text.nfkc().flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

/// Removes the marks that are laid over letters. Composed again, so that a Hangul syllable stays one letter:
/// otherwise one would be found in the beginning of another.
fn without_marks(text: &str) -> String {
    let mut base = ' ';
    let keep = |c: &char| {
        if is_mark(*c) {
            return belongs_to(*c, base);
        }
        base = *c;
        true
    };
    text.nfd().filter(keep).nfc().collect()
}

fn is_mark(c: char) -> bool {
    let category = || CodePointMapData::<GeneralCategory>::new().get(c);
    !c.is_ascii() && GeneralCategoryGroup::Mark.contains(category())
}

/// Whether a mark makes another letter of it: a vowel sign, or the voicing of a kana. Hebrew, Arabic and Syriac
/// are read without their marks; Cyrillic has none of its own that makes another letter.
fn belongs_to(mark: char, base: char) -> bool {
    let script = |c| CodePointMapData::<Script>::new().get(c);
    let of_base = script(base);
    let is_kana = of_base == Script::Hiragana || of_base == Script::Katakana;
    let has_optional_marks =
        [Script::Hebrew, Script::Arabic, Script::Syriac, Script::Cyrillic].contains(&of_base);
    (is_kana && matches!(mark, '\u{3099}' | '\u{309a}'))
        || (script(mark) == of_base && !has_optional_marks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_skeleton_of_each_character_is_its_own_skeleton() {
        // Beyond it are Han characters, and those without a meaning.
        for c in ('\0'..'\u{20000}').filter(|c| c.is_alphanumeric() && !is_ignored(*c)) {
            let once = skeleton(&c.to_string());
            assert_eq!(skeleton(&once), once, "{c:?} U+{:04X}", u32::from(c));
        }
    }

    proptest! {
        #[test]
        fn any_text_has_skeletons(text in any::<String>()) {
            prop_assert!(!readings(&text).is_empty());
        }

        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,20}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
