//! The environment variables of the services, read from what `SERVICE --help` prints.

use std::collections::BTreeSet;

/// The programs that environment variables configure.
pub const SERVICES: [&str; 3] = ["homepage", "event-router", "message-processor"];

/// One environment variable, and the services that read it with this default and this meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// `None` if the service does not start without it; empty if it may be left out.
    pub default: Option<String>,
    /// What it is for, and in brackets what the value must be.
    pub meaning: String,
    pub services: BTreeSet<&'static str>,
}

/// The variables of all services, from pairs of a service and its `--help`, in
/// the order of that help.
///
/// A variable that means something else for another service is listed twice: `KAFKA_TOPIC` is the
/// topic that the homepage and the router use, but only a fallback for the processor.
pub fn variables(helps: &[(&'static str, String)]) -> Vec<Variable> {
    let mut all: Vec<Variable> = Vec::new();
    for (service, help) in helps {
        for variable in help.lines().filter_map(|line| parse(line, service)) {
            let same = |known: &&mut Variable| {
                (&known.name, &known.default, &known.meaning)
                    == (&variable.name, &variable.default, &variable.meaning)
            };
            match all.iter_mut().find(same) {
                Some(known) => _ = known.services.insert(service),
                None => all.push(variable),
            }
        }
    }
    all
}

/// Reads a line `NAME default meaning`. The first two are one word each.
fn parse(line: &str, service: &'static str) -> Option<Variable> {
    let (name, rest) = line.split_once(' ').filter(|(name, _)| is_variable(name))?;
    let (default, meaning) = rest.trim_start().split_once(' ')?;
    Some(Variable {
        name: name.to_owned(),
        default: match default {
            "(required)" => None,
            "(none)" => Some(String::new()),
            value => Some(value.to_owned()),
        },
        meaning: meaning.trim().to_owned(),
        services: BTreeSet::from([service]),
    })
}

/// Whether a word can be the name of a variable: `KAFKA_TOPIC`.
pub fn is_variable(word: &str) -> bool {
    word.len() > 1
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "a is configured by environment variables:\n\n\
        PORT                     8080                   The port. (0 to 65535)\n\
        TRACING                  (none)                 The endpoint. (a URL)\n\
        SINK                     (required)             The processors. (a URL)\n\n\
        a --health exits 0 when the service at PORT lives, else 1.\n";

    #[test]
    fn help_is_read_line_by_line() {
        let all = variables(&SERVICES.map(|service| (service, HELP.to_owned())));
        let read: Vec<_> = all.iter().map(|it| (&it.name[..], it.default.as_deref())).collect();
        assert_eq!(read, [("PORT", Some("8080")), ("TRACING", Some("")), ("SINK", None)]);
        assert_eq!(all[0].meaning, "The port. (0 to 65535)");
        assert_eq!(all[0].services, BTreeSet::from(SERVICES));
    }

    #[test]
    fn a_variable_with_two_meanings_is_listed_twice() {
        let other = HELP.replace("port", "socket");
        let all = variables(&[
            ("homepage", HELP.to_owned()),
            ("event-router", other.clone()),
            ("message-processor", other),
        ]);
        let ports: Vec<_> = all.iter().filter(|it| it.name == "PORT").collect();
        assert_eq!(ports[0].services, BTreeSet::from(["homepage"]));
        assert_eq!(ports[1].services, BTreeSet::from(["event-router", "message-processor"]));
    }
}
