//! Characters that look like others: by the confusables of UTS 39, and by what people use to disguise a word.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use unicode_normalization::UnicodeNormalization;

/// The capitals and letters that Unicode has as letters of their own, with the letter that a reader sees.
const SMALL_CAPITALS: [(char, char); 18] = [
    ('ᴀ', 'a'),
    ('ʙ', 'b'),
    ('ᴅ', 'd'),
    ('ᴇ', 'e'),
    ('ꜰ', 'f'),
    ('ɢ', 'g'),
    ('ʜ', 'h'),
    ('ɪ', 'i'),
    ('ᴊ', 'j'),
    ('ᴋ', 'k'),
    ('ʟ', 'l'),
    ('ᴍ', 'm'),
    ('ɴ', 'n'),
    ('ᴘ', 'p'),
    ('ʀ', 'r'),
    ('ꜱ', 's'),
    ('ᴛ', 't'),
    ('ʏ', 'y'),
];

/// The character or characters that all its look-alikes have in common.
///
/// ASCII stays as it is: UTS 39 makes `0` an `O`, `1` and `I` an `l`, and `m` an `rn`, which [`as_drawn`] does with
/// more care, or not at all. So do digits. A letter that has parts (a Hangul syllable, a voiced kana) stays one letter.
pub(super) fn prototype(c: char) -> String {
    if c.is_ascii() || is_digit(c) || c.nfd().nth(1).is_some() {
        return c.to_string();
    }
    // The Cyrillic and Greek letters that look like it have this small capital as their prototype.
    let alike = confusable(c).replace('ĸ', "k");
    match alike.strip_prefix("rn") {
        Some(rest) => format!("m{rest}"),
        None => alike,
    }
}

/// The text by the shapes of its characters alone: capitals as the Latin ones that they look like, digits and
/// strokes inside of words as letters.
///
/// "kiII" and "ki11" become "kill", "b00b" becomes "boob". "100", "100km" and "In" stay.
pub(super) fn as_drawn(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let drawn = |(at, c): (usize, &char)| match *c {
        c if is_line(c) => line(&chars, at),
        c if is_stroke(c) => digit(&chars, at),
        c if c.is_ascii() => c,
        c => enclosed(c).or_else(|| small_capital(c)).or_else(|| capital(c)).unwrap_or(c),
    };
    chars.iter().enumerate().map(drawn).collect()
}

/// A capital `I`, which is an `l` to a reader where letters next to it are small.
fn line(chars: &[char], at: usize) -> char {
    let (before, after) = around(chars, at);
    if before.is_lowercase() || after.is_lowercase() { 'l' } else { 'i' }
}

/// A digit or `|`. After a letter it is one, too: "ki11". Before a letter only if it is alone: "1oser", not "100km".
fn digit(chars: &[char], at: usize) -> char {
    let (before, after) = around(chars, at);
    let is_alone = chars.get(at + 1).is_none_or(|next| !is_stroke(*next));
    let is_letter =
        is_cased(before) || (is_cased(after) && is_alone && !preceded_by_stroke(chars, at));
    if is_letter { letter(&confusable(chars[at])).unwrap_or(chars[at]) } else { chars[at] }
}

fn preceded_by_stroke(chars: &[char], at: usize) -> bool {
    at > 0 && is_stroke(chars[at - 1])
}

/// The characters before and after the strokes around a place; a space at the ends.
fn around(chars: &[char], at: usize) -> (char, char) {
    let is_other = |c: &&char| !is_stroke(**c);
    let before = chars[..at].iter().rev().find(is_other);
    let after = chars[at..].iter().find(is_other);
    (before.copied().unwrap_or(' '), after.copied().unwrap_or(' '))
}

/// Scripts without capitals write numbers next to letters: "第100章".
fn is_cased(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase()
}

fn is_stroke(c: char) -> bool {
    c == '|' || is_line(c) || is_digit(c)
}

/// `I`, and the Greek and Cyrillic ones.
fn is_line(c: char) -> bool {
    matches!(c, 'I' | 'Ι' | 'І' | 'Ӏ')
}

fn is_digit(c: char) -> bool {
    let category = || CodePointMapData::<GeneralCategory>::new().get(c);
    c.is_ascii_digit() || (!c.is_ascii() && category() == GeneralCategory::DecimalNumber)
}

fn confusable(c: char) -> String {
    unicode_security::confusable_detection::skeleton(c.encode_utf8(&mut [0; 4])).collect()
}

/// The one Latin letter that a confusable stands for, as a small one.
fn letter(alike: &str) -> Option<char> {
    let mut chars = alike.chars();
    let first = chars.next().filter(char::is_ascii_alphabetic)?;
    chars.next().is_none().then(|| first.to_ascii_lowercase())
}

/// The Latin letter that a capital looks like. Small letters are [`prototype`]'s.
fn capital(c: char) -> Option<char> {
    letter(&confusable(c)).filter(|_| c.is_uppercase())
}

/// White letters on a black circle or square, and those of flags, which have no compatibility form.
fn enclosed(c: char) -> Option<char> {
    let first = match c {
        '\u{1f150}'..='\u{1f169}' => 0x1f150,
        '\u{1f170}'..='\u{1f189}' => 0x1f170,
        '\u{1f1e6}'..='\u{1f1ff}' => 0x1f1e6,
        _ => return None,
    };
    char::from_u32(u32::from(c) - first + u32::from('a'))
}

fn small_capital(c: char) -> Option<char> {
    SMALL_CAPITALS.iter().find(|(capital, _)| *capital == c).map(|(_, letter)| *letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_are_letters_only_inside_of_a_word() {
        for (text, drawn) in [
            ("ki11 kiII ki||", "kill kill kill"),
            ("b00b 1oser", "boob loser"),
            ("10 100km 10.5 1", "10 100km 10.5 1"),
            ("IT", "iT"),
            ("第100章", "第100章"),
        ] {
            assert_eq!(as_drawn(text), drawn);
        }
    }

    #[test]
    fn ascii_is_its_own_prototype() {
        assert!(('\0'..='\x7f').all(|c| prototype(c) == c.to_string()));
        assert_eq!((prototype('ⅿ'), prototype('о')), ("m".to_owned(), "o".to_owned()));
    }
}
