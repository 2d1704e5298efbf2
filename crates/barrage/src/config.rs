//! Configuration by environment variables: every variable is declared once, with its default, what
//! it must be and what it means, and that declaration parses it, explains it and documents it.

mod listen;
mod values;
mod variable;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

pub use listen::Listen;
pub use values::{Endpoint, Instance, Seconds, Secret, Share};
pub use variable::{Variable, help, wants_health, wants_help};

/// The environment of a process, as a value: parsing it is pure.
#[derive(Clone, Debug, Default)]
pub struct Vars(BTreeMap<String, String>);

impl Vars {
    /// The variables of this process. Only `main` calls it.
    ///
    /// A value that is not Unicode is kept with replacement characters, so that the fault shows it.
    pub fn from_process() -> Self {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        Self(std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Vars {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// One variable that holds a wrong value, or nothing where something is needed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: expected {expected}, saw {}", self.seen())]
pub struct VarError {
    /// Its name.
    pub variable: &'static str,
    /// What it must be.
    pub expected: &'static str,
    /// What it held; `***` for a secret.
    pub seen: Option<String>,
}

impl VarError {
    /// What it held, quoted and cut to a line's length.
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

/// All that is wrong with a configuration, one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<VarError>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(VarError::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Reads variables and collects the faults, so that a person sees all of them at once.
#[derive(Debug)]
pub struct Reader<'a> {
    vars: &'a Vars,
    faults: Vec<VarError>,
}

impl<'a> Reader<'a> {
    /// Reads from `vars`.
    pub fn new(vars: &'a Vars) -> Self {
        Self { vars, faults: Vec::new() }
    }

    /// The variable's value, or its default; `None` after noting a fault.
    pub fn read<T: FromStr>(&mut self, variable: &Variable) -> Option<T> {
        self.read_if(variable, |_| true)
    }

    /// As [`Reader::read`], where only values that `allowed` accepts are right.
    pub fn read_if<T: FromStr>(
        &mut self,
        variable: &Variable,
        allowed: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let text = self.vars.get(variable.name).or(variable.default);
        let value = text.and_then(|text| text.parse().ok()).filter(allowed);
        if value.is_none() {
            self.fault(variable);
        }
        value
    }

    /// A variable that may be left out: `Some(None)` when it is.
    pub fn read_optional<T: FromStr>(&mut self, variable: &Variable) -> Option<Option<T>> {
        match self.vars.get(variable.name).or(variable.default) {
            None => Some(None),
            Some(_) => self.read(variable).map(Some),
        }
    }

    /// Notes that a variable's value is wrong, for rules that span several variables.
    pub fn fault(&mut self, variable: &Variable) {
        let seen = self
            .vars
            .get(variable.name)
            .map(|value| if variable.secret { "***".to_owned() } else { value.to_owned() });
        self.faults.push(VarError { variable: variable.name, expected: variable.expected, seen });
    }

    /// What was built of the values, unless there was a fault.
    ///
    /// # Errors
    /// All faults noted so far.
    pub fn finish<T>(self, built: Option<T>) -> Result<T, Faults> {
        match built {
            Some(config) if self.faults.is_empty() => Ok(config),
            _ => Err(Faults(self.faults)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: Variable = Variable::new("COUNT", "3", "1 to 9", "How many.");
    const KEY: Variable = Variable::required("KEY", "digits", "A secret.").secret();

    #[test]
    fn a_default_goes_through_the_same_parser_as_a_value() {
        let vars = Vars::default();
        assert_eq!(Reader::new(&vars).read::<u8>(&COUNT), Some(3));
    }

    #[test]
    fn all_faults_are_reported_and_secrets_are_not_shown() {
        let vars = Vars::from_iter([("COUNT", "many"), ("KEY", "hunter2")]);
        let mut reader = Reader::new(&vars);
        let count = reader.read::<u8>(&COUNT);
        let key = reader.read::<u8>(&KEY);
        let faults = reader.finish(count.zip(key)).unwrap_err();
        assert_eq!(
            faults.to_string(),
            "COUNT: expected 1 to 9, saw \"many\"\nKEY: expected digits, saw \"***\""
        );
    }

    #[test]
    fn a_required_variable_that_is_blank_counts_as_missing() {
        let vars = Vars::from_iter([("KEY", "  ")]);
        let mut reader = Reader::new(&vars);
        let key = reader.read::<u8>(&KEY);
        let faults = reader.finish(key).unwrap_err();
        assert_eq!(faults.to_string(), "KEY: expected digits, saw nothing");
    }
}
