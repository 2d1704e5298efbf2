//! The files of this repository that we write ourselves.

use std::fs;
use std::path::Path;

/// Made by tools, or written by others and kept unchanged.
const NOT_OURS: &[&str] =
    &["target", "node_modules", "vendor", "test-results", "playwright-report"];

const EXTENSIONS: &[&str] =
    &["rs", "go", "js", "mjs", "css", "html", "proto", "sh", "toml", "yml", "yaml", "md"];

pub(crate) struct Source {
    /// From the root of the checkout, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Its lines with their numbers, without those that only comment.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        lines.filter(|(_, line)| !self.is_comment(line))
    }

    /// Its lines without comments, blank lines, and what is compiled for unit tests only.
    pub(crate) fn code_without_tests(&self) -> Vec<&str> {
        let mut code = Vec::new();
        let mut in_tests = false;
        for line in self.text.lines() {
            in_tests |= line == "#[cfg(test)]";
            if !in_tests && !line.trim().is_empty() && !self.is_comment(line.trim()) {
                code.push(line);
            }
            let ends_item = line == "}" || (line.ends_with(';') && !line.starts_with(' '));
            in_tests &= !ends_item;
        }
        code
    }

    fn is_comment(&self, line: &str) -> bool {
        let marks: &[&str] = match self.extension() {
            "sh" | "toml" | "yml" | "yaml" => &["#"],
            "css" | "html" => &["/*", "* ", "*/", "<!--"],
            _ => &["//", "/*", "* ", "*/"],
        };
        marks.iter().any(|mark| line.starts_with(mark))
    }
}

/// All of them, in the order of their paths.
pub(crate) fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    walk(Path::new(".."), "", &mut sources); // cargo test runs us in xtask/
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    // A walk that sees no file would find no fault.
    assert!(sources.iter().any(|source| source.path == "xtask/tests/tidy/tree.rs"));
    assert!(sources.iter().any(|source| source.path == "services/homepage/src/main.rs"));
    sources
}

fn walk(folder: &Path, prefix: &str, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder of the checkout can be read") {
        let entry = entry.expect("a folder of the checkout can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_dir() && !name.starts_with('.') && !NOT_OURS.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{path}/"), sources);
        } else if kind.is_file() {
            let source = |text| Source { path, text };
            let is_ours = |extension| EXTENSIONS.contains(&extension);
            if name.rsplit_once('.').is_some_and(|(_, extension)| is_ours(extension)) {
                sources.push(source(fs::read_to_string(entry.path()).expect("text is UTF-8")));
            }
        }
    }
}
