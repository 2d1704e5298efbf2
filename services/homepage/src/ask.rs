//! What a person asks for, checked field by field. The limits are constants that the page, the API and
//! the tests read here.

use std::collections::BTreeMap;
use std::fmt;

use barrage::message::Text;
use serde_json::Value;

use crate::page::words;

/// A number with a name and a range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Its name in JSON and in the form.
    pub(crate) name: &'static str,
    /// The greatest value; the least is 1.
    pub(crate) max: u32,
    /// The value when it is left out.
    pub(crate) default: u32,
}

/// How many senders a burst has.
pub(crate) const CONCURRENCY: Field = Field { name: "concurrency", max: 100, default: 10 };
/// For how many seconds they send.
pub(crate) const DURATION: Field = Field { name: "duration", max: 300, default: 10 };
/// How many messages per second each of them sends.
pub(crate) const RATE: Field = Field { name: "rate", max: 1000, default: 5 };

/// The name of the field with the text.
pub(crate) const MESSAGE: &str = "message";

/// A burst as a person asks for it: every field is within its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) message: Text,
    pub(crate) concurrency: u32,
    pub(crate) duration: u32,
    pub(crate) rate: u32,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It is no message.
    Message,
    /// It is no whole number from 1 to this.
    Number { max: u32 },
    /// All senders together would send more than this in a second.
    Together { most: u64 },
}

/// As the API says it.
impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words::EN.wrong(*self))
    }
}

/// What is wrong with each field, by its name.
pub(crate) type FieldErrors = BTreeMap<&'static str, Wrong>;

/// What came over the wire, before it is checked: JSON, or a form whose values are all text.
pub(crate) type Raw = serde_json::Map<String, Value>;

impl Ask {
    /// Checks all fields.
    ///
    /// # Errors
    /// One for each field that is wrong.
    pub(crate) fn parse(raw: &Raw) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let message = note(&mut errors, MESSAGE, text(raw));
        let mut number = |field: Field| note(&mut errors, field.name, field.read(raw));
        let (concurrency, duration, rate) = (number(CONCURRENCY), number(DURATION), number(RATE));
        let all = (message, concurrency, duration, rate);
        let (Some(message), Some(concurrency), Some(duration), Some(rate)) = all else {
            return Err(errors);
        };
        Ok(Self { message, concurrency, duration, rate })
    }

    /// How many messages per second all its senders send together.
    pub(crate) fn total_rate(&self) -> u64 {
        u64::from(self.concurrency) * u64::from(self.rate)
    }
}

/// The text of a single message.
///
/// # Errors
/// When it is missing or wrong.
pub(crate) fn message(raw: &Raw) -> Result<Text, FieldErrors> {
    text(raw).map_err(|error| FieldErrors::from([(MESSAGE, error)]))
}

fn note<T>(errors: &mut FieldErrors, name: &'static str, result: Result<T, Wrong>) -> Option<T> {
    result.map_err(|error| errors.insert(name, error)).ok()
}

fn text(raw: &Raw) -> Result<Text, Wrong> {
    let text = raw.get(MESSAGE).and_then(Value::as_str).ok_or(Wrong::Message)?;
    Text::parse(text).map_err(|_| Wrong::Message)
}

impl Field {
    fn read(self, raw: &Raw) -> Result<u32, Wrong> {
        raw.get(self.name).map_or(Ok(self.default), |value| self.parse(value))
    }

    /// Checks a value.
    ///
    /// # Errors
    /// When it is no whole number within the range.
    pub(crate) fn parse(self, value: &Value) -> Result<u32, Wrong> {
        let number = match value {
            Value::Number(number) => number.as_u64(),
            Value::String(digits) => digits.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let number = number.and_then(|n| u32::try_from(n).ok());
        let allowed = number.filter(|n| (1..=self.max).contains(n));
        allowed.ok_or(Wrong::Number { max: self.max })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> Result<Ask, FieldErrors> {
        Ask::parse(value.as_object().unwrap())
    }

    #[test]
    fn a_message_alone_gets_the_defaults() {
        let ask = parse(&json!({"message": " hi "})).unwrap();
        assert_eq!(
            (ask.message.as_str(), ask.concurrency, ask.duration, ask.rate),
            ("hi", 10, 10, 5)
        );
        assert_eq!(ask.total_rate(), 50);
    }

    #[test]
    fn a_form_has_its_numbers_as_text() {
        let ask = parse(&json!({"message": "hi", "concurrency": " 7 ", "rate": "1000"})).unwrap();
        assert_eq!((ask.concurrency, ask.rate), (7, 1000));
    }

    #[test]
    fn every_bad_field_is_reported() {
        let errors = parse(&json!({"concurrency": 0, "duration": 301, "rate": "x"})).unwrap_err();
        let names: Vec<_> = errors.keys().copied().collect();
        assert_eq!(names, ["concurrency", "duration", "message", "rate"]);
        assert_eq!(errors["duration"].to_string(), "Whole number, 1 to 300.");
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
