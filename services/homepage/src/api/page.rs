//! `GET /`, `GET /stage`, `GET /join`, and the QR code that leads to the last one. Without JavaScript each page is a
//! plain form and the newest messages.

use std::cmp::Reverse;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, RETRY_AFTER, SET_COOKIE, VARY};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _};
use askama::Template;
use barrage::time::Millis;
use qrcode::render::svg::Color;
use qrcode::{EcLevel, QrCode};
use serde::Deserialize;

use super::permission::may_show;
use super::problem::Problem;
use crate::assets::Assets;
use crate::config::Page;
use crate::device::Visit;
use crate::page::form::{FormView, GuestForm};
use crate::page::language::Locale;
use crate::page::notice::{Notice, Sent};
use crate::page::public_url::PublicUrl;
use crate::page::trace_ui::TraceUi;
use crate::page::translations::Translations;
use crate::page::{BulletView, Index, Join, Stage};
use crate::reader::feed::Feed;
use crate::request::{FieldErrors, RawFields};

/// How many bullets the table for people without JavaScript has.
const BULLETS: usize = 20;
/// How many the guest's page has for them.
const GUEST_BULLETS: usize = 8;

/// What all pages are made of.
pub(crate) struct Pages {
    pub(crate) assets: Data<Assets>,
    pub(crate) feed: Data<Feed>,
    pub(crate) settings: Data<Page>,
}

/// The first page. The parameters of the address fill the form. To people without JavaScript it says once that
/// their burst has begun.
pub(super) async fn show(
    pages: Data<Pages>,
    (request, visit): (HttpRequest, Visit),
    locale: Locale,
    public: PublicUrl,
    parameters: Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let pairs = parameters.into_inner().into_iter();
    let raw: RawFields = pairs.map(|(name, value)| (name, value.into())).collect();
    let translations = locale.language.translations();
    let form = FormView::open(&raw, translations);
    let (response, notice) = pages.opened(&request, visit, translations);
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
        bullets: pages.newest(BULLETS),
    };
    html(HttpResponse::Ok(), locale, &page)
}

/// The guest's page: one message at a time. To people without JavaScript it says once that theirs was sent.
pub(super) async fn join(
    pages: Data<Pages>,
    (request, visit): (HttpRequest, Visit),
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    let translations = locale.language.translations();
    let (response, notice) = pages.opened(&request, visit, translations);
    let form = GuestForm::new(&RawFields::new(), &FieldErrors::new(), translations);
    html(response, locale, &pages.guest(locale, form, notice))
}

/// A QR code of the guest's page.
pub(super) async fn qr(locale: Locale, public: PublicUrl) -> HttpResponse {
    let address = format!("{}{}", public.guest(), locale.query("?"));
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(picture(&address))
}

impl Pages {
    /// The answer to whoever opens a page with a form, with the cookie of a new device. To people without JavaScript the
    /// notice says once what was sent.
    fn opened(
        &self,
        request: &HttpRequest,
        visit: Visit,
        translations: &Translations,
    ) -> (HttpResponseBuilder, Option<Notice>) {
        let mut response = HttpResponse::Ok();
        if let Some(cookie) = visit.cookie(&self.settings.base_path) {
            response.append_header((SET_COOKIE, cookie));
        }
        let notice = Sent::of(request).map(|sent| {
            response.append_header((SET_COOKIE, Sent::forgotten(&self.settings.base_path)));
            Notice::sent(sent, translations)
        });
        (response, notice)
    }

    /// The answer, with the cookie that makes a new device known.
    pub(super) fn introduce(
        &self,
        visit: Visit,
        answer: Result<HttpResponse, Problem>,
    ) -> HttpResponse {
        let mut response = answer.unwrap_or_else(|problem| problem.error_response());
        if let Some(cookie) = visit.cookie(&self.settings.base_path) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

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
        let page = self.index(locale, public, form, Some(Notice::refused(notice)));
        html(refusing(problem), locale, &page)
    }

    /// The guest's page with the message that was refused, and with the reason.
    pub(super) fn join_refused(
        &self,
        locale: Locale,
        raw: &RawFields,
        problem: &Problem,
    ) -> Result<HttpResponse, Problem> {
        let translations = locale.language.translations();
        let form = GuestForm::new(raw, &problem.field_errors(), translations);
        let notice = match (problem.status(), problem.retry_after()) {
            _ if form.has_errors() => translations.nothing_sent_yet.to_owned(),
            (StatusCode::TOO_MANY_REQUESTS, Some(seconds)) => translations.too_soon.with(seconds),
            _ => refusal(problem, translations),
        };
        let page = self.guest(locale, form, Some(Notice::refused(notice)));
        html(refusing(problem), locale, &page)
    }

    fn guest(&self, locale: Locale, form: GuestForm, notice: Option<Notice>) -> Join<'_> {
        Join {
            locale,
            translations: locale.language.translations(),
            base: &self.settings.base_path,
            assets: &self.assets,
            form,
            notice,
            bullets: self.newest(GUEST_BULLETS),
        }
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
            bullets: self.newest(BULLETS),
        }
    }

    /// The newest bullets for the table, at most so many, the newest first.
    fn newest(&self, most: usize) -> Vec<BulletView> {
        let newest = self.feed.newest(most);
        let bullets = newest.iter().rev();
        let read = bullets.filter_map(|json| serde_json::from_slice::<BulletJson>(json).ok());
        let mut read: Vec<_> = read.collect();
        // Of two partitions, a message may come before an older one. The table shows when each was sent.
        read.sort_by_key(|bullet| Reverse(bullet.sent_at));
        let views = read.into_iter().map(|bullet| BulletView {
            message: bullet.message,
            name: bullet.name,
            sent_at: bullet.sent_at.rfc3339().to_string(),
            processor: bullet.processor,
            latency_ms: (bullet.stored_at.0 - bullet.sent_at.0).max(0),
        });
        views.collect()
    }
}

/// An answer with the problem's status.
fn refusing(problem: &Problem) -> HttpResponseBuilder {
    let mut response = HttpResponseBuilder::new(problem.status());
    if let Some(seconds) = problem.retry_after() {
        response.insert_header((RETRY_AFTER, seconds));
    }
    response
}

/// Why nothing was sent, when no field has an error.
fn refusal(problem: &Problem, translations: &Translations) -> String {
    match (problem.status(), problem.retry_after()) {
        (StatusCode::TOO_MANY_REQUESTS, Some(seconds)) => {
            translations.limit_exceeded(problem.limit(), seconds)
        }
        (StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) => translations.kafka_away.with(seconds),
        _ => problem.detail.to_string(),
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
    name: Option<String>,
    processor: String,
    sent_at: Millis,
    stored_at: Millis,
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;

    use super::*;
    use crate::page::translations::ZH;

    #[test]
    fn a_refusal_without_a_field_error_says_when_to_try_again() {
        let text = refusal(&Problem::kafka_away(), &ZH);
        assert_eq!(text, "Kafka 暂时无法接收，请 2 秒后再试。");
    }

    #[actix_web::test]
    async fn the_qr_code_leads_to_the_guests_page_in_the_language_of_the_address() {
        let public: PublicUrl = "https://example.com/barrage".parse().unwrap();
        for (query, address) in [
            ("", "https://example.com/barrage/join"),
            ("?lang=zh", "https://example.com/barrage/join?lang=zh"),
        ] {
            let request = TestRequest::with_uri(&format!("/qr.svg{query}")).to_http_request();
            let answer = qr(Locale::of(&request), public.clone()).await;
            let code = to_bytes(answer.into_body()).await.unwrap();
            assert_eq!(code, picture(address).as_bytes(), "{address}");
        }
    }

    #[test]
    fn a_qr_code_is_a_picture_that_grows_with_its_address() {
        let short = picture("http://192.168.1.5:8080/join");
        let long = picture(&format!("https://{}/join?lang=zh", "x".repeat(192)));
        for text in [&short, &long] {
            assert!(text.contains("<svg") && text.contains("viewBox"), "{text}");
            assert!(text.contains("#0a0d13") && text.contains("#ffffff"), "{text}");
            assert!(!text.contains("<script") && !text.contains("style="), "{text}");
        }
        assert!(short.len() < long.len());
    }
}
