//! An invalid configuration stops a service at once, with one line for each problem.

use std::{process::Output, time::Duration};

use process::child::run_to_end;
use stack::{
    Stack,
    plan::name::{HOMEPAGE, PROCESSOR, ROUTER},
    program,
};
use tokio::process::Command;

/// Enough for each service to start.
const VALID: &[(&str, &str)] = &[
    ("PORT", "0"),
    ("HOST", "127.0.0.1"),
    ("KAFKA_SERVER", "127.0.0.1:1"),
    ("OTS_ENDPOINT", "http://127.0.0.1:1"),
    ("OTS_KEYID", "local"),
    ("OTS_SECRET", "hush-hush"),
    ("SINK", "http://127.0.0.1:1"),
];

/// A service, and a variable with an invalid value. The tests of each `config.rs` have all the others:
/// what a program does with a fault is the same for each.
const INVALID: [(&str, &str, &str); 8] = [
    (HOMEPAGE, "PORT", "eighty"),
    (HOMEPAGE, "KAFKA_SERVER", "kafka"),
    (HOMEPAGE, "TABLE_TTL", "1"),
    (HOMEPAGE, SECRET, "collector:4318"),
    (ROUTER, "SINK", "processor"),
    (ROUTER, "KAFKA_GROUP", LONG),
    (PROCESSOR, "OTS_ENDPOINT", "table:8000"),
    (PROCESSOR, "WORK_MS", "-1"),
];

/// Its value is not shown: the URL may have a password.
const SECRET: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Longer than a failed start takes.
const DEADLINE: Duration = Duration::from_secs(20);

const LONG: &str = match std::str::from_utf8(&[b'x'; 250]) {
    Ok(text) => text,
    Err(_) => "",
};

async fn run(service: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program(service));
    run_to_end(command.env_clear().envs(variables.iter().copied()), DEADLINE).await
}

/// What a service with an invalid configuration has printed on stderr.
fn problems(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn an_invalid_value_is_reported_with_what_it_must_be() {
    for (service, variable, value) in INVALID {
        let with_problem: Vec<_> = VALID.iter().copied().chain([(variable, value)]).collect();
        let text = problems(&run(service, &with_problem).await);
        assert_eq!(text.lines().count(), 1, "{service}: {text}");
        assert!(text.starts_with(&format!("{variable}: expected ")), "{service}: {text}");
        let shown = if variable == SECRET { "***" } else { value };
        let seen = shown.chars().take(100).collect::<String>();
        assert!(text.contains(&format!("saw \"{seen}")), "{service}: {text}");
    }
}

#[tokio::test]
async fn all_missing_variables_are_reported_at_once() {
    let text = problems(&run(HOMEPAGE, &[]).await);
    let names: Vec<_> = text.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names, ["KAFKA_SERVER", "OTS_ENDPOINT", "OTS_KEYID", "OTS_SECRET"]);
}

#[tokio::test]
async fn a_secret_is_never_printed() {
    let variables: Vec<_> = VALID
        .iter()
        .copied()
        .chain([("KAFKA_PWD", "hush"), ("LAUNCHER_TOKEN", "hush"), ("PORT", "x")])
        .collect();
    for service in [HOMEPAGE, ROUTER, PROCESSOR] {
        assert!(!problems(&run(service, &variables).await).contains("hush"), "{service}");
    }
}

#[tokio::test]
async fn a_misspelt_variable_is_named_at_the_start() {
    let misspelt = [
        (HOMEPAGE, "MAX_RATES", "MAX_RATE"),
        (ROUTER, "RETRY_COUTN", "RETRY_COUNT"),
        (PROCESSOR, "BLOCKED_WORD", "BLOCKED_WORDS"),
    ];
    let stack = Stack::with(misspelt.map(|(service, name, _)| (service, name, "1"))).await;
    for (service, name, meant) in misspelt {
        let warning = format!("{name} is not a variable of the {service}. Did you mean {meant}?");
        assert_eq!(stack.count_in_log(service, &warning), 1, "{}", stack.log(service));
        assert_eq!(stack.count_in_log(service, "Did you mean"), 1, "{}", stack.log(service));
    }
}

/// The exit code and stderr of `--health` for the service at this port. It needs no other variable.
async fn health(service: &str, port: u16) -> (Option<i32>, String) {
    let mut command = Command::new(program(service));
    command.arg("--health").env_clear().env("PORT", port.to_string());
    let output = run_to_end(&mut command, DEADLINE).await;
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn the_health_option_says_whether_a_service_is_alive() {
    let mut stack = Stack::start().await;
    for service in [HOMEPAGE, ROUTER, PROCESSOR] {
        let port = stack.address(service).port();
        assert_eq!(health(service, port).await, (Some(0), String::new()), "{service}");
        stack.kill(service).await;
        let (code, text) = health(service, port).await;
        assert_eq!((code, text.lines().count()), (Some(1), 1), "{service}: {text}");
        assert!(text.starts_with(&format!("127.0.0.1:{port} does not answer: ")), "{text}");
    }
}
