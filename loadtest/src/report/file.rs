//! Reports as JSON in files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{Report, SCHEMA};

/// A file without a report that this program can read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("{0} cannot be read: {1}")]
    File(PathBuf, io::Error),
    #[error("{0} is no report of a load test: {1}")]
    Form(PathBuf, serde_json::Error),
    #[error("{0} is a report of the form {1:?}; this program reads {SCHEMA:?}")]
    Version(PathBuf, String),
}

/// The member that reports of all versions have.
#[derive(Deserialize)]
struct AnyVersion {
    schema: String,
}

impl Report {
    /// Reads a file that `--json` has written.
    pub(crate) fn read(path: &Path) -> Result<Self, Unreadable> {
        let text = fs::read(path).map_err(|error| Unreadable::File(path.into(), error))?;
        let form = |error| Unreadable::Form(path.into(), error);
        let AnyVersion { schema } = serde_json::from_slice(&text).map_err(form)?;
        if schema != SCHEMA {
            return Err(Unreadable::Version(path.into(), schema));
        }
        serde_json::from_slice(&text).map_err(form)
    }

    /// The JSON that `--json` writes. Fails when a figure is no number that JSON has.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn read(text: &str) -> Result<Report, String> {
        let file = std::env::temp_dir().join(format!("report-{}.json", uuid::Uuid::new_v4()));
        fs::write(&file, text).unwrap();
        let report = Report::read(&file).map_err(|error| error.to_string());
        fs::remove_file(&file).unwrap();
        report
    }

    #[test]
    fn a_report_survives_its_file() {
        let report = sample::report();
        assert_eq!(read(&report.to_json().unwrap()), Ok(report));
    }

    #[test]
    fn a_report_of_another_version_is_named_as_one() {
        let fault = read(r#"{"schema":"barrage.loadtest/2","more":1}"#).unwrap_err();
        assert!(fault.contains("barrage.loadtest/2") && fault.contains(SCHEMA), "{fault}");
    }

    #[test]
    fn a_file_without_a_report_is_named_as_such() {
        for text in ["", "{}", "[1]", r#"{"schema":"barrage.loadtest/1"}"#] {
            assert!(read(text).unwrap_err().contains("is no report"), "{text}");
        }
    }
}
