//! People behind a proxy, which says in a header who they are.

use reqwest::{Client, StatusCode};
use serde_json::json;
use stack::{Setup, Stack, plan::name::HOMEPAGE};
use tokio::task::JoinSet;

const PEOPLE: usize = 300;

/// How many people are accepted who send one message each, all from our address. Each has an address of its own in the
/// header of a proxy.
async fn accepted(stack: &Stack) -> usize {
    let (client, url) = (Client::new(), format!("{}/messages", stack.homepage().url()));
    let mut people = JoinSet::new();
    for person in 0..PEOPLE {
        let address = format!("203.0.{}.{}", person / 200, person % 200 + 1);
        let request = client.post(&url).header("x-forwarded-for", address);
        let request = request.json(&json!({ "message": format!("viewer {person}") }));
        people.spawn(async move { request.send().await.unwrap().status() });
    }
    let statuses = people.join_all().await;
    statuses.into_iter().filter(|status| *status == StatusCode::ACCEPTED).count()
}

/// A homepage that accepts one message per second of each client.
async fn stack(trusted: &str) -> Stack {
    let setup = Setup::default().var(HOMEPAGE, "MAX_CLIENT_RATE", "1");
    setup.var(HOMEPAGE, "TRUSTED_PROXIES", trusted).start().await
}

#[tokio::test]
async fn everybody_behind_a_trusted_proxy_is_a_client_of_their_own() {
    assert_eq!(accepted(&stack("127.0.0.1").await).await, PEOPLE);
}

#[tokio::test]
async fn forged_headers_from_elsewhere_change_nothing() {
    let accepted = accepted(&stack("10.0.0.0/8, ::1").await).await;
    assert!((1..PEOPLE / 2).contains(&accepted), "{accepted} of {PEOPLE} were accepted");
}
