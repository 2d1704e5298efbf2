//! What a router says when no processor does its work. It stands in the metadata of the offsets that the router commits,
//! so the homepage reads it where it reads these, and no service depends on another one.
//!
//! An example: `barrage.processors.v1 {"since":1700000000123,"processors":4,"answering":0,"error":"connection refused"}`

use serde::{Deserialize, Serialize};

use crate::time::Millis;

/// No processor has finished a call for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessorFailure {
    /// By the router's clock.
    pub since: Millis,
    /// How many processors the router knows.
    pub processors: usize,
    /// How many of them answer, with an error.
    pub answering: usize,
    /// What the last failed call says.
    error: String,
}

/// Other tools write metadata, too. Theirs does not begin like this.
const FORM: &str = "barrage.processors.v1 ";

impl ProcessorFailure {
    /// The most bytes of an error. Escaped as JSON, it can have twice as many. All of the metadata stays below
    /// [`Self::MAX_METADATA`].
    const MAX_ERROR: usize = 160;
    /// Kafka allows 4096 (`offset.metadata.max.bytes`), and an operator may have set less.
    const MAX_METADATA: usize = 512;

    /// The error is cut to one short line.
    pub fn new(since: Millis, processors: usize, answering: usize, error: &str) -> Self {
        Self { since, processors, answering, error: short(error) }
    }

    /// One short line.
    pub fn error(&self) -> &str {
        &self.error
    }

    pub fn to_metadata(&self) -> String {
        let json = serde_json::to_string(self).expect("texts and numbers");
        format!("{FORM}{json}")
    }

    /// `None` if somebody else has written it, or nobody.
    pub fn from_metadata(text: &str) -> Option<Self> {
        let json = text.strip_prefix(FORM).filter(|_| text.len() <= Self::MAX_METADATA)?;
        let Self { since, processors, answering, error } = serde_json::from_str(json).ok()?;
        Some(Self::new(since, processors, answering, &error))
    }
}

/// One line without control characters, of few bytes.
fn short(error: &str) -> String {
    let line = error.replace(char::is_control, " ");
    let end = line.floor_char_boundary(ProcessorFailure::MAX_ERROR);
    line[..end].trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_metadata_has_the_form_of_the_contract() {
        let failure = ProcessorFailure::new(Millis(1_700_000_000_123), 4, 0, "connection refused");
        let text = concat!(
            r#"barrage.processors.v1 {"since":1700000000123,"processors":4,"answering":0,"#,
            r#""error":"connection refused"}"#
        );
        assert_eq!(failure.to_metadata(), text);
    }

    #[test]
    fn what_somebody_else_has_written_is_no_failure() {
        let own = ProcessorFailure::new(Millis(0), 1, 0, "x").to_metadata();
        let long = format!("{own}{}", " ".repeat(512));
        for text in ["", "{}", "consumer-7", FORM, &own[FORM.len()..], &own[..own.len() - 1], &long]
        {
            assert_eq!(ProcessorFailure::from_metadata(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_failure_is_read_as_it_was_written_and_is_short(
            since: i64, processors: usize, answering: usize, error in "(\\PC|[\0-\"\\\\]){0,400}",
        ) {
            let failure = ProcessorFailure::new(Millis(since), processors, answering, &error);
            let text = failure.to_metadata();
            prop_assert!(text.len() <= ProcessorFailure::MAX_METADATA, "{}", text.len());
            prop_assert_eq!(ProcessorFailure::from_metadata(&text), Some(failure));
        }
    }
}
