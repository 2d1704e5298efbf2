//! Which characters can be seen. A message of others alone would fly as nothing, or as a bare dot.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Spaces, controls and format characters show nothing. A combining mark shows something only over a letter.
const INVISIBLE: GeneralCategoryGroup = GeneralCategoryGroup::Separator
    .union(GeneralCategoryGroup::Control)
    .union(GeneralCategoryGroup::Format)
    .union(GeneralCategoryGroup::Mark);

/// Whether a character shows something by itself. The page's `limits.js` has the same rule.
pub(super) fn is_visible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_graphic();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    let is_ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c);
    !INVISIBLE.contains(category) && !is_ignorable && !is_blank(c)
}

/// Symbols and letters that are blank by their name in Unicode: the Braille pattern without dots, the musical note
/// without a head, and the blanks of Egyptian hieroglyphs.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{1D159}' | '\u{13441}' | '\u{13442}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_by_itself_is_not_visible() {
        for invisible in [
            "\u{200b}",           // zero width space
            "\u{200c}\u{200d}",   // zero width joiners
            "\u{2060}",           // word joiner
            "\u{2800}",           // blank Braille pattern
            "\u{3164}",           // Hangul filler
            "\u{ffa0}",           // half width Hangul filler
            "\u{115f}\u{1160}",   // fillers of Hangul letters
            "\u{ad}",             // soft hyphen
            "\u{feff}",           // byte order mark
            "\u{fe0f}\u{fe00}",   // variation selectors
            "\u{e0100}",          // more of them
            "\u{200e}\u{200f}",   // direction marks
            "\u{202e}\u{202c}",   // direction overrides
            "\u{2066}\u{2069}",   // isolates
            "\u{e0041}\u{e0042}", // tags
            "\u{180b}\u{180e}",   // Mongolian selectors and vowel separator
            "\u{34f}",            // combining grapheme joiner
            "\u{301}\u{20e3}",    // marks without a letter
            "\u{fff9}\u{fffb}",   // anchors of annotations
            "\u{1d159}\u{1d173}", // a note without a head, a beam
            "\u{13441}",          // blank hieroglyph
            "\u{2028}\u{2029}",   // line and paragraph separator
            " \u{a0}\u{3000}\u{202f}",
        ] {
            assert!(!invisible.chars().any(is_visible), "{:?}", invisible.escape_unicode());
        }
    }

    #[test]
    fn letters_of_any_script_signs_and_emoji_are_visible() {
        for visible in [
            ".",
            "é",
            "弹",
            "ก",
            "के",
            "שָ",
            "👩\u{200d}👩\u{200d}👧",
            "1\u{fe0f}\u{20e3}",
            "❤\u{fe0f}",
            "🇨🇭",
            "⠁",
        ] {
            assert!(visible.chars().any(is_visible), "{visible}");
        }
    }
}
