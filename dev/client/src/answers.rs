//! What barrage answers, as far as we read it. Times are milliseconds since 1970, by the clock of who took them.

use reqwest::{
    Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER},
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    http::Error,
    message::{MessageId, Position},
};

/// An answer of any kind, also one that is no success.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// Empty where the answer does not say it.
    pub content_type: String,
    /// How its body is compressed, where it is.
    pub content_encoding: Option<String>,
    /// Where a redirect leads to, as the answer says it.
    pub location: Option<String>,
    /// In how many seconds to try again, where the answer says it.
    pub retry_after: Option<u64>,
    /// Its JSON, or its text where it is no JSON.
    pub body: Value,
}

impl Answer {
    /// Reads an answer to its end.
    pub async fn of(answer: Response) -> Result<Self, Error> {
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let content_type = header(CONTENT_TYPE).unwrap_or_default().to_owned();
        let content_encoding = header(CONTENT_ENCODING).map(str::to_owned);
        let location = header(LOCATION).map(str::to_owned);
        let retry_after = header(RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        let status = answer.status();
        let text = answer.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Self { status, content_type, content_encoding, location, retry_after, body })
    }
}

/// The answer to `POST /messages`: Kafka has acknowledged it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Accepted {
    pub id: Uuid,
    #[serde(flatten)]
    pub position: Position,
    /// When the next message of this device is accepted. A homepage of before did not say it.
    #[serde(default)]
    pub cooldown_ms: u64,
}

/// The answer to `POST /bursts` and to `GET /bursts/{id}`.
#[derive(Clone, Debug, Deserialize)]
pub struct Burst {
    pub id: String,
    /// running, draining, done, stopped or failed.
    pub state: String,
    /// Why it has stopped.
    pub stop_reason: Option<String>,
    /// How many messages Kafka has acknowledged.
    pub accepted: u64,
    /// How many messages could not be sent.
    pub failed: u64,
    /// How many messages have a row; the blocked ones are among them.
    pub stored: u64,
    pub blocked: u64,
    /// How many messages Kafka deleted before they were processed. An older homepage does not say it.
    #[serde(default)]
    pub expired: u64,
    /// What stops it, which only the answer says that begins it.
    pub stop_token: Option<String>,
    /// As before, as the cookie of that answer: `name=value`.
    #[serde(skip)]
    pub cookie: Option<String>,
}

impl Burst {
    /// How it is doing by a later answer, which does not say what stops it.
    pub fn update(&mut self, now: Self) {
        let (stop_token, cookie) = (self.stop_token.take(), self.cookie.take());
        *self = Self { stop_token, cookie, ..now };
    }

    /// Whether nothing of it changes any more.
    pub fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "done" | "stopped" | "failed")
    }
}

/// A message where people see it: a bullet of the feed, or a row among the results of a burst.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Bullet {
    /// The id of its event: any text, because others than homepages may write to Kafka.
    pub id: String,
    pub message: String,
    /// A UUID; that of a single message is its own id.
    pub burst: String,
    pub sender: u32,
    /// From 1, without gaps within a sender.
    pub seq: u64,
    pub processor: String,
    pub partition: i32,
    pub offset: i64,
    /// When the homepage handed it to Kafka.
    pub sent_at: i64,
    /// When the router read it from Kafka; only the feed says it.
    pub read_at: Option<i64>,
    pub received_at: i64,
    pub stored_at: i64,
    /// `shown` or `blocked`; the feed does not say it, because all bullets are shown.
    pub verdict: Option<String>,
    /// What its sender has typed; a nameless one has none.
    pub name: Option<String>,
}

impl Bullet {
    /// `None` where its burst is no UUID.
    pub fn message_id(&self) -> Option<MessageId> {
        let burst = self.burst.parse().ok()?;
        Some(MessageId { burst, sender: self.sender, seq: self.seq })
    }

    pub fn position(&self) -> Position {
        Position { partition: self.partition, offset: self.offset }
    }

    pub fn is_blocked(&self) -> bool {
        self.verdict.as_deref() == Some("blocked")
    }
}

/// The answer to `GET /messages/{partition}/{offset}`.
#[derive(Clone, Debug, Deserialize)]
pub struct MessageResult {
    pub state: MessageState,
    /// The row of a stored message.
    pub row: Option<Bullet>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    Waiting,
    Stored,
    /// The message was filtered or dead-lettered.
    FinishedWithoutRow,
    /// Kafka deleted the message before it was processed.
    Expired,
}

/// The answer to `GET /feed`.
#[derive(Clone, Debug, Deserialize)]
pub struct Feed {
    /// The newest bullets, oldest first.
    pub bullets: Vec<Bullet>,
    /// Where the next poll begins.
    pub cursor: String,
    /// How many bullets there were since the last poll: more than `bullets` where the answer is a sample.
    pub passed: u64,
    pub totals: Totals,
    /// The parts that are down, as objects.
    pub problems: Vec<Value>,
    /// The processors that have stored something in the last seconds.
    pub processors: Vec<String>,
    /// When a page polls again.
    pub poll_after_ms: u32,
    /// The time when the homepage answered.
    pub now: i64,
    /// The size of the answer's body.
    #[serde(skip)]
    pub bytes: u64,
}

impl Feed {
    /// How many bullets the answer has left out, because it had no room for them.
    pub fn left_out(&self) -> u64 {
        self.passed.saturating_sub(self.bullets.len() as u64)
    }
}

/// Counts over all messages, whoever sent them.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Totals {
    /// When they began to count; `None` while the homepage knows nothing yet.
    pub since: Option<String>,
    /// How many messages Kafka has acknowledged.
    pub accepted: u64,
    /// How many messages have a row; the blocked ones are among them.
    pub stored: u64,
    pub blocked: u64,
    /// How many messages were filtered or dead-lettered.
    pub finished_without_row: u64,
    /// How many messages Kafka deleted before they were processed. An older homepage does not say it.
    #[serde(default)]
    pub expired: u64,
    /// Since when there are any.
    #[serde(default)]
    pub expired_since: Option<String>,
    /// How many messages are accepted and not finished.
    pub waiting: u64,
}

impl Totals {
    /// Whether each accepted message counts in exactly one way.
    pub fn add_up(&self) -> bool {
        let finished = self.stored + self.finished_without_row + self.expired;
        self.accepted == finished + self.waiting
    }
}
