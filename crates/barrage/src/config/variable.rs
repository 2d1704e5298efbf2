//! The declaration of one environment variable, and the `--help` text that lists them.

/// One environment variable. Its name and its rule are part of the public contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: &'static str,
    /// `None` for a variable that is required or may be unset.
    pub default: Option<&'static str>,
    /// What its value must be, as `--help` and error lines say it.
    pub expected: &'static str,
    /// What it is for, in one or two sentences.
    pub meaning: &'static str,
    /// Whether its value must never be printed.
    pub secret: bool,
    required: bool,
}

impl Variable {
    pub const fn new(
        name: &'static str,
        default: &'static str,
        expected: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, default: Some(default), expected, meaning, secret: false, required: false }
    }

    /// A variable without which the service cannot start.
    pub const fn required(
        name: &'static str,
        expected: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, default: None, expected, meaning, secret: false, required: true }
    }

    /// A variable that may be left out.
    pub const fn optional(
        name: &'static str,
        expected: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, default: None, expected, meaning, secret: false, required: false }
    }

    /// Marks its value as one that is never printed.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    fn default_text(&self) -> &'static str {
        match self.default {
            Some(default) => default,
            None if self.required => "(required)",
            None => "(none)",
        }
    }
}

pub fn wants_help(mut arguments: impl Iterator<Item = String>) -> bool {
    arguments.any(|argument| argument == "--help" || argument == "-h")
}

/// Whether the command line asks for a health check of the service that runs on this machine.
pub fn wants_health(mut arguments: impl Iterator<Item = String>) -> bool {
    arguments.any(|argument| argument == "--health")
}

/// The help text of a service: one line for each of its variables.
pub fn help(service: &str, variables: &[Variable]) -> String {
    let mut text = format!("{service} is configured by environment variables:\n\n");
    for variable in variables {
        let Variable { name, meaning, expected, .. } = variable;
        let default = variable.default_text();
        text += &format!("{name:<24} {default:<22} {meaning} ({expected})\n");
    }
    text += &format!("\n{service} --health exits 0 when the service at PORT lives, else 1.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_each_variable_with_its_default() {
        const A: Variable = Variable::new("A", "1", "a number", "How many.");
        const B: Variable = Variable::required("B", "a word", "Which.");
        let text = help("homepage", &[A, B]);
        assert!(
            text.contains("A                        1                      How many. (a number)")
        );
        assert!(text.contains("B                        (required)             Which. (a word)"));
    }
}
