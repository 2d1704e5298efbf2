//! `/demo/…`: the controls of a demo. They start loads, and have the launcher scale processors, change what a message
//! costs, break parts, and play the tour.
//!
//! There are no such addresses unless `DEMO_CONTROLS` is true. Then a request must come from this machine, or bring the
//! token; and no page of another origin may send it.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use serde_json::{Value, json};

use super::admission::Admission;
use super::body::JsonBody;
use super::bursts::{accepted, begin};
use super::caller::Caller;
use super::page::Pages;
use super::permission::Allowed;
use super::problem::Problem;
use crate::burst::Bursts;
use crate::page::language::{Language, Locale};
use crate::request::RawFields;

/// The most processors that a request may name, and the highest cost of a message in milliseconds.
const MAX_PROCESSORS: u64 = 64;
const MAX_WORK_MS: u64 = 500;

/// A load that one press starts.
struct Preset {
    name: &'static str,
    english: &'static str,
    chinese: &'static str,
    concurrency: u32,
    rate: u32,
    duration: u32,
}

const PRESETS: [Preset; 3] = [
    Preset {
        name: "quiet",
        english: "Quiet",
        chinese: "安静",
        concurrency: 2,
        rate: 1,
        duration: 60,
    },
    Preset {
        name: "busy",
        english: "A busy day",
        chinese: "繁忙的一天",
        concurrency: 10,
        rate: 5,
        duration: 60,
    },
    Preset {
        name: "stampede",
        english: "A stampede",
        chinese: "蜂拥而至",
        concurrency: 100,
        rate: 10,
        duration: 20,
    },
];

/// Whether there are controls, and what the launcher says of scaling: null without one that answers.
pub(super) async fn show(Allowed(demo): Allowed) -> HttpResponse {
    let scaling = match &demo.launcher {
        Some(launcher) => launcher.ask().await.ok(),
        None => None,
    };
    let body = json!({ "scaling": scaling });
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body)
}

pub(super) async fn set_processors(
    Allowed(demo): Allowed,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let wanted = match body.get("processors") {
        Some(Value::String(word)) if word == "automatic" => Some(json!("automatic")),
        Some(number) => number.as_u64().filter(|it| *it <= MAX_PROCESSORS).map(|it| json!(it)),
        None => None,
    };
    let refused = || Problem::bad_control("processors", "Whole number, 0 to 64, or \"automatic\".");
    let body = json!({ "processors": wanted.ok_or_else(refused)? });
    demo.launcher()?.put("/scaling", &body).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn set_work(
    Allowed(demo): Allowed,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let millis = body.get("ms").and_then(Value::as_u64).filter(|it| *it <= MAX_WORK_MS);
    let refused = || Problem::bad_control("ms", "Whole number, 0 to 500.");
    let body = json!(millis.ok_or_else(refused)?);
    demo.launcher()?.put("/work-ms", &body).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Starts the tour of the launcher from its first step, or stops it.
pub(super) async fn set_tour(
    Allowed(demo): Allowed,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let playing = body.get("playing").and_then(Value::as_bool);
    let refused = || Problem::bad_control("playing", "true or false.");
    let body = json!({ "playing": playing.ok_or_else(refused)? });
    demo.launcher()?.put("/tour", &body).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn kill(
    demo: Allowed,
    _: JsonBody,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    break_part(demo, &name, "kill").await
}

pub(super) async fn freeze(
    demo: Allowed,
    _: JsonBody,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    break_part(demo, &name, "freeze").await
}

async fn break_part(
    Allowed(demo): Allowed,
    name: &str,
    how: &str,
) -> Result<HttpResponse, Problem> {
    let launcher = demo.launcher()?;
    let is_name = |it: &u8| it.is_ascii_alphanumeric() || *it == b'-';
    if name.is_empty() || name.len() > 64 || !name.as_bytes().iter().all(is_name) {
        return Err(Problem::not_found("part"));
    }
    launcher.post(&format!("/parts/{name}/{how}")).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Starts a burst as `POST /bursts` does, within the same limits.
pub(super) async fn load(
    _: Allowed,
    (bursts, admission, pages): (Data<Bursts>, Data<Admission>, Data<Pages>),
    (caller, locale): (Caller, Locale),
    _: JsonBody,
    preset: Path<String>,
) -> Result<HttpResponse, Problem> {
    let preset = PRESETS.iter().find(|it| it.name == *preset);
    let preset = preset.ok_or_else(|| Problem::not_found("load"))?;
    let visit = caller.visit;
    let begun = begin(&bursts, &admission, caller, &preset.fields(locale.language)).await?;
    // As with `POST /bursts`: the device that has begun it may stop it.
    Ok(pages.introduce(visit, Ok(accepted(&pages, &begun))))
}

impl Preset {
    fn fields(&self, language: Language) -> RawFields {
        let message = match language {
            Language::English => self.english,
            Language::Chinese => self.chinese,
        };
        let Self { concurrency, rate, duration, .. } = self;
        let fields = [
            ("message", json!(message)),
            ("concurrency", json!(concurrency)),
            ("rate", json!(rate)),
            ("duration", json!(duration)),
        ];
        fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service};

    use super::*;
    use crate::api::add_controls;
    use crate::api::permission::Demo;
    use crate::request::BurstRequest;

    const TOKEN: (&str, &str) = ("authorization", "Bearer hush");
    const HERE: &str = "127.0.0.1:4000";
    const AWAY: &str = "192.0.2.7:4000";
    const OWN: (&str, &str) = ("host", "localhost:8080");

    fn demo() -> Demo {
        let token = Some("hush".parse().unwrap());
        Demo { controls: true, launcher: None, token }
    }

    async fn status(request: TestRequest, peer: &str, headers: &[(&str, &str)]) -> StatusCode {
        let app = App::new().app_data(Data::new(demo())).configure(add_controls);
        let request = request.peer_addr(peer.parse().unwrap());
        let request = headers.iter().fold(request, |it, header| it.insert_header(*header));
        call_service(&init_service(app).await, request.to_request()).await.status()
    }

    async fn of_get(peer: &str, headers: &[(&str, &str)]) -> u16 {
        status(TestRequest::get().uri("/demo"), peer, headers).await.as_u16()
    }

    #[actix_web::test]
    async fn the_controls_are_for_this_machine_or_for_who_has_the_token() {
        for (peer, headers, expected) in [
            (HERE, &[OWN][..], 200),
            (HERE, &[("host", "127.0.0.1:8080")], 200),
            (HERE, &[("host", "[::1]:8080")], 200),
            ("[::1]:4000", &[OWN], 200),
            // A name of anybody may lead here.
            (HERE, &[("host", "evil.example:8080")], 403),
            (HERE, &[OWN, ("x-forwarded-for", "192.0.2.7")], 403),
            (AWAY, &[OWN], 403),
            (AWAY, &[OWN, TOKEN], 200),
            (AWAY, &[("host", "192.0.2.1:8080"), TOKEN], 200),
            (AWAY, &[OWN, ("authorization", "bearer hush")], 200),
            (AWAY, &[OWN, ("authorization", "Bearer hus")], 403),
            (AWAY, &[OWN, ("authorization", "Bearer hush2")], 403),
            (AWAY, &[OWN, ("authorization", "Bearer ")], 403),
            (AWAY, &[OWN, ("authorization", "Basic hush")], 403),
        ] {
            assert_eq!(of_get(peer, headers).await, expected, "{peer} {headers:?}");
        }
    }

    #[actix_web::test]
    async fn no_page_of_another_origin_uses_the_controls_even_with_the_token() {
        for (name, value, expected) in [
            ("origin", "http://localhost:8080", 200),
            ("origin", "http://LOCALHOST:8080", 200),
            ("origin", "http://localhost:9090", 403),
            ("origin", "http://evil.example", 403),
            ("origin", "null", 403),
            ("sec-fetch-site", "same-origin", 200),
            ("sec-fetch-site", "none", 200),
            ("sec-fetch-site", "same-site", 403),
            ("sec-fetch-site", "cross-site", 403),
        ] {
            for peer in [HERE, AWAY] {
                let headers = [OWN, TOKEN, (name, value)];
                assert_eq!(of_get(peer, &headers).await, expected, "{peer} {name}: {value}");
            }
        }
    }

    #[test]
    fn without_a_token_nobody_has_it() {
        let demo = Demo { token: None, ..demo() };
        assert!(!demo.is_token("") && !demo.is_token("hush"));
    }

    #[actix_web::test]
    async fn a_body_is_checked_before_the_launcher_is_asked() {
        const JSON: (&str, &str) = ("content-type", "application/json");
        const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
        let (processors, work, tour) = ("/demo/processors", "/demo/work-ms", "/demo/tour");
        for (path, kind, body, expected) in [
            (processors, JSON, r#"{"processors":3}"#, 404),
            (processors, JSON, r#"{"processors":"automatic"}"#, 404),
            (processors, JSON, r#"{"processors":65}"#, 422),
            (processors, JSON, r#"{"processors":-1}"#, 422),
            (processors, JSON, r#"{"processors":"many"}"#, 422),
            (processors, JSON, "{}", 422),
            (processors, JSON, "3", 400),
            (processors, FORM, "processors=3", 415),
            (work, JSON, r#"{"ms":500}"#, 404),
            (work, JSON, r#"{"ms":501}"#, 422),
            (work, JSON, r#"{"ms":1.5}"#, 422),
            (work, FORM, "ms=3", 415),
            (tour, JSON, r#"{"playing":true}"#, 404),
            (tour, JSON, r#"{"playing":1}"#, 422),
            (tour, JSON, "{}", 422),
            (tour, FORM, "playing=true", 415),
        ] {
            let request = TestRequest::put().uri(path).set_payload(body);
            let answered = status(request, HERE, &[OWN, kind]).await;
            assert_eq!(answered.as_u16(), expected, "{path} {body}");
        }
        for path in ["/demo/parts/table/kill", "/demo/parts/table/freeze", "/demo/load/busy"] {
            let request = || TestRequest::post().uri(path).set_payload("a=b");
            assert_eq!(status(request(), AWAY, &[OWN, JSON]).await.as_u16(), 403, "{path}");
        }
        for path in [processors, work, tour] {
            let request = TestRequest::put().uri(path).set_payload(r#"{"playing":true}"#);
            assert_eq!(status(request, AWAY, &[OWN, JSON]).await.as_u16(), 403, "{path}");
        }
    }

    #[test]
    fn each_preset_is_a_valid_burst_in_both_languages() {
        for preset in &PRESETS {
            for language in [Language::English, Language::Chinese] {
                let burst = BurstRequest::parse(&preset.fields(language)).unwrap();
                assert_eq!(burst.total_rate(), u64::from(preset.concurrency * preset.rate));
            }
        }
    }
}
