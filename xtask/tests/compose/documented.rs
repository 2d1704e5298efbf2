//! The variables of each service, as the tables in docs/configure.md list them.
//!
//! They are what the services print with `--help`: `cargo test -p e2e --test contract` holds them to it.

use std::collections::BTreeSet;
use std::fs;

use xtask::variables::is_variable;

/// The names in the tables between `<!-- variables:SERVICE[,SERVICE] -->` and `<!-- /variables -->`.
pub(crate) fn documented(service: &str) -> BTreeSet<String> {
    let text = fs::read_to_string("../docs/configure.md").expect("docs/configure.md is there");
    let names = names(&text, service);
    assert!(names.contains("PORT"), "docs/configure.md lists only {names:?} for {service}");
    names
}

fn names(text: &str, service: &str) -> BTreeSet<String> {
    let parts = text.split("<!-- variables:").skip(1).filter_map(|part| part.split_once(" -->"));
    let parts = parts.filter(|(services, _)| services.split(',').any(|it| it == service));
    let rows = parts.filter_map(|(_, rest)| rest.split_once("<!-- /variables -->"));
    let lines = rows.flat_map(|(rows, _)| rows.lines());
    let name = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    lines.filter_map(name).filter(|name| is_variable(name)).collect()
}

#[test]
fn only_the_tables_of_a_service_are_read() {
    let text = "<!-- variables:a,b -->\n| variable | default | meaning |\n| --- | --- | --- |\n\
                | `PORT` | `8080` | where |\n| `SINK` | required | where |\n<!-- /variables -->\n\
                | `OTHER` | | outside |\n";
    assert_eq!(names(text, "b"), BTreeSet::from(["PORT".to_owned(), "SINK".to_owned()]));
    assert!(names(text, "c").is_empty());
}
