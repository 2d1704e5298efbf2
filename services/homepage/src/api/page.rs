//! `GET /`: the page. It works as a plain form without JavaScript.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{Data, Query};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use barrage::time::Millis;
use serde::Deserialize;

use super::problem::Problem;
use super::{Api, assets};
use crate::ask::{CONCURRENCY, DURATION, Field, MESSAGE, RATE, Raw};

/// How many bullets the table for those without JavaScript has.
const BULLETS: usize = 50;
/// What the form holds at first.
const GREETING: &str = "hello barrage";

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    form: FormView,
    errors: ErrorsView,
    notice: Option<String>,
    bullets: Vec<BulletView>,
    css: &'a str,
    js: &'a str,
}

/// What was typed, or the defaults.
#[derive(Debug, Default)]
struct FormView {
    message: String,
    concurrency: String,
    duration: String,
    rate: String,
}

/// What is wrong with each field.
#[derive(Debug, Default)]
struct ErrorsView {
    message: Option<String>,
    concurrency: Option<String>,
    duration: Option<String>,
    rate: Option<String>,
}

struct BulletView {
    message: String,
    time: String,
    processor: String,
    latency_ms: i64,
}

/// What the page says beside the wall.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    retry_after: Option<u64>,
    form: FormView,
    errors: ErrorsView,
    notice: Option<String>,
}

impl Answer {
    /// The form as it is opened; a link may fill it.
    fn open(raw: &Raw) -> Self {
        let (errors, notice) = (ErrorsView::default(), None);
        Self { status: StatusCode::OK, retry_after: None, form: FormView::of(raw), errors, notice }
    }

    /// The form as it comes back with what was typed.
    pub(super) fn refused(raw: &Raw, problem: &Problem) -> Self {
        let error = |name| {
            let entry = problem.errors.iter().find(|error| error.field == name);
            entry.map(|error| error.detail.clone())
        };
        let errors = ErrorsView {
            message: error(MESSAGE),
            concurrency: error(CONCURRENCY.name),
            duration: error(DURATION.name),
            rate: error(RATE.name),
        };
        Self {
            status: problem.status(),
            retry_after: problem.retry_after(),
            form: FormView::of(raw),
            notice: problem.errors.is_empty().then(|| problem.detail.clone()),
            errors,
        }
    }
}

impl FormView {
    fn of(raw: &Raw) -> Self {
        let typed = |name| raw.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let number = |field: Field| typed(field.name).unwrap_or_else(|| field.default.to_string());
        Self {
            message: typed(MESSAGE).unwrap_or_else(|| GREETING.to_owned()),
            concurrency: number(CONCURRENCY),
            duration: number(DURATION),
            rate: number(RATE),
        }
    }
}

/// The page; parameters of the address fill the form.
pub(super) async fn show(
    api: Data<Api>,
    parameters: Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let pairs = parameters.into_inner().into_iter();
    let raw: Raw = pairs.map(|(name, value)| (name, value.into())).collect();
    render(&api, Answer::open(&raw))
}

/// Renders the page with an answer.
///
/// # Errors
/// Never, as far as the template is right.
pub(super) fn render(api: &Api, answer: Answer) -> Result<HttpResponse, Problem> {
    let Answer { status, retry_after, form, errors, notice } = answer;
    let page = Index {
        form,
        errors,
        notice,
        bullets: newest(api),
        css: &assets::url("app.css"),
        js: &assets::url("app.js"),
    };
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "the page cannot be rendered");
        Problem::internal()
    })?;
    let mut response = HttpResponseBuilder::new(status);
    if let Some(seconds) = retry_after {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    response.insert_header((header::CACHE_CONTROL, "no-store"));
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
        time: bullet.sent_at.rfc3339().to_string(),
        processor: bullet.processor,
        latency_ms: bullet.stored_at.0 - bullet.sent_at.0,
    })
    .collect()
}
