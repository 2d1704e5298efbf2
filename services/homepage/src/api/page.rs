//! `GET /` and `GET /stage`: the pages. The first works as a plain form without JavaScript.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, RETRY_AFTER, VARY};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use barrage::time::Millis;
use serde::Deserialize;

use super::Api;
use super::problem::Problem;
use crate::page::form::FormView;
use crate::page::language::Locale;
use crate::page::trace_ui::TraceUi;
use crate::page::translations::Translations;
use crate::page::{BulletView, Index, Stage};
use crate::request::RawFields;

/// How many bullets the table for those without JavaScript has.
const BULLETS: usize = 50;

/// The first page; parameters of the address fill the form.
pub(super) async fn show(
    api: Data<Api>,
    request: HttpRequest,
    parameters: Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let pairs = parameters.into_inner().into_iter();
    let raw: RawFields = pairs.map(|(name, value)| (name, value.into())).collect();
    let locale = Locale::of(&request);
    let form = FormView::open(&raw, locale.language.translations());
    render(&api, &request, HttpResponse::Ok(), locale, form, None)
}

/// The first page with the form that was refused, and with the reason.
///
/// # Errors
/// When the request names no host that could be one.
pub(super) fn refuse(
    api: &Api,
    request: &HttpRequest,
    raw: &RawFields,
    problem: &Problem,
) -> Result<HttpResponse, Problem> {
    let locale = Locale::of(request);
    let translations = locale.language.translations();
    let form = FormView::new(raw, &problem.field_errors(), translations);
    let notice = form.notice(translations).unwrap_or_else(|| refusal(problem, translations));
    let mut response = HttpResponseBuilder::new(problem.status());
    if let Some(seconds) = problem.retry_after() {
        response.insert_header((RETRY_AFTER, seconds));
    }
    render(api, request, response, locale, form, Some(notice))
}

/// Why nothing was sent, when no field has an error.
fn refusal(problem: &Problem, translations: &Translations) -> String {
    match (problem.status(), problem.retry_after()) {
        (StatusCode::TOO_MANY_REQUESTS, Some(seconds)) => translations.too_much.with(seconds),
        (StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) => translations.kafka_away.with(seconds),
        _ => problem.detail.clone(),
    }
}

fn render(
    api: &Api,
    request: &HttpRequest,
    response: HttpResponseBuilder,
    locale: Locale,
    form: FormView,
    notice: Option<String>,
) -> Result<HttpResponse, Problem> {
    let page = Index {
        locale,
        translations: locale.language.translations(),
        assets: &api.assets,
        public: api.public_url(request)?,
        trace_ui: api.page.trace_ui.as_ref().map_or("", TraceUi::as_str),
        form,
        notice,
        bullets: newest(api),
    };
    html(response, locale, &page)
}

/// The page for a projector.
pub(super) async fn stage(api: Data<Api>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let locale = Locale::of(&request);
    let page = Stage {
        locale,
        translations: locale.language.translations(),
        assets: &api.assets,
        public: api.public_url(&request)?,
        bullets: newest(&api),
    };
    html(HttpResponse::Ok(), locale, &page)
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

/// What the table shows of a bullet.
#[derive(Deserialize)]
struct BulletJson {
    message: String,
    processor: String,
    sent_at: Millis,
    stored_at: Millis,
}

/// The newest bullets, newest first.
fn newest(api: &Api) -> Vec<BulletView> {
    let view = api.wall.view(None, BULLETS);
    let bullets = view.bullets.iter().rev();
    let read = bullets.filter_map(|json| serde_json::from_slice::<BulletJson>(json).ok());
    read.map(|bullet| BulletView {
        message: bullet.message,
        sent_at: bullet.sent_at.rfc3339().to_string(),
        processor: bullet.processor,
        latency_ms: (bullet.stored_at.0 - bullet.sent_at.0).max(0),
    })
    .collect()
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
}
