//! The homepage answers as its openapi.json says: methods, statuses, content types, headers and bodies.

use std::collections::BTreeSet;

use client::eventually::eventually;
use jsonschema::Validator;
use reqwest::{
    Client, Method, Response,
    header::{ALLOW, CONTENT_TYPE},
};
use serde_json::{Value, json};
use stack::{
    Stack,
    plan::name::{BROKER, HOMEPAGE, TABLE},
};

use crate::http::client;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const NO_BURST: &str = "/bursts/00000000-0000-0000-0000-000000000000";

/// A request, and what the homepage answers.
#[derive(Clone, Debug)]
struct Case {
    /// As the document names it: `GET /bursts/{id}`.
    operation: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
    status: u16,
    content_type: &'static str,
}

fn case(operation: &'static str, path: &str, status: u16, content_type: &'static str) -> Case {
    let (path, body, headers) = (path.to_owned(), String::new(), Vec::new());
    Case { operation, path, headers, body, status, content_type }
}

fn refused(operation: &'static str, path: &str, status: u16) -> Case {
    case(operation, path, status, "application/problem+json")
}

impl Case {
    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn body(self, kind: &'static str, body: impl ToString) -> Self {
        Self { body: body.to_string(), ..self }.header("content-type", kind)
    }

    fn json(self, body: Value) -> Self {
        self.body(JSON, body)
    }
}

/// The document, and what of it was called.
struct Document {
    json: Value,
    called: BTreeSet<String>,
}

impl Document {
    /// What a `$ref` means, or the value itself.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let pointer = value["$ref"].as_str().map(|it| it.trim_start_matches('#'));
        pointer.map_or(value, |pointer| self.json.pointer(pointer).expect("a $ref leads somewhere"))
    }

    fn operations(&self) -> BTreeSet<String> {
        let paths = self.json["paths"].as_object().unwrap().iter();
        let names = paths.flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        });
        names.collect()
    }

    fn operation(&self, name: &str) -> &Value {
        let (method, path) = name.split_once(' ').unwrap();
        &self.json["paths"][path][method.to_lowercase()]
    }

    /// A validator that knows the document's components.
    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        schema["components"] = self.json["components"].clone();
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
    }

    fn assert_fits(&self, schema: &Value, value: &Value, what: &str) {
        let errors: Vec<_> =
            self.validator(schema).iter_errors(value).map(|it| it.to_string()).collect();
        assert!(errors.is_empty(), "{what}: {errors:?}: {value}");
    }

    /// A body passes the schema exactly if the homepage takes its fields.
    fn check_request(&self, case: &Case) {
        let content = &self.operation(case.operation)["requestBody"]["content"][JSON];
        let is_json = case.headers.contains(&("content-type", JSON.to_owned()));
        if let (true, Ok(body)) = (is_json, serde_json::from_str(&case.body)) {
            let fits = self.validator(&content["schema"]).is_valid(&body);
            assert_eq!(fits, ![400, 422].contains(&case.status), "{case:?}");
        }
    }

    async fn check_answer(&mut self, case: &Case, answer: Response) {
        let body = case.body.get(..200).unwrap_or(&case.body);
        let what = format!("{} {} {body}", case.operation, case.path);
        assert_eq!(answer.status().as_u16(), case.status, "{what}");
        self.called.insert(case.operation.to_owned());
        let responses = &self.operation(case.operation)["responses"];
        let documented = self.resolved(&responses[case.status.to_string()]);
        assert!(documented.is_object(), "{what}: {} is not documented", case.status);
        self.check_headers(documented, &answer, &what);
        let kind = answer.headers().get(CONTENT_TYPE).map_or("", |it| it.to_str().unwrap());
        let kind = kind.split(';').next().unwrap_or_default().to_owned();
        assert_eq!(kind, case.content_type, "{what}");
        self.check_body(documented, &kind, &answer.text().await.unwrap(), &what);
    }

    fn check_headers(&self, documented: &Value, answer: &Response, what: &str) {
        for (name, described) in documented["headers"].as_object().into_iter().flatten() {
            let value = answer.headers().get(name).unwrap_or_else(|| panic!("{what}: no {name}"));
            let text = value.to_str().unwrap();
            let value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
            let schema = &self.resolved(described)["schema"];
            self.assert_fits(schema, &value, &format!("{what}: {name}"));
        }
    }

    fn check_body(&self, documented: &Value, kind: &str, text: &str, what: &str) {
        if kind.is_empty() {
            assert!(documented["content"].is_null() && text.is_empty(), "{what}: {text}");
            return;
        }
        let content = &documented["content"][kind];
        assert!(content.is_object(), "{what}: {kind} is not documented");
        let values: Vec<Value> = match kind {
            "application/x-ndjson" => text.lines().map(parsed).collect(),
            kind if kind.ends_with("json") => vec![parsed(text)],
            _ => vec![json!(text)],
        };
        for value in values {
            self.assert_fits(&content["schema"], &value, what);
        }
    }
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// The homepage of a stack, and its document.
struct Api {
    client: Client,
    url: String,
    document: Document,
}

impl Api {
    async fn new(stack: &Stack) -> Self {
        let client = client();
        let url = stack.homepage().url().to_owned();
        let json = client.get(format!("{url}/openapi.json")).send().await.unwrap();
        let document = Document { json: json.json().await.unwrap(), called: BTreeSet::new() };
        Self { client, url, document }
    }

    async fn check(&mut self, cases: impl IntoIterator<Item = Case>) {
        for case in cases {
            self.document.check_request(&case);
            let (method, _) = case.operation.split_once(' ').unwrap();
            let url = format!("{}{}", self.url, case.path);
            let mut request = self.client.request(method.parse().unwrap(), url);
            for (name, value) in &case.headers {
                request = request.header(*name, value);
            }
            let answer = request.body(case.body.clone()).send().await.unwrap();
            self.document.check_answer(&case, answer).await;
        }
    }
}

fn pages() -> Vec<Case> {
    let text = |path, kind| [case(path, path.trim_start_matches("GET "), 200, kind)];
    let mut all = Vec::new();
    all.extend(text("GET /", "text/html"));
    all.extend(text("GET /join", "text/html"));
    all.extend(text("GET /stage", "text/html"));
    all.extend(text("GET /qr.svg", "image/svg+xml"));
    all.extend(text("GET /healthz", "text/plain"));
    all.extend(text("GET /readyz", JSON));
    all.extend(text("GET /metrics", "text/plain"));
    all.extend(text("GET /openapi.json", JSON));
    for operation in ["GET /", "GET /stage", "GET /qr.svg"] {
        let path = operation.trim_start_matches("GET ");
        all.extend(["zh", "zh-CN", "fr", ""].map(|it| {
            let kind = if path == "/qr.svg" { "image/svg+xml" } else { "text/html" };
            case(operation, &format!("{path}?lang={it}"), 200, kind)
        }));
        all.push(refused(operation, path, 400).header("host", "a b"));
    }
    all.extend(
        ["zh", "fr", ""].map(|it| case("GET /join", &format!("/join?lang={it}"), 200, "text/html")),
    );
    all
}

/// Texts, and whether they are messages.
fn texts() -> Vec<(String, bool)> {
    let padded = format!(" \u{1}\t{}\u{85}\u{3000}\u{7f}\n", "x".repeat(100));
    let inner = format!("x{}x", "\u{200b}\u{1}".repeat(98));
    [
        ("hi", true),
        (" ", false),
        ("", false),
        ("\u{0}\u{9f}", false),
        ("\u{a0}\u{2028}", false),
        (&padded, true),
        (&inner, true),
        (&"👩".repeat(100), true),
        (&"x".repeat(101), false),
        (&format!("x{}x", " ".repeat(99)), false),
    ]
    .map(|(text, is_message)| (text.to_owned(), is_message))
    .into()
}

/// Bodies that both calls take or refuse alike.
fn bodies(operation: &'static str, path: &str) -> Vec<Case> {
    let accepted = || case(operation, path, 202, JSON);
    let refused = |status| refused(operation, path, status);
    let short = |message| json!({ "message": message, "concurrency": 1, "duration": 1, "rate": 1 });
    let mut all = vec![
        accepted().header("sec-fetch-site", "same-origin").json(short(json!("hi"))),
        accepted().header("sec-fetch-site", "none").json(short(json!("hi"))),
        refused(422).json(short(json!(7))),
        refused(422).json(json!({})),
        refused(400).json(json!([1])),
        refused(400).body(JSON, "{"),
        refused(400).body(FORM, "message=%ff"),
        refused(403).header("sec-fetch-site", "cross-site").body(FORM, "message=hi"),
        refused(403).header("sec-fetch-site", "cross-site").json(short(json!("hi"))),
        refused(413).body(JSON, "x".repeat(17 << 10)),
        refused(415).body("text/plain", "hi"),
    ];
    for (text, is_message) in texts() {
        let answered = if is_message { accepted() } else { refused(422) };
        all.push(answered.json(short(json!(text))));
    }
    all
}

fn forms() -> Vec<Case> {
    let valid = "message=hi&concurrency=1&duration=1";
    vec![
        case("POST /bursts", "/bursts", 303, "").body(FORM, valid),
        case("POST /bursts", "/bursts", 422, "text/html").body(FORM, "message="),
        case("POST /messages", "/messages", 303, "").body(FORM, valid),
        case("POST /messages", "/messages", 422, "text/html").body(FORM, "message="),
    ]
}

fn numbers() -> Vec<Case> {
    let mut all = Vec::new();
    for field in ["concurrency", "duration", "rate"] {
        let body = |number: Value| {
            let mut body = json!({ "message": "hi", "concurrency": 1, "duration": 1, "rate": 1 });
            body[field] = number;
            body
        };
        let valid = [json!(1), json!(1.0)].map(body);
        let invalid = [json!(0), json!(1.5), json!(1001), json!(null), json!("x")].map(body);
        all.extend(valid.map(|body| case("POST /bursts", "/bursts", 202, JSON).json(body)));
        all.extend(invalid.map(|body| refused("POST /bursts", "/bursts", 422).json(body)));
    }
    all
}

fn reads(burst: &str, stop_token: &str, cursor: &str) -> Vec<Case> {
    let (show, stop, results) =
        ("GET /bursts/{id}", "DELETE /bursts/{id}", "GET /bursts/{id}/results");
    let (message, feed) = ("GET /messages/{partition}/{offset}", "GET /feed");
    let burst = format!("/bursts/{burst}");
    let rows = format!("{burst}/results");
    vec![
        case(show, &burst, 200, JSON),
        refused(show, NO_BURST, 404),
        refused(show, "/bursts/x", 404),
        case(stop, &burst, 200, JSON).header("authorization", stop_token),
        refused(stop, &burst, 403),
        refused(stop, &burst, 403).header("authorization", "Bearer x"),
        refused(stop, NO_BURST, 404),
        case(results, &rows, 200, "application/x-ndjson"),
        case(results, &rows, 200, "text/csv").header("accept", "text/csv"),
        case(results, &format!("{rows}?format=csv"), 200, "text/csv"),
        case(results, &format!("{rows}?format=ndjson"), 200, "application/x-ndjson"),
        refused(results, &format!("{rows}?format=xml"), 400),
        refused(results, &format!("{NO_BURST}/results"), 404),
        refused(message, "/messages/0/999999", 404),
        refused(message, "/messages/x/0", 404),
        case(feed, "/feed", 200, JSON),
        case("GET /pipeline", "/pipeline", 200, JSON),
        case(feed, "/feed?after=&limit=500", 200, JSON),
        case(feed, &format!("/feed?after={cursor}"), 200, JSON),
        refused(feed, "/feed?after=x", 400),
        refused(feed, &format!("/feed?after={}", &cursor[..9]), 400),
        refused(feed, "/feed?limit=501", 400),
    ]
}

/// The controls of a demo that has no launcher.
fn controls() -> Vec<Case> {
    let (processors, work) = ("PUT /demo/processors", "PUT /demo/work-ms");
    let to_processors = |status| refused(processors, "/demo/processors", status);
    let to_work = |status| refused(work, "/demo/work-ms", status);
    let to_tour = |status| refused("PUT /demo/tour", "/demo/tour", status);
    let mut all = vec![
        case("GET /demo", "/demo", 200, JSON),
        refused("GET /demo", "/demo", 403).header("origin", "http://evil.example"),
        to_processors(404).json(json!({ "processors": 3 })),
        to_processors(404).json(json!({ "processors": "automatic" })),
        to_processors(422).json(json!({ "processors": 65 })),
        to_processors(422).json(json!({ "processors": "many" })),
        to_processors(400).body(JSON, "{"),
        to_processors(415).body(FORM, "processors=3"),
        to_work(404).json(json!({ "ms": 500 })),
        to_work(422).json(json!({ "ms": 501 })),
        to_work(413).body(JSON, "x".repeat(17 << 10)),
        to_tour(404).json(json!({ "playing": true })),
        to_tour(422).json(json!({ "playing": "loud" })),
        to_tour(415).body(FORM, "playing=true"),
        to_tour(403).header("origin", "null").json(json!({ "playing": false })),
    ];
    for (operation, path) in [
        ("POST /demo/parts/{name}/kill", "/demo/parts/table/kill"),
        ("POST /demo/parts/{name}/freeze", "/demo/parts/table/freeze"),
    ] {
        all.push(refused(operation, path, 404).json(json!({})));
        all.push(refused(operation, path, 415).body(FORM, ""));
    }
    let load = "POST /demo/load/{preset}";
    all.extend([
        case(load, "/demo/load/quiet", 202, JSON).json(json!({})),
        refused(load, "/demo/load/storm", 404).json(json!({})),
        refused(load, "/demo/load/busy", 403).header("origin", "null").json(json!({})),
        refused(load, "/demo/load/busy", 415).body(FORM, ""),
    ]);
    all
}

/// What the homepage answers while Kafka and the table are down.
fn outage() -> Vec<Case> {
    let hi = json!({ "message": "hi" });
    vec![
        case("GET /readyz", "/readyz", 503, JSON),
        refused("POST /bursts", "/bursts", 503).json(hi.clone()),
        case("POST /bursts", "/bursts", 503, "text/html").body(FORM, "message=hi"),
        refused("POST /messages", "/messages", 503).json(hi),
        refused("POST /demo/load/{preset}", "/demo/load/busy", 503).json(json!({})),
        case("GET /pipeline", "/pipeline", 200, JSON),
        refused("GET /bursts/{id}", NO_BURST, 503),
        refused("DELETE /bursts/{id}", NO_BURST, 503),
        refused("GET /bursts/{id}/results", &format!("{NO_BURST}/results"), 503),
        refused("GET /messages/{partition}/{offset}", "/messages/0/999999", 503),
    ]
}

#[tokio::test]
async fn every_answer_is_as_the_document_says() {
    let vars = [(HOMEPAGE, "MAX_CLIENT_RATE", "100000"), (HOMEPAGE, "DEMO_CONTROLS", "true")];
    let mut stack = Stack::with(vars).await;
    eventually("all is ready", async || stack.is_ready(HOMEPAGE).await).await;
    let begin = async |burst| {
        let burst = stack.homepage().start_burst(&burst).await.unwrap();
        (burst.id, format!("Bearer {}", burst.stop_token.unwrap()))
    };
    let (id, stop_token) = begin(json!({ "message": "hi", "duration": 1 })).await;
    stack.settled(&id).await;
    let cursor = stack.feed(None, 1).await.cursor;
    let mut api = Api::new(&stack).await;
    api.check(pages()).await;
    api.check(bodies("POST /bursts", "/bursts")).await;
    api.check(bodies("POST /messages", "/messages")).await;
    api.check(forms()).await;
    api.check(numbers()).await;
    api.check(reads(&id, &stop_token, &cursor)).await;
    api.check(controls()).await;
    let bullet = stack.feed(None, 1).await.bullets.pop().expect("something was stored");
    let path = format!("/messages/{}/{}", bullet.partition, bullet.offset);
    api.check([case("GET /messages/{partition}/{offset}", &path, 200, JSON)]).await;
    let (running, token) = begin(json!({ "message": "hi", "duration": 60, "rate": 1 })).await;
    let stop = case("DELETE /bursts/{id}", &format!("/bursts/{running}"), 202, JSON);
    api.check([stop.header("authorization", &token)]).await;
    assert_eq!(api.document.called, api.document.operations(), "not all operations were called");
    for process in [BROKER, TABLE] {
        stack.kill(process).await;
    }
    eventually("both are missed", async || {
        let problems = stack.feed(None, 1).await.problems;
        ["kafka", "table"].iter().all(|part| problems.iter().any(|it| it["part"] == *part))
    })
    .await;
    api.check(outage()).await;
    stack.assert_nothing_panicked();
}

#[tokio::test]
async fn a_method_that_the_document_does_not_have_is_refused_with_those_it_has() {
    let stack = Stack::with([(HOMEPAGE, "DEMO_CONTROLS", "true")]).await;
    let api = Api::new(&stack).await;
    for (path, item) in api.document.json["paths"].as_object().unwrap() {
        let item = item.as_object().unwrap();
        let mut allowed: BTreeSet<_> = item.keys().map(|it| it.to_uppercase()).collect();
        allowed.remove("PARAMETERS");
        if allowed.contains("GET") {
            allowed.insert("HEAD".to_owned());
        }
        let url = format!("{}{}", api.url, path.replace(['{', '}'], ""));
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            if allowed.contains(method) {
                continue;
            }
            let method: Method = method.parse().unwrap();
            let answer = api.client.request(method.clone(), &url).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 405, "{method} {path}");
            let allow = answer.headers()[ALLOW].to_str().unwrap().split(", ");
            assert_eq!(allow.map(str::to_owned).collect::<BTreeSet<_>>(), allowed, "{path}");
            let kind = answer.headers()[CONTENT_TYPE].to_str().unwrap();
            assert_eq!(kind, "application/problem+json", "{method} {path}");
        }
    }
}
