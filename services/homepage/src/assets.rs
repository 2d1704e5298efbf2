//! The page's files, embedded in the binary. Their addresses hold one digest of all files. So what a file
//! imports by a relative address is of the same version, and a browser may keep every file for ever.

mod compressed;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bytes::Bytes;
use rust_embed::Embed;
use tokio_util::sync::CancellationToken;

use self::compressed::Compressed;
pub(crate) use self::compressed::Encoding;
use crate::page::base_path::BasePath;

#[derive(Embed)]
#[folder = "../../web/static"]
struct Ours;

#[derive(Embed)]
#[folder = "../../web/vendor"]
#[prefix = "vendor/"]
struct Vendored;

/// The modules that pages begin with.
const ENTRIES: [&str; 3] = ["app.js", "stage.js", "join/join.js"];

/// The style sheets of each page, sent as one file.
const STYLES: [(&str, &[&str]); 8] = [
    (
        "index.css",
        &[
            "app.css",
            "how.css",
            "wall/wall.css",
            "wall/quiet.css",
            "wall/bullets.css",
            "wall/list.css",
            "send/send.css",
            "send/narrow.css",
            "status/counters.css",
            "pipeline/pipeline.css",
            "pipeline/narrow.css",
            "pipeline/timeline.css",
            "pipeline/page.css",
            "forced.css",
        ],
    ),
    (
        "stage.css",
        &[
            "app.css",
            "wall/wall.css",
            "wall/bullets.css",
            "wall/list.css",
            "pipeline/pipeline.css",
            "pipeline/square.css",
            "pipeline/narrow.css",
            "pipeline/timeline.css",
            "stage.css",
            "screens.css",
            "forced.css",
        ],
    ),
    (
        "join.css",
        &["app.css", "wall/bullets.css", "join/join.css", "join/frames.css", "forced.css"],
    ),
    ("light.css", &["light.css"]),
    ("card.css", &["wall/card.css"]),
    ("desk.css", &["pipeline/desk.css"]),
    ("tour.css", &["pipeline/tour.css"]),
    ("noscript.css", &["noscript.css"]),
];

/// All files that a page may load.
pub(crate) struct Assets {
    files: BTreeMap<String, Asset>,
    digest: String,
    base: BasePath,
    /// What each entry imports, by the entry.
    modules: BTreeMap<&'static str, BTreeSet<String>>,
}

pub(crate) struct Asset {
    pub(crate) content_type: &'static str,
    /// A digest of the content.
    pub(crate) tag: String,
    compressed: Compressed,
}

impl Assets {
    /// The files of this binary. Those without a type that browsers know, such as a README, are left out.
    pub(crate) fn embedded(base: BasePath) -> Self {
        let ours = Ours::iter().filter(|name| !name.ends_with(".css"));
        let ours = ours.filter_map(|name| Some((own(&name)?, name.into())));
        let vendored = Vendored::iter()
            .filter_map(|name| Some((bytes(Vendored::get(&name)?.data), name.into_owned())));
        let styles = STYLES.map(|(page, parts)| (style(parts), page.to_owned()));
        let served = |(content, name): (Bytes, String)| {
            let asset = Asset::new(content_type(&name)?, content);
            Some((name, asset))
        };
        let files: BTreeMap<_, _> = ours.chain(vendored).chain(styles).filter_map(served).collect();
        let mut hasher = DefaultHasher::new();
        files.iter().for_each(|(name, asset)| (name, &asset.tag).hash(&mut hasher));
        let digest = format!("{:016x}", hasher.finish());
        let modules = ENTRIES.map(|entry| (entry, imported(&files, entry))).into();
        Self { files, digest, base, modules }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Asset> {
        self.files.get(name)
    }

    /// Whether an address with this digest means the files of this binary.
    pub(crate) fn have_digest(&self, digest: &str) -> bool {
        self.digest == digest
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("{}static/{}/{name}", self.base, self.digest)
    }

    /// Every module that an entry needs. The page names them all, so that a browser loads them at once.
    pub(crate) fn modules(&self, entry: &str) -> &BTreeSet<String> {
        self.modules.get(entry).expect("a page names one of the entries")
    }

    /// Compresses all files until `stop`. This takes a moment. Until then they are sent as they are.
    pub(crate) fn compress(&self, stop: &CancellationToken) {
        let wanted = self.files.values().take_while(|_| !stop.is_cancelled());
        wanted.for_each(|asset| asset.compressed.make());
    }
}

impl Asset {
    fn new(content_type: &'static str, content: Bytes) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let tag = format!("{:016x}", hasher.finish());
        Self { content_type, tag, compressed: Compressed::new(content) }
    }

    /// The content as it is in the repository, without compression.
    pub(crate) fn plain(&self) -> &Bytes {
        self.compressed.plain()
    }

    /// The content in the first of these encodings that is ready.
    pub(crate) fn encoded(
        &self,
        mut accepted: impl Iterator<Item = Encoding>,
    ) -> Option<(Encoding, &Bytes)> {
        accepted.find_map(|encoding| Some((encoding, self.compressed.get(encoding)?)))
    }

    /// The content as text; empty if it is not UTF-8.
    fn text(&self) -> &str {
        std::str::from_utf8(self.plain()).unwrap_or_default()
    }
}

/// What `entry` imports, and what these import in turn. Modules that are loaded later by `import()` are left
/// out, so that a page does not load them at once.
fn imported(files: &BTreeMap<String, Asset>, entry: &str) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![entry.to_owned()]);
    while let Some(name) = open.pop() {
        let imports = files.get(&name).map(|asset| imports(asset, &name)).unwrap_or_default();
        let known = imports.into_iter().filter(|name| files.contains_key(name));
        open.extend(known.filter(|name| found.insert(name.clone())));
    }
    found
}

fn imports(module: &Asset, name: &str) -> Vec<String> {
    let code = module.text().lines().filter(|line| !is_comment(line));
    let froms = code.flat_map(|line| line.split(" from \"").skip(1));
    let paths = froms.filter_map(|rest| rest.split('"').next());
    paths.map(|path| resolved(name, path)).collect()
}

/// Whether all of a line is a comment: `// …`, `/* …`, or ` * …` between the two.
fn is_comment(line: &str) -> bool {
    ["//", "/*", "*"].iter().any(|start| line.trim_start().starts_with(start))
}

/// The file that a relative import means: `../feed/feed.js` in `wall/wall.js` is `feed/feed.js`.
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

fn own(name: &str) -> Option<Bytes> {
    Some(bytes(Ours::get(name)?.data))
}

/// Several style sheets as one.
fn style(parts: &[&str]) -> Bytes {
    parts.iter().filter_map(|name| own(name)).collect::<Vec<_>>().concat().into()
}

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => data.into(),
    }
}

fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit(['.', '/']).next() {
        Some("js") => Some("text/javascript; charset=utf-8"),
        Some("css") => Some("text/css; charset=utf-8"),
        Some("svg") => Some("image/svg+xml"),
        Some("LICENSE") => Some("text/plain; charset=utf-8"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_has_a_type_that_browsers_know() {
        let assets = Assets::embedded("/".parse().unwrap());
        for name in Ours::iter() {
            let styles = STYLES.iter().flat_map(|(_, parts)| parts.iter());
            let is_style = styles.copied().any(|part| part == name);
            assert!(is_style || assets.get(&name).is_some(), "{name}");
        }
        assert!(assets.get("vendor/uplot/LICENSE").is_some());
        assert!(assets.get("vendor/README.md").is_none());
        assert!(assets.get("vendor/SHA256SUMS").is_none());
    }

    #[test]
    fn vendored_files_are_as_they_came() {
        let sums = Vendored::get("vendor/SHA256SUMS").unwrap();
        let sums = std::str::from_utf8(&sums.data).unwrap();
        let listed: Vec<_> = sums.lines().filter_map(|line| line.split_once("  ")).collect();
        for (sum, name) in &listed {
            let hash = Vendored::get(&format!("vendor/{name}")).unwrap().metadata.sha256_hash();
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, **sum, "{name}");
        }
        assert_eq!(
            listed.len(),
            Vendored::iter().filter(|name| name.matches('/').count() > 1).count()
        );
    }

    #[test]
    fn one_digest_is_in_every_address() {
        let assets = Assets::embedded("/".parse().unwrap());
        let url = assets.url("wall/wall.js");
        let digest = url.strip_prefix("/static/").unwrap().strip_suffix("/wall/wall.js").unwrap();
        assert!(digest.len() == 16 && assets.have_digest(digest), "{url}");
        assert!(!assets.have_digest("0123456789abcdef"));
    }

    #[test]
    fn an_address_is_relative_to_the_file_that_names_it() {
        assert_eq!(resolved("wall/wall.js", "../feed/feed.js"), "feed/feed.js");
        assert_eq!(resolved("wall/wall.js", "./queue.js"), "wall/queue.js");
        assert_eq!(resolved("app.js", "./text.js"), "text.js");
    }

    #[test]
    fn what_a_comment_imports_is_not_imported() {
        let module = r#"
import { a } from "./a.js";
import {
  b,
} from "./b.js";
// import { c } from "./c.js";
/** As in `import { d } from "./d.js"`.
 * Or: import { e } from "./e.js"
 */
  // The bullets come from "./f.js".
export { g } from "../g.js"; // not from here
"#;
        let module = Asset::new("text/javascript", Bytes::from_static(module.as_bytes()));
        assert_eq!(imports(&module, "wall/wall.js"), ["wall/a.js", "wall/b.js", "g.js"]);
    }

    #[test]
    fn the_modules_of_a_page_are_those_it_imports_at_once() {
        let assets = Assets::embedded("/".parse().unwrap());
        let modules = assets.modules("app.js");
        for name in ["text.js", "wall/wall.js", "feed/calls.js"] {
            assert!(modules.contains(name), "{name}");
        }
        for name in ["app.js", "stage.js", "pipeline/page.js", "pipeline/stage.js"] {
            assert!(!modules.contains(name), "{name}");
        }
        let guests = assets.modules("join/join.js");
        for (name, is_at_once) in
            [("join/outbox.js", true), ("text.js", true), ("wall/wall.js", false)]
        {
            assert_eq!(guests.contains(name), is_at_once, "{name}");
        }
        assert!(modules.iter().all(|name| !name.starts_with("translations/")));
    }
}
