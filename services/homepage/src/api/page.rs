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
use crate::ask::Raw;
use crate::page::form::Answer;
use crate::page::language::Locale;
use crate::page::trace_ui::TraceUi;
use crate::page::{BulletView, Index, Stage};

/// How many bullets the table for those without JavaScript has.
const BULLETS: usize = 50;

/// The first page; parameters of the address fill the form.
pub(super) async fn show(
    api: Data<Api>,
    request: HttpRequest,
    parameters: Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let pairs = parameters.into_inner().into_iter();
    let raw: Raw = pairs.map(|(name, value)| (name, value.into())).collect();
    let locale = Locale::of(&request);
    render(&api, &request, locale, Answer::open(&raw, locale.language.words()))
}

/// The first page after its form was refused.
///
/// # Errors
/// When the request names no host that could be one.
pub(super) fn refuse(
    api: &Api,
    request: &HttpRequest,
    raw: &Raw,
    problem: &Problem,
) -> Result<HttpResponse, Problem> {
    let locale = Locale::of(request);
    render(api, request, locale, Answer::refused(raw, problem, locale.language.words()))
}

fn render(
    api: &Api,
    request: &HttpRequest,
    locale: Locale,
    answer: Answer,
) -> Result<HttpResponse, Problem> {
    let page = Index {
        locale,
        words: locale.language.words(),
        assets: &api.assets,
        public: api.public_url(request)?,
        trace_ui: api.page.trace_ui.as_ref().map_or("", TraceUi::as_str),
        form: answer.form,
        notice: answer.notice,
        bullets: newest(api),
    };
    let mut response = HttpResponseBuilder::new(answer.status);
    if let Some(seconds) = answer.retry_after {
        response.insert_header((RETRY_AFTER, seconds));
    }
    html(response, locale, &page)
}

/// The page for a projector.
pub(super) async fn stage(api: Data<Api>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let locale = Locale::of(&request);
    let page = Stage {
        locale,
        words: locale.language.words(),
        assets: &api.assets,
        public: api.public_url(&request)?,
        bullets: newest(&api),
    };
    html(HttpResponseBuilder::new(StatusCode::OK), locale, &page)
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
