//! What is said in several places is the same: the variables that each service reads, as its
//! binary tells them (`--help`), as README.md does, and as `docker compose` passes them.

mod compose;
mod variables;

use std::collections::BTreeSet;
use std::fs;

use crate::variables::{SERVICES, Variables, help, is_variable, plain, variables_of_help};

/// The rows between `<!-- variables:SERVICE[,SERVICE] -->` and `<!-- /variables -->`:
/// a table whose first two columns are the variable and its default.
fn variables_of_readme(text: &str, service: &str) -> Variables {
    let mut variables = Variables::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        let marker = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
        if let Some(marker) = marker {
            let services = marker.strip_prefix("variables:").unwrap_or_default();
            inside = services.split(',').any(|name| name.trim() == service);
        }
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        if !inside || cells.len() < 3 || !is_variable(&plain(cells[0])) {
            continue;
        }
        let twice = variables.insert(plain(cells[0]), plain(cells[1]));
        assert!(twice.is_none(), "README.md lists {} twice for {service}", cells[0]);
    }
    variables
}

fn names(variables: &Variables) -> BTreeSet<&str> {
    variables.keys().map(String::as_str).collect()
}

#[test]
fn the_readme_lists_the_variables_that_each_service_reads() {
    let readme = fs::read_to_string("../README.md").expect("README.md lists the variables");
    let mut faults = Vec::new();
    for service in SERVICES {
        let read = variables_of_help(&help(service));
        let listed = variables_of_readme(&readme, service);
        assert!(read.contains_key("PORT"), "`{service} --help` lists no PORT among {read:?}");
        assert!(!listed.is_empty(), "README.md has no table after <!-- variables:{service} -->");
        for name in names(&read).difference(&names(&listed)) {
            faults.push(format!("{service} reads {name}: add it to the table in README.md"));
        }
        for name in names(&listed).difference(&names(&read)) {
            faults.push(format!("README.md lists {name}, which {service} does not read"));
        }
        for (name, default) in &read {
            let said = listed.get(name).unwrap_or(default);
            if said != default {
                let says = format!("README.md says {said:?}");
                faults.push(format!("{service}: {name} defaults to {default:?}, {says}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}

#[test]
fn both_forms_of_the_table_are_read_alike() {
    let help = "a is configured by environment variables:\n\nPORT     8080       Where it listens.\n\
                TRACING  (none)     An endpoint.\nSINK     (required) Where it sends.\n";
    let readme = "<!-- variables:a,b -->\n| variable | default | meaning |\n| --- | --- | --- |\n\
                  | `PORT` | `8080` | where |\n| `TRACING` | — | an endpoint |\n\
                  | `SINK` | required | where |\n<!-- /variables -->\n| `OTHER` | | outside |\n";
    assert_eq!(variables_of_help(help).len(), 3);
    assert_eq!(variables_of_help(help), variables_of_readme(readme, "b"));
    assert!(variables_of_readme(readme, "c").is_empty());
}
