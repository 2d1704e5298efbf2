//! `GET /`, `GET /stage`, and the QR code that leads to the page. Without JavaScript the page is a plain form and
//! a table of the newest messages.

use std::cmp::Reverse;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, RETRY_AFTER, SET_COOKIE, VARY};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use barrage::time::Millis;
use qrcode::render::svg::Color;
use qrcode::{EcLevel, QrCode};
use serde::Deserialize;

use super::permission::may_show;
use super::problem::Problem;
use crate::assets::Assets;
use crate::config::Page;
use crate::page::form::FormView;
use crate::page::language::Locale;
use crate::page::notice::{Notice, Sent};
use crate::page::public_url::PublicUrl;
use crate::page::trace_ui::TraceUi;
use crate::page::translations::Translations;
use crate::page::{BulletView, Index, Stage};
use crate::reader::feed::Feed;
use crate::request::RawFields;

/// How many bullets the table for people without JavaScript has.
const BULLETS: usize = 20;

/// What both pages are made of.
pub(crate) struct Pages {
    pub(crate) assets: Data<Assets>,
    pub(crate) feed: Data<Feed>,
    pub(crate) settings: Data<Page>,
}

/// The first page. The parameters of the address fill the form. To people without JavaScript it says once that
/// their burst has begun.
pub(super) async fn show(
    pages: Data<Pages>,
    request: HttpRequest,
    locale: Locale,
    public: PublicUrl,
    parameters: Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let pairs = parameters.into_inner().into_iter();
    let raw: RawFields = pairs.map(|(name, value)| (name, value.into())).collect();
    let translations = locale.language.translations();
    let form = FormView::open(&raw, translations);
    let mut response = HttpResponse::Ok();
    let notice = Sent::of(&request).map(|sent| {
        response.insert_header((SET_COOKIE, Sent::forgotten(&pages.settings.base_path)));
        Notice::sent(sent, translations)
    });
    let page = pages.index(locale, public, form, notice);
    html(response, locale, &Index { controls: may_show(&request), ..page })
}

/// The page for a projector.
pub(super) async fn stage(
    pages: Data<Pages>,
    request: HttpRequest,
    locale: Locale,
    public: PublicUrl,
) -> Result<HttpResponse, Problem> {
    let page = Stage {
        locale,
        translations: locale.language.translations(),
        base: &pages.settings.base_path,
        assets: &pages.assets,
        public,
        controls: may_show(&request),
        bullets: pages.newest(),
    };
    html(HttpResponse::Ok(), locale, &page)
}

/// A QR code of the page's address, with a form that sends one message.
pub(super) async fn qr(locale: Locale, public: PublicUrl) -> HttpResponse {
    let address = format!("{}/?c=1&d=1&r=1{}", public.as_str(), locale.query("&"));
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(picture(&address))
}

impl Pages {
    /// The first page with the form that was refused, and with the reason.
    pub(super) fn refused(
        &self,
        locale: Locale,
        public: PublicUrl,
        raw: &RawFields,
        problem: &Problem,
    ) -> Result<HttpResponse, Problem> {
        let translations = locale.language.translations();
        let form = FormView::new(raw, &problem.field_errors(), translations);
        let notice = form.notice(translations).unwrap_or_else(|| refusal(problem, translations));
        let mut response = HttpResponseBuilder::new(problem.status());
        if let Some(seconds) = problem.retry_after() {
            response.insert_header((RETRY_AFTER, seconds));
        }
        html(response, locale, &self.index(locale, public, form, Some(Notice::refused(notice))))
    }

    fn index(
        &self,
        locale: Locale,
        public: PublicUrl,
        form: FormView,
        notice: Option<Notice>,
    ) -> Index<'_> {
        Index {
            locale,
            translations: locale.language.translations(),
            base: &self.settings.base_path,
            assets: &self.assets,
            public,
            trace_ui: self.settings.trace_ui.as_ref().map_or("", TraceUi::as_str),
            form,
            notice,
            controls: false,
            bullets: self.newest(),
        }
    }

    /// The newest bullets for the table, the newest first.
    fn newest(&self) -> Vec<BulletView> {
        let newest = self.feed.newest(BULLETS);
        let bullets = newest.iter().rev();
        let read = bullets.filter_map(|json| serde_json::from_slice::<BulletJson>(json).ok());
        let mut read: Vec<_> = read.collect();
        // Of two partitions, a message may come before an older one. The table shows when each was sent.
        read.sort_by_key(|bullet| Reverse(bullet.sent_at));
        let views = read.into_iter().map(|bullet| BulletView {
            message: bullet.message,
            sent_at: bullet.sent_at.rfc3339().to_string(),
            processor: bullet.processor,
            latency_ms: (bullet.stored_at.0 - bullet.sent_at.0).max(0),
        });
        views.collect()
    }
}

/// Why nothing was sent, when no field has an error.
fn refusal(problem: &Problem, translations: &Translations) -> String {
    match (problem.status(), problem.retry_after()) {
        (StatusCode::TOO_MANY_REQUESTS, Some(seconds)) => translations.too_much.with(seconds),
        (StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) => translations.kafka_away.with(seconds),
        _ => problem.detail.clone(),
    }
}

fn html(
    mut response: HttpResponseBuilder,
    locale: Locale,
    page: &impl Template,
) -> Result<HttpResponse, Problem> {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be rendered");
        Problem::internal()
    })?;
    response.insert_header((CACHE_CONTROL, "no-store"));
    response.insert_header((CONTENT_LANGUAGE, locale.language.tag()));
    response.insert_header((VARY, "Accept-Language"));
    Ok(response.content_type("text/html; charset=utf-8").body(html))
}

/// Dark on white with a white border, because the page around it is dark. Level M corrects 15 % of errors, which
/// a weak projector may need.
fn picture(address: &str) -> String {
    let code = QrCode::with_error_correction_level(address, EcLevel::M);
    let code = code.expect("an address is far shorter than the largest code");
    code.render().dark_color(Color("#0a0d13")).light_color(Color("#ffffff")).build()
}

/// What the table shows of a bullet.
#[derive(Deserialize)]
struct BulletJson {
    message: String,
    processor: String,
    sent_at: Millis,
    stored_at: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::translations::ZH;

    #[test]
    fn a_refusal_without_a_field_error_says_when_to_try_again() {
        let text = refusal(&Problem::kafka_away(), &ZH);
        assert_eq!(text, "Kafka 暂时无法接收，请 2 秒后再试。");
    }

    #[test]
    fn a_qr_code_is_a_picture_that_grows_with_its_address() {
        let short = picture("http://192.168.1.5:8080/?c=1&d=1&r=1");
        let long = picture(&format!("https://{}/?c=1&d=1&r=1&lang=zh", "x".repeat(192)));
        for text in [&short, &long] {
            assert!(text.contains("<svg") && text.contains("viewBox"), "{text}");
            assert!(text.contains("#0a0d13") && text.contains("#ffffff"), "{text}");
            assert!(!text.contains("<script") && !text.contains("style="), "{text}");
        }
        assert!(short.len() < long.len());
    }
}
