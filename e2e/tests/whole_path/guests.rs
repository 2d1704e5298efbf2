//! People who look on with a phone and send: their names, their devices, what each of them may send, and who stops a
//! burst.

use std::collections::BTreeSet;

use client::{
    eventually::eventually,
    homepage::Bullet,
    kafka::{Kafka, TOPIC},
};
use reqwest::{RequestBuilder, Response, header::SET_COOKIE};
use serde_json::{Value, json};
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE},
};
use tokio::task::JoinSet;

use crate::http::client;

const JSON: &str = "application/json";

/// The cookie of a device that nobody has heard of.
fn made_up(number: u128) -> String {
    format!("barrage_device={number:032x}")
}

/// The device that an answer makes known, as a `Cookie` header has it.
fn device(answer: &Response) -> Option<String> {
    let mut cookies = answer.headers().get_all(SET_COOKIE).iter().map(|it| it.to_str().unwrap());
    let cookie = cookies.find(|it| it.starts_with("barrage_device="))?;
    Some(cookie.split(';').next().unwrap().to_owned())
}

/// A post to a homepage from an address, as far as a proxy says so, and perhaps of a device.
fn post(url: &str, address: &str, cookie: Option<&str>, body: &Value) -> RequestBuilder {
    let request = client().post(url).header("x-forwarded-for", address).json(body);
    match cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    }
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

/// The bullet of a message once it is on the page.
async fn bullet(stack: &Stack, message: &str) -> Bullet {
    let mut found = None;
    eventually("the message is on the page", async || {
        let bullets = stack.feed(None, 500).await.bullets;
        found = bullets.into_iter().find(|bullet| bullet.message == message);
        found.is_some()
    })
    .await;
    found.expect("it is set when the wait ends")
}

#[tokio::test]
async fn a_name_goes_from_the_sender_through_event_and_row_to_bullet_and_results() {
    let stack = Stack::start().await;
    let named = json!({ "message": "named", "name": "  小明 😀 " }).to_string();
    let sent = stack.homepage().post("/messages", JSON, named).await.unwrap();
    assert_eq!(sent.status.as_u16(), 202, "{}", sent.body);
    assert_eq!(bullet(&stack, "named").await.name.as_deref(), Some("小明 😀"));
    let page = client().get(stack.homepage().url()).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<bdi class=\"who\">小明 😀</bdi>"), "{page}");
    let at = format!("/messages/{}/{}", sent.body["partition"], sent.body["offset"]);
    let state = stack.homepage().get(&at).await.unwrap();
    assert_eq!(state.body["row"]["name"], "小明 😀", "{}", state.body);

    let twenty = "👩".repeat(20);
    let burst =
        json!({ "message": "all", "name": twenty, "concurrency": 2, "duration": 1, "rate": 2 });
    let id = stack.send_burst(burst).await;
    stack.settled(&id).await;
    let results = stack.results(&id).await;
    assert_eq!(results.len(), 4);
    assert!(results.iter().all(|row| row.name.as_deref() == Some(&twenty)), "{results:?}");
    let csv = stack.homepage().get(&format!("/bursts/{id}/results?format=csv")).await.unwrap();
    let csv = csv.body.as_str().unwrap().to_owned();
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().ends_with(",trace,name"), "{csv}");
    assert!(lines.all(|line| line.ends_with(&twenty)), "{csv}");

    let records = Kafka::at(stack.address(BROKER)).contents(TOPIC).await;
    let values = records.into_values().filter_map(|it| String::from_utf8(it.value?).ok());
    let values: Vec<_> = values.collect();
    assert!(values.iter().any(|value| value.contains(r#""name":"小明 😀""#)), "{values:?}");
}

#[tokio::test]
async fn a_message_without_a_name_has_no_such_member() {
    let stack = Stack::start().await;
    for (message, name) in [("without", json!(null)), ("empty", json!(" "))] {
        let mut body = json!({ "message": message });
        if name.is_string() {
            body["name"] = name;
        }
        let sent = stack.homepage().post("/messages", JSON, body.to_string()).await.unwrap();
        assert_eq!(sent.status.as_u16(), 202, "{}", sent.body);
        bullet(&stack, message).await;
    }
    let feed = stack.homepage().get("/feed?limit=10").await.unwrap().body;
    let bullets = feed["bullets"].as_array().unwrap();
    assert_eq!(bullets.len(), 2, "{feed}");
    assert!(bullets.iter().all(|it| it.get("name").is_none()), "{feed}");
}

#[tokio::test]
async fn a_blocked_word_in_a_name_blocks_the_message() {
    let stack = Stack::with([("message-processor", "BLOCKED_WORDS", "spam")]).await;
    let burst = json!({ "message": "hi", "name": "Mr. ЅРАМ", "concurrency": 1, "duration": 1 });
    let id = stack.send_burst(burst).await;
    let burst = stack.settled(&id).await;
    assert!(burst.accepted > 0);
    assert_eq!((burst.stored, burst.blocked), (burst.accepted, burst.accepted));
    assert_eq!(stack.feed(None, 100).await.bullets, []);
}

#[tokio::test]
async fn sixty_guests_behind_one_address_send_at_once_and_none_is_refused() {
    for path in ["messages", "bursts"] {
        let stack = Stack::start().await;
        // Somebody in the room has begun all the bursts that one device may have.
        let bursts = format!("{}/bursts", stack.homepage().url());
        let long = json!({ "message": "hog", "concurrency": 1, "rate": 1, "duration": 60 });
        for _ in 0..5 {
            assert_eq!(status(post(&bursts, "", Some(&made_up(7)), &long)).await, 202);
        }
        let url = format!("{}/{path}", stack.homepage().url());
        let mut sending = JoinSet::new();
        for guest in 0..60 {
            // A burst of one message is what an old link to the page makes.
            let body = json!({ "message": "hi", "concurrency": 1, "rate": 1, "duration": 1 });
            sending.spawn(status(post(&url, "", Some(&made_up(1000 + guest)), &body)));
        }
        assert_eq!(sending.join_all().await, [202; 60], "{path}");
    }
}

#[tokio::test]
async fn a_device_waits_between_two_messages_and_a_guest_without_a_cookie_need_not() {
    let cooldown = [(HOMEPAGE, "MESSAGE_COOLDOWN_MS", "30000")];
    let stack = Stack::with(cooldown).await;
    let url = format!("{}/messages", stack.homepage().url());
    let send = |cookie: Option<&str>| post(&url, "", cookie, &json!({ "message": "hi" })).send();
    let without = send(None).await.unwrap();
    let cookie = device(&without).expect("the answer makes a device known");
    assert_eq!(without.json::<Value>().await.unwrap()["cooldown_ms"], 0);
    assert_eq!(send(None).await.unwrap().status().as_u16(), 202);

    let first = send(Some(&cookie)).await.unwrap();
    assert_eq!(first.status().as_u16(), 202);
    assert_eq!(device(&first), None);
    let wait = first.json::<Value>().await.unwrap()["cooldown_ms"].as_u64().unwrap();
    assert!((20_000..=30_000).contains(&wait), "{wait}");

    let refused = send(Some(&cookie)).await.unwrap();
    assert_eq!(refused.status().as_u16(), 429);
    let seconds = refused.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap();
    assert!((20..=30).contains(&seconds), "{seconds}");
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["limit"], "cooldown", "{problem}");
    let said = format!("You have just sent a message. Try again in {seconds} s.");
    assert_eq!(problem["detail"], said.as_str());
    assert_eq!(send(Some(&made_up(1))).await.unwrap().status().as_u16(), 202);
}

#[tokio::test]
async fn a_device_may_send_again_once_its_wait_is_over() {
    let stack = Stack::with([(HOMEPAGE, "MESSAGE_COOLDOWN_MS", "300")]).await;
    let url = format!("{}/messages", stack.homepage().url());
    let send =
        async || status(post(&url, "", Some(&made_up(1)), &json!({ "message": "hi" }))).await;
    assert_eq!(send().await, 202);
    eventually("it may send again", async || send().await == 202).await;
}

#[tokio::test]
async fn a_forged_device_is_a_new_one_and_a_malformed_one_is_none() {
    let stack = Stack::start().await;
    let page = client().get(stack.homepage().url()).send().await.unwrap();
    let known: BTreeSet<_> = device(&page).into_iter().collect();
    assert_eq!(known.len(), 1);
    for path in ["", "/messages", "/bursts"] {
        let url = format!("{}{path}", stack.homepage().url());
        let body = json!({ "message": "hi", "concurrency": 1, "rate": 1, "duration": 1 });
        let ask = |cookie: &str| {
            let get = || client().get(&url).header("cookie", cookie);
            if path.is_empty() { get() } else { post(&url, "", Some(cookie), &body) }
        };
        for malformed in ["barrage_device=", "barrage_device=<b>", "barrage_device=%00", "x"] {
            let answer = ask(malformed).send().await.unwrap();
            assert!(answer.status().is_success(), "{path} {malformed}: {}", answer.status());
            assert!(device(&answer).is_some(), "{path} {malformed}");
        }
        let answer = ask(&made_up(99)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        assert_eq!(device(&answer), None, "{path}");
    }
    for path in ["/stage", "/feed", "/pipeline", "/openapi.json", "/qr.svg"] {
        let url = format!("{}{path}", stack.homepage().url());
        let answer = client().get(url).send().await.unwrap();
        assert_eq!(answer.headers().get(SET_COOKIE), None, "{path}");
    }
}

/// How many of twenty long bursts begin, from one address, of these devices.
async fn begun(stack: &Stack, cookie: impl Fn(u128) -> Option<String>) -> usize {
    let url = format!("{}/bursts", stack.homepage().url());
    let long = json!({ "message": "hog", "concurrency": 1, "rate": 1, "duration": 300 });
    let mut begun = 0;
    for n in 0..20 {
        let answer = post(&url, "192.0.2.1", cookie(n).as_deref(), &long).send().await.unwrap();
        let is_refused = answer.status().as_u16() == 429;
        if is_refused {
            let problem: Value = answer.json().await.unwrap();
            let limit = problem["limit"].as_str().unwrap();
            assert!(["own_bursts", "address_bursts"].contains(&limit), "{problem}");
            assert!(problem["detail"].as_str().unwrap().contains("running already"), "{problem}");
        }
        begun += usize::from(!is_refused);
    }
    begun
}

#[tokio::test]
async fn nobody_takes_all_places_for_bursts() {
    for (how, share) in [("one device", 2), ("without cookies", 6), ("made up devices", 7)] {
        let setup = Setup::default().var(HOMEPAGE, "MAX_BURSTS", "8");
        let stack = setup.var(HOMEPAGE, "TRUSTED_PROXIES", "127.0.0.1").start().await;
        let begun = begun(&stack, |n| match how {
            "one device" => Some(made_up(1)),
            "without cookies" => None,
            _ => Some(made_up(n)),
        });
        assert_eq!(begun.await, share, "{how}");
        let url = format!("{}/bursts", stack.homepage().url());
        let body = json!({ "message": "mine", "concurrency": 1, "rate": 1, "duration": 5 });
        let other = post(&url, "192.0.2.2", Some(&made_up(500)), &body);
        assert_eq!(status(other).await, 202, "{how}");
    }
}

#[tokio::test]
async fn one_burst_with_all_of_the_rate_keeps_nobody_from_a_small_one() {
    let stack = Stack::with([(HOMEPAGE, "MAX_RATE", "200")]).await;
    let url = format!("{}/bursts", stack.homepage().url());
    let begin = async |cookie: Option<&str>, rate: u32| {
        let body = json!({ "message": "hi", "concurrency": 1, "rate": rate, "duration": 300 });
        let answer = post(&url, "", cookie, &body).send().await.unwrap();
        let status = answer.status().as_u16();
        let problem: Value = answer.json().await.unwrap();
        (status, problem["limit"].as_str().unwrap_or_default().to_owned())
    };
    let (accepted, refused) = ((202, String::new()), (429, "rate".to_owned()));
    let (hog, guest) = (made_up(1), made_up(2));
    assert_eq!(begin(Some(&hog), 200).await, accepted);
    assert_eq!(begin(Some(&hog), 1).await, refused);
    assert_eq!(begin(Some(&guest), 3).await, refused);
    assert_eq!(begin(Some(&guest), 2).await, accepted);
    assert_eq!(begin(Some(&guest), 1).await, refused);
    assert_eq!(begin(None, 2).await, accepted);
}

/// What a homepage answers to the request to stop a burst.
async fn stop(url: &str, id: &str, (name, value): (&str, &str)) -> (u16, String) {
    let request = client().delete(format!("{url}/bursts/{id}")).header(name, value);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Tries to stop a burst by everything but its token and its device's cookie.
async fn assert_strangers_are_refused(url: &str, id: &str, token: &str, cookie: &str) {
    for (name, value) in [
        ("x-nothing", String::new()),
        ("cookie", made_up(3)),
        ("cookie", "barrage_device=".to_owned()),
        ("cookie", format!("barrage_device={token}")),
        ("authorization", format!("Bearer {:032x}", 1)),
        ("authorization", "Bearer ".to_owned()),
        ("authorization", cookie.replace("barrage_device=", "Bearer ")),
        ("authorization", format!("Basic {token}")),
        ("authorization", format!("Bearer{token}")),
    ] {
        let (status, said) = stop(url, id, (name, &value)).await;
        assert_eq!(status, 403, "{name}: {value}: {said}");
        assert!(said.contains("stop_token") && said.contains("cookie"), "{said}");
    }
    let shown = client().get(format!("{url}/bursts/{id}")).send().await.unwrap();
    let shown = shown.text().await.unwrap();
    assert!(!shown.contains("token") && !shown.contains("device"), "{shown}");
    assert!(shown.contains("running"), "{shown}");
}

/// Begins a burst on the stack's homepage, and stops it by the homepage at this URL.
async fn assert_beginner_can_stop(stack: &Stack, url: &str, by_token: bool) {
    let long = json!({ "message": "mine", "concurrency": 1, "rate": 5, "duration": 120 });
    let begin = format!("{}/bursts", stack.homepage().url());
    let answer = post(&begin, "", None, &long).send().await.unwrap();
    let cookie = device(&answer).unwrap();
    let burst: Value = answer.json().await.unwrap();
    let (id, token) = (burst["id"].as_str().unwrap(), burst["stop_token"].as_str().unwrap());
    assert_eq!(token.len(), 32, "{burst}");
    eventually("this homepage knows it", async || {
        let shown = client().get(format!("{url}/bursts/{id}")).send().await;
        shown.is_ok_and(|it| it.status().is_success())
    })
    .await;
    assert_strangers_are_refused(url, id, token, &cookie).await;
    let bearer = format!("Bearer {token}");
    let key = if by_token { ("authorization", &*bearer) } else { ("cookie", &*cookie) };
    let (status, said) = stop(url, id, key).await;
    assert_eq!(status, 202, "{said}");
    let ended = stack.settled(id).await;
    let reason = ended.stop_reason.as_deref();
    assert_eq!((ended.state.as_str(), reason), ("stopped", Some("requested")));
    stack.assert_complete(id, ended.accepted).await;
    let again = async || stop(url, id, key).await.0 == 200;
    eventually("this homepage knows that it has ended", again).await;
    let secret = cookie.trim_start_matches("barrage_device=");
    for process in stack.names() {
        let log = stack.log(&process);
        assert!(!log.contains(token) && !log.contains(secret), "{process} logs a token");
    }
}

#[tokio::test]
async fn a_stranger_cannot_stop_a_burst_and_its_beginner_can_on_any_homepage() {
    let mut stack = Stack::start().await;
    let other = stack.add_homepage("homepage-2").await;
    for url in [stack.homepage().url(), other.url()] {
        for by_token in [false, true] {
            assert_beginner_can_stop(&stack, url, by_token).await;
        }
    }
}

#[tokio::test]
async fn a_guest_sends_by_a_plain_form_and_is_told_why_one_is_refused() {
    let stack = Stack::with([(HOMEPAGE, "MESSAGE_COOLDOWN_MS", "60000")]).await;
    let url = format!("{}/messages", stack.homepage().url());
    let send = |query: &str, fields: &'static [(&str, &str)]| {
        let request = client().post(format!("{url}{query}")).header("accept-language", "en");
        request.header("cookie", made_up(1)).form(fields).send()
    };
    let sent = send("?lang=zh", &[("message", "by form"), ("name", "Ada")]).await.unwrap();
    assert_eq!(
        (sent.status().as_u16(), &sent.headers()["location"]),
        (303, &"/join?lang=zh".parse().unwrap())
    );
    assert_eq!(bullet(&stack, "by form").await.name.as_deref(), Some("Ada"));

    let early = send("", &[("message", "kept <b>"), ("name", "Ada")]).await.unwrap();
    assert_eq!(early.status().as_u16(), 429);
    assert!(early.headers().contains_key("retry-after"));
    let page = early.text().await.unwrap();
    assert!(page.contains("kept &#60;b&#62;") && page.contains("Ada"), "{page}");

    let empty = send("", &[("message", ""), ("name", "")]).await.unwrap();
    assert_eq!(empty.status().as_u16(), 422);
    assert!(empty.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
}
