//! Which modules a page needs: read from what they import.

use std::collections::{BTreeMap, BTreeSet};

use super::Asset;

/// What `entry` imports at once, and what that imports, to the end. What is loaded later by `import()` is
/// not among it.
pub(super) fn imported(files: &BTreeMap<String, Asset>, entry: &str) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![entry.to_owned()]);
    while let Some(name) = open.pop() {
        let imports = files.get(&name).map(|asset| imports(asset, &name)).unwrap_or_default();
        let known = imports.into_iter().filter(|name| files.contains_key(name));
        open.extend(known.filter(|name| found.insert(name.clone())));
    }
    found
}

fn imports(module: &Asset, name: &str) -> Vec<String> {
    let froms = module.text().split(" from \"").skip(1);
    let paths = froms.filter_map(|rest| rest.split('"').next());
    paths.map(|path| resolved(name, path)).collect()
}

/// A relative address, as a file of this name means it.
fn resolved(name: &str, relative: &str) -> String {
    let mut parts: Vec<_> = name.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_relative_to_the_file_that_names_it() {
        assert_eq!(resolved("wall/wall.js", "../feed/feed.js"), "feed/feed.js");
        assert_eq!(resolved("wall/wall.js", "./queue.js"), "wall/queue.js");
        assert_eq!(resolved("app.js", "./text.js"), "text.js");
    }
}
