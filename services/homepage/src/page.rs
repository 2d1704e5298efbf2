//! The pages: the values that their templates need, with the texts of one language.

pub(crate) mod base_path;
pub(crate) mod form;
pub(crate) mod language;
pub(crate) mod notice;
pub(crate) mod public_url;
pub(crate) mod trace_ui;
pub(crate) mod translations;

use askama::Template;

use self::base_path::BasePath;
use self::form::{FormView, GuestForm};
use self::language::Locale;
use self::notice::Notice;
use self::public_url::PublicUrl;
use self::translations::Translations;
use crate::assets::Assets;

/// The first page: the wall, the form and the numbers.
#[derive(Template)]
#[template(path = "index.html")]
pub(crate) struct Index<'a> {
    pub(crate) locale: Locale,
    pub(crate) translations: &'static Translations,
    pub(crate) base: &'a BasePath,
    pub(crate) assets: &'a Assets,
    pub(crate) public: PublicUrl,
    /// The address of a trace, with `{trace}` in the place of its id. Empty without `TRACE_UI`.
    pub(crate) trace_ui: &'a str,
    pub(crate) form: FormView,
    pub(crate) notice: Option<Notice>,
    /// Whether the page may ask for the controls of a demo.
    pub(crate) controls: bool,
    pub(crate) bullets: Vec<BulletView>,
}

/// The page for a projector, which has no form.
#[derive(Template)]
#[template(path = "stage.html")]
pub(crate) struct Stage<'a> {
    pub(crate) locale: Locale,
    pub(crate) translations: &'static Translations,
    pub(crate) base: &'a BasePath,
    pub(crate) assets: &'a Assets,
    pub(crate) public: PublicUrl,
    /// Whether the page may ask for the controls of a demo.
    pub(crate) controls: bool,
    pub(crate) bullets: Vec<BulletView>,
}

/// The guest's page: one message at a time.
#[derive(Template)]
#[template(path = "join.html")]
pub(crate) struct Join<'a> {
    pub(crate) locale: Locale,
    pub(crate) translations: &'static Translations,
    pub(crate) base: &'a BasePath,
    pub(crate) assets: &'a Assets,
    pub(crate) form: GuestForm,
    pub(crate) notice: Option<Notice>,
    pub(crate) bullets: Vec<BulletView>,
}

/// A row of the table that people without JavaScript see.
pub(crate) struct BulletView {
    pub(crate) message: String,
    /// What its sender calls themselves.
    pub(crate) name: Option<String>,
    /// When the message was sent, in RFC 3339.
    pub(crate) sent_at: String,
    pub(crate) processor: String,
    pub(crate) latency_ms: i64,
}

impl BulletView {
    /// The time of day in UTC. Only a script knows the reader's time zone.
    fn clock(&self) -> &str {
        self.sent_at.get(11..19).unwrap_or_default()
    }
}
