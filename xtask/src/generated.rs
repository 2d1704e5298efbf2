//! The parts of files that are generated from the variables of the services: the
//! tables in docs/configure.md, the lines of .env.example, and what
//! docker-compose.yml passes to the containers.
//!
//! Such a part lies between two markers, and holds the variables of exactly the services that the
//! first marker names: `<!-- variables:homepage,event-router -->` and `<!-- /variables -->` in
//! Markdown, `# variables:homepage,event-router` and `# /variables` elsewhere.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};

use crate::variables::Variable;

/// A file with generated parts.
pub struct File {
    /// Its path from the root of the checkout.
    pub path: &'static str,
    /// What stands around the text of a marker.
    brackets: (&'static str, &'static str),
    /// What comes before the first variable.
    header: &'static str,
    /// The lines for one of all variables; none if this file does not list it.
    lines: fn(&Variable, &[Variable]) -> Result<Option<String>>,
}

/// All files with generated parts.
pub const FILES: [File; 3] = [
    File {
        path: "docs/configure.md",
        brackets: ("<!-- ", " -->"),
        header: "| variable | default | meaning |\n| --- | --- | --- |\n",
        lines: table_row,
    },
    File { path: ".env.example", brackets: ("# ", ""), header: "", lines: example_line },
    File { path: "docker-compose.yml", brackets: ("# ", ""), header: "", lines: compose_line },
];

/// docker-compose.yml says by hand what it is, or leaves it out.
const BY_HAND: Option<&str> = None;

/// The value of a variable in docker-compose.yml, where it differs from the default of the service. `.env` may have
/// another one.
const IN_COMPOSE: &[(&str, Option<&str>)] = &[
    // The same in every container.
    ("HOST", BY_HAND),
    ("PORT", BY_HAND),
    // Left out: replicas must not share a name, so each has that of its container.
    ("INSTANCE", BY_HAND),
    // Each service has a user of its own.
    ("KAFKA_USER", BY_HAND),
    ("KAFKA_PWD", BY_HAND),
    ("KAFKA_SECURITY_PROTOCOL", Some("PLAINTEXT")),
    ("KAFKA_SERVER", Some("kafka:9092")),
    ("OTS_ENDPOINT", Some("http://table:8000")),
    ("OTS_KEYID", Some("local")),
    ("OTS_SECRET", Some("local")),
    // All replicas: the name has an address for each, and is looked up every 5 seconds.
    ("SINK", Some("dns:///message-processor:8080")),
    ("TRACE_UI", Some("http://localhost:${JAEGER_PORT-16686}")),
    ("TRACING", Some("http://jaeger:4318")),
];

impl File {
    /// Its text with the generated parts as they should be.
    ///
    /// # Errors
    /// A marker is wrong, or a variable has no place in the file.
    pub fn generate(&self, text: &str, variables: &[Variable]) -> Result<String> {
        let mut new = String::new();
        let mut places = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            new += &format!("{line}\n");
            let Some(services) = self.marker(line).and_then(|it| it.strip_prefix("variables:"))
            else {
                continue;
            };
            let services: BTreeSet<_> = services.split(',').map(str::trim).collect();
            let indent = &line[..line.len() - line.trim_start().len()];
            let part = self.part(&services, variables)?;
            part.lines().for_each(|line| new += &format!("{indent}{line}\n"));
            let end = lines.find(|line| self.marker(line) == Some("/variables"));
            new += &format!("{}\n", end.with_context(|| format!("{line:?} has no end"))?);
            places.push(services);
        }
        for Variable { name, services, .. } in variables {
            let has_place = places.iter().any(|place| place.iter().eq(services.iter()));
            let services = services.iter().copied().collect::<Vec<_>>().join(",");
            ensure!(has_place, "{name} needs a part between {}", self.markers(&services));
        }
        Ok(new)
    }

    fn part(&self, services: &BTreeSet<&str>, variables: &[Variable]) -> Result<String> {
        let mut part = self.header.to_owned();
        for variable in variables.iter().filter(|it| it.services.iter().eq(services.iter())) {
            part += &(self.lines)(variable, variables)?.unwrap_or_default();
        }
        if part == self.header {
            let services: Vec<_> = services.iter().copied().collect();
            bail!("no variable is read by exactly {}", services.join(", "));
        }
        Ok(part)
    }

    /// What a marker says; `None` for all other lines.
    fn marker<'a>(&self, line: &'a str) -> Option<&'a str> {
        line.trim().strip_prefix(self.brackets.0)?.strip_suffix(self.brackets.1)
    }

    fn markers(&self, services: &str) -> String {
        let (before, after) = self.brackets;
        format!("`{before}variables:{services}{after}` and `{before}/variables{after}`")
    }
}

fn table_row(variable: &Variable, _: &[Variable]) -> Result<Option<String>> {
    let Variable { name, default, meaning, .. } = variable;
    let default = match default.as_deref() {
        None => "required".to_owned(),
        Some("") => "none".to_owned(),
        Some(value) => format!("`{value}`"),
    };
    let meaning = meaning.replace('|', "\\|");
    Ok(Some(format!("| `{name}` | {default} | {meaning} |\n")))
}

/// A line of `.env` sets a variable for all services. So a name that has another
/// meaning for another service is listed once, in the first part of the file that has
/// it, with each of its meanings.
fn example_line(variable: &Variable, all: &[Variable]) -> Result<Option<String>> {
    let name = &variable.name;
    let namesakes: Vec<_> = all.iter().filter(|it| it.name == *name).collect();
    let Some(value) = in_compose(variable)?.filter(|_| namesakes.first() == Some(&variable)) else {
        return Ok(None);
    };
    let mut lines = format!("# {}\n", variable.meaning);
    for other in &namesakes[1..] {
        let services: Vec<_> = other.services.iter().copied().collect();
        lines += &format!("# For the {}: {}\n", services.join(", "), other.meaning);
    }
    Ok(Some(lines + &format!("#{name}={value}\n")))
}

fn compose_line(variable: &Variable, _: &[Variable]) -> Result<Option<String>> {
    let name = &variable.name;
    let value = in_compose(variable)?;
    Ok(value.map(|value| format!("{name}: ${{{name}-{value}}}\n")))
}

/// What docker-compose.yml passes without `.env`; `None` if it has the variable by hand.
fn in_compose(variable: &Variable) -> Result<Option<&str>> {
    let name = &variable.name;
    match IN_COMPOSE.iter().find(|(other, _)| other == name) {
        Some((_, value)) => Ok(*value),
        None => {
            let value = variable.default.as_deref();
            value.map(Some).with_context(|| {
                format!(
                    "{name} is required: add its value for containers to IN_COMPOSE in {}",
                    file!()
                )
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, default: Option<&str>, services: &[&'static str]) -> Variable {
        Variable {
            name: name.into(),
            default: default.map(str::to_owned),
            meaning: "What it is. (a | b)".into(),
            services: services.iter().copied().collect(),
        }
    }

    fn all() -> [Variable; 3] {
        [
            variable("WORK_MS", Some("0"), &["message-processor"]),
            variable("SINK", None, &["event-router"]),
            variable("INSTANCE", Some(""), &["event-router"]),
        ]
    }

    #[test]
    fn only_what_is_between_markers_is_replaced() {
        let text = "# Title\n<!-- variables:event-router -->\nold\n<!-- /variables -->\nrest\n\
                    <!-- variables:message-processor -->\n<!-- /variables -->\n";
        let new = FILES[0].generate(text, &all()).unwrap();
        let head = "| variable | default | meaning |\n| --- | --- | --- |";
        let expected = format!(
            "# Title\n<!-- variables:event-router -->\n{head}\n\
             | `SINK` | required | What it is. (a \\| b) |\n\
             | `INSTANCE` | none | What it is. (a \\| b) |\n<!-- /variables -->\nrest\n\
             <!-- variables:message-processor -->\n{head}\n\
             | `WORK_MS` | `0` | What it is. (a \\| b) |\n<!-- /variables -->\n"
        );
        assert_eq!(new, expected);
        assert_eq!(FILES[0].generate(&new, &all()).unwrap(), new, "nothing to do the second time");
    }

    #[test]
    fn containers_have_defaults_of_their_own_and_keep_the_indent_of_the_marker() {
        let text = "a:\n  # variables:event-router\n  # /variables\n\
                    b:\n  # variables:message-processor\n  # /variables\n";
        let new = FILES[2].generate(text, &all()).unwrap();
        let expected = "a:\n  # variables:event-router\n  SINK: ${SINK-dns:///message-processor:8080}\n  \
                        # /variables\nb:\n  # variables:message-processor\n  WORK_MS: ${WORK_MS-0}\n  # /variables\n";
        assert_eq!(new, expected);
    }

    #[test]
    fn the_example_of_env_lists_a_variable_with_two_meanings_once() {
        let text = "# variables:event-router\n# /variables\n\
                    # variables:message-processor\n# /variables\n";
        let mut other = variable("TOPIC", Some("t"), &["message-processor"]);
        other.meaning = "Another meaning.".into();
        let variables = [variable("TOPIC", Some("t"), &["event-router"]), other, all()[0].clone()];
        let expected = "# variables:event-router\n# What it is. (a | b)\n\
                        # For the message-processor: Another meaning.\n#TOPIC=t\n# /variables\n\
                        # variables:message-processor\n# What it is. (a | b)\n#WORK_MS=0\n# /variables\n";
        assert_eq!(FILES[1].generate(text, &variables).unwrap(), expected);
    }

    #[test]
    fn a_variable_without_a_place_or_a_value_is_an_error() {
        let error = |text: &str, variables: &[Variable]| {
            FILES[1].generate(text, variables).unwrap_err().to_string()
        };
        let text = "# variables:event-router\n# /variables\n";
        let expected =
            "WORK_MS needs a part between `# variables:message-processor` and `# /variables`";
        assert_eq!(error(text, &all()), expected);
        let key = [variable("KEY", None, &["event-router"])];
        assert!(error(text, &key).starts_with("KEY is required: add its value for containers"));
        assert_eq!(
            error("# variables:homepage\n# /variables\n", &[]),
            "no variable is read by exactly homepage"
        );
        assert_eq!(
            error("# variables:event-router\n", &all()),
            "\"# variables:event-router\" has no end"
        );
    }
}
