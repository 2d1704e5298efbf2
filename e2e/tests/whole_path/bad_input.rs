//! Hundreds of bad requests: each gets an answer in the documented form, and a burst meanwhile is complete.

use std::time::Duration;

use client::{eventually::eventually, homepage::Answer};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use stack::{Stack, plan::name::HOMEPAGE};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::http::client;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PATHS: [&str; 2] = ["/bursts", "/messages"];
const NO_BURST: &str = "/bursts/00000000-0000-0000-0000-000000000000";

struct Bad {
    method: Method,
    path: String,
    content_type: &'static str,
    body: Vec<u8>,
    /// The field that the answer must name.
    field: Option<&'static str>,
    /// The status that it must have. Otherwise any that blames the client.
    status: Option<u16>,
}

fn post(path: &str, content_type: &'static str, body: impl Into<Vec<u8>>) -> Bad {
    Bad { content_type, body: body.into(), ..request(Method::POST, path) }
}

fn request(method: Method, path: impl Into<String>) -> Bad {
    Bad { method, path: path.into(), content_type: "", body: Vec::new(), field: None, status: None }
}

/// Values that neither a number nor a text accepts.
fn values() -> Vec<Value> {
    let texts = ["", " ", "\0", "\n\r\t", "\u{1b}\u{7f}"].map(Value::from);
    let others = [json!(null), json!(true), json!([1]), json!({"message": "hi"}), json!(-1)];
    let numbers = [json!(0), json!(1.5), json!(u64::MAX), json!(i64::MIN), json!(1e300)];
    texts.into_iter().chain(others).chain(numbers).collect()
}

/// Each field with values that it does not accept.
fn invalid() -> [(&'static str, Vec<Value>); 5] {
    let invisible =
        ["\u{200b}", "\u{2800}", "\u{3164}", "\u{fe0f}", "\u{301}", "\u{202e}\u{e0041}"];
    let texts = ["ten", "1.5", "-1", "NaN", "١٢", "1e2"].map(Value::from);
    let numbers = [values(), texts.into()].concat();
    let invisible: Vec<_> = invisible.map(Value::from).into();
    let messages = [values(), invisible.clone(), vec![json!("x".repeat(101))]].concat();
    let no_names =
        vec![json!(null), json!(5), json!([]), json!("x".repeat(21)), json!("😀".repeat(21))];
    [
        ("concurrency", numbers.clone()),
        ("duration", numbers.clone()),
        ("rate", numbers),
        ("message", messages),
        ("name", [invisible, no_names].concat()),
    ]
}

/// Bodies with an invalid field.
fn bad_fields() -> Vec<Bad> {
    let mut all = Vec::new();
    for (field, values) in invalid() {
        let takes_field = |path: &&str| *path == "/bursts" || ["message", "name"].contains(&field);
        for path in PATHS.into_iter().filter(takes_field) {
            for value in &values {
                let mut body = json!({ "message": "hi" });
                body[field] = value.clone();
                all.push(Bad { field: Some(field), ..post(path, JSON, body.to_string()) });
            }
        }
        // An empty name is none.
        if field != "name" {
            all.push(post("/bursts", FORM, format!("{field}=0&message=hi&{field}=")));
        }
    }
    all
}

/// Bodies that are not messages, or have an unsupported content type.
fn bad_bodies() -> Vec<Bad> {
    let mut all = bad_fields();
    let deep = "[".repeat(5000);
    let never_valid: [&[u8]; 12] = [
        b"",
        b"\0",
        b"{",
        b"\xff\xfe",
        b"\"hi\"",
        b"7",
        b"null",
        b"{\"message\":\"\\ud800\"}",
        b"{\"message\":\"\\udc00\\ud800\"}",
        b"{\"message\":\"hi\",\"rate\":NaN}",
        b"{\"message\":\"hi\",\"rate\":1e999}",
        deep.as_bytes(),
    ];
    for path in PATHS {
        all.extend(never_valid.map(|body| post(path, JSON, body)));
        all.extend(
            ["", "message", "message=%ff", "=hi", "&&&", "message=%00"]
                .map(|it| post(path, FORM, it)),
        );
        for kind in
            ["", "text/plain", "application/xml", "multipart/form-data", "application/json5"]
        {
            all.push(post(path, kind, r#"{"message":"hi"}"#));
        }
        for kind in [JSON, FORM] {
            all.push(post(path, kind, vec![b'x'; 10 << 20]));
        }
    }
    all
}

fn bad_addresses() -> Vec<Bad> {
    let mut all = Vec::new();
    for cursor in ["x", "%00", "%ff", "%F0%9F%92%A9", "MS4w", "Mi4wLjAu", "MS4tMS4wLg", "%E2%80%AE"]
    {
        all.push(request(Method::GET, format!("/feed?after={cursor}")));
    }
    all.push(request(Method::GET, format!("/feed?after={}", "A".repeat(60_000))));
    for limit in
        ["", "0", "501", "-1", "1.5", "1e2", "NaN", "x", "99999999999999999999", "%00", "١٢"]
    {
        all.push(request(Method::GET, format!("/feed?limit={limit}")));
    }
    all.push(request(Method::GET, "/feed?limit=1&limit=2"));
    for number in
        ["x", "-1", "1.5", "1e2", "%00", "%ff", "%E2%80%AE", "0x0", "9223372036854775808", "١٢", ""]
    {
        all.push(request(Method::GET, format!("/messages/{number}/0")));
        all.push(request(Method::GET, format!("/messages/0/{number}")));
    }
    all.push(request(Method::GET, "/messages/4/0"));
    all.push(request(Method::GET, format!("/messages/0/{}", i64::MAX)));
    all.push(request(Method::GET, format!("/messages/{}/0", i32::MAX)));
    for id in
        ["x", "%00", "%ff", "..%2f..%2fetc", "%E2%80%AE", "00000000-0000-0000-0000-00000000000g"]
    {
        for tail in ["", "/results", "/results?format=csv"] {
            all.push(request(Method::GET, format!("/bursts/{id}{tail}")));
        }
        all.push(request(Method::DELETE, format!("/bursts/{id}")));
    }
    let unknown = ["/nowhere", "/static/app.js", "/static/0/nothing.js", "/bursts/nope"];
    all.extend(unknown.map(|path| Bad { status: Some(404), ..request(Method::GET, path) }));
    all.push(request(Method::GET, format!("{NO_BURST}/results")));
    all.push(request(Method::GET, format!("{NO_BURST}/results?format=xml")));
    all.push(request(Method::DELETE, NO_BURST));
    all
}

fn bad_methods() -> Vec<Bad> {
    let mut all = Vec::new();
    for path in ["/bursts", "/messages", "/messages/0/0", "/feed"] {
        let methods = [Method::PUT, Method::PATCH, Method::OPTIONS, Method::DELETE];
        all.extend(methods.map(|method| request(method, path)));
    }
    all
}

async fn send(client: &Client, stack: &Stack, bad: &Bad) -> Answer {
    let url = format!("{}{}", stack.homepage().url(), bad.path);
    let mut request = client.request(bad.method.clone(), url);
    if !bad.content_type.is_empty() {
        request = request.header("content-type", bad.content_type);
    }
    Answer::of(request.body(bad.body.clone()).send().await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn bad_requests_are_refused_as_problems_and_harm_no_burst() {
    let vars = [(HOMEPAGE, "MAX_CLIENT_RATE", "100000")];
    let stack = Stack::with(vars).await;
    let id = stack.send_burst(json!({ "message": "meanwhile", "duration": 8, "rate": 20 })).await;
    let client = client();
    let all = [bad_bodies(), bad_addresses(), bad_methods()];
    let all: Vec<_> = all.into_iter().flatten().collect();
    for bad in &all {
        let answer = send(&client, &stack, bad).await;
        let start = String::from_utf8_lossy(&bad.body[..bad.body.len().min(80)]);
        let what = format!("{} {} {} {start}", bad.method, bad.path, bad.content_type);
        let what = &what[..what.floor_char_boundary(300)];
        assert!(answer.status.is_client_error(), "{what}: {}", answer.status);
        let status = answer.status.as_u16();
        assert_eq!(status, bad.status.unwrap_or(status), "{what}");
        // A form of a browser is answered with the page, which names the invalid fields.
        if bad.content_type == FORM && answer.content_type.starts_with("text/html") {
            continue;
        }
        assert_eq!(answer.content_type, "application/problem+json", "{what}");
        assert_eq!(answer.body["status"], status, "{what}");
        assert!(answer.body["detail"].is_string(), "{what}: {}", answer.body);
        if let Some(field) = bad.field {
            assert_eq!(status, 422, "{what}");
            assert_eq!(answer.body["errors"][0]["field"], field, "{what}");
        }
    }
    let all = json!({ "concurrency": 0, "duration": 0, "rate": 0 }).to_string();
    let answer = send(&client, &stack, &post("/bursts", JSON, all)).await;
    assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(4), "{}", answer.body);
    let burst = stack.settled(&id).await;
    assert_eq!((burst.state.as_str(), burst.failed), ("done", 0));
    stack.assert_complete(&id, burst.accepted).await;
    let totals = stack.feed(None, 1).await.totals;
    assert_eq!(totals.accepted, burst.accepted, "a bad request was accepted");
    stack.assert_nothing_panicked();
}

#[tokio::test]
async fn an_unfinished_body_is_answered_with_408() {
    let stack = Stack::start().await;
    let head = "POST /messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    for (length, body) in
        [("Content-Length: 30", "{"), ("Transfer-Encoding: chunked", "1\r\n{\r\n")]
    {
        let mut stream = TcpStream::connect(stack.address(HOMEPAGE)).await.unwrap();
        stream.write_all(format!("{head}{length}\r\n\r\n{body}").as_bytes()).await.unwrap();
        let mut begin = [0; 12];
        let answer = timeout(Duration::from_secs(30), stream.read_exact(&mut begin)).await;
        answer.expect("the homepage answers in time").unwrap();
        assert_eq!(&begin, b"HTTP/1.1 408", "{length}");
    }
    stack.assert_nothing_panicked();
}

#[tokio::test]
async fn strange_texts_are_messages_like_any_other_and_never_markup() {
    let stack = Stack::start().await;
    // No composed character has these marks, so normalisation does not change them.
    let zalgo = format!("q{}", "\u{301}".repeat(99));
    let texts = [
        "\u{200f}\u{202e}abc",
        "a\u{200b}b\u{feff}",
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "\u{10ffff}",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "'; DROP--",
        &zalgo,
    ];
    for text in texts {
        let body = json!({ "message": text, "unknown": { "field": [1] } }).to_string();
        let answer = stack.homepage().post("/messages", JSON, body).await.unwrap();
        assert_eq!(answer.status.as_u16(), 202, "{text}: {}", answer.body);
    }
    eventually("all texts are on the page, unchanged", async || {
        let bullets = stack.feed(None, 100).await.bullets;
        texts.iter().all(|text| bullets.iter().any(|bullet| bullet.message == *text))
    })
    .await;
    let page = stack.homepage().get("/").await.unwrap().body;
    for markup in ["<script>alert", "<img src=x"] {
        assert!(!page.as_str().unwrap().contains(markup), "the page has {markup} of a message");
    }
    stack.assert_nothing_panicked();
}
