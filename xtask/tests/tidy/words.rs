//! Words that our files must not have, and what to write instead.

use crate::tree::{Source, sources};
use crate::{EMPTY_NAMES, report};

/// A rule about the text of files.
struct Rule {
    /// Files with these extensions below this folder.
    extensions: &'static [&'static str],
    below: &'static str,
    found: fn(&str) -> bool,
    advice: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        extensions: &["rs"],
        below: "",
        found: |line| line.starts_with("#[ignore"),
        advice: "a test that does not run proves nothing: mend it or remove it",
    },
    Rule {
        extensions: &["rs"],
        below: "",
        found: |line| line.starts_with("#[should_panic"),
        advice: "assert on the error instead: any panic would pass",
    },
    Rule {
        extensions: &["rs"],
        below: "",
        found: |line| line.starts_with("#[path"),
        advice: "a module lies where its name says",
    },
    Rule {
        extensions: &["rs", "go", "js", "mjs", "css", "html", "proto", "sh", "toml", "yml", "yaml"],
        below: "",
        found: |line| {
            let is_marker = |word| matches!(word, concat!("TO", "DO") | concat!("FIX", "ME"));
            line.split(|c: char| !c.is_alphanumeric()).any(is_marker)
        },
        advice: "do it now, or file it as an issue",
    },
    Rule {
        extensions: &["rs", "go", "js", "mjs", "css", "html", "md"],
        below: "",
        found: has_old_word,
        advice: "it has a usual name: recreated, again, dead letter, error callback",
    },
    Rule {
        extensions: &["js", "mjs"],
        below: "web/",
        found: |line| [".only(", ".skip(", ".fixme("].iter().any(|call| line.contains(call)),
        advice: "every browser test runs, every time",
    },
    Rule {
        extensions: &["js", "mjs"],
        below: "web/static/",
        found: |line| {
            const SINKS: &[&str] =
                &["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("];
            SINKS.iter().any(|sink| line.contains(sink))
        },
        advice: "what people type is text: use textContent",
    },
    Rule {
        extensions: &["html"],
        below: "web/templates/",
        found: |line| line.contains("|safe") || line.contains("| safe"),
        advice: "what people type is text: let askama escape it",
    },
    Rule {
        extensions: &["html"],
        below: "web/templates/",
        found: |line| line.contains(" style=") || line.contains("<style"),
        advice: "the content security policy blocks it: write a class",
    },
];

/// Words of our own for things that have a usual name. In pieces, because this file must not have them either.
const OLD_WORDS: &[&str] = &[
    concat!("an", "ew"),
    concat!("re", "made"),
    concat!("bu", "ry"),
    concat!("bu", "ries"),
    concat!("bu", "ried"),
    concat!("bu", "rial"),
    concat!("bu", "rials"),
    concat!("ea", "r"),
];

/// Whether a line has one of them, also as a part of a name: `made_x`, `XContext`.
fn has_old_word(line: &str) -> bool {
    let mut spaced = String::new();
    for letter in line.chars() {
        if letter.is_uppercase() || !letter.is_alphabetic() {
            spaced.push(' ');
        }
        spaced.extend(letter.to_lowercase());
    }
    let mut words = spaced.split(|c: char| !c.is_alphabetic());
    words.any(|word| OLD_WORDS.contains(&word))
}

#[test]
fn no_file_says_what_we_agreed_not_to_write() {
    let mut faults = Vec::new();
    let sources = sources();
    for rule in RULES {
        let applies = |source: &&Source| {
            rule.extensions.contains(&source.extension()) && source.path.starts_with(rule.below)
        };
        for source in sources.iter().filter(applies) {
            let lines = source.text.lines().enumerate();
            for (index, line) in lines.filter(|(_, line)| (rule.found)(line.trim())) {
                faults.push(format!(
                    "{}:{}: `{}`: {}",
                    source.path,
                    index + 1,
                    line.trim(),
                    rule.advice
                ));
            }
        }
    }
    report(faults);
}

#[test]
fn modules_inside_files_have_telling_names() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.extension() == "rs") {
        for (number, line) in source.code() {
            let name = line.split_once("mod ").map(|(_, rest)| rest.trim_end_matches(" {"));
            if name.is_some_and(|name| EMPTY_NAMES.contains(&name)) {
                faults.push(format!("{}:{number}: `{line}` says nothing", source.path));
            }
        }
    }
    report(faults);
}
