//! The pages: what their templates need, in the language of whoever reads them.

pub(crate) mod form;
pub(crate) mod language;
pub(crate) mod public_url;
pub(crate) mod trace_ui;
pub(crate) mod translations;

use askama::Template;

use self::form::FormView;
use self::language::Locale;
use self::public_url::PublicUrl;
use self::translations::Translations;
use crate::assets::Assets;

/// The first page.
#[derive(Template)]
#[template(path = "index.html")]
pub(crate) struct Index<'a> {
    pub(crate) locale: Locale,
    pub(crate) translations: &'static Translations,
    pub(crate) assets: &'a Assets,
    pub(crate) public: PublicUrl,
    /// Where traces are looked at; nothing when nobody said where.
    pub(crate) trace_ui: &'a str,
    pub(crate) form: FormView,
    pub(crate) notice: Option<String>,
    pub(crate) bullets: Vec<BulletView>,
}

/// The page for a projector.
#[derive(Template)]
#[template(path = "stage.html")]
pub(crate) struct Stage<'a> {
    pub(crate) locale: Locale,
    pub(crate) translations: &'static Translations,
    pub(crate) assets: &'a Assets,
    pub(crate) public: PublicUrl,
    pub(crate) bullets: Vec<BulletView>,
}

/// A row of the list, for those without JavaScript.
pub(crate) struct BulletView {
    pub(crate) message: String,
    /// When it was sent, RFC 3339.
    pub(crate) sent_at: String,
    pub(crate) processor: String,
    pub(crate) latency_ms: i64,
}

impl BulletView {
    /// The time of day, as UTC: where the reader is, only a script would know.
    fn clock(&self) -> &str {
        self.sent_at.get(11..19).unwrap_or_default()
    }
}
