//! The homepage as its users see it: over HTTP, and nothing else.

use std::{net::SocketAddr, time::Duration};

use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Longer than any answer should take, shorter than the patience of a test.
const DEADLINE: Duration = Duration::from_secs(20);

/// A homepage at an address.
#[derive(Clone, Debug)]
pub struct Homepage {
    client: Client,
    url: String,
}

/// What `GET /bursts/{id}` says.
#[derive(Clone, Debug, Deserialize)]
pub struct Burst {
    /// Its id.
    pub id: String,
    /// running, draining, done, stopped or failed.
    pub state: String,
    /// How many Kafka has acknowledged.
    pub accepted: u64,
    /// How many could not be sent.
    pub failed: u64,
    /// How many have a row.
    pub stored: u64,
    /// How many of these were blocked.
    pub blocked: u64,
}

/// A message where people see it: on the page, or as a line of a burst's results.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Bullet {
    /// The id of its event.
    pub id: String,
    /// What was sent.
    pub message: String,
    /// Of which burst it is.
    pub burst: String,
    /// By which sender.
    pub sender: u32,
    /// Its number within the sender, from 1.
    pub seq: u32,
    /// Which processor stored it.
    pub processor: String,
    /// Where it lies in Kafka.
    pub partition: i32,
    /// Where it lies in its partition.
    pub offset: i64,
    /// When it was handed to Kafka, in milliseconds since the epoch.
    pub sent_at: i64,
    /// When the router had read it from Kafka; no result tells it.
    pub read_at: Option<i64>,
    /// When the processor got it.
    pub received_at: i64,
    /// When the processor wrote it.
    pub stored_at: i64,
}

/// What `GET /feed` says.
#[derive(Clone, Debug, Deserialize)]
pub struct Feed {
    /// The newest bullets, oldest first.
    pub bullets: Vec<Bullet>,
    /// Where to go on.
    pub cursor: String,
    /// How many bullets there were, with those left out.
    pub passed: u64,
    /// The counters.
    pub totals: Totals,
    /// What is down.
    pub problems: Vec<Value>,
}

/// The page's counters.
#[derive(Clone, Debug, Deserialize)]
pub struct Totals {
    /// Since when they count; nothing as long as the homepage knows nothing.
    pub since: Option<String>,
    /// How many messages Kafka has acknowledged.
    pub accepted: u64,
    /// How many have a row.
    pub stored: u64,
    /// How many of these were blocked.
    pub blocked: u64,
    /// How many were filtered or dead-lettered.
    pub finished_without_row: u64,
    /// How many are neither.
    pub waiting: u64,
}

/// An answer of any kind.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its content type, or nothing.
    pub content_type: String,
    /// In how many seconds to try again, where it says so.
    pub retry_after: Option<u64>,
    /// Its body: JSON, or a string.
    pub body: Value,
}

impl Homepage {
    /// A homepage that listens there, now or later.
    pub fn new(address: SocketAddr) -> reqwest::Result<Self> {
        // Whatever proxy the person uses for the world, this stays on the machine.
        let client = Client::builder().timeout(DEADLINE).no_proxy().build()?;
        Ok(Self { client, url: format!("http://{address}") })
    }

    /// Where its page is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks `/readyz`: is all it needs there?
    pub async fn readiness(&self) -> reqwest::Result<Answer> {
        self.get("/readyz").await
    }

    /// Sends a burst.
    pub async fn post_burst(&self, burst: &Value) -> reqwest::Result<Answer> {
        answer(self.client.post(self.path("/bursts")).json(burst)).await
    }

    /// Sends one message.
    pub async fn post_message(&self, message: &str) -> reqwest::Result<Answer> {
        let body = json!({ "message": message });
        answer(self.client.post(self.path("/messages")).json(&body)).await
    }

    /// Stops a burst.
    pub async fn stop_burst(&self, id: &str) -> reqwest::Result<Answer> {
        answer(self.client.delete(self.path(&format!("/bursts/{id}")))).await
    }

    /// How a burst is doing.
    pub async fn burst(&self, id: &str) -> reqwest::Result<Burst> {
        self.read(&format!("/bursts/{id}")).await
    }

    /// Every row of a burst.
    pub async fn results(&self, id: &str) -> reqwest::Result<Vec<Bullet>> {
        let got = self.client.get(self.path(&format!("/bursts/{id}/results"))).send().await?;
        let text = got.error_for_status()?.text().await?;
        let row = |line| serde_json::from_str(line).expect("each line of the results is a row");
        Ok(text.lines().map(row).collect())
    }

    /// The newest bullets after `cursor`, at most `limit`.
    pub async fn feed(&self, cursor: Option<&str>, limit: u32) -> reqwest::Result<Feed> {
        let after = cursor.map(|cursor| format!("&after={cursor}")).unwrap_or_default();
        self.read(&format!("/feed?limit={limit}{after}")).await
    }

    /// The value of a metric, by its name with its labels; 0 where there is none yet. Every service tells
    /// its metrics as the homepage does.
    pub async fn metric(&self, series: &str) -> reqwest::Result<f64> {
        let text = self.client.get(self.path("/metrics")).send().await?.text().await?;
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        Ok(value.map_or(0.0, |value| value.parse().expect("a metric has a number")))
    }

    /// Posts anything anywhere.
    pub async fn post(&self, path: &str, kind: &str, body: String) -> reqwest::Result<Answer> {
        answer(self.client.post(self.path(path)).header(CONTENT_TYPE, kind).body(body)).await
    }

    /// Any other path.
    pub async fn get(&self, path: &str) -> reqwest::Result<Answer> {
        answer(self.client.get(self.path(path))).await
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> reqwest::Result<T> {
        self.client.get(self.path(path)).send().await?.error_for_status()?.json().await
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

async fn answer(request: RequestBuilder) -> reqwest::Result<Answer> {
    Answer::of(request.header("accept", "application/json").send().await?).await
}

impl Answer {
    /// Reads an answer to its end.
    pub async fn of(got: Response) -> reqwest::Result<Self> {
        let header = |name| got.headers().get(name).and_then(|value| value.to_str().ok());
        let content_type = header(CONTENT_TYPE).unwrap_or_default().to_owned();
        let retry_after = header(RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        let status = got.status();
        let text = got.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Self { status, content_type, retry_after, body })
    }
}
