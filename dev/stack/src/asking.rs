//! What tests ask the homepage of their stack. An answer that does not come fails the test.

use std::time::Duration;

use client::{
    eventually::{eventually, within},
    homepage::{Answer, Bullet, Burst, Feed, Homepage},
};
use serde_json::Value;

use super::Stack;
use crate::plan::name::HOMEPAGE;

/// Longer than any burst of a test takes, with what is broken meanwhile.
const SETTLE: Duration = Duration::from_secs(90);

impl Stack {
    /// Whether a service says that all it needs is there.
    pub async fn is_ready(&self, service: &str) -> bool {
        // Every service answers `/readyz` as the homepage does.
        let asked = self.homepage_at(service).readiness().await;
        asked.is_ok_and(|answer| answer.status.is_success())
    }

    /// Starts one more homepage, and waits until it says so.
    pub async fn another_homepage(&mut self, name: &str) -> Homepage {
        self.scale_out(HOMEPAGE, name).await;
        eventually("the other homepage is ready", async || self.is_ready(name).await).await;
        self.homepage_at(name)
    }

    /// What a service says of all it needs.
    pub async fn readiness(&self, service: &str) -> Answer {
        self.homepage_at(service).readiness().await.expect("an answer to GET /readyz")
    }

    /// The value of a metric of a service, by its name with its labels; 0 where it has none yet.
    pub async fn metric(&self, service: &str, series: &str) -> f64 {
        let asked = self.homepage_at(service).metric(series).await;
        asked.expect("an answer to GET /metrics")
    }

    /// Sends a burst that is taken, and returns its id.
    pub async fn send_burst(&self, burst: Value) -> String {
        let answer = self.homepage().post_burst(&burst).await.expect("an answer to POST /bursts");
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
        answer.body["id"].as_str().expect("a burst has an id").into()
    }

    /// How a burst is doing.
    pub async fn burst(&self, id: &str) -> Burst {
        self.homepage().burst(id).await.expect("an answer to GET /bursts/{id}")
    }

    /// Waits until nothing of a burst is under way any more.
    pub async fn settled(&self, id: &str) -> Burst {
        let mut burst = self.burst(id).await;
        within(SETTLE, "the burst is neither running nor draining", async || {
            if let Ok(now) = self.homepage().burst(id).await {
                burst = now;
            }
            !matches!(burst.state.as_str(), "running" | "draining")
        })
        .await;
        burst
    }

    /// Every row of a burst.
    pub async fn results(&self, id: &str) -> Vec<Bullet> {
        self.homepage().results(id).await.expect("an answer to GET /bursts/{id}/results")
    }

    /// The newest bullets after a cursor.
    pub async fn feed(&self, after: Option<&str>, limit: u32) -> Feed {
        self.homepage().feed(after, limit).await.expect("an answer to GET /feed")
    }

    /// Sends one message, taken or not.
    pub async fn message(&self, text: &str) -> Answer {
        self.homepage().post_message(text).await.expect("an answer to POST /messages")
    }
}
