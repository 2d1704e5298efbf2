//! Every list of variables is what the services print: docs/configure.md, .env.example and docker-compose.yml are
//! as `cargo xtask docs` would write them.

#![expect(clippy::unwrap_used, reason = "what cannot be done fails the test that needs it")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use process::child::run_to_end;
use stack::program;
use tokio::process::Command;
use xtask::generated::FILES;
use xtask::variables::{SERVICES, variables};

/// Longer than a service takes to print its help.
const DEADLINE: Duration = Duration::from_secs(20);

async fn help(service: &str) -> String {
    let output =
        run_to_end(Command::new(program(service)).arg("--help").env_clear(), DEADLINE).await;
    assert!(output.status.success(), "`{service} --help` must exit 0, not with {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn every_list_of_variables_is_what_the_services_print() {
    let mut helps = Vec::new();
    for service in SERVICES {
        helps.push((service, help(service).await));
    }
    let variables = variables(&helps);
    assert!(variables.iter().any(|variable| variable.name == "PORT"), "{variables:?}");
    for file in FILES {
        let path = Path::new("..").join(file.path); // cargo test runs us in e2e/
        let text = fs::read_to_string(&path).unwrap();
        let generated = file.generate(&text, &variables).unwrap_or_else(|error| {
            panic!("{}: {error:#}", file.path);
        });
        let differ = text.lines().zip(generated.lines()).find(|(is, should)| is != should);
        assert!(
            text == generated,
            "{} differs from what the services print; run cargo xtask docs. First: {differ:?}",
            file.path
        );
    }
}
