//! Variables of the environment whose names are nearly ours. Nothing reads them, so most likely they are misspelt.

use strsim::damerau_levenshtein;

use super::{Variable, Vars};

/// Logs a warning for each of them. Call it when logs are written.
pub fn warn_of_misspelt(vars: &Vars, service: &str, variables: &[Variable]) {
    for (name, meant) in misspelt(vars, variables) {
        tracing::warn!("{name} is not a variable of the {service}. Did you mean {meant}?");
    }
}

/// The misspelt names, each with the one that was probably meant.
fn misspelt<'a>(vars: &'a Vars, variables: &[Variable]) -> Vec<(&'a str, &'static str)> {
    let is_known = |name: &str| variables.iter().any(|variable| variable.name == name);
    let unknown = vars.0.keys().map(String::as_str).filter(|name| !is_known(name));
    let nearest = |name| {
        let near = variables.iter().filter_map(|it| Some((distance(name, it.name)?, it.name)));
        Some((name, near.min()?.1))
    };
    unknown.filter_map(nearest).collect()
}

/// How many letters are wrong, missing, too many or swapped, if they are so few that a person may have meant ours.
///
/// Names that differ only in digits are different variables: to the homepage, which has `TRACE_NAME1`, the processor's
/// `TRACE_NAME2` and the router's `TRACE_NAME` are not misspelt.
fn distance(name: &str, ours: &str) -> Option<usize> {
    let name = name.to_ascii_uppercase();
    let most = if ours.len() < 10 { 1 } else { 2 };
    let is_other = name == ours || stem(&name) != stem(ours);
    let is_near = name.len().abs_diff(ours.len()) <= most && is_other;
    let distance = is_near.then(|| damerau_levenshtein(&name, ours));
    distance.filter(|distance| *distance <= most)
}

/// The name without digits.
fn stem(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn variable(name: &'static str) -> Variable {
        Variable::optional(name, "anything", "What the test is about.")
    }

    const OURS: [Variable; 6] = [
        variable("BLOCKED_WORDS"),
        variable("HOST"),
        variable("KAFKA_SERVER"),
        variable("KAFKA_TOPIC"),
        variable("PORT"),
        variable("TRACE_NAME1"),
    ];

    fn meant(name: &str) -> Option<&'static str> {
        let vars = Vars::from_iter([(name, "x")]);
        misspelt(&vars, &OURS).first().map(|(_, meant)| *meant)
    }

    #[test]
    fn a_name_that_is_nearly_ours_is_misspelt() {
        for (name, ours) in [
            ("BLOCKED_WORD", "BLOCKED_WORDS"),
            ("BLOKED_WORD", "BLOCKED_WORDS"),
            ("BLOCKEDWORDS", "BLOCKED_WORDS"),
            ("KAFKA_SEVRER", "KAFKA_SERVER"),
            ("KAFKA_SERVERS", "KAFKA_SERVER"),
            ("TRACE_NAM1", "TRACE_NAME1"),
            ("PROT", "PORT"),
        ] {
            assert_eq!(meant(name), Some(ours), "{name}");
        }
    }

    #[test]
    fn a_name_that_is_ours_or_nothing_like_it_is_not() {
        for name in [
            "BLOCKED_WORDS",
            "TRACE_NAME",
            "TRACE_NAME2",
            "HOME",
            "HOSTNAME",
            "PATH",
            "PWD",
            "KAFKA_PORT",
            "KAFKA_USER",
            "WORDS",
            "",
        ] {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}
