//! The page's files, embedded in the binary. Their addresses hold one digest of all of them: what one
//! file imports by a relative address belongs to the same version, and all may be kept for ever.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "../../web/static"]
struct Ours;

#[derive(Embed)]
#[folder = "../../web/vendor"]
#[prefix = "vendor/"]
struct Vendored;

/// The modules that pages begin with.
const ENTRIES: [&str; 2] = ["app.js", "stage.js"];

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
    /// Its content.
    pub(crate) plain: Bytes,
    gzip: OnceLock<Bytes>,
}

impl Assets {
    /// Those of this binary. What has no type that browsers know is not for them.
    pub(crate) fn embedded() -> Self {
        let ours = Ours::iter().filter_map(|name| Some((Ours::get(&name)?, name)));
        let vendored = Vendored::iter().filter_map(|name| Some((Vendored::get(&name)?, name)));
        let served = |(file, name): (EmbeddedFile, Cow<'_, str>)| {
            Some((name.to_string(), Asset::new(content_type(&name)?, file)))
        };
        let files: BTreeMap<_, _> = ours.chain(vendored).filter_map(served).collect();
        let mut hasher = DefaultHasher::new();
        files.iter().for_each(|(name, asset)| (name, &asset.tag).hash(&mut hasher));
        let digest = format!("{:016x}", hasher.finish());
        let modules = ENTRIES.map(|entry| (entry, imported(&files, entry))).into();
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
}

impl Asset {
    fn new(kind: &'static str, file: EmbeddedFile) -> Self {
        let hash = file.metadata.sha256_hash();
        let tag = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let plain = match file.data {
            Cow::Borrowed(data) => Bytes::from_static(data),
            Cow::Owned(data) => data.into(),
        };
        Self { kind, tag, plain, gzip: OnceLock::new() }
    }

    /// Its content compressed, as small as it gets, once.
    pub(crate) fn gzip(&self) -> Bytes {
        let compress = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            let written = encoder.write_all(&self.plain).and_then(|()| encoder.finish());
            written.expect("memory can be written").into()
        };
        self.gzip.get_or_init(compress).clone()
    }

    /// What a module imports at once; what it loads later by `import()` is not among it.
    fn imports(&self, name: &str) -> Vec<String> {
        let text = std::str::from_utf8(&self.plain).unwrap_or_default();
        let froms = text.split(" from \"").skip(1).filter_map(|rest| rest.split('"').next());
        froms.map(|path| resolved(name, path)).collect()
    }
}

/// What `entry` imports, and what that imports, to the end.
fn imported(files: &BTreeMap<String, Asset>, entry: &str) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![entry.to_owned()]);
    while let Some(name) = open.pop() {
        let imports = files.get(&name).map(|asset| asset.imports(&name)).unwrap_or_default();
        let known = imports.into_iter().filter(|name| files.contains_key(name));
        open.extend(known.filter(|name| found.insert(name.clone())));
    }
    found
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
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn every_file_of_the_page_has_a_type_that_browsers_know() {
        let assets = Assets::embedded();
        for name in Ours::iter() {
            assert!(assets.get(&name).is_some(), "{name}");
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
        let url = assets.url("wall/wall.css");
        let digest = url.strip_prefix("/static/").unwrap().strip_suffix("/wall/wall.css").unwrap();
        assert!(digest.len() == 16 && assets.are(digest), "{url}");
        assert!(!assets.are("0123456789abcdef"));
    }

    #[test]
    fn a_compressed_file_is_the_same_file_and_smaller() {
        let assets = Assets::embedded();
        let asset = assets.get("vendor/danmu/danmu.umd.js").unwrap();
        let mut text = Vec::new();
        GzDecoder::new(&asset.gzip()[..]).read_to_end(&mut text).unwrap();
        assert!(text == asset.plain);
        assert!(asset.gzip().len() * 3 < text.len());
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
        assert_eq!(resolved("wall/wall.js", "../feed/feed.js"), "feed/feed.js");
        assert_eq!(resolved("app.js", "./text.js"), "text.js");
    }
}
