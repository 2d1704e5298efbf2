//! The report as one HTML file.

use super::Report;

/// The file.
///
/// # Errors
/// When a figure is no number that JSON knows.
pub(crate) fn render(report: &Report) -> serde_json::Result<String> {
    serde_json::to_string(report)
}
