//! Structured and batch mode: events in CloudEvents' JSON format.

use axum::body::Bytes;
use barrage::event::{Event, Header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::malformed::Malformed;

/// One event and its data.
pub(super) fn event(body: &[u8]) -> Result<(Event, Bytes), Malformed> {
    of_value(serde_json::from_slice(body)?)
}

/// Any number of events, none included.
pub(super) fn batch(body: &[u8]) -> Result<Vec<(Event, Bytes)>, Malformed> {
    let Value::Array(events) = serde_json::from_slice(body)? else {
        return Err(Malformed::NotAnArray);
    };
    events.into_iter().map(of_value).collect()
}

fn of_value(value: Value) -> Result<(Event, Bytes), Malformed> {
    let Value::Object(mut fields) = value else { return Err(Malformed::NotAnObject) };
    let data = data(&mut fields)?;
    let headers = fields.into_iter().filter(|(_, value)| !value.is_null()).map(header);
    let event = Event::from_headers(&headers.collect::<Result<Vec<_>, _>>()?)?;
    Ok((event, data))
}

/// The data as it would be in Kafka. Of no data there are no bytes.
fn data(fields: &mut Map<String, Value>) -> Result<Bytes, Malformed> {
    let is_json = match fields.get("datacontenttype") {
        Some(Value::String(kind)) => kind.contains("json"),
        _ => true,
    };
    match (fields.remove("data"), fields.remove("data_base64")) {
        (None, None) => Ok(Bytes::new()),
        (Some(Value::String(text)), None) if !is_json => Ok(text.into()),
        (Some(value), None) => Ok(value.to_string().into()),
        (None, Some(Value::String(text))) => {
            BASE64_STANDARD.decode(text).map(Bytes::from).map_err(|_| Malformed::Base64)
        }
        (None, Some(_)) => Err(Malformed::Base64),
        (Some(_), Some(_)) => Err(Malformed::TwoData),
    }
}

fn header((name, value): (String, Value)) -> Result<Header, Malformed> {
    let text = match value {
        Value::String(text) => text,
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return Err(Malformed::Value(name)),
    };
    let header =
        if name == "datacontenttype" { "content-type".to_owned() } else { format!("ce_{name}") };
    Ok((header, Some(text.into())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn with(fields: Value) -> Value {
        let mut value = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"});
        value.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        value
    }

    fn data_of(fields: Value) -> Result<Bytes, Malformed> {
        event(with(fields).to_string().as_bytes()).map(|(_, data)| data)
    }

    #[test]
    fn an_attribute_is_text_a_number_or_a_truth_value() {
        let fields = json!({"datacontenttype": "application/json", "a": 3, "b": true, "c": null});
        let (event, data) = event(with(fields).to_string().as_bytes()).unwrap();
        assert_eq!(event.content_type.as_deref(), Some("application/json"));
        assert_eq!((event.attribute("a"), event.attribute("b")), (Some("3"), Some("true")));
        assert_eq!((event.attribute("c"), data.len()), (None, 0));
        assert_eq!(data_of(json!({"a": []})), Err(Malformed::Value("a".into())));
    }

    #[test]
    fn data_is_json_text_or_base64() {
        assert_eq!(data_of(json!({"data": {"a": 1}})).unwrap(), r#"{"a":1}"#);
        assert_eq!(data_of(json!({"data": "a"})).unwrap(), r#""a""#);
        let text = json!({"data": "a", "datacontenttype": "text/plain"});
        assert_eq!(data_of(text).unwrap(), "a");
        assert_eq!(data_of(json!({"data_base64": "aGk="})).unwrap(), "hi");
        assert_eq!(data_of(json!({"data_base64": "!"})), Err(Malformed::Base64));
        assert_eq!(data_of(json!({"data": 1, "data_base64": ""})), Err(Malformed::TwoData));
    }

    #[test]
    fn a_batch_is_an_array_of_events() {
        assert_eq!(batch(b"[]"), Ok(vec![]));
        let two = json!([with(json!({"id": "a"})), with(json!({"id": "b"}))]);
        let ids = batch(two.to_string().as_bytes()).unwrap();
        assert_eq!(ids.iter().map(|(event, _)| event.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(batch(b"{}"), Err(Malformed::NotAnArray));
        assert_eq!(batch(b"[1]"), Err(Malformed::NotAnObject));
        assert_eq!(batch(b"["), Err(Malformed::NotJson { line: 1, column: 1 }));
        assert_eq!(event(b"{}"), Err(Malformed::Missing("specversion".into())));
    }

    proptest! {
        #[test]
        fn any_body_is_events_or_malformed(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(event(&body).is_err());
            prop_assert!(batch(&body).map_or(true, |events| events.is_empty()));
        }

        #[test]
        fn an_event_that_is_changed_somewhere_is_an_event_or_malformed(
            at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let fields = json!({"subject": "partition:1#2", "data_base64": "aGk=", "a": 1.5});
            let mut body = with(fields).to_string().into_bytes();
            let at = at.index(body.len());
            body[at] = byte;
            if let Ok((event, _)) = event(&body) {
                prop_assert!(!event.id.is_empty());
            }
        }
    }
}
