//! The stacks that are measured. Each has fresh data.

use std::time::Duration;

use client::{
    eventually::within,
    kafka::{Kafka, TOPIC},
};
use stack::{
    Setup, Stack,
    plan::name::{BROKER, HOMEPAGE, PROCESSOR, ROUTER},
};

use crate::scope::Scope;

/// The partitions of the topic, whether a service or this program creates it.
pub(crate) const PARTITIONS: i32 = 4;

/// More than any load. The path is measured, not the limits.
const NO_LIMIT: &str = "1000000";

/// The services, in the order in which messages pass them.
pub(crate) const SERVICES: [&str; 3] = [HOMEPAGE, ROUTER, PROCESSOR];

/// Longer than any start takes.
const START: Duration = Duration::from_secs(60);

/// With the services of this build.
pub(crate) fn whole() -> Setup {
    let partitions = PARTITIONS.to_string();
    [HOMEPAGE, ROUTER]
        .into_iter()
        .fold(Setup::default(), |setup, service| {
            setup.var(service, "KAFKA_PARTITIONS", &partitions)
        })
        .var(HOMEPAGE, "MAX_RATE", NO_LIMIT)
        .var(HOMEPAGE, "MAX_CLIENT_RATE", NO_LIMIT)
}

/// With those of the older build, if there is one to compare with.
pub(crate) fn before(scope: &Scope) -> Option<Setup> {
    scope.before.as_deref().map(|folder| whole().services(folder))
}

/// All processes except the router, which may be started later.
pub(crate) async fn without_router() -> Stack {
    let stack = whole().later(ROUTER).start().await;
    within(START, "the page is ready", async || stack.is_ready(HOMEPAGE).await).await;
    stack
}

/// Broker, table and processor, with a topic. Routers are started later.
pub(crate) async fn for_routers() -> Stack {
    let stack = whole().without(HOMEPAGE).later(ROUTER).start().await;
    within(START, "the processor is ready", async || stack.is_ready(PROCESSOR).await).await;
    Kafka::at(stack.address(BROKER)).create_topic(TOPIC, PARTITIONS).await;
    stack
}

/// Broker and table, with a topic.
pub(crate) async fn bare() -> Stack {
    let stack = Setup::stand_ins().start().await;
    Kafka::at(stack.address(BROKER)).create_topic(TOPIC, PARTITIONS).await;
    stack
}
