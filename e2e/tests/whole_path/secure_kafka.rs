//! Kafka with users and permissions: SCRAM over TLS, and one user for each service. These tests run only on Apache
//! Kafka, because the stand-in has no users.

use std::time::Duration;

use client::{
    eventually::{eventually, lasts},
    kafka::{
        DEAD_TOPIC, GROUP, Kafka,
        Operation::{Describe, Read, Write},
        Resource::{self, Group, Topic},
        TOPIC,
    },
};
use serde_json::json;
use stack::{
    Setup, Stack,
    backend::Backend,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER},
    real::User,
};

/// In the order of their starts.
const SERVICES: [&str; 3] = [PROCESSOR, ROUTER, HOMEPAGE];

/// All permissions that the services need, if others create the topics.
const NEEDED: [(&str, client::kafka::Operation, Resource); 7] = [
    (HOMEPAGE, Write, Topic(TOPIC)),
    (HOMEPAGE, Read, Topic(TOPIC)),
    (HOMEPAGE, Describe, Group(GROUP)),
    (ROUTER, Read, Topic(TOPIC)),
    (ROUTER, Read, Group(GROUP)),
    (ROUTER, Describe, Topic(DEAD_TOPIC)),
    (ROUTER, Write, Topic(DEAD_TOPIC)),
];

/// A stack on a secure Kafka with both topics and all permissions but this one, whose services are not started yet.
/// None on the stand-ins.
async fn secure_stack(missing: Option<usize>) -> Option<(Stack, Kafka)> {
    let (Backend::Real(real) | Backend::Kafka(real)) = Backend::from_env().unwrap() else {
        eprintln!("skipped: the stand-in for Kafka has no users");
        return None;
    };
    let users = [HOMEPAGE, ROUTER].map(|name| User::new(name, false));
    let setup = Setup::default().backend(Backend::Secure(real, users.into()));
    let with_all_logs = |setup: Setup, name| setup.later(name).var(name, "RUST_LOG", "trace");
    let stack = SERVICES.into_iter().fold(setup, with_all_logs).start().await;
    let kafka = Kafka::at(stack.address(BROKER));
    for topic in [TOPIC, DEAD_TOPIC] {
        kafka.create_topic(topic, 4).await;
    }
    for permission in (0..NEEDED.len()).filter(|it| Some(*it) != missing) {
        allow(kafka, permission).await;
    }
    Some((stack, kafka))
}

/// The same, with the services started.
async fn started_without(permission: usize) -> Option<(Stack, Kafka)> {
    let (mut stack, kafka) = secure_stack(Some(permission)).await?;
    start_services(&mut stack).await;
    Some((stack, kafka))
}

async fn allow(kafka: Kafka, permission: usize) {
    let (user, operation, resource) = NEEDED[permission];
    kafka.allow(user, operation, resource).await;
}

async fn start_services(stack: &mut Stack) {
    for service in SERVICES {
        stack.start_again(service).await;
    }
}

async fn are_ready(stack: &Stack) {
    for service in SERVICES {
        eventually("the service is ready", async || stack.is_ready(service).await).await;
    }
}

/// Waits until `/readyz` gives this reason, and the log has it exactly once for each dependency.
async fn is_reported(stack: &Stack, service: &str, reason: &str) {
    eventually(reason, async || {
        let answer = stack.readiness(service).await;
        let dependencies = answer.body["dependencies"].as_object().unwrap().clone();
        dependencies.values().any(|it| it["reason"].as_str().is_some_and(|it| it.contains(reason)))
    })
    .await;
    let mut parts = Vec::new();
    eventually("the log has the reason", async || {
        let log = stack.log(service);
        let lines = log.lines().filter(|line| line.contains(reason));
        let part = |line: &str| {
            Some(line.split_once(" is not ready")?.0.split(' ').next_back()?.to_owned())
        };
        parts = lines.filter_map(part).collect();
        !parts.is_empty()
    })
    .await;
    parts.sort_unstable();
    assert!(
        parts.is_sorted_by(|a, b| a < b),
        "{service} logs {reason:?} more than once: {parts:?}"
    );
}

async fn a_burst_is_kept(stack: &Stack) {
    let id = stack.send_burst(json!({ "message": "hi", "concurrency": 4, "duration": 2 })).await;
    let burst = stack.settled(&id).await;
    assert_eq!((burst.state.as_str(), burst.stored), ("done", burst.accepted));
    stack.assert_complete(&id, burst.accepted).await;
}

fn assert_no_secret_is_logged(stack: &Stack, secrets: &[&str]) {
    for process in stack.names() {
        let log = stack.log(&process);
        for secret in secrets {
            assert!(!log.contains(secret), "the log of {process} contains a secret");
        }
    }
}

#[tokio::test]
async fn a_burst_arrives_by_scram_over_tls_and_no_secret_is_logged_at_any_level() {
    let Some((mut stack, kafka)) = secure_stack(None).await else { return };
    start_services(&mut stack).await;
    are_ready(&stack).await;
    a_burst_is_kept(&stack).await;
    kafka.send(TOPIC, "poison", "{ this is no message").await;
    eventually("the poison is a dead letter", async || kafka.contents(DEAD_TOPIC).await.len() == 1)
        .await;
    assert!(stack.log(HOMEPAGE).contains(" TRACE "), "the log has all levels");
    let secrets = [HOMEPAGE, ROUTER].map(|service| stack.var(service, "KAFKA_PWD"));
    assert_no_secret_is_logged(&stack, &secrets);
}

#[tokio::test]
async fn a_wrong_password_is_logged_once_and_the_right_one_heals_it() {
    const WRONG: &str = "wrong-5f0c9a";
    let Some((mut stack, _)) = secure_stack(None).await else { return };
    let right = [HOMEPAGE, ROUTER].map(|service| stack.var(service, "KAFKA_PWD").to_owned());
    for service in [HOMEPAGE, ROUTER] {
        stack.set_var(service, "KAFKA_PWD", WRONG);
    }
    start_services(&mut stack).await;
    for service in [HOMEPAGE, ROUTER] {
        let reason = format!("kafka refuses user \"{service}\": authentication failed");
        is_reported(&stack, service, &reason).await;
    }
    assert_eq!(stack.post_message("hello?").await.status.as_u16(), 503);
    // The services try again without a further line.
    lasts(Duration::from_secs(5), async || assert!(!stack.is_ready(ROUTER).await)).await;
    assert_no_secret_is_logged(&stack, &[WRONG, &right[0], &right[1]]);
    for (service, right) in [HOMEPAGE, ROUTER].into_iter().zip(&right) {
        let status = stack.terminate(service).await;
        assert!(status.success(), "{service} ended with {status}");
        stack.set_var(service, "KAFKA_PWD", right);
        stack.start_again(service).await;
    }
    are_ready(&stack).await;
    a_burst_is_kept(&stack).await;
}

#[tokio::test]
async fn a_router_that_may_not_read_reports_it_and_heals_when_it_may() {
    let cases = [
        (3, "user \"event-router\" may not DESCRIBE topic \"barrage-info\""),
        (4, "user \"event-router\" may not READ group \"barrage-info-consumer\""),
    ];
    for (missing, reason) in cases {
        let Some((stack, kafka)) = started_without(missing).await else { return };
        is_reported(&stack, ROUTER, reason).await;
        allow(kafka, missing).await;
        are_ready(&stack).await;
        a_burst_is_kept(&stack).await;
    }
}

#[tokio::test]
async fn while_the_router_may_not_write_dead_letters_nothing_is_committed_past_the_poison() {
    const MISSING: usize = 6;
    let Some((stack, kafka)) = started_without(MISSING).await else { return };
    are_ready(&stack).await;
    let poison = kafka.send(TOPIC, "poison", "{ this is no message").await;
    let reason = "user \"event-router\" may not WRITE topic \"barrage-info-dead\"";
    is_reported(&stack, ROUTER, reason).await;
    lasts(Duration::from_secs(4), async || {
        let committed = kafka.committed(GROUP).await;
        assert!(committed.get(&poison.partition).is_none_or(|next| *next <= poison.offset));
    })
    .await;
    allow(kafka, MISSING).await;
    eventually("the poison is a dead letter", async || kafka.contents(DEAD_TOPIC).await.len() == 1)
        .await;
    are_ready(&stack).await;
    a_burst_is_kept(&stack).await;
}

#[tokio::test]
async fn a_homepage_that_may_not_write_reports_it_and_sends_when_it_may() {
    const MISSING: usize = 0;
    let Some((stack, kafka)) = started_without(MISSING).await else { return };
    are_ready(&stack).await;
    assert_eq!(stack.post_message("hello?").await.status.as_u16(), 503);
    let reason = "user \"homepage\" may not WRITE topic \"barrage-info\"";
    is_reported(&stack, HOMEPAGE, reason).await;
    allow(kafka, MISSING).await;
    eventually("a message is accepted", async || stack.post_message("hello!").await.status == 202)
        .await;
    are_ready(&stack).await;
}
