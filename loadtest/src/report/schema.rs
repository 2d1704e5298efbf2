//! The form of a report, as a JSON Schema: made of the types, so that it cannot say anything else than they do.

use schemars::{Schema, schema_for};

use super::Report;

/// The schema of [`Report`].
pub(crate) fn schema() -> Schema {
    schema_for!(Report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let committed = include_str!("../../report.schema.json");
        let schema = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        assert!(
            committed == schema,
            "write it anew: cargo loadtest -- schema > loadtest/report.schema.json"
        );
    }
}
