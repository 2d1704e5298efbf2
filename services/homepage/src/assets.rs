//! The page's files, embedded in the binary. Their addresses hold one digest of all of them: what one
//! file imports by a relative address belongs to the same version, and all may be kept for ever.

mod compressed;
mod lean;
mod modules;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bytes::Bytes;
use rust_embed::Embed;
use tokio_util::sync::CancellationToken;

use self::compressed::Compressed;
pub(crate) use self::compressed::Encoding;

#[derive(Embed)]
#[folder = "../../web/static"]
struct Ours;

#[derive(Embed)]
#[folder = "../../web/vendor"]
#[prefix = "vendor/"]
struct Vendored;

/// The modules that pages begin with.
const ENTRIES: [&str; 2] = ["app.js", "stage.js"];

/// The style sheets of each page, sent as one.
const STYLES: [(&str, &[&str]); 3] = [
    (
        "index.css",
        &[
            "app.css",
            "how.css",
            "wall/wall.css",
            "wall/quiet.css",
            "wall/bullets.css",
            "wall/list.css",
            "wall/card.css",
            "send/send.css",
            "send/narrow.css",
            "status/counters.css",
            "status/charts.css",
        ],
    ),
    ("stage.css", &["app.css", "wall/wall.css", "wall/bullets.css", "wall/list.css", "stage.css"]),
    ("noscript.css", &["noscript.css"]),
];

/// All files that a page may ask for.
pub(crate) struct Assets {
    files: BTreeMap<String, Asset>,
    digest: String,
    /// What each entry imports.
    modules: BTreeMap<&'static str, BTreeSet<String>>,
}

/// One file.
pub(crate) struct Asset {
    /// Its content type.
    pub(crate) kind: &'static str,
    /// Another one for another content.
    pub(crate) tag: String,
    compressed: Compressed,
}

impl Assets {
    /// Those of this binary. What has no type that browsers know is not for them.
    pub(crate) fn embedded() -> Self {
        let ours = Ours::iter().filter(|name| !name.ends_with(".css"));
        let ours = ours.filter_map(|name| Some((lean::file(&name, own(&name)?), name.into())));
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
        let modules = ENTRIES.map(|entry| (entry, modules::imported(&files, entry))).into();
        Self { files, digest, modules }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Asset> {
        self.files.get(name)
    }

    /// Whether an address with this digest means these very files.
    pub(crate) fn are(&self, digest: &str) -> bool {
        self.digest == digest
    }

    /// The address of a file.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("/static/{}/{name}", self.digest)
    }

    /// Every module that this entry needs, so that a browser need not find them one after the other.
    pub(crate) fn modules(&self, entry: &str) -> &BTreeSet<String> {
        self.modules.get(entry).expect("a page names one of the entries")
    }

    /// Compresses all, unless it is told to stop. It takes a moment, and until then they go out as they are.
    pub(crate) fn compress(&self, stop: &CancellationToken) {
        let wanted = self.files.values().take_while(|_| !stop.is_cancelled());
        wanted.for_each(|asset| asset.compressed.make());
    }
}

impl Asset {
    fn new(kind: &'static str, content: Bytes) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let tag = format!("{:016x}", hasher.finish());
        Self { kind, tag, compressed: Compressed::new(content) }
    }

    /// Its content as it is.
    pub(crate) fn plain(&self) -> &Bytes {
        self.compressed.plain()
    }

    /// Its content in the best encoding that there is yet, of those that are taken.
    pub(crate) fn encoded(&self, takes: impl Fn(Encoding) -> bool) -> Option<(Encoding, &Bytes)> {
        let mut taken = Encoding::ALL.into_iter().filter(|encoding| takes(*encoding));
        taken.find_map(|encoding| Some((encoding, self.compressed.get(encoding)?)))
    }

    /// As text; nothing of what is none.
    fn text(&self) -> &str {
        std::str::from_utf8(self.plain()).unwrap_or_default()
    }
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
        let assets = Assets::embedded();
        for name in Ours::iter() {
            let styles = STYLES.iter().flat_map(|(_, parts)| parts.iter());
            let is_style = styles.copied().any(|part| part == name);
            assert!(is_style || assets.get(&name).is_some(), "{name}");
        }
        assert!(assets.get("vendor/danmu/LICENSE").is_some());
        assert!(assets.get("vendor/README.md").is_none());
        assert!(assets.get("vendor/SHA256SUMS").is_none());
    }

    #[test]
    fn vendored_files_are_as_they_came() {
        let sums = Vendored::get("vendor/SHA256SUMS").unwrap();
        let sums = std::str::from_utf8(&sums.data).unwrap();
        let said: Vec<_> = sums.lines().filter_map(|line| line.split_once("  ")).collect();
        for (sum, name) in &said {
            let hash = Vendored::get(&format!("vendor/{name}")).unwrap().metadata.sha256_hash();
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, **sum, "{name}");
        }
        assert_eq!(
            said.len(),
            Vendored::iter().filter(|name| name.matches('/').count() > 1).count()
        );
    }

    #[test]
    fn one_digest_is_in_every_address() {
        let assets = Assets::embedded();
        let url = assets.url("wall/wall.js");
        let digest = url.strip_prefix("/static/").unwrap().strip_suffix("/wall/wall.js").unwrap();
        assert!(digest.len() == 16 && assets.are(digest), "{url}");
        assert!(!assets.are("0123456789abcdef"));
    }

    #[test]
    fn the_modules_of_a_page_are_those_it_imports_at_once() {
        let assets = Assets::embedded();
        let modules = assets.modules("app.js");
        for name in ["text.js", "wall/wall.js", "feed/calls.js"] {
            assert!(modules.contains(name), "{name}");
        }
        for name in ["app.js", "stage.js", "status/charts.js"] {
            assert!(!modules.contains(name), "{name}");
        }
        assert!(modules.iter().all(|name| !name.starts_with("words/")));
    }
}
