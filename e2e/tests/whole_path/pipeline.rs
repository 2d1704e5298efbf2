//! `GET /pipeline` with and without a launcher, and the controls of a demo.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use client::{eventually::eventually, homepage::Answer, pipeline::Pipeline};
use faults::serving::Serving;
use parking_lot::Mutex;
use serde_json::{Value, json};
use stack::{
    Setup, Stack,
    plan::name::{HOMEPAGE, PROCESSOR, ROUTER, TABLE},
};

use crate::http::{get, request};

const TOKEN: &str = "hush-hush-hush";

async fn pipeline(stack: &Stack) -> Pipeline {
    stack.homepage().pipeline().await.unwrap()
}

#[tokio::test]
async fn the_pipeline_tells_what_a_burst_does_and_agrees_with_the_feed() {
    let stack = Setup::default().processors(2).var(PROCESSOR, "WORK_MS", "20").start().await;
    eventually("it is known that nothing comes", async || {
        pipeline(&stack).await.history.accepted.iter().flatten().count() >= 3
    })
    .await;
    let burst = json!({ "message": "hi", "concurrency": 10, "duration": 20, "rate": 5 });
    let id = stack.send_burst(burst).await;
    eventually("each processor works", async || {
        let pipeline = pipeline(&stack).await;
        let works = |name: &str| {
            pipeline.processors.iter().any(|it| it.name == name && it.rate > 0.0 && it.calls > 0.0)
        };
        works("message-processor-1") && works("message-processor-2")
    })
    .await;
    eventually("about 50 messages come and are finished each second", async || {
        let pipeline = pipeline(&stack).await;
        let near = |rate: Option<f64>| rate.is_some_and(|rate| (25.0..=75.0).contains(&rate));
        near(pipeline.accepted) && near(pipeline.finished)
    })
    .await;
    let during = pipeline(&stack).await;
    let slots = during.processors.iter().map(|it| (it.name.as_str(), it.slot, it.state.as_str()));
    let expected = [("message-processor-1", Some(1)), ("message-processor-2", Some(2))];
    assert_eq!(slots.collect::<Vec<_>>(), expected.map(|(name, slot)| (name, slot, "ready")));
    assert_eq!((during.ready, during.wanted, during.min), (Some(2), None, None));
    assert!(!during.events_of("burst").is_empty(), "{:?}", during.events);
    assert!(!during.events_of("first_message").is_empty(), "{:?}", during.events);
    let accepted = stack.settled(&id).await.accepted;
    eventually("nothing comes any more", async || {
        let pipeline = pipeline(&stack).await;
        (pipeline.accepted, pipeline.finished) == (Some(0.0), Some(0.0))
    })
    .await;
    let (idle, totals) = (pipeline(&stack).await, stack.feed(None, 1).await.totals);
    assert_eq!(idle.waiting, Some(totals.waiting));
    assert!(idle.down.is_empty(), "{:?}", idle.down);
    assert_eq!(idle.history.lives.len(), 2, "{:?}", idle.history.lives);
    assert_history_has(&idle, accepted as f64);
}

/// So many messages came and were finished in the last ninety seconds.
fn assert_history_has(pipeline: &Pipeline, messages: f64) {
    let history = &pipeline.history;
    assert_eq!([history.accepted.len(), history.finished.len()], [90, 90]);
    assert_eq!([&history.waiting, &history.ready, &history.wanted].map(Vec::len), [90; 3]);
    let sum = |rates: &[Option<f64>]| rates.iter().flatten().sum::<f64>();
    // Each second is rounded to 0.1, and the second in which the homepage was ready is not known.
    assert!((sum(&history.accepted) - messages).abs() < 60.0, "{:?}", history.accepted);
    assert!((sum(&history.finished) - messages).abs() < 60.0, "{:?}", history.finished);
}

#[tokio::test]
async fn a_part_that_does_not_answer_is_named_and_its_return_says_what_was_lost() {
    let mut stack = Stack::start().await;
    stack.kill(TABLE).await;
    eventually("the table is named", async || {
        let pipeline = pipeline(&stack).await;
        pipeline.down("table").is_some() && !pipeline.events_of("part_down").is_empty()
    })
    .await;
    stack.start_again(TABLE).await;
    eventually("its return is told with its loss", async || {
        let pipeline = pipeline(&stack).await;
        let back = pipeline.events_of("part_back");
        let is_told = back.iter().any(|it| it["part"] == "table" && it["lost"] == 0);
        is_told && pipeline.down("table").is_none()
    })
    .await;
}

/// What a launcher would say, and what it was asked.
#[derive(Debug, Default)]
struct Said {
    scaling: Value,
    asked: Vec<(String, Value)>,
    /// Answers to paths that are no success.
    refusals: BTreeMap<String, u16>,
}

/// A launcher that starts nothing.
struct Launcher {
    serving: Serving,
    said: Arc<Mutex<Said>>,
}

fn scaling(min: u64, wanted: u64, processors: Value) -> Value {
    json!({
        "mode": "automatic", "min": min, "max": 8, "wanted": wanted, "calls": 33.2, "target": 7.0,
        "concurrency": 10, "panic": false, "window_s": 60, "calls_now": 30, "work_ms": 0,
        "cold_start_ms": 420, "zero_in_ms": 84_000, "processors": processors, "parts": [], "events": [],
    })
}

impl Launcher {
    async fn start(scaling: Value) -> Self {
        let said = Arc::new(Mutex::new(Said { scaling, ..Said::default() }));
        let router = Router::new().fallback(answer).with_state(said.clone());
        Self { serving: Serving::http(router).await.unwrap(), said }
    }

    fn setup(&self) -> Setup {
        Setup::default()
            .var(HOMEPAGE, "DEMO_CONTROLS", "true")
            .var(HOMEPAGE, "LAUNCHER_URL", &self.serving.url())
            .var(HOMEPAGE, "LAUNCHER_TOKEN", TOKEN)
    }

    fn say(&self, scaling: Value) {
        self.said.lock().scaling = scaling;
    }
}

async fn answer(
    State(said): State<Arc<Mutex<Said>>>,
    (method, uri): (Method, Uri),
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut said = said.lock();
    if headers.get("authorization").is_none_or(|it| it != format!("Bearer {TOKEN}").as_str()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if method == Method::GET {
        return Json(said.scaling.clone()).into_response();
    }
    said.asked.push((format!("{method} {uri}"), serde_json::from_slice(&body).unwrap_or_default()));
    let refused = said.refusals.get(uri.path()).copied();
    StatusCode::from_u16(refused.unwrap_or(204)).unwrap().into_response()
}

#[tokio::test]
async fn what_the_launcher_says_is_told_and_without_its_answer_it_is_null() {
    let since = "2026-11-29T07:20:00.123Z";
    let processors = json!([
        { "name": "message-processor-1", "state": "ready", "since": since },
        { "name": "message-processor-2", "state": "starting", "since": since },
    ]);
    let launcher = Launcher::start(scaling(0, 5, processors)).await;
    let stack = launcher.setup().start().await;
    eventually("the launcher's word is told", async || pipeline(&stack).await.wanted == Some(5))
        .await;
    let told = pipeline(&stack).await;
    let states = told.processors.iter().map(|it| (it.slot, it.state.as_str()));
    assert_eq!(states.collect::<Vec<_>>(), [(Some(1), "ready"), (Some(2), "starting")]);
    assert_eq!((told.calls, told.ready), (Some(30), Some(1)));
    assert_eq!((told.min, told.max, told.cold_start_ms), (Some(0), Some(8), Some(420)));
    assert_eq!(told.zero_in_ms, Some(84_000));
    assert!(told.tour.is_none());
    let mut on_tour = scaling(0, 5, json!([]));
    on_tour["tour"] = json!({ "step": "burst", "number": 3, "of": 8 });
    launcher.say(on_tour);
    eventually("its tour is told", async || {
        let tour = pipeline(&stack).await.tour;
        tour.is_some_and(|it| (it.step.as_str(), it.number, it.of) == ("burst", 3, 8))
    })
    .await;
    drop(launcher);
    eventually("nobody says it any more", async || pipeline(&stack).await.wanted.is_none()).await;
    let warning = "nothing is known of scaling";
    stack.post_message("hi").await;
    eventually("the processor is known by its row", async || {
        let pipeline = pipeline(&stack).await;
        pipeline.processors.len() == 1 && pipeline.processors[0].state == "ready"
    })
    .await;
    assert_eq!(stack.count_in_log(HOMEPAGE, warning), 1, "{}", stack.log(HOMEPAGE));
    assert_eq!(stack.count_in_log(HOMEPAGE, TOKEN), 0);
}

#[tokio::test]
async fn no_processor_is_a_problem_only_where_one_must_be_there() {
    let launcher = Launcher::start(scaling(1, 1, json!([]))).await;
    let mut stack = launcher.setup().start().await;
    stack.kill(PROCESSOR).await;
    stack.post_message("wake up").await;
    let is_named = async || {
        let problems = stack.feed(None, 1).await.problems;
        let is_down = pipeline(&stack).await.down("processors").is_some();
        let is_problem = problems.iter().any(|it| it["part"] == "processors");
        (is_down, is_problem)
    };
    eventually("one is missing", async || is_named().await == (true, true)).await;
    launcher.say(scaling(0, 1, json!([])));
    eventually("none need be there", async || is_named().await == (false, false)).await;
}

async fn control(stack: &Stack, method: &str, path: &str, body: Value) -> Answer {
    let request = request(stack, method.parse().unwrap(), path).json(&body);
    Answer::of(request.send().await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn each_control_asks_the_launcher_and_a_load_is_a_burst() {
    let launcher = Launcher::start(scaling(0, 1, json!([]))).await;
    let stack = launcher.setup().start().await;
    let shown = stack.homepage().get("/demo").await.unwrap();
    assert_eq!((shown.status.as_u16(), &shown.body["scaling"]["max"]), (200, &json!(8)));
    let controls = [
        ("PUT", "/demo/processors", json!({ "processors": 3 })),
        ("PUT", "/demo/processors", json!({ "processors": "automatic" })),
        ("PUT", "/demo/work-ms", json!({ "ms": 250 })),
        ("PUT", "/demo/tour", json!({ "playing": true })),
        ("PUT", "/demo/tour", json!({ "playing": false })),
        ("POST", "/demo/parts/event-router/kill", json!({})),
        ("POST", "/demo/parts/broker/freeze", json!({})),
    ];
    for (method, path, body) in controls {
        let answer = control(&stack, method, path, body).await;
        assert_eq!((answer.status.as_u16(), answer.body), (204, json!("")), "{path}");
    }
    let asked = std::mem::take(&mut launcher.said.lock().asked);
    let expected = [
        ("PUT /scaling", json!({ "processors": 3 })),
        ("PUT /scaling", json!({ "processors": "automatic" })),
        ("PUT /work-ms", json!(250)),
        ("PUT /tour", json!({ "playing": true })),
        ("PUT /tour", json!({ "playing": false })),
        ("POST /parts/event-router/kill", Value::Null),
        ("POST /parts/broker/freeze", Value::Null),
    ];
    assert_eq!(asked, expected.map(|(path, body)| (path.to_owned(), body)));
    let load = control(&stack, "POST", "/demo/load/stampede?lang=zh", json!({})).await;
    assert_eq!(load.status.as_u16(), 202, "{}", load.body);
    assert_eq!((&load.body["concurrency"], &load.body["rate"]), (&json!(100), &json!(10)));
    assert_eq!(load.body["message"], "蜂拥而至");
    let id = load.body["id"].as_str().unwrap();
    eventually("it sends", async || stack.burst(id).await.accepted > 100).await;
    let stopped =
        stack.homepage().delete_burst(id, load.body["stop_token"].as_str()).await.unwrap();
    assert_eq!(stopped.status.as_u16(), 202, "{}", stopped.body);
}

#[tokio::test]
async fn what_the_launcher_refuses_is_told_and_503_where_it_does_not_answer() {
    let launcher = Launcher::start(scaling(0, 1, json!([]))).await;
    let stack = launcher.setup().start().await;
    for (path, status, told) in [
        ("/parts/nobody/kill", 404, 404),
        ("/parts/table/kill", 409, 409),
        ("/parts/table/freeze", 401, 503),
    ] {
        launcher.said.lock().refusals.insert(path.to_owned(), status);
        let answer = control(&stack, "POST", &format!("/demo{path}"), json!({})).await;
        assert_eq!(answer.status.as_u16(), told, "{path}: {}", answer.body);
        assert_eq!(answer.content_type, "application/problem+json");
    }
    launcher.said.lock().refusals.insert("/tour".to_owned(), 409);
    let answer = control(&stack, "PUT", "/demo/tour", json!({ "playing": true })).await;
    assert_eq!(answer.status.as_u16(), 409, "{}", answer.body);
    drop(launcher);
    let answer = control(&stack, "PUT", "/demo/work-ms", json!({ "ms": 0 })).await;
    assert_eq!((answer.status.as_u16(), answer.retry_after), (503, Some(2)));
}

#[tokio::test]
async fn there_are_no_controls_unless_they_are_allowed() {
    let stack = Stack::with([(HOMEPAGE, "MAX_CLIENT_RATE", "1000")]).await;
    for (method, path) in [
        ("GET", "/demo"),
        ("PUT", "/demo/processors"),
        ("PUT", "/demo/work-ms"),
        ("PUT", "/demo/tour"),
        ("POST", "/demo/parts/table/kill"),
        ("POST", "/demo/parts/table/freeze"),
        ("POST", "/demo/load/busy"),
        ("DELETE", "/demo"),
    ] {
        let answer =
            control(&stack, method, path, json!({ "processors": 1, "ms": 1, "playing": true }))
                .await;
        assert_eq!(answer.status.as_u16(), 404, "{method} {path}");
    }
    assert_eq!(stack.metric(ROUTER, "router_records_in_flight").await, 0.0);
}

#[tokio::test]
async fn controls_need_this_machine_or_the_token_and_the_own_origin() {
    let stack = Setup::default()
        .var(HOMEPAGE, "DEMO_CONTROLS", "true")
        .var(HOMEPAGE, "LAUNCHER_TOKEN", TOKEN)
        .var(HOMEPAGE, "TRUSTED_PROXIES", "127.0.0.1")
        .start()
        .await;
    let away = ("x-forwarded-for", "192.0.2.7");
    let token = ("authorization", &*format!("Bearer {TOKEN}"));
    let evil = ("origin", "http://evil.example");
    for (headers, expected) in [
        (&[][..], 200),
        (&[("x-forwarded-for", "127.0.0.1")], 200),
        (&[away], 403),
        (&[away, ("forwarded", "for=unknown")], 403),
        (&[away, ("authorization", "Bearer hush")], 403),
        (&[away, token], 200),
        (&[token, evil], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("host", "evil.example")], 403),
    ] {
        let answer = get(&stack, "/demo", headers).await;
        assert_eq!(answer.status().as_u16(), expected, "{headers:?}");
    }
}
