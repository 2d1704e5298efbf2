//! Reads and parses variables, and collects what is wrong.

use std::str::FromStr;

use super::error::{Faults, VarError};
use super::variable::Variable;
use super::vars::Vars;

/// Reads a whole configuration from `vars`.
///
/// # Errors
/// All problems at once, in the order in which `read` met them.
pub fn parse<T>(vars: &Vars, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Result<T, Faults> {
    let mut reader = Reader { vars, variables: Vec::new(), faults: Vec::new() };
    match read(&mut reader) {
        Some(config) if reader.faults.is_empty() => Ok(config),
        _ => Err(Faults(reader.faults)),
    }
}

/// The variables that `read` reads, in its order. It is found by running `read` without any variable set.
pub fn variables_of<T>(read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Vec<Variable> {
    let vars = Vars::default();
    let mut reader = Reader { vars: &vars, variables: Vec::new(), faults: Vec::new() };
    let _incomplete = read(&mut reader);
    reader.variables
}

/// Reads variables. It collects the problems, so that a person sees all of them at once. It also collects the
/// variables, which is what [`variables_of`] returns.
///
/// So a `read` function must read every variable before its first `?`: a variable after it would be missing
/// from `--help`, and its problems would show only at the next start.
#[derive(Debug)]
pub struct Reader<'a> {
    vars: &'a Vars,
    variables: Vec<Variable>,
    faults: Vec<VarError>,
}

impl Reader<'_> {
    /// The variable's value, or its default. `None` when it is missing or wrong: that is recorded.
    pub fn read<T: FromStr>(&mut self, variable: &Variable) -> Option<T> {
        self.read_if(variable, |_| true)
    }

    /// Like [`Reader::read`], but a value is also wrong when `allowed` says so.
    pub fn read_if<T: FromStr>(
        &mut self,
        variable: &Variable,
        allowed: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        self.variables.push(*variable);
        self.parsed(variable, allowed)
    }

    /// A variable that may be unset: then `Some(None)`.
    pub fn read_optional<T: FromStr>(&mut self, variable: &Variable) -> Option<Option<T>> {
        self.variables.push(*variable);
        match self.text(variable) {
            None => Some(None),
            Some(_) => self.parsed(variable, |_| true).map(Some),
        }
    }

    /// Whether the variable is set, even to a blank value.
    pub fn is_set(&self, variable: &Variable) -> bool {
        self.vars.0.contains_key(variable.name)
    }

    /// Records that a variable's value is wrong, for rules that span several variables.
    pub fn fault(&mut self, variable: &Variable) {
        let seen = self
            .vars
            .get(variable.name)
            .map(|value| if variable.secret { "***".to_owned() } else { value.to_owned() });
        self.faults.push(VarError { variable: variable.name, expected: variable.expected, seen });
    }

    fn parsed<T: FromStr>(
        &mut self,
        variable: &Variable,
        allowed: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let value = self.text(variable).and_then(|text| text.parse().ok()).filter(allowed);
        if value.is_none() {
            self.fault(variable);
        }
        value
    }

    fn text(&self, variable: &Variable) -> Option<&str> {
        self.vars.get(variable.name).or(variable.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: Variable = Variable::new("COUNT", "3", "1 to 9", "How many.");
    const KEY: Variable = Variable::required("KEY", "digits", "A secret.").secret();
    const NAME: Variable = Variable::optional("NAME", "a word", "What it is called.");

    fn read(reader: &mut Reader<'_>) -> Option<(u8, u8, Option<String>)> {
        let count = reader.read(&COUNT);
        let key = reader.read(&KEY);
        let name = reader.read_optional(&NAME);
        Some((count?, key?, name?))
    }

    #[test]
    fn a_default_goes_through_the_same_parser_as_a_value() {
        assert_eq!(parse(&Vars::from_iter([("KEY", "7")]), read), Ok((3, 7, None)));
    }

    #[test]
    fn all_problems_are_reported_and_secrets_are_not_shown() {
        let faults = parse(&Vars::from_iter([("COUNT", "many"), ("KEY", "hunter2")]), read);
        assert_eq!(
            faults.unwrap_err().to_string(),
            "COUNT: expected 1 to 9, saw \"many\"\nKEY: expected digits, saw \"***\""
        );
    }

    #[test]
    fn a_required_variable_that_is_blank_counts_as_missing() {
        let faults = parse(&Vars::from_iter([("KEY", "  ")]), read).unwrap_err();
        assert_eq!(faults.to_string(), "KEY: expected digits, saw nothing");
    }

    #[test]
    fn a_variable_that_is_blank_is_set_and_has_no_value() {
        let is_set = |vars: &[(&str, &str)]| {
            let vars = Vars::from_iter(vars.iter().copied());
            parse(&vars, |reader| Some((reader.is_set(&NAME), reader.read_optional(&NAME)?)))
        };
        assert_eq!(is_set(&[("NAME", "")]), Ok((true, None::<String>)));
        assert_eq!(is_set(&[]), Ok((false, None)));
    }

    #[test]
    fn a_variable_is_listed_because_it_is_read_even_if_it_is_missing_or_optional() {
        assert_eq!(variables_of(read), [COUNT, KEY, NAME]);
    }
}
