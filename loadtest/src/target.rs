//! The barrage that is measured, as anyone reaches it: over HTTP.

mod answers;
mod refusal;

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, Url, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub(crate) use self::answers::{Accepted, Burst, Feed, Progress, Row, State, Totals};
pub(crate) use self::refusal::Refusal;
use crate::ledger::Place;

/// Longer than barrage itself waits for an acknowledgement.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a service may take to tell its figures: they are of this second.
const AT_ONCE: Duration = Duration::from_millis(400);

/// Barrage closes a connection that was not used for longer, perhaps just when we use it again.
const IDLE: Duration = Duration::from_secs(20);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);

/// What barrage's own description of itself begins with.
const TITLE: &str = "Barrage";

/// A URL that cannot be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("{0:?} is no URL of a barrage; one looks like http://127.0.0.1:8080")]
    NoUrl(String),
    #[error("{url} cannot be reached: {refusal}")]
    Unreachable { url: Url, refusal: Refusal },
    #[error("{0} is no barrage: it has no /openapi.json that says so")]
    NoBarrage(Url),
    #[error("no HTTP client can be made")]
    NoClient(#[source] reqwest::Error),
}

/// A barrage at an address.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    client: Client,
    url: Url,
    /// Asked for so often that it is made once.
    messages: Url,
}

/// What `POST /messages` takes.
#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

impl Target {
    /// # Errors
    /// When the text is no URL, or no client can be made.
    pub(crate) fn new(text: &str) -> Result<Self, Unusable> {
        let no_url = || Unusable::NoUrl(text.into());
        let url = Url::parse(text).ok().filter(|url| url.scheme() == "http");
        let mut url = url.filter(Url::has_host).ok_or_else(no_url)?;
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        let client = Client::builder().timeout(PATIENCE).connect_timeout(CONNECT).no_proxy();
        let client = client.tcp_nodelay(true).pool_idle_timeout(IDLE).build();
        let client = client.map_err(Unusable::NoClient)?;
        Ok(Self { client, messages: path(&url, "messages"), url })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether it is a barrage that answers.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) async fn check(&self) -> Result<(), Unusable> {
        let unreachable = |refusal| Unusable::Unreachable { url: self.url.clone(), refusal };
        let answer = self.get("openapi.json").send().await.map_err(Refusal::of);
        let answer = answer.map_err(unreachable)?;
        let said: Option<Value> = answer.json().await.ok();
        let title = said.as_ref().and_then(|said| said["info"]["title"].as_str());
        let is_barrage = title.is_some_and(|title| title.starts_with(TITLE));
        is_barrage.then_some(()).ok_or_else(|| Unusable::NoBarrage(self.url.clone()))
    }

    /// Sends one message.
    ///
    /// # Errors
    /// Then Kafka may have it all the same.
    pub(crate) async fn send_message(&self, message: &str) -> Result<Accepted, Refusal> {
        read(self.client.post(self.messages.clone()).json(&Message { message })).await
    }

    /// Sends a burst.
    ///
    /// # Errors
    /// When it was refused, or the answer did not come.
    pub(crate) async fn send_burst(&self, burst: &Value) -> Result<Burst, Refusal> {
        read(self.request(Method::POST, "bursts").json(burst)).await
    }

    /// How a burst is doing.
    ///
    /// # Errors
    /// When it cannot be told now.
    pub(crate) async fn burst(&self, id: &str) -> Result<Burst, Refusal> {
        read(self.get(&format!("bursts/{id}"))).await
    }

    /// Stops a burst.
    ///
    /// # Errors
    /// When it was refused, or the answer did not come.
    pub(crate) async fn stop_burst(&self, id: &str) -> Result<Burst, Refusal> {
        read(self.request(Method::DELETE, &format!("bursts/{id}"))).await
    }

    /// Every row of a burst, as NDJSON, piece by piece.
    ///
    /// # Errors
    /// When it cannot be told now.
    pub(crate) async fn results(&self, id: &str) -> Result<Response, Refusal> {
        // However many there are: only a silence is too long.
        let all = Duration::from_secs(3600);
        granted(self.get(&format!("bursts/{id}/results")).timeout(all)).await
    }

    /// What became of the message at a place; nothing where barrage knows of none there.
    ///
    /// # Errors
    /// When it cannot be told now.
    pub(crate) async fn result(
        &self,
        Place { partition, offset }: Place,
    ) -> Result<Option<Progress>, Refusal> {
        match read(self.get(&format!("messages/{partition}/{offset}"))).await {
            Err(Refusal::Status(404, _)) => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// The newest bullets after the cursor, and how many bytes the answer had.
    ///
    /// # Errors
    /// When it does not come.
    pub(crate) async fn feed(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<(Feed, u64), Refusal> {
        // A cursor is of characters that a query may have.
        let after = after.map(|cursor| format!("&after={cursor}")).unwrap_or_default();
        let feed = self.get(&format!("feed?limit={limit}{after}"));
        let body = granted(feed).await?.bytes().await.map_err(Refusal::of)?;
        let feed = serde_json::from_slice(&body).map_err(|_| Refusal::Malformed)?;
        Ok((feed, body.len() as u64))
    }

    /// Where the homepage serves its metrics.
    pub(crate) fn metrics(&self) -> Url {
        path(&self.url, "metrics")
    }

    /// What any service says at an address, if it says it at once.
    ///
    /// # Errors
    /// When it does not come.
    pub(crate) async fn figures(&self, url: Url) -> Result<String, Refusal> {
        granted(self.client.get(url).timeout(AT_ONCE)).await?.text().await.map_err(Refusal::of)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    fn request(&self, method: Method, of: &str) -> RequestBuilder {
        let request = self.client.request(method, path(&self.url, of));
        request.header(header::ACCEPT, "application/json")
    }
}

fn path(url: &Url, path: &str) -> Url {
    url.join(path).expect("a path of ours fits any URL")
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Refusal> {
    let body = granted(request).await?.bytes().await.map_err(Refusal::of)?;
    serde_json::from_slice(&body).map_err(|_| Refusal::Malformed)
}

async fn granted(request: RequestBuilder) -> Result<Response, Refusal> {
    let answer = request.send().await.map_err(Refusal::of)?;
    if answer.status().is_success() { Ok(answer) } else { Err(Refusal::of_answer(answer).await) }
}
