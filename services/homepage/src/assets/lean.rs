//! Our scripts without what only their readers need: a phone in a full room fetches a quarter less.

use bytes::Bytes;

/// A script without its comments and its indentation; any other file as it is.
pub(super) fn file(name: &str, content: Bytes) -> Bytes {
    match std::str::from_utf8(&content) {
        Ok(text) if name.ends_with(".js") => script(text).into(),
        _ => content,
    }
}

/// Drops whole lines of comment alone, so it need not understand the rest. No text of ours goes over
/// several lines, where an indentation would matter.
fn script(text: &str) -> String {
    let mut is_comment = false;
    let mut lean = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        let begins = line.starts_with("/*");
        let dropped = is_comment || begins || line.starts_with("//") || line.is_empty();
        is_comment = (is_comment || begins) && !line.ends_with("*/");
        if !dropped {
            lean.push_str(line);
            lean.push('\n');
        }
    }
    lean
}

#[cfg(test)]
mod tests {
    use super::super::Ours;
    use super::*;

    #[test]
    fn comments_and_indentation_go_and_all_else_stays() {
        let text =
            "// what\n/** one line */\n/**\n * several\n */\nif (a) { // why\n  b(\"// c\");\n}\n";
        assert_eq!(script(text), "if (a) { // why\nb(\"// c\");\n}\n");
    }

    #[test]
    fn no_text_of_our_scripts_goes_over_several_lines() {
        for name in Ours::iter().filter(|name| name.ends_with(".js")) {
            let file = Ours::get(&name).unwrap();
            for line in std::str::from_utf8(&file.data).unwrap().lines() {
                let is_comment = line.trim_start().starts_with(['/', '*']);
                assert!(is_comment || line.matches('`').count() % 2 == 0, "{name}: {line}");
                let has_more = line.trim_start().starts_with("/*") && line.contains("*/");
                assert!(!has_more || line.trim_end().ends_with("*/"), "{name}: {line}");
            }
        }
    }
}
