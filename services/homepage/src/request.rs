//! The fields of a request to send, checked one by one. The page, the API and the tests read the limits from here.

use std::collections::BTreeMap;

use barrage::message::{Name, NameError, Text, TextError};
use serde_json::Value;

/// A number with a name and a range: 1 to `max`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// The same in JSON and in the form.
    pub(crate) name: &'static str,
    pub(crate) max: u32,
    /// What a request has that leaves the field out.
    pub(crate) default: u32,
}

/// How many senders a burst has.
pub(crate) const CONCURRENCY: Field = Field { name: "concurrency", max: 100, default: 10 };
/// How many seconds they send.
pub(crate) const DURATION: Field = Field { name: "duration", max: 300, default: 10 };
/// How many messages per second each of them sends.
pub(crate) const RATE: Field = Field { name: "rate", max: 1000, default: 5 };

pub(crate) const MESSAGE: &str = "message";
pub(crate) const NAME: &str = "name";

/// The parameters of a burst, each within its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BurstRequest {
    pub(crate) message: Text,
    pub(crate) concurrency: u32,
    pub(crate) duration: u32,
    pub(crate) rate: u32,
    pub(crate) name: Option<Name>,
}

/// A single message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageRequest {
    pub(crate) message: Text,
    pub(crate) name: Option<Name>,
}

/// Why a field was refused. The translations put it into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldError {
    /// It is missing, empty, or no text.
    Message,
    /// It is a text without a visible character.
    Invisible,
    /// It is a text with `excess` characters more than `max`.
    TooLong { excess: usize, max: usize },
    /// The name is no text.
    Name,
    /// The name is a text without a visible character.
    InvisibleName,
    /// It is not a whole number from 1 to `max`.
    Number { max: u32 },
    /// All senders together would send more than `max` messages per second.
    TotalRate { max: u64 },
}

/// The error of each refused field, by the field's name.
pub(crate) type FieldErrors = BTreeMap<&'static str, FieldError>;

/// The fields as they came, before they are checked: from JSON, or from a form whose values are all text.
pub(crate) type RawFields = serde_json::Map<String, Value>;

impl BurstRequest {
    /// Fails with one error for each invalid field, not with the first alone.
    pub(crate) fn parse(raw: &RawFields) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let message = keep_error(&mut errors, MESSAGE, text(raw));
        let mut number = |field: Field| keep_error(&mut errors, field.name, field.read(raw));
        let (concurrency, duration, rate) = (number(CONCURRENCY), number(DURATION), number(RATE));
        let name = keep_error(&mut errors, NAME, name(raw));
        let all = (message, concurrency, duration, rate, name);
        let (Some(message), Some(concurrency), Some(duration), Some(rate), Some(name)) = all else {
            return Err(errors);
        };
        Ok(Self { message, concurrency, duration, rate, name })
    }

    /// How many messages it has if none fails and nobody stops it.
    pub(crate) fn planned(&self) -> u64 {
        self.total_rate() * u64::from(self.duration)
    }

    /// Messages per second of all senders together.
    pub(crate) fn total_rate(&self) -> u64 {
        u64::from(self.concurrency) * u64::from(self.rate)
    }
}

impl MessageRequest {
    /// Fails with one error for each invalid field.
    pub(crate) fn parse(raw: &RawFields) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let message = keep_error(&mut errors, MESSAGE, text(raw));
        match (message, keep_error(&mut errors, NAME, name(raw))) {
            (Some(message), Some(name)) => Ok(Self { message, name }),
            _ => Err(errors),
        }
    }
}

fn keep_error<T>(
    errors: &mut FieldErrors,
    name: &'static str,
    result: Result<T, FieldError>,
) -> Option<T> {
    result.map_err(|error| errors.insert(name, error)).ok()
}

fn text(raw: &RawFields) -> Result<Text, FieldError> {
    let text = raw.get(MESSAGE).and_then(Value::as_str).ok_or(FieldError::Message)?;
    Text::parse(text).map_err(|error| match error {
        TextError::Empty => FieldError::Message,
        TextError::Invisible => FieldError::Invisible,
        TextError::TooLong { chars } => too_long(chars, Text::MAX_CHARS),
    })
}

/// A name that is empty counts as none, as a form sends it that was left blank.
fn name(raw: &RawFields) -> Result<Option<Name>, FieldError> {
    let Some(name) = raw.get(NAME) else { return Ok(None) };
    Name::parse_optional(name.as_str().ok_or(FieldError::Name)?).map_err(|error| match error {
        NameError::Empty => FieldError::Name,
        NameError::Invisible => FieldError::InvisibleName,
        NameError::TooLong { chars } => too_long(chars, Name::MAX_CHARS),
    })
}

fn too_long(chars: usize, max: usize) -> FieldError {
    FieldError::TooLong { excess: chars.saturating_sub(max), max }
}

impl Field {
    fn read(self, raw: &RawFields) -> Result<u32, FieldError> {
        raw.get(self.name).map_or(Ok(self.default), |value| self.parse(value))
    }

    /// Takes JSON numbers, and digits as a form sends them.
    pub(crate) fn parse(self, value: &Value) -> Result<u32, FieldError> {
        let number = match value {
            Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
            Value::String(digits) => digits.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let number = number.and_then(|n| u32::try_from(n).ok());
        let allowed = number.filter(|n| (1..=self.max).contains(n));
        allowed.ok_or(FieldError::Number { max: self.max })
    }
}

/// JSON Schema calls 42.0 an integer, too.
fn whole(number: f64) -> Option<u64> {
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    fits.then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> Result<BurstRequest, FieldErrors> {
        BurstRequest::parse(value.as_object().unwrap())
    }

    #[test]
    fn a_message_alone_gets_the_defaults() {
        let request = parse(&json!({"message": " hi "})).unwrap();
        assert_eq!(
            (request.message.as_str(), request.concurrency, request.duration, request.rate),
            ("hi", 10, 10, 5)
        );
        assert_eq!((request.total_rate(), request.planned()), (50, 500));
    }

    #[test]
    fn a_form_has_its_numbers_as_text() {
        let request =
            parse(&json!({"message": "hi", "concurrency": " 7 ", "rate": "1000"})).unwrap();
        assert_eq!((request.concurrency, request.rate), (7, 1000));
    }

    #[test]
    fn a_whole_number_may_have_a_fraction_of_zero() {
        let request = parse(&json!({"message": "hi", "concurrency": 42.0, "rate": 1e3})).unwrap();
        assert_eq!((request.concurrency, request.rate), (42, 1000));
    }

    #[test]
    fn every_bad_field_is_reported() {
        let errors = parse(&json!({"concurrency": 0, "duration": 301, "rate": "x"})).unwrap_err();
        let names: Vec<_> = errors.keys().copied().collect();
        assert_eq!(names, ["concurrency", "duration", "message", "rate"]);
        assert_eq!(errors["duration"], FieldError::Number { max: 300 });
    }

    #[test]
    fn a_message_that_is_refused_has_its_reason() {
        let error =
            |text: &str| MessageRequest::parse(json!({ "message": text }).as_object().unwrap());
        let reason = |text: &str| error(text).unwrap_err()["message"];
        assert_eq!(reason(" "), FieldError::Message);
        assert_eq!(reason("\u{200b}\u{2800}"), FieldError::Invisible);
        assert_eq!(reason(&"x".repeat(130)), FieldError::TooLong { excess: 30, max: 100 });
    }

    #[test]
    fn a_name_may_be_left_out_or_empty_and_is_refused_with_its_reason() {
        let name = |value: Value| {
            let raw = json!({ "message": "hi", "name": value });
            let single = MessageRequest::parse(raw.as_object().unwrap()).map(|it| it.name);
            assert_eq!(parse(&raw).map(|it| it.name), single);
            single.map(|name| name.map(String::from)).map_err(|errors| errors["name"])
        };
        assert_eq!(parse(&json!({"message": "hi"})).unwrap().name, None);
        assert_eq!(name(json!(" ")), Ok(None));
        assert_eq!(name(json!(" 小明 ")), Ok(Some("小明".into())));
        assert_eq!(name(json!("😀".repeat(20))), Ok(Some("😀".repeat(20))));
        assert_eq!(name(json!("😀".repeat(23))), Err(FieldError::TooLong { excess: 3, max: 20 }));
        assert_eq!(name(json!("\u{200b}")), Err(FieldError::InvisibleName));
        for wild in [json!(null), json!(5), json!(["x"])] {
            assert_eq!(name(wild), Err(FieldError::Name));
        }
    }

    #[test]
    fn wrong_types_and_wild_numbers_are_field_errors() {
        for wild in
            [json!(-1), json!(1.5), json!(1e300), json!(null), json!([1]), json!({}), json!(true)]
        {
            let errors = parse(&json!({"message": "hi", "concurrency": wild})).unwrap_err();
            assert_eq!(errors.len(), 1, "{wild}");
        }
        for wild in [json!(5), json!(null), json!(""), json!("\u{0}"), json!("x".repeat(101))] {
            assert!(parse(&json!({"message": wild})).is_err(), "{wild}");
        }
    }

    proptest! {
        #[test]
        fn numbers_within_the_range_pass_and_others_do_not(n in any::<i64>()) {
            let passes = parse(&json!({"message": "hi", "duration": n})).is_ok();
            prop_assert_eq!(passes, (1..=300).contains(&n));
        }
    }
}
