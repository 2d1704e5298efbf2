//! What is wrong with a configuration, as the program prints it before it ends with exit code 2.

use std::fmt;

/// One variable whose value is wrong or missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: expected {expected}, saw {}", self.seen())]
pub struct VarError {
    pub variable: &'static str,
    pub expected: &'static str,
    /// `***` for a secret; `None` when the variable is not set.
    pub seen: Option<String>,
}

impl VarError {
    /// The value for the error line: quoted, and cut to 120 characters.
    fn seen(&self) -> String {
        match &self.seen {
            None => "nothing".to_owned(),
            Some(value) if value.chars().count() > 120 => {
                format!("{:?}…", value.chars().take(120).collect::<String>())
            }
            Some(value) => format!("{value:?}"),
        }
    }
}

/// All problems of a configuration, one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<VarError>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(VarError::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
