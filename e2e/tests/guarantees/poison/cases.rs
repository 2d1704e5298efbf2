//! The records of a topic that are not messages, and the reasons in their dead letters.

use client::kafka::Content;
use serde_json::{Value, json};

/// A record that nobody can store.
pub(super) struct Poison {
    pub(super) what: &'static str,
    pub(super) content: Content,
    /// The name of one more header before the others, if it is not UTF-8. No dead letter can have it.
    pub(super) odd_name: Option<&'static [u8]>,
    /// The begin of the reason in the dead letter.
    pub(super) reason: String,
    /// How often a processor has seen it: 0 if the router rejects the envelope itself.
    pub(super) attempts: &'static str,
}

pub(super) fn fields(burst: &str, sender: i32, seq: usize) -> Value {
    let sent_at = "2026-01-01T00:00:00.000Z";
    json!({"message": "hi", "burst": burst, "sender": sender, "seq": seq, "sent_at": sent_at})
}

pub(super) fn all() -> Vec<Poison> {
    [data(), messages(), envelopes(), other_modes(), names()].into_iter().flatten().collect()
}

fn message() -> Value {
    fields("00000000-0000-0000-0000-000000000bad", 1, 1)
}

fn with(field: &str, value: Value) -> String {
    let mut fields = message();
    fields[field] = value;
    fields.to_string()
}

fn judged(what: &'static str, content: Content, reason: impl Into<String>) -> Poison {
    Poison { what, content, odd_name: None, reason: reason.into(), attempts: "1" }
}

fn unreadable(what: &'static str, content: Content, reason: &str) -> Poison {
    Poison { what, content, odd_name: None, reason: reason.into(), attempts: "0" }
}

/// Values that are not JSON objects.
fn data() -> Vec<Poison> {
    let broken = "the data is not JSON (line 1, column ";
    let values: [(&'static str, Vec<u8>, &str); 11] = [
        ("not JSON", "{ this is no message".into(), broken),
        ("cut off", with("x", json!(1))[..40].into(), broken),
        ("an empty value", Vec::new(), "there is no data"),
        ("white space", " ".into(), broken),
        ("NUL", vec![0; 3], broken),
        ("not UTF-8", vec![0xff, 0xfe], broken),
        ("NaN", r#"{"sender":NaN}"#.into(), broken),
        ("nested deeply", "[".repeat(100_000).into(), "the data is not a JSON object"),
        ("nested deeply in a field", [r#"{"x":"#, &"[".repeat(1000)].concat().into(), broken),
        ("a lone surrogate", with("message", json!("_")).replace('_', r"\ud83d").into(), broken),
        ("a list", "[]".into(), "the data is not a JSON object"),
    ];
    let tombstone = Content { value: None, ..Content::message("") };
    let empty_key = Content { key: Some(Vec::new()), ..Content::message("null") };
    let mut all: Vec<_> =
        values.map(|(what, it, why)| judged(what, Content::message(it), why)).into();
    all.push(judged("a tombstone", tombstone, "there is no data"));
    all.push(judged("an empty key", empty_key, "the data is not a JSON object"));
    all
}

/// JSON objects that are not messages.
fn messages() -> Vec<Poison> {
    let mut missing = message();
    _ = missing.as_object_mut().map(|fields| fields.remove("seq"));
    let twice = with("x", json!(1)).replacen('{', r#"{"message":"other","#, 1);
    let number = |field: &str| format!("the data's field {field} is not a number from 1");
    let long =
        |chars: usize| format!("the message has {chars} characters, at most 100 are allowed");
    [
        ("a missing field", missing.to_string(), "the data has no field seq".into()),
        (
            "a wrong type",
            with("message", json!(7)),
            "the data's field message is not a text".into(),
        ),
        ("a field twice", twice, "the data has a field twice".into()),
        ("101 characters", with("message", "弹".repeat(101).into()), long(101)),
        ("900 KiB", with("message", "x".repeat(900 << 10).into()), long(900 << 10)),
        ("nothing but NUL", with("message", "\0\0".into()), "the message is empty".into()),
        ("no UUID", with("burst", "\0".into()), "the data's field burst is not a UUID".into()),
        ("sender 0", with("sender", json!(0)), number("sender")),
        ("a negative sender", with("sender", json!(-1)), number("sender")),
        ("a huge sender", with("sender", json!(u64::MAX)), number("sender")),
        ("a sender with a fraction", with("sender", json!(1.5)), number("sender")),
        ("seq 0", with("seq", json!(0)), number("seq")),
        (
            "a name that is no text",
            with("name", Value::Null),
            "the data's field name is not a text".into(),
        ),
        (
            "a name of 21 characters",
            with("name", "弹".repeat(21).into()),
            "the name has 21 characters, at most 20 are allowed".into(),
        ),
        ("no time", with("sent_at", "now".into()), "the data's field sent_at is not a time".into()),
    ]
    .map(|(what, value, reason)| judged(what, Content::message(value), reason))
    .into()
}

/// Messages with an invalid envelope.
fn envelopes() -> Vec<Poison> {
    let good = || Content::message(message().to_string());
    let null = |name: &str| {
        let mut content = good();
        content.headers.retain(|(header, _)| header != name);
        content.headers.push((name.into(), None));
        content
    };
    let binary = good().header("x-any", [0xff]).header("ce_extra", [0xc3, 0x28]);
    let unknown = "the event's type \"barrage.other.v9\" is unknown";
    let long = "the event's id has 257 bytes, it must have 1 to 256";
    vec![
        judged("an unknown type", good().header("ce_type", "barrage.other.v9"), unknown),
        judged("a long id", good().header("ce_id", "i".repeat(257)), long),
        unreadable("a null id", null("ce_id"), "not a CloudEvent: header ce_id is missing"),
        unreadable(
            "an empty source",
            good().header("ce_source", ""),
            "not a CloudEvent: header ce_source is missing",
        ),
        unreadable(
            "a source that is not UTF-8",
            good().header("ce_source", [0xff, 0xfe]),
            "not a CloudEvent: header \"ce_source\" is not UTF-8",
        ),
        unreadable(
            "another attribute that is not UTF-8",
            binary,
            "not a CloudEvent: header \"ce_extra\" is not UTF-8",
        ),
        unreadable(
            "another version",
            good().header("ce_specversion", "0.3"),
            "CloudEvents version \"0.3\" is unknown",
        ),
    ]
}

/// Records that are no events in binary mode.
fn other_modes() -> Vec<Poison> {
    let bare = |value: &str| Content { headers: Vec::new(), ..Content::message(value) };
    let structured =
        |value: &str| bare(value).header("content-type", "application/cloudevents+json");
    let announced = "the value is not the event that header content-type announces: ";
    vec![
        judged("no headers", bare("hello"), "the data is not JSON (line 1, column 1)"),
        judged("no headers and no value", Content::default(), "there is no data"),
        unreadable(
            "structured mode without an event",
            structured("{"),
            &format!("{announced}the event is not JSON (line 1, column 1)"),
        ),
        unreadable(
            "structured mode without an id",
            structured(r#"{"specversion":"1.0"}"#),
            &format!("{announced}not a CloudEvent: attribute id is missing"),
        ),
        unreadable(
            "a batch of events",
            Content::message("").header("content-type", "application/cloudevents-batch+json"),
            "header content-type announces a batch of events",
        ),
        unreadable(
            "an event in Avro",
            Content::message("").header("content-type", "application/cloudevents+avro"),
            "not a CloudEvent that can be read: content type \"application/cloudevents+avro\"",
        ),
    ]
}

/// Messages with a header name that is not UTF-8.
fn names() -> Vec<Poison> {
    let good = || Content { key: Some("b/1".into()), ..Content::message(message().to_string()) };
    let odd = |what, content, name| {
        let reason = "the name of header 1 is not UTF-8";
        Poison { odd_name: Some(name), ..unreadable(what, content, reason) }
    };
    vec![
        odd("a header name that is not UTF-8", good(), &[0xff, 0xfe]),
        odd("a header name that is cut off", good().header("x-any", [0xff]), &[b'x', 0xe5, 0xbc]),
        odd("no other header", Content { headers: Vec::new(), ..good() }, &[0xc3, 0x28]),
    ]
}
